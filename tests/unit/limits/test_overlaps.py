"""Which limits can meet on one workload, and which of them judges it: against brute force, and by examples."""

import itertools
import re
from fnmatch import translate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedwatch.limits.files import read_paths
from pedwatch.limits.globs import meet
from pedwatch.limits.overlaps import Placed, can_match_one_workload, overlaps_between, overlaps_within
from tests.unit.limits.samples import limit
from tests.unit.limits.test_files import GOOD

GLOBS = st.text(alphabet="ab*?", min_size=1, max_size=5)
TEXTS = ["".join(letters) for length in range(9) for letters in itertools.product("ab", repeat=length)]


@given(GLOBS, GLOBS)
def test_globs_meet_when_some_text_matches_both(one: str, other: str) -> None:
    """The shortest common text is no longer than both globs without their stars."""
    first, second = re.compile(translate(one)), re.compile(translate(other))
    length = len((one + other).replace("*", ""))
    assert meet(one, other) == any(first.match(text) and second.match(text) for text in TEXTS if len(text) <= length)


@given(GLOBS, GLOBS)
def test_meeting_is_mutual(one: str, other: str) -> None:
    assert meet(one, other) == meet(other, one)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({}, {}, True),
        ({"cluster": "eu-*"}, {"cluster": "us-*"}, False),
        ({"cluster": "eu-*"}, {"cluster": "*-prod"}, True),
        ({"namespace": "shop"}, {"name": "orders"}, True),
        ({"namespace": "shop", "name": "a*"}, {"namespace": "shop", "name": "b*"}, False),
        ({"labels": {"tier": "gold"}}, {"labels": {"tier": "silver"}}, False),
        ({"labels": {"tier": "gold"}}, {"labels": {"zone": "a"}}, True),
        ({"kind": "Deployment"}, {"kind": "StatefulSet"}, False),
    ],
)
def test_limits_of_one_api_meet_unless_a_selector_keeps_them_apart(
    one: dict[str, Any], other: dict[str, Any], expected: bool
) -> None:
    assert can_match_one_workload(limit(selectors=one), limit(name="b", selectors=other)) == expected


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ({}, {}, False),
        ({"namespace": "shop"}, {}, False),
        ({"namespace": "shop"}, {"name": "orders-*"}, True),
        ({"cluster": "eu"}, {"cluster": "eu"}, False),
    ],
    ids=["by labels only", "one takes unlabelled", "both take unlabelled", "a cluster alone takes none"],
)
def test_limits_of_two_apis_meet_on_workloads_without_labels_only(
    ours: dict[str, Any], theirs: dict[str, Any], expected: bool
) -> None:
    assert can_match_one_workload(limit(selectors=ours), limit(api_id="other", selectors=theirs)) == expected


def test_environments_never_meet() -> None:
    assert not can_match_one_workload(limit(), limit(environment="test"))


SOME = st.sampled_from([None, "a", "b", "a*", "*b", "?"])
LIMITS = st.builds(
    lambda api_id, namespace, name, tier: limit(
        api_id=api_id, selectors={"namespace": namespace, "name": name, "labels": {"tier": tier} if tier else {}}
    ),
    st.sampled_from(["x", "y"]),
    SOME,
    SOME,
    SOME,
)


@given(st.lists(LIMITS, max_size=6), st.lists(LIMITS, max_size=6))
def test_the_index_finds_every_pair_once(ours: list, theirs: list) -> None:
    one = [Placed(content, f"a:{number}") for number, content in enumerate(ours)]
    other = [Placed(content, f"b:{number}") for number, content in enumerate(theirs)]
    expected = [(a.place, b.place) for a in one for b in other if can_match_one_workload(a.limit, b.limit)]
    assert sorted((found.one.place, found.other.place) for found in overlaps_between(one, other)) == sorted(expected)
    within = [(a.place, b.place) for b, a in itertools.combinations(one, 2) if can_match_one_workload(a.limit, b.limit)]
    assert sorted((found.one.place, found.other.place) for found in overlaps_within(one)) == sorted(within)


def _read(folder: Path, **files: str) -> tuple[list[str], list[str], list[str]]:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    batch = read_paths([folder])
    shorten = [text.replace(f"{folder}/", "") for text in (*map(str, batch.problems), *batch.notes)]
    return [one.limit.limit_id for one in batch.limits], shorten[: len(batch.problems)], shorten[len(batch.problems) :]


def test_a_batch_with_two_equals_is_refused_and_both_places_are_named(tmp_path: Path) -> None:
    good, [problem], notes = _read(
        tmp_path,
        a=f"{GOOD}selectors: {{cluster: eu-*}}\n",
        b=f"# mine\n{GOOD}name: b\nscope: total\nselectors: {{cluster: '*-prod'}}\n",
        c=GOOD.replace("orders-api", "other"),
    )
    assert problem == (
        "b.yaml:2: selectors: prod.orders.orders-api.b can match the same workload as prod.orders.orders-api "
        "(a.yaml:1), and neither is more specific: cluster *-prod, against cluster eu-*; a different scope does not "
        "tell them apart. A workload is judged by one limit: narrow one of them by a further selector, give both "
        "globs that exclude each other, or keep only one"
    )
    assert (good, notes) == (["prod.orders.other"], [])


def test_the_same_selectors_twice_are_called_that(tmp_path: Path) -> None:
    good, [problem], _ = _read(tmp_path, a=GOOD, b=f"{GOOD}name: b\n")
    assert "has the same selectors as prod.orders.orders-api (a.yaml:1): no selector." in problem
    assert good == []


def test_a_more_specific_limit_is_a_note(tmp_path: Path) -> None:
    good, problems, [note] = _read(tmp_path, a=GOOD, b=f"{GOOD}name: b\nselectors: {{labels: {{tier: gold}}}}\n")
    assert (len(good), problems) == (2, [])
    assert note.startswith("where both match, prod.orders.orders-api.b (b.yaml:1) judges and prod.orders.orders-api (a")
    assert note.endswith("it is more specific (label tier=gold, against no selector)")

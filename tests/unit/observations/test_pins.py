"""Names do not move alerts: where a discovered cluster is, is pinned by its first sighting."""

import datetime as dt
import random
import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pedwatch.observations.discovery import Found, ProjectListing, find
from pedwatch.observations.places import KnownCluster
from tests.unit.observations.test_discovery import CYCLE, DAY, config, listing, names, raw

LAB = "example.com:lab"
LAB_EU = "example-com-lab_us-east1_eu"
SHOP_EU = "shop_europe-west1_eu"
PROD = {"environment": "prod"}


def eu(**fields: Any) -> dict[str, Any]:
    """Return the cluster that was there first."""
    return raw("eu", **{"labels": PROD, **fields})


HERE = listing(eu())
NAMESAKE = listing(eu(location="us-east1"), project=LAB)
NOTHING = listing(project=LAB)


def waiting(found: Found) -> dict[str, str]:
    """Return the outcome of each cluster that waits to be accepted."""
    return {one.cluster.name: one.unaccepted.outcome for one in found.unaccepted if one.unaccepted}


def word(found: Found) -> str:
    """Return what is said of the only one that waits."""
    [one] = found.unaccepted
    assert one.unaccepted is not None
    return one.unaccepted.message


def line_in(message: str) -> dict[str, Any]:
    """Return the line that a message says to write, read as YAML."""
    match = re.search(r"add to discovery\.accept: (\{.*?\})", message)
    assert match, message
    return dict(yaml.safe_load(match[1]))


@pytest.fixture
def pinned() -> list[KnownCluster]:
    """What is known after the first sighting of ``eu`` of prod."""
    return find(config(), [HERE, NOTHING], [], CYCLE - DAY).known


@pytest.mark.parametrize("labels", [{}, {"environment": "prdo"}, {"environment": "dev"}])
def test_a_label_that_is_gone_or_another_moves_no_cluster(pinned: list[KnownCluster], labels: dict[str, str]) -> None:
    changed = [listing(eu(labels=labels, dns_endpoint="new.gke.goog")), NOTHING]
    found = find(config(), changed, pinned, CYCLE)
    assert (names(found), waiting(found)) == ([], {"eu": "moved"})
    [row] = found.unaccepted
    assert (row.cluster.environment, row.cluster.endpoint) == ("prod", "https://new.gke.goog"), (
        "its address is no identity"
    )
    assert "in the environment prod" in word(found)

    again = find(config(), changed, found.known, CYCLE + DAY)
    assert word(again) == word(found), "it is told once, so the words stay"
    back = find(config(), [HERE, NOTHING], again.known, CYCLE + 2 * DAY)
    assert (names(back), waiting(back)) == (["eu"], {})


def test_the_line_that_the_message_names_accepts_it(pinned: list[KnownCluster]) -> None:
    changed = [listing(eu(labels={"environment": "dev"})), NOTHING]
    line = line_in(word(find(config(), changed, pinned, CYCLE)))
    accepted = find(config(accept=[line]), changed, pinned, CYCLE)
    assert [(one.name, one.environment) for one in accepted.clusters] == [("eu", "dev")]
    later = find(config(), changed, accepted.known, CYCLE + DAY)
    assert (names(later), waiting(later)) == (["eu"], {}), "the line may go when the label says the same"
    otherwise = find(config(accept=[line | {"environment": "prod"}]), changed, pinned, CYCLE)
    assert [one.environment for one in otherwise.clusters] == ["prod"], "what is accepted goes before the label"
    configured = find(config(("eu",)), changed, pinned, CYCLE)
    assert (names(configured), waiting(configured)) == (["eu"], {}), "so does a cluster that is configured"
    assert waiting(find(config(), changed, configured.known, CYCLE)) == {"eu": "moved"}
    retired = find(config(retired=("eu",)), changed, pinned, CYCLE)
    assert (names(retired), waiting(retired)) == ([], {})


def test_a_namesake_takes_nobodys_place(pinned: list[KnownCluster]) -> None:
    found = find(config(), [NAMESAKE, HERE], pinned, CYCLE)
    assert [(one.name, one.endpoint) for one in found.clusters] == [("eu", "https://eu.gke.goog")]
    assert waiting(found) == {LAB_EU: "ambiguous"}
    assert "eu is the one in shop/europe-west1" in word(found)

    line = line_in(word(found))
    both = find(config(accept=[line]), [NAMESAKE, HERE], found.known, CYCLE)
    assert (names(both), waiting(both)) == (["eu", LAB_EU], {})
    qualified = find(config(names="qualified"), [NAMESAKE, HERE], found.known, CYCLE)
    assert (names(qualified), waiting(qualified)) == (["eu", LAB_EU], {}), "eu keeps the name it was first seen by"
    retired = find(config(retired=(LAB_EU,)), [NAMESAKE, HERE], found.known, CYCLE)
    assert (names(retired), waiting(retired)) == (["eu"], {})
    gone = find(config(), [NOTHING, HERE], found.known, CYCLE)
    assert (names(gone), waiting(gone)) == (["eu"], {})


def test_the_name_can_be_given_to_the_newcomer(pinned: list[KnownCluster]) -> None:
    line = {"name": "eu", "environment": "prod", "project": LAB, "location": "us-east1"}
    found = find(config(accept=[line]), [NAMESAKE, HERE], pinned, CYCLE)
    assert (names(found), waiting(found)) == (["eu"], {SHOP_EU: "ambiguous"})
    assert {one.place.project: one.cluster.name for one in found.known} == {LAB: "eu", "shop": SHOP_EU}


def test_two_that_are_first_seen_together_both_wait() -> None:
    found = find(config(), [NAMESAKE, HERE], [], CYCLE)
    assert (names(found), waiting(found)) == ([], {LAB_EU: "ambiguous", SHOP_EU: "ambiguous"})
    silent = [listing(project=LAB, error_class="timeout", error_message="no"), HERE]
    meanwhile = find(config(), silent, found.known, CYCLE)
    assert (names(meanwhile), len(waiting(meanwhile))) == ([], 2), "the other one is only not told of"
    assert names(find(config(), [NOTHING, HERE], meanwhile.known, CYCLE)) == ["eu"], "there is but one now"
    assert names(find(config(names="qualified"), [NAMESAKE, HERE], found.known, CYCLE)) == [LAB_EU, SHOP_EU]
    assert names(find(config(retired=(LAB_EU,)), [NAMESAKE, HERE], found.known, CYCLE)) == ["eu"]


def test_one_that_is_made_anew_elsewhere_has_moved(pinned: list[KnownCluster]) -> None:
    found = find(config(), [NAMESAKE, listing()], pinned, CYCLE)
    assert (names(found), waiting(found)) == ([], {"eu": "moved"})
    assert "no longer; it lists one of that name in example.com:lab/us-east1" in word(found)
    assert waiting(find(config(), [NAMESAKE, listing()], found.known, CYCLE + 30 * DAY)) == {"eu": "moved"}
    accepted = find(config(accept=[line_in(word(found))]), [NAMESAKE, listing()], found.known, CYCLE)
    assert [(one.cluster.name, one.project) for one in accepted.known] == [("eu", LAB)]


@pytest.mark.parametrize(
    "silence",
    [
        listing(error_class="forbidden", error_message="no"),
        listing(missing_zones=["europe-west1-b"]),
        listing(eu(labels=PROD, status="RUNNING", ca_data=3)),
    ],
    ids=["failed", "partial", "not described"],
)
def test_absence_proves_nothing_where_not_everything_was_told(
    pinned: list[KnownCluster], silence: ProjectListing
) -> None:
    beside = find(config(endpoint="private"), [NAMESAKE, silence], pinned, CYCLE)
    assert (names(beside), waiting(beside)) == (["eu"], {LAB_EU: "ambiguous"})
    moved = find(config(), [listing(eu(labels={})), NOTHING], pinned, CYCLE)
    still = find(config(endpoint="private"), [NOTHING, silence], moved.known, CYCLE + DAY)
    assert waiting(still) == {"eu": "moved"}, "nor is a word taken back"


def test_a_label_that_it_is_watched_by_is_no_place(pinned: list[KnownCluster]) -> None:
    wanted = config(labels={"environment": "prod"})
    found = find(wanted, [NAMESAKE, listing(eu(labels={}))], pinned, CYCLE)
    assert (names(found), waiting(found)) == (["eu"], {LAB_EU: "ambiguous"}), "it stands, and is asked for a week"


def test_a_project_taken_off_is_told_until_its_clusters_are_retired(pinned: list[KnownCluster]) -> None:
    for projects, answers in (([LAB], [NOTHING]), ([], [])):
        off = {"projects": projects}
        found = find(config(("own",), **off), answers, pinned, CYCLE)
        assert (names(found), waiting(found)) == (["own"], {"eu": "project_removed"})
        assert "no longer names shop" in word(found)
        later = find(config(("own",), **off), answers, found.known, CYCLE + 30 * DAY)
        assert waiting(later) == {"eu": "project_removed"}
        back = find(config(), [listing(), NOTHING], later.known, CYCLE + 31 * DAY)
        assert (names(back), waiting(back)) == (["eu"], {}), "its week begins when the project is back"
        retired = find(config(("own",), retired=("eu",), **off), answers, found.known, CYCLE)
        assert waiting(retired) == {}


def test_a_namesake_of_a_retired_cluster_is_told_of() -> None:
    retired = config(retired=("eu",))
    known = find(retired, [HERE, NOTHING], [], CYCLE).known
    found = find(retired, [NAMESAKE, HERE], known, CYCLE + DAY)
    assert (names(found), waiting(found)) == ([], {LAB_EU: "ambiguous"})


def test_an_accepted_cluster_that_is_not_listed_is_noted(pinned: list[KnownCluster]) -> None:
    line = {"name": "eu", "environment": "dev", "project": LAB, "location": "us-eest1"}
    found = find(config(accept=[line]), [HERE, NOTHING], pinned, CYCLE)
    assert names(found) == ["eu"] and found.clusters[0].environment == "prod"
    assert "discovery.accept names eu in example.com:lab/us-eest1, where GKE lists no eu" in found.notes


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"discovery": {"project": "other"}}, "'other' is not named in projects; add it there"),
        ({"discovery": {"name": "shop_us-east1_eu"}}, "cannot be in shop/europe-west1; write the cluster's own name"),
        ({"clusters": ("eu",)}, "'eu' is in clusters too; it can be in one of them"),
        ({"retired": ("eu",)}, "'eu' is in discovery.accept too; it can be in one of them"),
        ({"twice": True}, "'eu' stands there twice; one line for a name, one for a cluster"),
    ],
    ids=["another project", "another place", "configured", "retired", "twice"],
)
def test_what_is_accepted_is_clear(change: dict[str, Any], error: str) -> None:
    line = {"name": "eu", "environment": "prod", "project": "shop", "location": "europe-west1"}
    line |= change.get("discovery", {})
    accept = [line] * (2 if change.get("twice") else 1)
    with pytest.raises(ValidationError, match=re.escape(error)):
        config(change.get("clusters", ()), change.get("retired", ()), accept=accept)


PLACES = [("shop", "europe-west1"), ("shop", "us-east1"), (LAB, "europe-west1")]
Fleet = list[tuple[tuple[str, str], str, str]]
fleets = st.lists(
    st.tuples(st.sampled_from(PLACES), st.sampled_from(["eu", "us"]), st.sampled_from(["prod", "dev"])),
    unique_by=lambda one: one[:2],
    max_size=6,
)


def answers(fleet: Fleet, silent: str | None) -> list[ProjectListing]:
    """Return what GKE lists of a fleet."""
    found = []
    for project in ("shop", LAB):
        here = [
            raw(name, location=place[1], labels={"environment": environment})
            for place, name, environment in fleet
            if place[0] == project
        ]
        found.append(listing(*([] if project == silent else here), project=project, error_class=None))
        if project == silent:
            found[-1] = listing(project=project, error_class="timeout", error_message="no")
    return found


@given(
    fleet_cycles=st.lists(st.tuples(fleets, st.sampled_from([None, "shop", LAB])), min_size=2, max_size=5),
    naming=st.sampled_from(["name", "qualified"]),
    seed=st.integers(0, 999),
)
def test_no_name_ever_means_another_cluster(
    fleet_cycles: list[tuple[Fleet, str | None]], naming: str, seed: int
) -> None:
    """Whatever appears, vanishes, is relabelled or not told of: a name stays where it was, and nobody is dropped."""
    given_config = config(names=naming)
    known: list[KnownCluster] = []
    meaning: dict[str, tuple[Any, ...]] = {}
    for number, (fleet, silent) in enumerate(fleet_cycles):
        listings = answers(fleet, silent)
        random.Random(seed).shuffle(listings)
        at = CYCLE + number * dt.timedelta(minutes=5)
        found = find(given_config, listings, known, at)
        collected = set(names(found))
        known = [KnownCluster.model_validate_json(one.model_dump_json()) for one in found.known]
        assert known == found.known
        assert not collected & set(waiting(found))
        for one in known:
            if one.cluster.name in collected:
                is_now = (one.place, one.cluster.environment)
                assert meaning.setdefault(one.cluster.name, is_now) == is_now
        accounted = {one.place for one in known}
        for place, name, _ in fleet if silent is None else []:
            elsewhere = [o for o in found.unaccepted if o.unaccepted and "/".join(place) in o.unaccepted.message]
            assert (*place, name) in accounted or elsewhere, "neither watched nor told of"

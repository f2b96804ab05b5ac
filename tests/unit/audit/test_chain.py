"""The chain of packs is a function of the packs that are there, and whoever changes one is found."""

import json
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedwatch.audit import chain, pack_files
from pedwatch.audit.verification import Pack, head, verify

DAYS = [f"2026-03-{day:02}" for day in range(1, 9)]
CONTENT = {"verdicts.csv": "v", "report.html": "r"}


def linked(folders: Iterable[str], order: Iterable[str]) -> dict[str, bytes]:
    """Write packs in an order, each linking to what it finds and mending those after it."""
    manifests: dict[str, bytes] = {}
    for written in order:
        manifests[written] = pack_files.to_json(
            pack_files.manifest({"verdicts.csv": {"sha256": "v", "bytes": 1}}, {"day": written})
        )
        for folder in [other for other in chain.links(manifests) if other >= written]:
            previous = chain.before(folder, manifests)
            link = chain.link_to(previous, manifests[previous] if previous else None)
            manifests[folder] = chain.relinked(json.loads(manifests[folder]), link)
    assert set(manifests) == set(folders)
    return manifests


@given(st.sets(st.sampled_from(DAYS)).flatmap(lambda days: st.tuples(*[st.permutations(sorted(days))] * 2)))
def test_the_order_of_writing_does_not_matter(orders: tuple[list[str], list[str]]) -> None:
    assert linked(orders[0], orders[0]) == linked(orders[1], orders[1])


def packs(manifests: dict[str, bytes], files: tuple[str, ...] = ("manifest.json", "verdicts.csv")) -> dict[str, Pack]:
    """Return packs to verify."""
    return {
        name: Pack(name, files, lambda file: CONTENT.get(file, "?"), content) for name, content in manifests.items()
    }


def test_what_was_written_is_in_order() -> None:
    manifests = linked(DAYS, DAYS)
    assert verify(packs(manifests), is_whole_label=True) == []
    assert head(packs(manifests)) == (DAYS[-1], chain.hash_of(manifests[DAYS[-1]]))
    assert head({}) is None


@pytest.mark.parametrize("gone", DAYS[:-1])
def test_a_pack_that_was_removed_shows(gone: str) -> None:
    manifests = linked(DAYS, DAYS)
    del manifests[gone]
    [problem] = verify(packs(manifests), is_whole_label=True)
    assert f"it links to {gone}" in problem.what


def test_a_pack_that_was_changed_whole_shows_in_the_one_after_it() -> None:
    manifests = linked(DAYS, DAYS)
    manifests[DAYS[2]] = manifests[DAYS[2]].replace(b'"bytes": 1', b'"bytes": 2')
    [problem] = verify(packs(manifests), is_whole_label=True)
    assert problem.where == f"{DAYS[3]}/manifest.json"


@pytest.mark.parametrize(
    ("manifest", "files", "says"),
    [
        (None, ("verdicts.csv",), "not a finished pack"),
        (b"<html>", ("verdicts.csv",), "not a manifest any more"),
        (b'{"files": {"gone.csv": {"sha256": "v"}}}', (), "the manifest names it, but it is gone"),
        (b'{"files": {"verdicts.csv": {"sha256": "other"}}}', ("verdicts.csv",), "changed after the pack was written"),
        (b'{"files": {}}', ("extra.txt",), "no evidence"),
    ],
)
def test_every_problem_says_where_what_and_what_to_do(
    manifest: bytes | None, files: tuple[str, ...], says: str
) -> None:
    one = Pack(DAYS[0], files, lambda file: CONTENT.get(file, "?"), manifest)
    [problem] = verify({DAYS[0]: one}, is_whole_label=False)
    assert says in str(problem) and DAYS[0] in str(problem) and "What to do: " in str(problem)


def test_the_folder_of_a_single_cycle_is_no_link() -> None:
    assert chain.links(["20260302T100500Z", "2026-03-02", "2026-03-02_2026-03-08", "notes"]) == [
        "2026-03-02",
        "2026-03-02_2026-03-08",
    ]

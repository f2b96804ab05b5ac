"""Which revision a pack is written to, whatever is there, whoever writes at once; and why there is another one."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedwatch.audit.pack_files import MANIFEST, to_json
from pedwatch.audit.revisions import FIRST, cause_of, choose

NAMES = ("coverage.csv", "report.html", "verdicts.csv", MANIFEST)
Pack = dict[str, str]


def pack(content: str, **others: str) -> Pack:
    """Return a pack of one content."""
    return dict.fromkeys(NAMES, content) | others


def test_the_same_pack_again_adds_nothing() -> None:
    assert choose(pack("a"), {1: pack("a")}).missing == ()
    assert choose(pack("a"), {1: pack("b"), 2: pack("a")}).revision == 2


def test_another_one_stands_beside_it() -> None:
    assert choose(pack("b"), {1: pack("a")}).revision == 2
    # What was found before last is found again: the newest revision is what was found last.
    assert choose(pack("a"), {1: pack("a"), 2: pack("b")}).revision == 3


def test_a_run_that_died_is_completed_by_the_same_pack_alone() -> None:
    half = {"coverage.csv": "a", "report.html": "a"}
    again = choose(pack("a"), {1: half})
    assert (again.revision, again.missing) == (1, ("verdicts.csv", MANIFEST))
    assert choose(pack("b"), {1: half}).revision == 2
    assert choose(pack("b", **{"coverage.csv": "a", "report.html": "a"}), {1: half}).revision == 1, (
        "no byte is another's"
    )
    assert choose(pack("a"), {1: half, 2: pack("b")}).revision == 3, (
        "what is older than a finished one stays unfinished"
    )
    assert choose(pack("a"), {1: {"evil.txt": "e"}}).revision == 2, "what no pack has was written by somebody else"


def test_what_somebody_removed_from_a_finished_pack_is_put_back_by_the_same_audit() -> None:
    damaged = {name: found for name, found in pack("a").items() if name != "verdicts.csv"}
    assert choose(pack("a"), {1: damaged}).missing == ("verdicts.csv",)
    assert choose(pack("a"), {1: pack("a", **{"verdicts.csv": "changed"})}).revision == 2


class Writer:
    """Writes a pack file by file as the bucket does, and can be stopped before any of its writes."""

    def __init__(self, bucket: dict[int, Pack], mine: Pack) -> None:
        self.bucket, self.mine = bucket, mine

    def steps(self) -> Iterator[None]:
        """Do one request a step: a listing, or the creation of one object."""
        while True:
            yield
            choice = choose(self.mine, {number: dict(files) for number, files in self.bucket.items()})
            for name in choice.missing:
                yield
                held = self.bucket.setdefault(choice.revision, {}).setdefault(name, self.mine[name])
                if held != self.mine[name]:
                    break
            else:
                return


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 30)), min_size=1, max_size=5), st.randoms())
def test_no_revision_holds_files_of_two_audits(runs: list[tuple[str, int]], random: Any) -> None:
    """Several at once, each killed somewhere or not, in any interleaving; then one that goes through."""
    bucket: dict[int, Pack] = {}
    # All have a file in common: the first one in order.
    packs = {content: pack(content, **{"coverage.csv": "same"}) for content in "abc"}
    writers = [(Writer(bucket, packs[content]).steps(), most) for content, most in runs]
    while writers:
        number = random.randrange(len(writers))
        steps, left = writers.pop(number)
        if left and next(steps, "done") is None:
            writers.append((steps, left - 1))
    for _ in range(2):
        list(Writer(bucket, packs["a"]).steps())
    finished = [files for files in bucket.values() if MANIFEST in files]
    assert all(files in packs.values() for files in finished)
    assert bucket[max(number for number, files in bucket.items() if MANIFEST in files)] == packs["a"]
    before = {number: dict(files) for number, files in bucket.items()}
    list(Writer(bucket, packs["a"]).steps())
    assert bucket == before


def manifest(files: dict[str, str] | None = None, **facts: Any) -> bytes:
    """Return a manifest."""
    hashes = {"coverage.csv": "c", "limits.csv": "l", "verdicts.csv": "v"} | (files or {})
    return to_json({"known_at": "then", "rule_version": "r", **facts, "files": hashes})


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        (manifest({"coverage.csv": "d", "verdicts.csv": "w"}), "late data"),
        (manifest({"limits.csv": "d", "differences.csv": "x"}), "limits learnt since"),
        (manifest({"verdicts.csv": "w"}, known_at="now"), "limits as known now"),
        (manifest(known_at="2026-03-02T10:00:00+00:00"), "limits as known at 2026-03-02T10:00:00+00:00"),
        (manifest(rule_version="s", teams=["a"]), "other teams, other rules"),
        (manifest({"verdicts.csv": "w"}), "another content of verdicts.csv"),
        (manifest({"differences.csv": "x", "episodes.csv": "y"}), "limits learnt since"),
        (manifest(inputs_as_of="later"), "recorded anew, the same"),
        (manifest({"report.html": "x"}, pages="https://moved"), "another address of Airflow"),
        (manifest(statements={}), "another manifest"),
        (manifest(), "files of the revision before were changed"),
    ],
)
def test_a_revision_says_why_there_is_one(changed: bytes, cause: str) -> None:
    assert cause_of(changed, manifest()) == cause
    assert cause_of(changed, None) == FIRST
    assert "cannot be read" in cause_of(changed, b"")

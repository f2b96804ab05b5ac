"""When an hour's objects may replace what was loaded of it, and when not."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedwatch.cycles import PERIOD
from pedwatch.observations.loading import (
    StoredObject,
    lost_objects,
    promised_rows,
    too_much_is_lost,
    unvouched,
    would_fall,
)

TEN = dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)


def told(uri: str | None, rows: int | None = 3, md5: str | None = "m") -> dict[str, Any]:
    """Return what a manifest says of its data object; one of a failed attempt has none."""
    return {"cycle": TEN, "evidence_object": uri, "row_count": rows, "object_md5": md5}


def stored(*uris: str, md5: str = "m") -> list[StoredObject]:
    """Return what the bucket lists."""
    return [StoredObject(uri, md5) for uri in uris]


@pytest.mark.parametrize(
    ("manifests", "objects", "lost"),
    [
        ([], [], []),
        ([told("1"), told("2")], stored("1", "2"), []),
        ([told(None, 0, None), told("1")], stored("1"), []),
        ([told("1")], stored("1", "0-of-a-pod-that-died"), []),
        ([told("1", md5=None)], stored("1"), []),
        ([told("1"), told("1"), told("2"), told(None)], stored("2"), ["1"]),
        ([told("1"), told("2")], [*stored("1"), *stored("2", md5="other")], ["2"]),
    ],
    ids=[
        "an hour in which nobody delivered",
        "all are there as they were written",
        "a failed attempt has no object",
        "an object without a manifest is no loss",
        "a collector that told no MD5",
        "one is missing",
        "one was changed",
    ],
)
def test_what_is_lost(manifests: list[dict[str, Any]], objects: list[StoredObject], lost: list[str]) -> None:
    found = lost_objects(manifests, objects)
    assert sorted(found) == lost
    assert all(f"its data object {uri} is not" in reason and "restore it" in reason for uri, reason in found.items())


@pytest.mark.parametrize(
    ("present", "coming", "lost", "is_refused"),
    [(0, 0, 1, False), (9, 6, 1, False), (9, 5, 1, False), (9, 4, 1, True), (9, 0, 5, True), (9, 0, 0, False)],
)
def test_most_of_an_hour_is_not_lost_by_one_mishap(present: int, coming: int, lost: int, is_refused: bool) -> None:
    names = [f"gs://b/{number}" for number in range(lost)]
    reasons = too_much_is_lost({TEN: present}, {TEN: coming}, names)
    assert bool(reasons) == is_refused
    assert all(reason.startswith(f"9 rows are loaded and only {coming} would be") for reason in reasons)


def test_every_attempts_rows_are_promised_and_loaded() -> None:
    later = told("2", 5) | {"cycle": TEN + PERIOD}
    assert promised_rows([told("1", 3), told("1-again", 4), later, told(None, None)]) == {TEN: 7, TEN + PERIOD: 5}
    assert unvouched([told("1"), told(None)], stored("2", "1", "0")) == ["0", "2"]


ROWS = st.dictionaries(st.sampled_from([TEN + number * PERIOD for number in range(12)]), st.integers(1, 9))


@given(ROWS, ROWS)
def test_in_no_cycle_rows_may_fall(present: dict[dt.datetime, int], coming: dict[dt.datetime, int]) -> None:
    falling = [cycle for cycle in present if coming.get(cycle, 0) < present[cycle]]
    assert len(would_fall(present, coming)) == len(falling)


def test_rows_that_come_in_another_cycle_make_up_for_nothing() -> None:
    [reason] = would_fall({TEN: 4}, {TEN: 3, TEN + PERIOD: 90})
    assert reason.startswith("4 rows of cycle 20260302T100000Z are loaded and only 3 would be")

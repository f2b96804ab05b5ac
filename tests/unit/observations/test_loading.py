"""When an hour's objects may replace what was loaded of it, and when not."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedwatch.cycles import PERIOD
from pedwatch.observations.loading import StoredObject, objections, promised_rows, unvouched, would_fall

TEN = dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)


def told(uri: str | None, rows: int | None = 3, md5: str | None = "m") -> dict[str, Any]:
    """Return what a manifest says of its data object; one of a failed attempt has none."""
    return {"cycle": TEN, "evidence_object": uri, "row_count": rows, "object_md5": md5}


def stored(*uris: str, md5: str = "m") -> list[StoredObject]:
    """Return what the bucket lists."""
    return [StoredObject(uri, md5) for uri in uris]


@pytest.mark.parametrize(
    ("manifests", "objects"),
    [
        ([], []),
        ([told("1"), told("2")], stored("1", "2")),
        ([told(None, 0, None), told("1")], stored("1")),
        ([told("1")], stored("1", "0-of-a-pod-that-died")),
        ([told("1", md5=None)], stored("1")),
    ],
    ids=[
        "an hour in which nobody delivered",
        "all are there as they were written",
        "a failed attempt has no object",
        "an object without a manifest is no loss",
        "a collector that told no MD5",
    ],
)
def test_a_load_that_may_go_on(manifests: list[dict[str, Any]], objects: list[StoredObject]) -> None:
    assert objections(manifests, objects) == []


def test_objects_that_are_missing_are_counted_and_the_first_named() -> None:
    names = [f"gs://b/{number}" for number in range(5)]
    [reason] = objections([told(name) for name in [*names, names[0], None]], stored(names[3]))
    assert reason.startswith("gs://b/0, gs://b/1, gs://b/2 and 1 more: 4 data objects named by a manifest and not in")
    assert "Restore" in reason and "delete the manifest" in reason


def test_an_object_that_is_not_what_was_written() -> None:
    [reason] = objections([told("1"), told("2")], [*stored("1"), *stored("2", md5="other")])
    assert reason.startswith("2: 1 data object not as the collector wrote it")


def test_missing_and_changed_are_both_told() -> None:
    assert len(objections([told("1"), told("2")], stored("2", md5="other"))) == 2


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

"""What the calendar misses, day by day, with the command that makes it."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pedwatch.audit.calendar import Gap, days_between, days_due, gaps

UTC = ZoneInfo("UTC")
FIRST = dt.datetime(2026, 3, 1, 9, 0, tzinfo=dt.UTC)
FIVE = dt.timedelta(minutes=5)


def at(day: int, hour: int = 0, minute: int = 0) -> dt.datetime:
    """Return a moment of March."""
    return dt.datetime(2026, 3, day, hour, minute, tzinfo=dt.UTC)


def recorded(day: int, **fields: Any) -> dict[str, Any]:
    """Return what is recorded of a quiet day."""
    minutes = 24 * 60 if day > 1 else 15 * 60
    moments = {"first_unfinished": None, "last_unfinished": None, "limits_learnt_at": at(1)}
    moments["observations_recorded_at"] = at(day, 23, 56)
    counts = {"cycles": minutes // 5, "looked_minutes": minutes, "unfinished_cycles": 0}
    return {"day": at(day).date(), **counts, **moments, **fields}


def pack(period: str, as_of: dt.datetime | None) -> dict[str, Any]:
    """Return the newest pack of a period."""
    return {"period": period, "revision": 1, "inputs_as_of": as_of}


def found(rows: list[dict[str, Any]], packs: list[dict[str, Any]]) -> list[Gap]:
    """Return the gaps of the days that rows are of."""
    days = days_due(FIRST, at(len(rows) + 1, 12), UTC, 400)
    assert [day.day for day in days] == [row["day"] for row in rows]
    return gaps(days, rows, packs, FIRST, FIVE)


def test_days_that_are_all_there_miss_nothing() -> None:
    packs = [pack("2026-03-01", at(1, 23, 56)), pack("2026-03-02_2026-03-03", at(3, 23, 57))]
    assert found([recorded(1), recorded(2), recorded(3)], packs) == []


def test_days_in_a_row_without_a_pack_are_one_backfill() -> None:
    """Paused, or down, over some midnights: a DAG that catches nothing up leaves them out."""
    rows = [recorded(day) for day in (1, 2, 3, 4, 5)]
    first, second = found(rows, [pack("2026-03-01", at(2)), pack("2026-03-04", at(5))])
    assert str(first) == (
        "2026-03-02 to 2026-03-03: no evidence pack. To do: airflow backfill create --dag-id ped_replica_audit "
        "--reprocess-behavior completed --from-date 2026-03-01T12:00 --to-date 2026-03-03T12:00"
    )
    assert (second.days, second.kind) == ("2026-03-05", "no_pack")


def test_a_day_without_any_data_needs_no_pack() -> None:
    empty = recorded(2, cycles=0, looked_minutes=0, observations_recorded_at=None)
    [gap] = found([recorded(1), empty], [pack("2026-03-01", at(2))])
    assert (gap.kind, gap.what) == ("nobody_looked", "24.0 hours in which nobody looked at any cluster")
    assert not gap.is_to_be_made and "no_record" in gap.fix


@pytest.mark.parametrize(
    ("fields", "as_of", "what"),
    [
        ({"observations_recorded_at": at(5)}, at(4), "the pack is older than its data"),
        ({"limits_learnt_at": at(5)}, at(4), "the pack is older than its limits"),
        ({"limits_learnt_at": at(5), "observations_recorded_at": at(6)}, at(4), "older than its data and limits"),
        ({}, None, "the pack is older than its data"),
    ],
)
def test_a_pack_that_is_older_than_what_is_known_is_audited_anew(
    fields: dict[str, Any], as_of: dt.datetime | None, what: str
) -> None:
    [gap] = found([recorded(1), recorded(2, **fields)], [pack("2026-03-01", at(2)), pack("2026-03-02", as_of)])
    assert gap.kind == "older_pack" and what in gap.what and gap.days == "2026-03-02"
    assert "--from-date 2026-03-01T12:00 --to-date 2026-03-02T12:00" in gap.fix
    # Audited anew, it holds what was learnt last.
    moments = [at(6), *fields.values()]
    assert found([recorded(1), recorded(2, **fields)], [pack("2026-03-01_2026-03-02", max(moments))]) == []


def test_cycles_that_no_run_finished_are_run_again() -> None:
    row = recorded(2, unfinished_cycles=3, first_unfinished=at(2, 10), last_unfinished=at(2, 10, 20))
    [gap] = found([recorded(1), row], [pack("2026-03-01_2026-03-02", at(3))])
    assert gap.what == "3 cycles were collected, and no run finished them"
    assert gap.fix.endswith("--from-date 2026-03-02T09:55 --to-date 2026-03-02T10:15")
    assert "--dag-id ped_replica_watch" in gap.fix


def test_hours_in_which_nobody_looked_are_told_and_cannot_be_made() -> None:
    [gap] = found([recorded(1, looked_minutes=15 * 60 - 90)], [pack("2026-03-01", at(2))])
    assert str(gap).startswith("2026-03-01: 1.5 hours in which nobody looked at any cluster. To do: nothing makes them")


@pytest.mark.parametrize(
    ("now", "most", "days"),
    [
        (at(1, 12), 400, []),
        (at(2, 2, 59), 400, []),
        (at(2, 3), 400, [1]),
        (at(5, 12), 400, [1, 2, 3, 4]),
        (at(5, 12), 2, [3, 4]),
    ],
)
def test_the_calendar_begins_with_the_first_collection_and_ends_with_what_is_due(
    now: dt.datetime, most: int, days: list[int]
) -> None:
    assert [day.day.day for day in days_due(FIRST, now, UTC, most)] == days
    assert days_due(None, now, UTC, most) == []


def test_days_are_those_of_the_reports_zone_when_clocks_change() -> None:
    days = days_due(at(28), at(30, 12), ZoneInfo("Europe/Berlin"), 400)
    assert [day.day.day for day in days] == [28, 29]
    assert [(day.end - day.start) / dt.timedelta(hours=1) for day in days] == [24, 23]


def test_a_copy_shows_the_days_between_its_packs() -> None:
    packs = ["2026-03-01/1", "2026-03-01/2", "2026-03-04_2026-03-05/1", "2026-03-07/1", "20260306T100000Z"]
    assert [day.day for day in days_between(packs)] == [2, 3, 6]
    assert days_between([]) == []

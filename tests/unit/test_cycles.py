"""Cycles and gates: the past cannot be observed, and a backfill cannot alert (docs/design.md#d9)."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedwatch import cycles

TEN = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
MOMENTS = st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2035, 1, 1), timezones=st.just(dt.UTC))


@given(MOMENTS)
def test_floor_is_a_mark_at_most_five_minutes_back(moment: dt.datetime) -> None:
    cycle = cycles.floor_to_cycle(moment)
    assert cycle.minute % 5 == 0 and cycle.second == cycle.microsecond == 0
    assert dt.timedelta(0) <= moment - cycle < cycles.PERIOD


def test_other_zones_are_the_same_instant() -> None:
    kathmandu = dt.timezone(dt.timedelta(hours=5, minutes=45))
    assert cycles.floor_to_cycle(TEN.astimezone(kathmandu)) == TEN


def test_naive_times_are_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        cycles.floor_to_cycle(dt.datetime(2026, 3, 2, 10, 0))


def test_cycle_is_the_end_of_the_data_interval() -> None:
    assert cycles.cycle_of_run(TEN, TEN + dt.timedelta(hours=3)) == TEN


def test_without_an_interval_the_cycle_is_run_after_floored() -> None:
    assert cycles.cycle_of_run(None, TEN + dt.timedelta(minutes=4, seconds=59)) == TEN


def test_cycles_between_is_half_open() -> None:
    assert list(cycles.cycles_between(TEN, TEN)) == []
    assert list(cycles.cycles_between(TEN, TEN + 2 * cycles.PERIOD)) == [TEN + cycles.PERIOD, TEN + 2 * cycles.PERIOD]


@pytest.mark.parametrize(
    ("minute", "hours"),
    [(0, [9, 10]), (5, [9, 10]), (10, [9, 10]), (15, [10]), (55, [10])],
    ids=["on the hour", "early", "last early cycle", "no late files any more", "end of the hour"],
)
def test_early_in_an_hour_the_one_before_is_loaded_again(minute: int, hours: list[int]) -> None:
    cycle = TEN + dt.timedelta(minutes=minute)
    loaded = cycles.hours_to_load(cycle, cycle + dt.timedelta(seconds=200))
    assert [hour.hour for hour in loaded] == hours


@pytest.mark.parametrize(
    ("late_minutes", "hours"),
    [(3, [9, 10]), (54, [9, 10]), (55, [10]), (114, [10]), (115, []), (7 * 24 * 60, [])],
    ids=["in time", "just in time", "the hour before is two hours old", "the last minute", "two hours old", "long ago"],
)
def test_an_hour_that_began_two_hours_ago_is_never_loaded(late_minutes: int, hours: list[int]) -> None:
    cycle = TEN + dt.timedelta(minutes=5)
    loaded = cycles.hours_to_load(cycle, cycle + dt.timedelta(minutes=late_minutes))
    assert [hour.hour for hour in loaded] == hours


LIVE = ("live", True, True)
QUIET = ("live", True, False)
DENIED = ("backfill", False, False)


@pytest.mark.parametrize(
    ("run_type", "age_seconds", "allow_notify", "expected"),
    [
        ("scheduled", 5, False, LIVE),
        ("scheduled", 299, False, LIVE),
        ("scheduled", 300, False, DENIED),
        ("scheduled", -60, False, LIVE),
        ("scheduled", -61, False, DENIED),
        ("manual", 5, True, LIVE),
        ("manual", 5, False, QUIET),
        ("manual", 2400, True, DENIED),
        ("backfill", 5, True, DENIED),
        ("backfill", 86400, False, DENIED),
        ("asset_triggered", 5, True, QUIET),
        ("something_new", 5, True, DENIED),
        ("DagRunType.BACKFILL", 5, True, DENIED),
    ],
    ids=[
        "a scheduled run in time may do all",
        "up to one period",
        "one period late is stale",
        "a clock that is a minute behind loses no cycle",
        "a cycle that has not come is not live",
        "a manual run alerts when told so",
        "a manual run is quiet by default",
        "a late manual run is stale whatever it was told",
        "a backfill cannot alert, not even in time",
        "an old backfill",
        "a run of an asset is quiet",
        "unknown run types are denied",
        "so is one that is misspelt",
    ],
)
def test_gates(run_type: str, age_seconds: int, allow_notify: bool, expected: tuple[str, bool, bool]) -> None:
    now = TEN + dt.timedelta(seconds=age_seconds)
    allowed = cycles.gates(TEN, now, run_type, allow_notify)
    assert (allowed.origin, allowed.may_collect, allowed.may_notify) == expected
    assert allowed.reason

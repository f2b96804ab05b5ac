"""Cycles and gates: the past cannot be observed, and a backfill cannot alert (docs/design.md#d9)."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedwatch import cycles, deadlines, run_gates
from pedwatch.cycles import PERIOD

TEN = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
MOMENTS = st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2035, 1, 1), timezones=st.just(dt.UTC))


@given(MOMENTS)
def test_floor_is_a_mark_at_most_five_minutes_back(moment: dt.datetime) -> None:
    cycle = cycles.floor_to_cycle(moment, PERIOD)
    assert cycle.minute % 5 == 0 and cycle.second == cycle.microsecond == 0
    assert dt.timedelta(0) <= moment - cycle < cycles.PERIOD


def test_other_zones_are_the_same_instant() -> None:
    kathmandu = dt.timezone(dt.timedelta(hours=5, minutes=45))
    assert cycles.floor_to_cycle(TEN.astimezone(kathmandu), PERIOD) == TEN


def test_naive_times_are_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        cycles.floor_to_cycle(dt.datetime(2026, 3, 2, 10, 0), PERIOD)


def test_cycle_is_the_end_of_the_data_interval() -> None:
    assert cycles.cycle_of_run(TEN, TEN + dt.timedelta(hours=3), PERIOD) == TEN


def test_without_an_interval_the_cycle_is_run_after_floored() -> None:
    assert cycles.cycle_of_run(None, TEN + dt.timedelta(minutes=4, seconds=59), PERIOD) == TEN


def test_cycles_between_is_half_open() -> None:
    assert list(cycles.cycles_between(TEN, TEN, PERIOD)) == []
    assert list(cycles.cycles_between(TEN, TEN + 2 * cycles.PERIOD, PERIOD)) == [
        TEN + cycles.PERIOD,
        TEN + 2 * cycles.PERIOD,
    ]


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
    allowed = run_gates.gates(TEN, now, run_type, allow_notify, PERIOD)
    assert (allowed.origin, allowed.may_collect, allowed.may_notify) == expected
    assert allowed.reason


def test_cron_comes_round_at_every_mark() -> None:
    told = [cycles.cron(dt.timedelta(minutes=minutes)) for minutes in (1, 5, 30, 60)]
    assert told == ["*/1 * * * *", "*/5 * * * *", "*/30 * * * *", "0 * * * *"]


@given(
    minutes=st.sampled_from([1, 5, 10, 15, 30, 60]),
    after=st.integers(0, 200),
    missing=st.sets(st.integers(0, 40)),
)
def test_of_one_length_missing_or_not_cycles_are_the_marks(minutes: int, after: int, missing: set[int]) -> None:
    period, begin = dt.timedelta(minutes=minutes), TEN + dt.timedelta(minutes=after)
    marks = list(cycles.cycles_between(begin, begin + 30 * period, period))
    recorded = {mark: period for number, mark in enumerate(marks) if number not in missing}
    assert cycles.cycles_of(recorded, begin, begin + 30 * period, period) == marks


@given(st.lists(st.sampled_from([1, 5, 15, 60]), min_size=1, max_size=12))
def test_where_the_length_changes_what_was_recorded_is_all_there_was(lengths: list[int]) -> None:
    recorded: dict[dt.datetime, dt.timedelta] = {}
    moment = TEN
    for minutes in lengths:
        period = dt.timedelta(minutes=minutes)
        for _ in range(2):  # the next mark of that length, whatever was before
            moment = cycles.floor_to_cycle(moment, period) + period
            recorded[moment] = period
    assert cycles.cycles_of(recorded, TEN, moment, cycles.PERIOD) == list(recorded)


def test_what_is_missing_is_as_far_apart_as_what_comes_after_it() -> None:
    minute, five = dt.timedelta(minutes=1), dt.timedelta(minutes=5)
    recorded = {TEN + 2 * minute: minute, TEN + 20 * minute: five, TEN + 22 * minute: minute}
    found = cycles.cycles_of(recorded, TEN, TEN + 24 * minute, minute)
    assert [(cycle - TEN) // minute for cycle in found] == [1, 2, 5, 10, 15, 20, 21, 22, 23, 24]


@pytest.mark.parametrize("minutes", [1, 5, 10, 15, 30, 60])
def test_a_run_ends_within_its_cycle_and_a_lease_after_it(minutes: int) -> None:
    period = dt.timedelta(minutes=minutes)
    assert deadlines.collection(period) + deadlines.kept_back(period) < deadlines.run_lasts(period) < period
    assert (
        deadlines.lease(period) > min(deadlines.sending(period), deadlines.run_lasts(period)) + deadlines.CLOCK_SKEW / 4
    )
    late = 0.7 * deadlines.run_lasts(period)
    assert late + deadlines.sends_at_least(period) < deadlines.run_lasts(period), "it is not ended in mid-message"
    loads = dt.timedelta(days=1) // period * (1 + deadlines.load_retries(period))
    assert loads <= deadlines.LOADS_A_DAY, "each of them may fail"


def test_at_five_minutes_times_are_what_they_were() -> None:
    found = [
        rule(cycles.PERIOD).total_seconds()
        for rule in (
            deadlines.run_lasts,
            deadlines.collection,
            deadlines.kept_back,
            deadlines.patience,
            deadlines.sending,
            deadlines.sends_at_least,
            deadlines.lease,
            deadlines.sync_task_lasts,
            deadlines.sync_lasts,
        )
    ]
    assert found == [270, 90, 60, 60, 180, 45, 240, 240, 600]
    assert deadlines.load_retries(cycles.PERIOD) == 2 and deadlines.load_retries(cycles.SHORTEST) == 0

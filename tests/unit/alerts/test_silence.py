"""Silence is told once while it lasts and once when it is over, whoever tells; and never to a new installation."""

import datetime as dt
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedwatch.alerts.notifications import Notification, Told
from pedwatch.alerts.silence import KINDS, Heard, Kind, Word, is_silent, missed, row_after_gap, row_to_write
from pedwatch.cycles import PERIOD
from tests.golden_messages import START, at

CHANNEL = "C0PLATFORM"
BEFORE = START - dt.timedelta(days=1)


def heard(judged: int | None, finished: int | None = None, synced: dt.datetime | None = BEFORE) -> Heard:
    """Return a watch whose newest cycle has this number; it also came to its end unless said otherwise."""
    last = None if judged is None else at(judged)
    return Heard(last, last if finished is None else at(finished), synced, period=PERIOD)


def word(row: Notification | None, first_after: int | None = None) -> Word | None:
    """Return what is read back of a row, and the number of the first cycle that finished after it."""
    if row is None:
        return None
    told = Told(row.episode_id, row.sequence, row.channel, row.destination, json.loads(row.told_state))
    return Word(told, None if first_after is None else at(first_after))


def ask(
    found: Heard,
    now: dt.datetime,
    before: Notification | None = None,
    first_after: int | None = None,
    kind: Kind = "judged",
) -> Notification | None:
    return row_to_write(kind, found, word(before, first_after), CHANNEL, now)


@pytest.mark.parametrize(
    ("minutes", "count"),
    [(-5, 0), (0, 0), (5, 0), (9, 0), (10, 1), (14, 1), (15, 2), (20, 3), (65, 12)],
)
def test_a_cycle_is_missed_when_its_five_minutes_are_over(minutes: int, count: int) -> None:
    assert missed(START, START + dt.timedelta(minutes=minutes), PERIOD) == count
    assert is_silent(START, START + dt.timedelta(minutes=minutes), PERIOD) is (count >= 3)


def test_two_missed_cycles_are_a_restart_and_three_are_told() -> None:
    assert ask(heard(1), at(4)) is None
    row = ask(heard(1), at(5))
    assert row is not None and row.reason == "silence"
    assert "no cycle has been judged since 10:05 UTC. Missed so far: 3 cycles" in row.message.text


def test_what_was_told_is_not_told_again_and_the_same_row_is_made_of_the_same_state() -> None:
    row = ask(heard(1), at(5))
    later = ask(heard(1), at(9))
    assert row is not None and later is not None
    assert ask(heard(1), at(9), row) is None
    assert (later.notification_id, later.cycle) == (row.notification_id, at(9)), "ids come from the last cycle"


def test_it_is_over_with_the_first_cycle_and_says_what_was_missed() -> None:
    row = ask(heard(1), at(5))
    end = ask(heard(14), at(15), row, first_after=13)
    assert row is not None and end is not None
    assert (end.reason, end.episode_id, end.sequence) == ("silence_over", row.episode_id, 2)
    assert "judged again since 11:05 UTC; 11 cycles missed, 10:10 UTC to 11:00 UTC" in end.message.text
    assert ask(heard(15), at(16), end) is None
    assert ask(heard(15), at(25), end) is not None, "another silence is another message"


def test_the_watch_and_the_sync_write_the_same_row() -> None:
    row = ask(heard(1), at(5))
    by_the_watch, by_the_sync = row_after_gap(at(1), at(13), PERIOD, CHANNEL), ask(heard(13), at(14), row)
    assert by_the_watch is not None and by_the_sync is not None
    assert by_the_watch.notification_id == by_the_sync.notification_id
    assert by_the_watch.message == by_the_sync.message


@pytest.mark.parametrize(("last", "is_told"), [(None, False), (4, False), (2, False), (1, True)])
def test_a_cycle_tells_of_the_gap_before_it_when_that_is_three_cycles_or_more(last: int | None, is_told: bool) -> None:
    row = row_after_gap(None if last is None else at(last), at(5), PERIOD, CHANNEL)
    assert (row is not None) is is_told


@pytest.mark.parametrize(
    ("synced_before", "is_told"),
    [(None, False), (dt.timedelta(0), False), (dt.timedelta(minutes=55), False), (dt.timedelta(hours=1), True)],
    ids=["before the first sync has ended", "at once", "within the hour", "after an hour"],
)
def test_a_new_installation_has_an_hour_for_its_first_cycle(synced_before: dt.timedelta | None, is_told: bool) -> None:
    now = at(20)
    row = ask(Heard(None, None, None if synced_before is None else now - synced_before, period=PERIOD), now)
    assert (row is not None) is is_told
    if row is not None:
        assert "no cycle has been judged yet; limits have been read since" in row.message.text
        assert ask(Heard(None, None, BEFORE, period=PERIOD), at(30), row) is None
        end = ask(heard(31), at(32), row)
        assert end is not None and "missed" not in end.message.summary


def test_another_day_is_named() -> None:
    row = ask(Heard(START, START, BEFORE, period=PERIOD), START + dt.timedelta(days=3))
    assert row is not None and "since 2026-03-02 10:00 UTC" in row.message.text


def test_runs_that_judge_and_do_not_finish_are_told_unless_their_failure_is() -> None:
    row = ask(heard(9, finished=1), at(10), kind="finished")
    assert row is not None and "no run of ped_replica_watch has come to its end since 10:05" in row.message.text
    assert ask(replace(heard(9, finished=1), is_failure_told=True), at(10), kind="finished") is None
    assert ask(heard(11, finished=1), at(12), row, kind="finished") is None
    end = ask(heard(12, finished=12), at(13), row, kind="finished")
    assert end is not None and end.message.summary.startswith("runs of ped_replica_watch come to their end again")


def test_that_nothing_is_judged_is_told_also_while_it_is_told_that_no_run_finishes() -> None:
    newest: dict[Kind, Notification] = {}
    told = []
    # Runs end with cycle 1, are judged to cycle 9, judged again from 20 on, and end again from 30 on.
    for number in range(2, 34):
        judged = min(number - 1, 9) if number <= 20 else number - 1
        found = replace(heard(judged, finished=1 if number <= 30 else number - 1))
        found = replace(found, resumed=at(20) if number > 20 else None)
        for kind in KINDS:
            row = ask(found, at(number), newest.get(kind), 30 if number > 30 else None, kind)
            if row is not None:
                newest[kind] = row
                told.append((number, kind, row.reason, row.message.title))
    assert told == [
        (5, "finished", "silence", "No run finishes"),
        (13, "judged", "silence", "No cycle judged"),
        (21, "judged", "silence_over", "Resolved"),
        (31, "finished", "silence_over", "Resolved"),
    ]


def test_where_nothing_is_judged_that_no_run_finishes_is_not_news() -> None:
    assert ask(heard(1), at(9), kind="finished") is None


def test_a_failure_that_was_told_does_not_hide_that_nothing_is_judged() -> None:
    assert ask(replace(heard(1), is_failure_told=True), at(5)) is not None


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_every_gap_of_three_and_no_other_is_told_once_and_ended_once(runs: list[bool]) -> None:
    """Cycle by cycle the sync listens first, then the watch judges, or does not; all that is written is kept by id."""
    outbox: dict[str, Notification] = {}
    judged, newest = 0, None
    gaps: list[tuple[int, int]] = []
    for number, does_run in enumerate([*runs, True], 1):
        for _ in range(2):  # a task may run twice
            row = ask(heard(judged), at(number) + dt.timedelta(seconds=20), newest, first_after=judged)
            if row is not None:
                newest = outbox.setdefault(row.notification_id, row)
        if does_run:
            row = row_after_gap(at(judged), at(number), PERIOD, CHANNEL)
            if row is not None:
                newest = outbox.setdefault(row.notification_id, row)
            if number - judged > 3:
                gaps.append((judged, number))
            judged = number
    ends = [row for row in outbox.values() if row.reason == "silence_over"]
    assert [row.message.summary.split("; ")[1].split()[0] for row in ends] == [str(b - a - 1) for a, b in gaps]
    begins = [row for row in outbox.values() if row.reason == "silence"]
    assert {row.episode_id for row in begins} <= {row.episode_id for row in ends}
    assert len(begins) == len(gaps), "at the fourth mark three cycles are over"

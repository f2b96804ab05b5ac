"""The bitemporal algebra against a plain model: what was said, in order, and when we learnt it."""

import datetime as dt
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedwatch.limits.history import Statement, learn
from tests.unit.limits.models import MemoryLedger, naive_limit
from tests.unit.limits.samples import limit, minutes

NAME = "prod.orders.orders-api"


class Table(MemoryLedger):
    """limit_history of the one limit these tests speak of."""

    def sync(self, statements: Sequence[Statement], at: dt.datetime) -> int:
        """Record statements; returns the number of rows written."""
        change = learn(self.beliefs([NAME]).get(NAME, ()), statements)
        self.record(NAME, change, at)
        return len(change.closed) + len(change.opened)

    def ceiling(self, cycle: dt.datetime, known_at: dt.datetime) -> int | None:
        """Return the limit's max_replicas; None when nothing is granted."""
        return self.as_of(cycle, known_at).get(NAME)


@st.composite
def stories(draw: st.DrawFn) -> list[tuple[str, Statement | dt.datetime]]:
    """Creates, edits, back- and forward-dated edits, deletions and syncs, one event a minute."""
    events: list[tuple[str, Statement | dt.datetime]] = []
    dates = st.none() | st.integers(-5, 25).map(minutes)
    for minute in range(draw(st.integers(1, 14))):
        kind = draw(st.sampled_from(["write", "write", "withdraw", "sync", "sync"]))
        if kind == "write":
            content = limit(draw(st.integers(0, 3)), effective_from=draw(dates))
            events.append(("say", Statement(minutes(minute), content)))
        elif kind == "withdraw":
            events.append(("say", Statement(minutes(minute), None)))
        else:
            events.append(("sync", minutes(minute + 0.5)))
    return [*events, ("sync", minutes(20.5))]


@given(stories(), st.booleans())
def test_as_of_equals_what_was_said_and_known(story: list, reads_all_again: bool) -> None:
    table, said = Table(), []
    known: list[tuple[dt.datetime, list[Statement]]] = []
    for kind, what in story:
        if kind == "say":
            said.append(what)
            continue
        # A sync that crashed before its commit wrote nothing; a full one reads everything once more.
        learn(table.beliefs([NAME]).get(NAME, ()), said)
        table.sync(said if reads_all_again else _since(said, known), what)
        known.append((what, list(said)))
    for known_at, statements in known:
        for minute in range(-6, 27):
            cycle = minutes(minute + 0.25)
            assert table.ceiling(cycle, known_at) == naive_limit(statements, cycle)
            assert table.ceiling(minutes(minute), known_at) == naive_limit(statements, minutes(minute))


def _since(said: list[Statement], known: list) -> list[Statement]:
    return said[len(known[-1][1]) if known else 0 :]


@given(stories())
def test_rows_never_overlap_and_versions_have_no_gaps(story: list) -> None:
    table, said = Table(), []
    for kind, what in story:
        if kind == "say":
            said.append(what)
        else:
            table.sync(said, what)
    for index, one in enumerate(table.rows):
        assert one.belief.valid_from < one.belief.valid_to
        assert one.recorded_from < one.recorded_to
        for other in table.rows[index + 1 :]:
            apart_in_valid_time = (
                one.belief.valid_to <= other.belief.valid_from or other.belief.valid_to <= one.belief.valid_from
            )
            apart_in_recorded_time = one.recorded_to <= other.recorded_from or other.recorded_to <= one.recorded_from
            assert apart_in_valid_time or apart_in_recorded_time
    numbers = {row.belief.version for row in table.rows}
    assert numbers == set(range(1, len(numbers) + 1))


@given(stories())
def test_learning_twice_is_learning_once(story: list) -> None:
    table = Table()
    said = [what for kind, what in story if kind == "say"]
    table.sync(said, minutes(30))
    rows = list(table.rows)
    assert table.sync(said, minutes(31)) == 0
    assert table.rows == rows


def test_two_edits_between_two_syncs_both_survive() -> None:
    table = Table()
    table.sync([Statement(minutes(0), limit(10))], minutes(1))
    table.sync([Statement(minutes(2), limit(11)), Statement(minutes(3), limit(12))], minutes(4))
    assert [table.ceiling(minutes(at), minutes(9)) for at in (1, 2, 3)] == [10, 11, 12]


def test_a_back_dated_limit_changes_the_past_only_from_when_it_was_known() -> None:
    table = Table()
    table.sync([Statement(minutes(0), limit(10))], minutes(1))
    table.sync([Statement(minutes(60), limit(20, effective_from=minutes(30)))], minutes(65))
    assert table.ceiling(minutes(40), known_at=minutes(45)) == 10
    assert table.ceiling(minutes(40), known_at=minutes(65)) == 20
    assert table.ceiling(minutes(20), known_at=minutes(65)) == 10


def test_a_future_limit_waits_even_when_edited_before_it_begins() -> None:
    table = Table()
    table.sync([Statement(minutes(0), limit(10))], minutes(1))
    table.sync([Statement(minutes(5), limit(20, effective_from=minutes(60)))], minutes(6))
    table.sync([Statement(minutes(10), limit(15, effective_from=minutes(60)))], minutes(11))
    assert table.ceiling(minutes(59), minutes(99)) == 10
    assert table.ceiling(minutes(60), minutes(99)) == 15


def test_an_edit_that_carries_a_past_effective_from_does_not_back_date_itself() -> None:
    table = Table()
    table.sync([Statement(minutes(5), limit(10, effective_from=minutes(0)))], minutes(6))
    table.sync([Statement(minutes(30), limit(20, effective_from=minutes(0)))], minutes(31))
    assert table.ceiling(minutes(29), minutes(99)) == 10
    assert table.ceiling(minutes(30), minutes(99)) == 20


def test_an_effective_from_dropped_and_set_again_counts_again() -> None:
    table = Table()
    dated = {"effective_from": minutes(0)}
    table.sync([Statement(minutes(5), limit(10, **dated))], minutes(6))
    table.sync([Statement(minutes(10), limit(20))], minutes(11))
    table.sync([Statement(minutes(15), limit(30, **dated))], minutes(16))
    assert table.ceiling(minutes(1), minutes(99)) == 30


def test_a_withdrawn_limit_ends_and_keeps_its_content_as_a_tombstone() -> None:
    table = Table()
    table.sync([Statement(minutes(0), limit(10))], minutes(1))
    table.sync([Statement(minutes(5), None)], minutes(6))
    assert table.ceiling(minutes(4), minutes(9)) == 10
    assert table.ceiling(minutes(5), minutes(9)) is None
    assert [(row.belief.is_deleted, row.belief.limit.max_replicas) for row in table.rows][-1] == (True, 10)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param([], id="nothing"),
        pytest.param([Statement(minutes(1), None)], id="a withdrawal of what never was"),
    ],
)
def test_nothing_is_learnt_from(said: list[Statement]) -> None:
    change = learn([], said)
    assert (change.closed, change.opened) == ((), ())

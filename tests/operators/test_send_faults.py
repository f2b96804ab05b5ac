"""The fault matrix: however sending is interrupted, every notification ends in one message, or in a told dead letter.

A part of what ``bench/send_faults.py`` plays: random schedules, and every fault at the calls of one story.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pedwatch.alerts.delivery import leasing as send_task
from pedwatch.alerts.table_rows import EPISODE_COLUMNS, NOTIFICATION_COLUMNS
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse
from tests.operators import slack_in_process, wire_in_process
from tests.operators.fault_schedules import CALLS, ONE, ORDERS, RECORDS, THREADS, Schedule, a_schedule
from tests.operators.faulty_world import World
from tests.operators.outbox_model import OutboxModel, Row
from tests.operators.what_was_told import check


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    """The connections, and whatever servers are behind them."""
    with pytest.MonkeyPatch.context() as patch:
        slack_in_process.connect(patch)
        wire_in_process.connect(patch)
        patch.setattr(send_task.log, "disabled", True)
        yield patch


UNKNOWN_PARENT = ["fine", "fine", "fine", "access_denied"]
"""Both were posted, the sender died before it said so, and then the parent could not be read back: the outbox does not
know of it, and the reply stands in its thread."""


@example(schedule=Schedule([[("e1", ORDERS), ("e1", ORDERS)]], UNKNOWN_PARENT, ["crash before"]))
@settings(max_examples=300, deadline=None, derandomize=False, suppress_health_check=list(HealthCheck))
@given(schedule=st.integers(0, 2**32).map(a_schedule))
def test_every_notification_ends_in_one_message_or_in_a_told_dead_letter(
    patch: pytest.MonkeyPatch, schedule: Schedule
) -> None:
    check(World(schedule, OutboxModel(), patch).play())


def first_of_each_kind(patch: pytest.MonkeyPatch) -> list[int]:
    """Return where in the story each kind of call is made for the first time."""
    made = World(Schedule(ONE), OutboxModel(), patch).play().made
    return sorted({made.index(method) for method in made})


@pytest.mark.parametrize("fault", CALLS)
def test_each_fault_at_each_kind_of_call(patch: pytest.MonkeyPatch, fault: str) -> None:
    for position in first_of_each_kind(patch):
        check(World(Schedule(ONE, ["fine"] * position + [fault]), OutboxModel(), patch).play())


@pytest.mark.parametrize("fault", CALLS)
def test_each_fault_while_a_reply_is_looked_for(patch: pytest.MonkeyPatch, fault: str) -> None:
    """The sender died when Slack had taken its reply: the next one edits the parent, and reads its thread."""
    calls = ["fine", "fine", "fine", "crash after", "fine", fault]
    check(World(Schedule([[("e1", ORDERS)], [("e1", ORDERS)]], calls), OutboxModel(), patch).play())


@pytest.mark.parametrize("position", range(4))
@pytest.mark.parametrize("fault", [*dict.fromkeys(RECORDS)])
def test_each_fault_at_each_record(patch: pytest.MonkeyPatch, fault: str, position: int) -> None:
    check(World(Schedule(ONE, records=["fine"] * position + [fault]), OutboxModel(), patch).play())


class RealOutbox:
    """The same on the statements that ship; ``add`` is the fold's part."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse, self.config = warehouse, warehouse.config
        self._table = f"{warehouse.config.dataset}.notifications"
        self.run = warehouse.run
        warehouse.client.query(f"DELETE FROM `{self._table}` WHERE TRUE").result()

    def write(self, name: str, parameters: Any) -> int:
        """Record, in a dataset of this test."""
        return self._warehouse.write(name, parameters)

    def add(self, *rows: Row) -> None:
        """Write rows as the fold does."""
        columns = NOTIFICATION_COLUMNS
        blank = {"destination": "team", "told_state": "{}"}
        moment = rows[0]["created_at"]
        parameters = {
            "cycle": moment,
            "computed_at": moment,
            "run_id": "fold",
            "expected_cursor": Typed("TIMESTAMP", self._cursor()),
            "episodes": Typed(EPISODE_COLUMNS, []),
            "notifications": Typed(columns, [blank | row for row in rows]),
        }
        self._warehouse.write("alerts/commit_fold.sql", parameters)

    def _cursor(self) -> dt.datetime | None:
        found = self._warehouse.client.query(f"SELECT MAX(cycle) AS cycle FROM `{self._table[:-13]}fold_cursor`")
        return next(iter(found.result())).cycle

    @property
    def rows(self) -> dict[str, Row]:
        """Return all rows by their ids."""
        found = self._warehouse.client.query(f"SELECT * FROM `{self._table}`").result()
        return {row.notification_id: dict(row.items()) for row in found}


def ending(schedule: Schedule, outbox: Any, patch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Play a schedule and return what became of every row."""
    check(World(schedule, outbox, patch).play())
    return sorted((r["notification_id"], r["status"], r["attempts"], r["error"] or "") for r in outbox.rows.values())


EDITS_ARE_OVER = Schedule([[("e1", ORDERS)], [("e1", ORDERS)], [("e1", ORDERS)]], [])
"""The workspace lets nobody edit: what the first reply said is read by the sender of the second."""


def test_the_real_statements_do_as_their_model(patch: pytest.MonkeyPatch, warehouse: Warehouse) -> None:
    closed = replace(EDITS_ARE_OVER, calls=["fine", "fine", "edit_window_closed", "fine", "edit_window_closed", "fine"])
    for schedule in (closed, *(a_schedule(seed, THREADS[:5], longest=8, most_writes=2) for seed in range(4))):
        on_paper = ending(schedule, OutboxModel(), patch)
        assert ending(schedule, RealOutbox(warehouse), patch) == on_paper, schedule

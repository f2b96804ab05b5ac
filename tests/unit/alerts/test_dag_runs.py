"""A DAG that fails every other time is told once, and is back after three runs in a row."""

import datetime as dt

import pytest

from pedwatch.alerts import dag_runs
from pedwatch.alerts.messages import Message
from pedwatch.alerts.notifications import Told
from pedwatch.alerts.reconcile import told_from_row
from pedwatch.alerts.rows import notification_to_row
from tests.golden_messages import at


def told_of(dag_id: str, runs: str) -> list[str]:
    """Play runs of a DAG, ``f`` failed and ``o`` finished, and return what was told, in order."""
    told: Told | None = None
    finished: list[dt.datetime] = []
    reasons = []
    for number, outcome in enumerate(runs, 1):
        if outcome == "o":
            finished.insert(0, at(number))
            is_failed = told is not None and dag_runs.is_told_failed(told)
            row = dag_runs.recovery_row(told, finished) if told is not None and is_failed else None
        else:
            finished = []
            message = Message("", "DAG failed", f"run {number}")
            row = dag_runs.failure_row(told, dag_id, f"run-{number}", message, "C0PLATFORM", at(number))
        if row is not None:
            told = told_from_row(notification_to_row(row))
            reasons.append(f"{number} {row.reason}")
    return reasons


@pytest.mark.parametrize(
    ("dag_id", "runs", "told"),
    [
        ("ped_replica_watch", "f" + "of" * 40, ["1 dag_failed"]),
        ("ped_replica_watch", "foo" * 20, ["1 dag_failed"]),
        ("ped_replica_watch", "fooo", ["1 dag_failed", "4 dag_recovered"]),
        ("ped_replica_watch", "ffffooof", ["1 dag_failed", "7 dag_recovered", "8 dag_failed"]),
        ("ped_digest", "fof", ["1 dag_failed", "2 dag_recovered", "3 dag_failed"]),
        ("ped_replica_watch", "ooooo", []),
    ],
    ids=["every other time", "every third time", "once", "long", "a daily one", "never"],
)
def test_what_is_told_of_a_dag_that_fails_and_finishes(dag_id: str, runs: str, told: list[str]) -> None:
    assert told_of(dag_id, runs) == told

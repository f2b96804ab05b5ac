"""A DAG that fails every other time is told once, and is back after three runs in a row."""

import datetime as dt

import pytest

from pedwatch.alerts import failed_runs
from pedwatch.alerts.failed_runs import Report, Word
from pedwatch.alerts.messages import Message
from pedwatch.alerts.notifications import Notification, Told
from pedwatch.alerts.reconcile import told_from_row
from pedwatch.alerts.table_rows import notification_to_row
from pedwatch.cycles import PERIOD
from tests.golden_messages import at


def report(dag_id: str, number: int, late: int = 0, **known: str) -> Report:
    """Return what the callback of a run left, so many minutes after its cycle's end."""
    reported_at = at(number) + dt.timedelta(minutes=late)
    return Report(dag_id, f"run-{number}", "task_failure", ("compare",), reported_at, at(number), **known)


def settled(
    *reports: Report, words: dict[str, Word] | None = None
) -> tuple[list[tuple[Notification, dt.datetime]], dict[str, str | None]]:
    """Return what is told of reports, and by what each report is settled."""
    rows = failed_runs.settle(reports, words or {}, "C0PLATFORM", lambda one: "", lambda one: None)
    told = [row for row in rows if row[0].reason == failed_runs.FAILED]
    return told, {row.notification_id: row.told_by for row, _ in rows if row.reason == failed_runs.REPORT}


def word(row: Notification, written_at: dt.datetime) -> Word:
    """Return what was told, as it is read back."""
    return Word(told_from_row(notification_to_row(row)), row.notification_id, written_at)


def told_of(dag_id: str, runs: str) -> list[str]:
    """Play runs of a DAG, ``f`` failed and ``o`` finished, and return what was told, in order."""
    told: Told | None = None
    finished: list[dt.datetime] = []
    reasons = []
    for number, outcome in enumerate(runs, 1):
        if outcome == "o":
            finished.insert(0, at(number))
            is_failed = told is not None and failed_runs.is_told_failed(told)
            row = failed_runs.recovery_row(told, finished, PERIOD) if told is not None and is_failed else None
        else:
            finished = []
            message = Message("", "DAG failed", f"run {number}")
            row = failed_runs.failure_row(told, report(dag_id, number), message, "C0PLATFORM")
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


def test_a_report_is_read_back_as_it_was_left() -> None:
    left = report("ped_digest", 3)
    row = notification_to_row(left.row("C0PLATFORM"))
    read = row | {"created_at": left.reported_at, "refusal": None, "refusal_message": None}
    assert failed_runs.report_from_row(read) == left
    assert (row["status"], row["notification_id"]) == ("reported", left.report_id)


def test_reports_of_a_dag_are_told_once_and_all_are_settled_by_that() -> None:
    reports = [report("ped_digest", 1), report("ped_replica_audit", 1), report("ped_digest", 2)]
    [(digest, at_digest), (audit, _)], by = settled(*reports)
    assert (digest.episode_id, digest.sequence, at_digest) == (reports[0].thread, 1, reports[0].reported_at)
    ids = [digest.notification_id, audit.notification_id, digest.notification_id]
    assert by == dict(zip((each.report_id for each in reports), ids, strict=True))


def test_two_that_settle_one_after_the_other_end_as_one_that_settles_all() -> None:
    first, second = report("ped_digest", 1), report("ped_digest", 2, refusal="mass_end", refusal_message="all")
    whole, _ = settled(first, second)
    [one], _ = settled(first)
    [other], by = settled(second, words={"ped_digest": word(*one)})
    assert [one, other] == whole, "a known cause is said in the same thread"
    assert by == {second.report_id: other[0].notification_id}


def test_what_is_told_is_the_newest_word_although_its_callback_had_a_slow_clock() -> None:
    [(failed, _)], _ = settled(report("ped_digest", 1))
    back = failed_runs.recovery_row(word(failed, at(1)).told, [at(2)], PERIOD)
    assert back is not None
    known = word(back, at(3) + dt.timedelta(minutes=1))
    [(again, written_at)], _ = settled(report("ped_digest", 3), words={"ped_digest": known})
    assert written_at > known.at and again.episode_id != back.episode_id

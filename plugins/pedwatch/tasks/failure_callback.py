"""What every DAG does when a run of it failed: it leaves a report for others (``alerts/live/failure_reports.py``).

``CALLBACKS`` goes into every DAG. Airflow calls it in its DAG processor, which parses everybody's DAGs and is killed
with all it does after 50 seconds; the context is that of a task, or no more than ``dag``, ``run_id`` and ``reason``. So
it logs a line first, which a log-based metric hears when BigQuery or Slack cannot, writes one row within
``LIMIT_SECONDS``, reads no table and sends nothing: whether there is anything to tell, the next run of ped_limits_sync
or ped_replica_watch finds out. It never raises.
"""

import datetime as dt
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pedwatch.alerts.failed_runs import Report
from pedwatch.alerts.table_rows import notification_to_row
from pedwatch.config import Config
from pedwatch.cycles import SHORTEST, cycle_of_run, floor_to_cycle
from pedwatch.errors import LedgerError
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.run_gates import run_type_of

log = logging.getLogger(__name__)

LIMIT_SECONDS = 20.0
"""For connecting and writing."""

ALERTING = ("scheduled", "asset_triggered")
"""Run types that may alert; a backfill never does, and a manual run has somebody who watches it (docs/design.md#d9)."""

RECENT = dt.timedelta(days=1)
"""A run known by its id alone is taken for live if that names a moment no longer ago: a backfill reprocesses scheduled
runs under their own ids."""


@dataclass(frozen=True)
class FailedRun:
    """A run that failed, as far as its callback's context tells."""

    dag_id: str
    run_id: str
    reason: str
    """Airflow's word: task_failure, timed_out, all_tasks_deadlocked."""
    run_type: str
    cycle: dt.datetime | None
    """None when only the moment of the callback is known."""
    tasks: tuple[str, ...] = ()
    """The task that failed last; of a run that timed out one that was still to end."""

    is_bare: bool = False
    """Airflow gave no more than the ids: the run's type and cycle are read off its id."""

    def may_alert(self, now: dt.datetime) -> bool:
        """Tell whether the platform hears of it."""
        is_recent = self.cycle is None or now - self.cycle < RECENT
        return self.run_type in ALERTING and (is_recent or not self.is_bare)


def read_context(context: Mapping[str, Any]) -> FailedRun:
    """Read what a callback was given; nothing in it is relied upon."""
    run, ti, dag = (context.get(name) for name in ("dag_run", "ti", "dag"))
    dag_id = getattr(dag, "dag_id", None) or getattr(run, "dag_id", None) or "unknown"
    run_id = context.get("run_id") or getattr(run, "run_id", None) or "unknown"
    reason = context.get("reason") or "unknown"
    task_id = getattr(ti, "task_id", None)
    tasks = (task_id,) if task_id else ()
    if run is None:
        run_type, _, moment = run_id.partition("__")
        return FailedRun(dag_id, run_id, reason, run_type, _cycle_named(moment), tasks, True)
    run_type = run_type_of(run)
    interval_end, run_after = getattr(run, "data_interval_end", None), getattr(run, "run_after", None)
    known = interval_end or run_after
    moment = cycle_of_run(interval_end, known, SHORTEST) if known else None
    return FailedRun(dag_id, run_id, reason, run_type, moment, tasks)


def _cycle_named(text: str) -> dt.datetime | None:
    try:
        return floor_to_cycle(dt.datetime.fromisoformat(text), SHORTEST)
    except ValueError:
        return None


def write_report(warehouse: Warehouse, config: Config, run: FailedRun, now: dt.datetime) -> None:
    """Write that a run failed, for who reads it next: one INSERT, which asks nothing.

    Raises:
        LedgerError: BigQuery refused, or took longer than the warehouse may wait.
    """
    cycle = floor_to_cycle(run.cycle, config.period) if run.cycle else None
    report = Report(run.dag_id, run.run_id, run.reason, run.tasks, now, cycle)
    row = notification_to_row(report.row(config.slack.platform_channel))
    not_written = ("team_id", "told_by")  # a report has neither
    values = {name: value for name, value in row.items() if name not in not_written}
    warehouse.write("alerts/report_failed_run.sql", values | {"created_at": now, "run_id": run.run_id})


def _write(run: FailedRun) -> None:
    from pedwatch import settings
    from pedwatch.hooks import applied_schema
    from pedwatch.hooks.clients import warehouse_of_any_schema

    now = settings.now()
    if run.may_alert(now):
        config = settings.load_config()
        # A later build's tables are why runs fail, if they do: that has to be told nevertheless.
        warehouse = warehouse_of_any_schema(config).within(LIMIT_SECONDS)
        applied_schema.refuse_foreign(warehouse, settings.environment())
        write_report(warehouse, config, run, now)


def within(seconds: float, work: Callable[[], None]) -> None:
    """Do something in a thread, and wait so long for it: connecting and signing in have limits of their own.

    Raises:
        LedgerError: it is not done. The thread is left to itself and ends with its process; what it may yet write is
            what it was to write.
    """
    failures: list[BaseException] = []

    def attempt() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 raised again by the one who waits
            failures.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise LedgerError(f"not written within {seconds:.0f} s")
    if failures:
        raise failures[0]


def dag_failed(context: Mapping[str, Any]) -> None:
    """Log that a run failed and, if it was a live one, leave a report of it in the outbox."""
    run = read_context(context)
    log.error("pedwatch_dag_failed dag_id=%s run_id=%s reason=%s", run.dag_id, run.run_id, run.reason)
    try:
        within(LIMIT_SECONDS, lambda: _write(run))
    except Exception as error:  # noqa: BLE001 a callback that fails would hide the failure it is there to tell
        # Not the message: what a client's exception carries is not known here.
        log.error("pedwatch_dag_callback_failed dag_id=%s error=%s", run.dag_id, type(error).__name__)


CALLBACKS = {"on_failure_callback": dag_failed}
"""What every DAG is given. There is no callback of success: the heartbeat says that a run finished."""

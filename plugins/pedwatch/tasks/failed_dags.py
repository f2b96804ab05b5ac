"""A failed DAG is told in the platform's channel once, until it finishes again: the callback writes, others send.

``CALLBACKS`` goes into every DAG. Airflow calls it in its DAG processor, which parses everybody's DAGs and is killed
with all it does after 50 seconds; the context is that of a task, or no more than ``dag``, ``run_id`` and ``reason``. So
it logs a line first, which a log-based metric hears when BigQuery or Slack cannot, writes one row to the outbox within
``LIMIT_SECONDS``, and sends nothing: the next run of ped_limits_sync or ped_replica_watch does. It never raises.
"""

import datetime as dt
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pedwatch.alerts import dag_runs, platform_messages
from pedwatch.alerts.copies import with_copies
from pedwatch.alerts.rows import NOTIFICATION_COLUMNS, notification_to_row
from pedwatch.config import Config
from pedwatch.cycles import cycle_of_run, floor_to_cycle
from pedwatch.errors import LedgerError
from pedwatch.hooks.warehouse import Warehouse

log = logging.getLogger(__name__)

LIMIT_SECONDS = 20.0
"""For connecting, reading what was told, and writing."""

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
    run_type = getattr(run.run_type, "value", run.run_type)
    interval_end, run_after = getattr(run, "data_interval_end", None), getattr(run, "run_after", None)
    known = interval_end or run_after
    return FailedRun(dag_id, run_id, reason, run_type, cycle_of_run(interval_end, known) if known else None, tasks)


def _cycle_named(text: str) -> dt.datetime | None:
    try:
        return floor_to_cycle(dt.datetime.fromisoformat(text))
    except ValueError:
        return None


def write_row(warehouse: Warehouse, config: Config, run: FailedRun, now: dt.datetime) -> bool:
    """Write that a run failed into the outbox; tell whether there was anything to write.

    Raises:
        LedgerError: BigQuery refused, or took longer than the warehouse may wait.
    """
    from pedwatch.alerts.reconcile import told_from_row
    from pedwatch.alerts.routing import in_platforms_channel
    from pedwatch.hooks.parameters import Typed
    from pedwatch.tasks.run_links import run_url

    found = warehouse.run("alerts/told_of_dag.sql", {"dag_id": run.dag_id})
    told = in_platforms_channel(told_from_row(found[0]), config.slack) if found else None
    cycle = run.cycle or floor_to_cycle(now)
    url = run_url(run.dag_id, run.run_id)
    cause, why = refusal_of(warehouse, run.dag_id, run.run_id)
    progress = None if dag_runs.is_told_failed(told) else progress_of(warehouse, run)
    message = platform_messages.dag_failed(run.dag_id, run.run_id, cycle, run.tasks, run.reason, url, why, progress)
    row = dag_runs.failure_row(told, run.dag_id, run.run_id, message, config.slack.platform_channel, cycle, cause)
    if row is None:
        return False
    written = [notification_to_row(each) for each in with_copies([row], config.slack)]
    rows = Typed(NOTIFICATION_COLUMNS, written)
    warehouse.write("alerts/write_notifications.sql", {"created_at": now, "run_id": run.run_id, "notifications": rows})
    return True


def progress_of(warehouse: Warehouse, run: FailedRun) -> platform_messages.Progress | None:
    """Return how far the cycle of a run of the watch came: a run may fail although its counts were judged.

    None for other DAGs, where the cycle is not known, and where nobody can say: that it failed is told all the same.
    """
    if run.dag_id != "ped_replica_watch" or run.cycle is None:
        return None
    try:
        [found] = warehouse.run("alerts/done_in_cycle.sql", {"cycle": run.cycle})
    except LedgerError:
        return None
    return platform_messages.Progress(**found)


def refusal_of(warehouse: Warehouse, dag_id: str, run_id: str) -> tuple[str | None, str | None]:
    """Say why a run was refused, by name and in words: the callback of a run is not told what failed it."""
    from pedwatch.hooks import applied_schema

    if objection := applied_schema.newer(warehouse):
        return "newer_schema", objection
    if dag_id != "ped_limits_sync":
        return None, None
    found = warehouse.run("limits/refusal_of_run.sql", {"sync_id": run_id})
    return (found[0]["reason"], found[0]["message"]) if found else (None, None)


def _write(run: FailedRun) -> None:
    from pedwatch import settings
    from pedwatch.hooks.clients import warehouse_of_any_schema

    now = settings.now()
    if run.may_alert(now):
        config = settings.load_config()
        # A later build's tables are why runs fail, if they do: that has to be told nevertheless.
        write_row(warehouse_of_any_schema(config).within(LIMIT_SECONDS), config, run, now)


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
    """Log that a run failed and, if it was a live one, leave the outbox a row that tells the platform."""
    run = read_context(context)
    log.error("pedwatch_dag_failed dag_id=%s run_id=%s reason=%s", run.dag_id, run.run_id, run.reason)
    try:
        within(LIMIT_SECONDS, lambda: _write(run))
    except Exception as error:  # noqa: BLE001 a callback that fails would hide the failure it is there to tell
        # Not the message: what a client's exception carries is not known here.
        log.error("pedwatch_dag_callback_failed dag_id=%s error=%s", run.dag_id, type(error).__name__)


CALLBACKS = {"on_failure_callback": dag_failed}
"""What every DAG is given. There is no callback of success: the heartbeat says that a run finished."""

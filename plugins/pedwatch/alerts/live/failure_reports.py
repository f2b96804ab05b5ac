"""Reads what the callbacks of failed runs left (``tasks/failure_callback.py``), and decides what the platform is told.

Called where reports are found by what reads the outbox anyway: the task of ped_limits_sync that listens, and the fold
of ped_replica_watch. What is told and the reports that it settles are written together, and only if nobody else wrote
of runs since they were read: killed in between, run twice, or two at once, it ends the same.
"""

import datetime as dt
import logging
from dataclasses import replace
from typing import Any

from pedwatch.alerts import failed_runs
from pedwatch.alerts.copies import with_copies
from pedwatch.alerts.failed_runs import Report, Word
from pedwatch.alerts.notifications import Notification
from pedwatch.alerts.platform_messages import Progress
from pedwatch.alerts.reconcile import told_from_row
from pedwatch.alerts.routing import in_platforms_channel
from pedwatch.alerts.table_rows import NOTIFICATION_COLUMNS, notification_to_row
from pedwatch.config import Config, Slack
from pedwatch.config.clusters import DEFAULT_POOL
from pedwatch.errors import LedgerError
from pedwatch.hooks import applied_schema
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.run_urls import run_url
from pedwatch.hooks.warehouse import Warehouse

log = logging.getLogger(__name__)

EVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""Before every row of the outbox."""
ATTEMPTS = 3
"""So often it is decided anew when somebody else wrote of runs meanwhile; after that the next one does."""

Row = tuple[Notification, dt.datetime]
"""An outbox row, and its ``created_at``."""


def settle_reports(warehouse: Warehouse, config: Config, run_id: str) -> int:
    """Decide what is told of the runs that were reported, and settle them; return how many messages that makes.

    Args:
        warehouse: the tables, of whatever schema.
        config: whom to tell.
        run_id: of the run that reads.

    Raises:
        LedgerError: BigQuery refused; the reports wait for the next one.
    """
    for _ in range(ATTEMPTS):
        found = warehouse.run("alerts/reported_runs.sql", {"since": EVER})
        if not found:
            break
        rows = _decide(warehouse, config, found)
        if write_words(warehouse, rows, found[0]["run_rows"], EVER, run_id):
            told = [row for row, _ in rows if row.reason == failed_runs.FAILED]
            for row in told:
                log.warning("%s: %s", row.reason, row.message.text)
            return len(told)
    return 0


def write_words(warehouse: Warehouse, rows: list[Row], run_rows: int, since: dt.datetime, run_id: str) -> bool:
    """Write what is told of runs, with the reports that it settles; tell whether it was written.

    Args:
        warehouse: the tables.
        rows: what is written, all of it or nothing.
        run_rows: how many rows about runs there were from ``since`` on when it was decided.
        since: UTC.
        run_id: of the run that writes.

    Raises:
        LedgerError: BigQuery refused.
    """
    columns = NOTIFICATION_COLUMNS | {"created_at": "TIMESTAMP"}
    values = [notification_to_row(row) | {"created_at": at} for row, at in rows]
    asked = {"run_id": run_id, "since": since, "run_rows": run_rows, "notifications": Typed(columns, values)}
    return warehouse.write("alerts/write_run_words.sql", asked) > 0


def _decide(warehouse: Warehouse, config: Config, found: list[dict[str, Any]]) -> list[Row]:
    objection = applied_schema.newer(warehouse)
    reports = [failed_runs.report_from_row(row) for row in found]
    if objection:  # every task refuses these tables
        reports = [replace(report, refusal="newer_schema", refusal_message=objection) for report in reports]
    words = {
        report.dag_id: _word(row["told"], config.slack)
        for report, row in zip(reports, found, strict=True)
        if row["told"] is not None
    }
    rows = failed_runs.settle(
        reports,
        words,
        config.slack.platform_channel,
        lambda report: run_url(report.dag_id, report.run_id),
        lambda report: _progress(warehouse, config, report),
    )
    return [(copy, at) for row, at in rows for copy in with_copies([row], config.slack)]


def _word(row: dict[str, Any], slack: Slack) -> Word:
    return Word(in_platforms_channel(told_from_row(row), slack), row["notification_id"], row["created_at"])


def _progress(warehouse: Warehouse, config: Config, report: Report) -> Progress | None:
    """Return how far the cycle of a run of the watch came: a run may fail although its counts were judged.

    None for other DAGs, where the cycle is not known, and where nobody can say: that it failed is told all the same.
    """
    if report.dag_id != "ped_replica_watch" or report.known_cycle is None:
        return None
    try:
        [found] = warehouse.run("alerts/done_in_cycle.sql", {"cycle": report.known_cycle})
    except LedgerError:
        return None
    pool = config.collector.pool if report.reason == "timed_out" and config.collector.pool != DEFAULT_POOL else None
    return Progress(**found, pool=pool)

"""Writes into the outbox what a sync found wrong with limits' documents, before it commits: both may be run again."""

import datetime as dt
import logging

from pedwatch.alerts import limit_messages
from pedwatch.alerts.copies import with_copies
from pedwatch.alerts.limit_messages import Rejected
from pedwatch.alerts.message_lookup import links_of
from pedwatch.alerts.reconcile import told_from_row
from pedwatch.alerts.table_rows import NOTIFICATION_COLUMNS, notification_to_row
from pedwatch.alerts.welcome import with_welcomes
from pedwatch.config import Config
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.limits.ids import parts_of
from pedwatch.limits.learnt import SyncPlan

log = logging.getLogger(__name__)


def tell(warehouse: Warehouse, config: Config, plan: SyncPlan, now: dt.datetime, run_id: str) -> int:
    """Write what teams have to hear; asks nothing when no document's standing has changed. Returns the rows written.

    Raises:
        LedgerError: BigQuery refused.
    """
    documents = {document_id: _team_of(document_id) for document_id in plan.rejections_changed}
    if not documents:
        return 0
    asked = {"document_ids": Typed("ARRAY<STRING>", sorted(documents))}
    told = {row["document_id"]: told_from_row(row) for row in warehouse.run("alerts/told_of_documents.sql", asked)}
    links = links_of(config, [], None).for_help
    standing = {
        each.document_id: Rejected(each.reason, each.has_previous_limit) for each in plan.rejections if each.is_current
    }
    found = limit_messages.rows(documents, standing, told, config.slack, plan.read_time, config.period, links)
    channels = [row["channel"] for row in warehouse.run("alerts/told_channels.sql")] if found else []
    written = with_welcomes(with_copies(found, config.slack), config, channels)
    for row in found:
        log.warning("%s: %s", row.reason, row.message.text)
    if written:
        rows = Typed(NOTIFICATION_COLUMNS, [notification_to_row(row) for row in written])
        warehouse.write("alerts/write_notifications.sql", {"created_at": now, "run_id": run_id, "notifications": rows})
    return len(written)


def _team_of(document_id: str) -> str | None:
    """Return the team that a limit's id names; the document itself may not be readable."""
    parts = parts_of(document_id)
    return parts[1] if len(parts) > 1 else None

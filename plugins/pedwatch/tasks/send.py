"""The task that delivers the outbox: lease, post, record (DESIGN D8). Effectively once, not exactly once."""

import datetime as dt
import logging
import secrets
from dataclasses import dataclass, field
from typing import Any

from pedwatch.alerts import outbox
from pedwatch.alerts.outbox import Transport, UnusableTransportError
from pedwatch.config import Slack
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.tasks.sender import Pacer, Sender, kind_of

log = logging.getLogger(__name__)

BATCH = 60
BATCHES = 3
LEASE = dt.timedelta(minutes=4)

SEND_COLUMNS = {
    "notification_id": "STRING",
    "status": "STRING",
    "parent_ts": "STRING",
    "message_ts": "STRING",
    "permalink": "STRING",
    "error": "STRING",
    "alert_id": "STRING",
    "next_attempt_at": "TIMESTAMP",
    "sent_at": "TIMESTAMP",
}
ALERT_COLUMNS = {
    "notification_id": "STRING",
    "episode_id": "STRING",
    "sequence": "INT64",
    "cycle": "TIMESTAMP",
    "reason": "STRING",
    "destination": "STRING",
    "channel": "STRING",
    "told_state": "STRING",
    "message": "STRING",
    "status": "STRING",
    "created_at": "TIMESTAMP",
}


@dataclass
class Delivery:
    """What became of the outbox: how many rows ended in which state, and where the newest message in Slack is."""

    counts: dict[str, int] = field(default_factory=dict)
    message: dict[str, str] | None = None
    """``channel`` and ``message_ts``, for a link."""

    def take(self, leased: list[dict[str, Any]], sends: list[dict[str, Any]]) -> None:
        """Count a batch."""
        for row, send in zip(leased, sends, strict=True):
            self.counts[send["status"]] = self.counts.get(send["status"], 0) + 1
            if send["status"] == "sent" and kind_of(row["channel"]) == "slack":
                self.message = {"channel": row["channel"], "message_ts": send["message_ts"]}


def send_batch(
    warehouse: Warehouse, transport: Transport, slack: Slack, now: dt.datetime, run_id: str, pacer: Pacer
) -> tuple[Delivery, UnusableTransportError | None]:
    """Lease what can be sent, send it, record what became of it."""
    delivery = Delivery()
    owner = f"{run_id}#{secrets.token_hex(4)}"  # a retried task and its zombie are two senders
    ends_at = pacer.clock() + LEASE.total_seconds()
    parameters = {"now": now, "lease_expires_at": now + LEASE, "owner": owner, "batch": BATCH}
    leased = warehouse.run("alerts/lease_notifications.sql", parameters)
    if not leased:
        return delivery, None
    sends, stopped = Sender(transport, pacer, now, slack.on_ambiguous, ends_at).send(leased)
    alerts = outbox.dead_letter_alerts(leased, sends, slack.platform_channel, now)
    warehouse.write(
        "alerts/record_sends.sql",
        {
            "owner": owner,
            "run_id": run_id,
            "sends": Typed(SEND_COLUMNS, sends),
            "alerts": Typed(ALERT_COLUMNS, alerts),
        },
    )
    for send in sends:
        if send["status"] == "dead":
            log.error("pedwatch_dead_letter notification_id=%s error=%s", send["notification_id"], send["error"])
    delivery.take(leased, sends)
    log.info("outbox: %s", delivery.counts)
    return delivery, stopped


def send_notifications(
    warehouse: Warehouse, transport: Transport, slack: Slack, now: dt.datetime, run_id: str, pacer: Pacer | None = None
) -> Delivery:
    """Deliver the outbox, batch after batch while all of a batch is delivered.

    Raises:
        UnusableTransportError: Slack refuses everything; nothing is lost, the rows are sent when it is mended.
    """
    pacer = pacer or Pacer()
    total = Delivery()
    for _ in range(BATCHES):
        batch, stopped = send_batch(warehouse, transport, slack, now, run_id, pacer)
        for status, count in batch.counts.items():
            total.counts[status] = total.counts.get(status, 0) + count
        total.message = batch.message or total.message
        if stopped is not None:
            raise stopped
        # The alerts of letters that died just now go out at once; what failed otherwise waits for its time.
        if "dead" not in batch.counts and batch.counts.get("sent", 0) < BATCH:
            break
    return total

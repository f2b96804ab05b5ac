"""The task that delivers the outbox: lease, post, record (DESIGN D8). Effectively once, not exactly once."""

import datetime as dt
import logging
import secrets

from pedwatch.alerts import outbox
from pedwatch.alerts.outbox import Transport, UnusableTransportError
from pedwatch.config import Slack
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.tasks.sender import Pacer, Sender

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


def send_batch(
    warehouse: Warehouse, transport: Transport, slack: Slack, now: dt.datetime, run_id: str, pacer: Pacer
) -> tuple[dict[str, int], UnusableTransportError | None]:
    """Lease what can be sent, send it, record what became of it; return how many rows ended in which state."""
    owner = f"{run_id}#{secrets.token_hex(4)}"  # a retried task and its zombie are two senders
    ends_at = pacer.clock() + LEASE.total_seconds()
    parameters = {"now": now, "lease_expires_at": now + LEASE, "owner": owner, "batch": BATCH}
    leased = warehouse.run("alerts/lease_notifications.sql", parameters)
    if not leased:
        return {}, None
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
    counts: dict[str, int] = {}
    for send in sends:
        counts[send["status"]] = counts.get(send["status"], 0) + 1
        if send["status"] == "dead":
            log.error("pedwatch_dead_letter notification_id=%s error=%s", send["notification_id"], send["error"])
    log.info("outbox: %s", counts)
    return counts, stopped


def send_notifications(
    warehouse: Warehouse, transport: Transport, slack: Slack, now: dt.datetime, run_id: str, pacer: Pacer | None = None
) -> dict[str, int]:
    """Deliver the outbox, batch after batch while all of a batch is delivered; return the rows per state.

    Raises:
        UnusableTransportError: Slack refuses everything; nothing is lost, the rows are sent when it is mended.
    """
    pacer = pacer or Pacer()
    total: dict[str, int] = {}
    for _ in range(BATCHES):
        counts, stopped = send_batch(warehouse, transport, slack, now, run_id, pacer)
        for status, count in counts.items():
            total[status] = total.get(status, 0) + count
        if stopped is not None:
            raise stopped
        # The alerts of letters that died just now go out at once; what failed otherwise waits for its time.
        if "dead" not in counts and counts.get("sent", 0) < BATCH:
            break
    return total

"""Delivers the outbox: lease, post, record (docs/design.md#d8). Effectively once, not exactly once."""

import datetime as dt
import logging
import math
import secrets
from dataclasses import dataclass, field
from typing import Any

from pedwatch import deadlines
from pedwatch.alerts import failed_sends
from pedwatch.alerts.delivery.known_threads import Threads
from pedwatch.alerts.delivery.pacer import Pacer
from pedwatch.alerts.delivery.sender import Sender
from pedwatch.alerts.delivery.time_shares import SLACK_SHARE
from pedwatch.alerts.transport import Transport, UnusableTransportError, kind_of
from pedwatch.config import Slack
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse

log = logging.getLogger(__name__)

BATCH = 60

SHORTEST_BATCH_SECONDS = 10.0
"""For less, nothing is leased."""

SEND_COLUMNS = {
    "notification_id": "STRING",
    "status": "STRING",
    "parent_ts": "STRING",
    "message_ts": "STRING",
    "permalink": "STRING",
    "error": "STRING",
    "alert_id": "STRING",
    "next_attempt_at": "TIMESTAMP",
    "channel_failing_since": "TIMESTAMP",
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

    may_leave_more: bool = False
    """Whether more can be sent at once; what failed waits for its time."""

    def take(self, leased: list[dict[str, Any]], sends: list[dict[str, Any]], sender: Sender) -> None:
        """Count a batch."""
        for row, send in zip(leased, sends, strict=True):
            self.counts[send["status"]] = self.counts.get(send["status"], 0) + 1
            if send["status"] == "sent" and kind_of(row["channel"]) == "slack":
                self.message = {"channel": row["channel"], "message_ts": send["message_ts"]}
        is_cut = len(leased) == BATCH or bool(sender.out_of_time)
        is_stuck = bool(sender.out_of_time - sender.delivered)  # it would use up the next batch's time as well
        # The alerts of letters that died just now, or were answered oddly, go out at once.
        has_alerts = "dead" in self.counts or bool(sender.odd)
        self.may_leave_more = not is_stuck and (has_alerts or ("sent" in self.counts and is_cut))

    def add(self, batch: "Delivery") -> None:
        """Count what another batch counted."""
        for status, count in batch.counts.items():
            self.counts[status] = self.counts.get(status, 0) + count
        self.message = batch.message or self.message


def lease_of(owner: str, now: dt.datetime, lasts: dt.timedelta) -> dict[str, Any]:
    """Return the parameters of a lease that begins now."""
    return {
        "now": now,
        "lease_expires_at": now + lasts,
        "owner": owner,
        "batch": BATCH,
        "slack_share": SLACK_SHARE,
    }


def send_batch(
    warehouse: Warehouse,
    transport: Transport,
    slack: Slack,
    now: dt.datetime,
    run_id: str,
    pacer: Pacer,
    stops_at: float = math.inf,
    threads: Threads | None = None,
) -> tuple[Delivery, UnusableTransportError | None]:
    """Lease what can be sent, send it, record what became of it.

    Args:
        warehouse: holds the outbox.
        transport: all channels.
        slack: names the platform's channel.
        now: settings clock, UTC, at this very moment: the lease in the table ends when the sender thinks it does.
        run_id: Airflow's.
        pacer: paces and measures time.
        stops_at: by the pacer's clock; no call goes on longer.
        threads: what the batches before this one left.
    """
    delivery = Delivery()
    owner = f"{run_id}#{secrets.token_hex(4)}"  # a retried task and its zombie are two senders
    lease = deadlines.lease(warehouse.config.period)
    lease_ends_at = pacer.clock() + lease.total_seconds()
    leased = warehouse.run("alerts/lease_notifications.sql", lease_of(owner, now, lease))
    known = threads or Threads()
    sender = Sender(
        transport,
        pacer,
        now,
        slack.on_ambiguous,
        lease_ends_at,
        stops_at,
        known,
        platform_channel=slack.platform_channel,
    )
    if not leased:
        return delivery, None
    sends, stopped = sender.send(leased)
    alerts = failed_sends.alerts_of(leased, sends, sender.odd, slack.platform_channel, now)
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
    delivery.take(leased, sends, sender)
    log.info("outbox: %s", delivery.counts)
    return delivery, stopped


def send_notifications(
    warehouse: Warehouse,
    transport: Transport,
    slack: Slack,
    now: dt.datetime,
    run_id: str,
    pacer: Pacer | None = None,
    seconds: float | None = None,
) -> Delivery:
    """Deliver the outbox, batch after batch while more can be delivered and time is left.

    Args:
        warehouse: holds the outbox.
        transport: all channels.
        slack: names the platform's channel.
        now: settings clock, UTC, at this very moment; the pacer's clock moves it on.
        run_id: Airflow's.
        pacer: paces and measures time.
        seconds: how long this may take, if not as long as is usual; the rest is left to the next task.

    Raises:
        UnusableTransportError: Slack refuses everything; nothing is lost, the rows are sent when it is mended.
    """
    pacer = pacer or Pacer()
    if seconds is None:
        seconds = deadlines.sending(warehouse.config.period).total_seconds()
    total, threads = Delivery(), Threads()
    unusable = None
    began_at, passed = pacer.clock(), 0.0
    stops_at = began_at + seconds
    while seconds - passed >= transport.timeout_seconds + SHORTEST_BATCH_SECONDS:
        at = now + dt.timedelta(seconds=passed)
        batch, stopped = send_batch(warehouse, transport, slack, at, run_id, pacer, stops_at, threads)
        total.add(batch)
        unusable = unusable or stopped
        if not batch.may_leave_more:
            break
        passed = pacer.clock() - began_at
    if unusable is not None:
        raise unusable
    return total

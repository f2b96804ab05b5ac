"""The task that delivers the outbox: lease, post, record (DESIGN D8). Effectively once, not exactly once."""

import datetime as dt
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pedwatch.alerts import block_kit
from pedwatch.alerts.messages import Message
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.slack_channel import ParentGoneError, SendError, UnusableSlackError
from pedwatch.hooks.warehouse import Warehouse

log = logging.getLogger(__name__)

BATCH = 60
LEASE = dt.timedelta(minutes=4)
MAX_ATTEMPTS = 8
RETRY_DELAY = dt.timedelta(minutes=5)
LOOK_BACK_SECONDS = 3600.0
CHANNEL_INTERVAL_SECONDS = 1.05  # chat.postMessage: about one message a second and channel

SEND_COLUMNS = {
    "notification_id": "STRING",
    "status": "STRING",
    "parent_ts": "STRING",
    "message_ts": "STRING",
    "error": "STRING",
    "next_attempt_at": "TIMESTAMP",
    "sent_at": "TIMESTAMP",
}


class Channel(Protocol):
    """What the sender needs of Slack; see ``hooks.slack_channel.SlackChannel``."""

    def post(self, channel: str, text: str, blocks: list[dict[str, Any]], payload: dict[str, str]) -> str:
        """Post a parent message and return its ts."""
        ...

    def reply(self, channel: str, parent_ts: str, text: str, payload: dict[str, str]) -> str:
        """Post into a thread and return the ts."""
        ...

    def edit(self, channel: str, ts: str, text: str, blocks: list[dict[str, Any]], payload: dict[str, str]) -> None:
        """Bring a parent to the current truth."""
        ...

    def find(self, channel: str, notification_id: str, oldest: float, parent_ts: str | None) -> str | None:
        """Return the ts of a message by its notification id."""
        ...


@dataclass
class Pacer:
    """Keeps to one message a second and channel."""

    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._next: dict[str, float] = {}

    def wait(self, channel: str) -> None:
        """Sleep until the channel may be posted to again."""
        delay = self._next.get(channel, 0.0) - self.clock()
        if delay > 0:
            self.pause(delay)
        self._next[channel] = self.clock() + CHANNEL_INTERVAL_SECONDS


def _payload(row: Mapping[str, Any]) -> dict[str, str]:
    return {
        "notification_id": row["notification_id"],
        "episode_id": row["episode_id"],
        "reason": row["reason"],
        "cycle": row["cycle"].astimezone(dt.UTC).isoformat(),
    }


def deliver(row: Mapping[str, Any], parent_ts: str | None, channel: Channel, pacer: Pacer) -> tuple[str, str]:
    """Make the channel tell one outbox row; return the ts of the parent and of the message that tells it.

    The parent is edited before the reply is posted: editing twice is editing once, so a crash between the two loses
    and doubles nothing.
    """
    message = Message.from_json(json.loads(row["message"]))
    text, blocks, payload = block_kit.text_of(message), block_kit.parent_blocks(message), _payload(row)
    target = row["channel"]
    if parent_ts is not None:
        try:
            channel.edit(target, parent_ts, text, blocks, payload | {"notification_id": f"edit-{row['sequence']}"})
        except ParentGoneError:
            parent_ts = None
    if row["was_tried"]:
        oldest = row["created_at"].timestamp() - LOOK_BACK_SECONDS
        found = channel.find(target, row["notification_id"], oldest, parent_ts)
        if found is not None:
            return parent_ts or found, found
    pacer.wait(target)
    if parent_ts is None:
        ts = channel.post(target, text, blocks, payload)
        return ts, ts
    return parent_ts, channel.reply(target, parent_ts, block_kit.thread_text(message), payload)


def _failed(row: Mapping[str, Any], error: SendError, now: dt.datetime) -> dict[str, Any]:
    delay = dt.timedelta(seconds=error.retry_after) if error.retry_after is not None else RETRY_DELAY
    is_dead = error.outcome == "dead" or row["attempts"] + 1 >= MAX_ATTEMPTS
    status = "dead" if is_dead else "unsent" if error.outcome == "later" else "ambiguous"
    return {
        "notification_id": row["notification_id"],
        "status": status,
        "error": str(error),
        "next_attempt_at": None if is_dead else now + min(delay, RETRY_DELAY),
    }


def send_leased(
    leased: list[dict[str, Any]], channel: Channel, pacer: Pacer, now: dt.datetime
) -> tuple[list[dict[str, Any]], UnusableSlackError | None]:
    """Deliver leased rows in order; return what became of each, and the error that stops everything, if any."""
    sends: list[dict[str, Any]] = []
    parents: dict[str, str] = {}
    held: dict[str, SendError] = {}  # a channel, or an episode, whose earlier message failed: the order must hold
    for row in leased:
        blocked = held.get(row["channel"]) or held.get(row["episode_id"])
        try:
            if blocked is not None:
                raise SendError("later", f"waits behind another message: {blocked}", blocked.retry_after)
            parent_ts = parents.get(row["episode_id"]) or row["parent_ts"]
            parent_ts, message_ts = deliver(row, parent_ts, channel, pacer)
        except SendError as error:
            sends.append(_failed(row, error, now))
            held[row["episode_id"]] = error
            if error.outcome == "later" and blocked is None:
                held[row["channel"]] = error
        except UnusableSlackError as error:
            done = {send["notification_id"] for send in sends}
            rest = [r for r in leased if r["notification_id"] not in done]
            back = [_failed(r, SendError("later", str(error)), now) | {"status": "unsent"} for r in rest]
            return sends + back, error
        else:
            parents[row["episode_id"]] = parent_ts
            sends.append(
                {
                    "notification_id": row["notification_id"],
                    "status": "sent",
                    "parent_ts": parent_ts,
                    "message_ts": message_ts,
                    "sent_at": now,
                }
            )
    return sends, None


def send_notifications(
    warehouse: Warehouse, channel: Channel, now: dt.datetime, owner: str, pacer: Pacer | None = None
) -> dict[str, int]:
    """Lease what can be sent, send it, record what became of it.

    Raises:
        UnusableSlackError: Slack refuses everything; nothing is lost, the rows are sent when it is mended.
    """
    parameters = {"now": now, "lease_expires_at": now + LEASE, "owner": owner, "batch": BATCH}
    leased = warehouse.run("alerts/lease_notifications.sql", parameters)
    if not leased:
        return {}
    sends, stopped = send_leased(leased, channel, pacer or Pacer(), now)
    warehouse.write("alerts/record_sends.sql", {"owner": owner, "sends": Typed(SEND_COLUMNS, sends)})
    counts: dict[str, int] = {}
    for send in sends:
        counts[send["status"]] = counts.get(send["status"], 0) + 1
    log.info("outbox: %s", counts)
    if stopped is not None:
        raise stopped
    return counts

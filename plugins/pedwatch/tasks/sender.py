"""Delivers leased rows of the outbox, in order, while the lease lasts (DESIGN D8)."""

import contextlib
import datetime as dt
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pedwatch.alerts import outbox
from pedwatch.alerts.messages import Message
from pedwatch.alerts.outbox import (
    CannotReadBackError,
    Found,
    ParentGoneError,
    SendError,
    Transport,
    UnusableTransportError,
)

CLOCK_SKEW_SECONDS = 60.0  # a lease is not used in its last minute: the next sender's clock may be ahead
LOOK_BACK_SECONDS = 86_400.0  # Slack's clock stamps the messages, ours the rows
CHANNEL_INTERVAL_SECONDS = 1.05  # chat.postMessage: about one message a second and channel


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


@dataclass
class Sender:
    """Delivers leased rows, in order, while the lease lasts.

    Args:
        transport: where to.
        pacer: paces and measures time; monotonic, so that a wall clock that jumps cannot stretch the lease.
        now: settings clock, UTC.
        on_ambiguous: what to do with what may have been posted where the channel cannot be read back.
        lease_ends_at: by the pacer's clock; None for no lease.
    """

    transport: Transport
    pacer: Pacer
    now: dt.datetime
    on_ambiguous: Literal["resend", "hold"] = "hold"
    lease_ends_at: float | None = None
    _parents: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    _shown: dict[tuple[str, str], Message] = field(default_factory=dict)

    def _check_lease(self) -> None:
        needed = self.transport.timeout_seconds + CLOCK_SKEW_SECONDS
        if self.lease_ends_at is not None and self.lease_ends_at - self.pacer.clock() <= needed:
            raise SendError("later", "the lease runs out: the next sender goes on", 0.0, holds_channel=True)

    def _was_posted(self, row: Mapping[str, Any], parents: list[str]) -> Found | None:
        """Look for the message if an earlier attempt may have posted it."""
        if not row["was_tried"]:
            return None
        oldest = row["created_at"].timestamp() - LOOK_BACK_SECONDS
        try:
            return self.transport.find(row["channel"], row["notification_id"], oldest, parents)
        except CannotReadBackError as error:
            if self.on_ambiguous == "resend":
                return None
            raise SendError("dead", f"may have been posted, and the channel cannot be read back: {error}") from None

    def deliver(self, row: Mapping[str, Any], progress: dict[str, Any]) -> None:
        """Make the channel tell one outbox row; ``progress`` gets the ts of the parent and of the row's own message.

        The parent is edited before the reply is posted: editing twice is editing once, so a crash between the two
        loses and doubles nothing. A parent always shows the newest state, also when an older row posts it.
        """
        target, thread = row["channel"], (row["episode_id"], row["channel"])
        own = Message.from_json(json.loads(row["message"]))
        newest = Message.from_json(json.loads(row.get("current_message") or row["message"]))
        if row.get("previous_permalink"):
            newest.links.append(("Last time", row["previous_permalink"]))
        known = [*row["parents"], *filter(None, [row["parent_ts"]])]
        parents = self._parents.setdefault(thread, [*dict.fromkeys(known)])  # the newest is last
        parent_ts = parents[-1] if parents else None
        self._check_lease()
        if parent_ts is not None and not self._shows(target, parent_ts, newest):
            parent_ts = None
        found = self._was_posted(row, parents)
        if found is None:
            progress["is_unclear"] = False
            self.pacer.wait(target)
            self._check_lease()
            found = self._say(row, own, newest, parent_ts)
        else:
            self._shows(target, found.parent_ts, newest)
        if found.parent_ts in parents:
            parents.remove(found.parent_ts)
        parents.append(found.parent_ts)
        progress |= {"parent_ts": found.parent_ts, "message_ts": found.ts}

    def _shows(self, target: str, ts: str, newest: Message) -> bool:
        """Edit a parent to the newest state, once; tell whether that was possible."""
        if self._shown.get((target, ts)) != newest:
            try:
                self.transport.edit(target, ts, newest)
            except ParentGoneError:
                return False
            self._shown[target, ts] = newest
        return True

    def _say(self, row: Mapping[str, Any], own: Message, newest: Message, parent_ts: str | None) -> Found:
        """Reply to the parent; without one, post one."""
        if parent_ts is not None:
            with contextlib.suppress(ParentGoneError):
                return Found(self.transport.reply(row["channel"], parent_ts, own, _payload(row)), parent_ts)
        ts = self.transport.post(row["channel"], newest, _payload(row))
        self._shown[row["channel"], ts] = newest
        return Found(ts, ts)

    def send(self, leased: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], UnusableTransportError | None]:
        """Deliver leased rows in order; return what became of each, and the error that stops everything, if any."""
        sends: list[dict[str, Any]] = []
        # A kind of channel, a channel, or a thread, whose earlier message failed: the order must hold.
        held: dict[str, SendError] = {}
        stopped = None
        for row in leased:
            kind, thread = kind_of(row["channel"]), f"{row['channel']} {row['episode_id']}"
            blocked = held.get(kind) or held.get(row["channel"]) or held.get(thread)
            if blocked is not None:
                error = SendError("later", _behind(blocked), blocked.retry_after)
                sends.append(outbox.failed(row, error, self.now, row["was_tried"], is_blocked=True))
                continue
            progress: dict[str, Any] = {"is_unclear": row["was_tried"]}
            try:
                self.deliver(row, progress)
            except SendError as error:
                result = outbox.failed(row, error, self.now, progress["is_unclear"])
                sends.append(result)
                if result["status"] != "dead":
                    held[thread] = error
                if error.holds_channel:
                    held[row["channel"]] = error
            except UnusableTransportError as error:
                stopped, held[kind] = error, SendError("later", str(error))
                sends.append(outbox.failed(row, held[kind], self.now, progress["is_unclear"], is_blocked=True))
            else:
                sends.append(self._sent(row, progress))
        return sends, stopped

    def _sent(self, row: Mapping[str, Any], progress: Mapping[str, Any]) -> dict[str, Any]:
        is_parent = progress["parent_ts"] == progress["message_ts"]
        link = self.transport.permalink(row["channel"], progress["parent_ts"]) if is_parent else None
        return {
            "notification_id": row["notification_id"],
            "status": "sent",
            "parent_ts": progress["parent_ts"],
            "message_ts": progress["message_ts"],
            "permalink": link,
            "sent_at": self.now,
        }


def kind_of(channel: str) -> str:
    """Return what carries a channel: ``mailto``, ``webhook``, or Slack."""
    return channel.partition(":")[0] if ":" in channel else "slack"


def _behind(error: SendError) -> str:
    text = str(error)
    return text if text.startswith("ratelimited") else f"waits behind another message: {text}"


def _payload(row: Mapping[str, Any]) -> dict[str, str]:
    return {
        "notification_id": row["notification_id"],
        "episode_id": row["episode_id"],
        "reason": row["reason"],
        "cycle": row["cycle"].astimezone(dt.UTC).isoformat(),
    }

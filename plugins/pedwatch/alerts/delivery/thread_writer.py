"""Makes a channel's thread tell one row of the outbox: its parent is edited, its reply posted, or a parent posted."""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pedwatch.alerts.delivery.known_threads import Threads, newest_of, payload_of
from pedwatch.alerts.delivery.pacer import Pacer
from pedwatch.alerts.delivery.time_shares import TimeShares
from pedwatch.alerts.delivery_messages import cannot_edit
from pedwatch.alerts.messages import Message
from pedwatch.alerts.notifications import SOME_BACK
from pedwatch.alerts.transport import (
    CannotEditError,
    CannotReadBackError,
    Found,
    ParentGoneError,
    SendError,
    Transport,
    kind_of,
)

LOOK_BACK_SECONDS = 86_400.0  # Slack's clock stamps the messages, ours the rows


@dataclass(frozen=True)
class ThreadWriter:
    """Tells rows, one at a time.

    Args:
        transport: where to.
        pacer: paces calls.
        time: refuses a call for which there is none.
        on_ambiguous: what to do with what may have been posted where the channel cannot be read back.
        threads: what is known of the threads; grows.
    """

    transport: Transport
    pacer: Pacer
    time: TimeShares
    on_ambiguous: Literal["resend", "hold"]
    threads: Threads

    def _was_posted(self, row: Mapping[str, Any], parents: list[str]) -> Found | None:
        """Look for the message if an earlier attempt may have posted it."""
        if not row["was_tried"]:
            return None
        oldest = row["created_at"].timestamp() - LOOK_BACK_SECONDS
        try:
            return self.transport.find(row["channel"], payload_of(row), oldest, parents)
        except CannotReadBackError as error:
            if self.on_ambiguous == "resend":
                return None
            raise SendError("dead", f"may have been posted, and the channel cannot be read back: {error}") from None

    def deliver(self, row: Mapping[str, Any], progress: dict[str, Any]) -> None:
        """Make the channel tell one outbox row; ``progress`` gets the ts of the parent and of the row's own message.

        The parent is edited before the reply is posted: editing twice is editing once, so a crash between the two
        loses and doubles nothing. A parent always shows the newest state, also when an older row posts it. Where it
        cannot be edited its thread does, and says so once. Of what the parent alone shows, the edit is all.
        """
        target = row["channel"]
        own = Message.from_json(json.loads(row["message"]))
        newest = newest_of(row)
        parents = self.threads.parents_of(row)  # the newest is last
        parent_ts = parents[-1] if parents else None
        self.time.check(target)
        if parent_ts is not None and not self._shows(target, parent_ts, newest):
            parent_ts = None
        is_edit = row["reason"] == SOME_BACK and parent_ts is not None and (target, parent_ts) not in self.threads.stuck
        # An edit that was made is made, whatever an earlier attempt posted.
        found = Found(parent_ts, parent_ts) if is_edit and parent_ts else self._was_posted(row, parents)
        if found is None:
            progress["is_unclear"] = False
            is_slack = kind_of(target) == "slack"
            self.time.check(target, self.pacer.delay(target, is_slack))
            self.pacer.wait(target, is_slack)
            progress["is_posting"] = True
            found = self._say(row, own, newest, parent_ts)
        elif not is_edit:
            self._shows(target, found.parent_ts, newest)
        if found.parent_ts in parents:
            parents.remove(found.parent_ts)
        parents.append(found.parent_ts)
        progress |= {"parent_ts": found.parent_ts, "message_ts": found.ts}
        if found.ts != found.parent_ts:
            progress["why_stuck"] = self.threads.stuck.get((target, found.parent_ts))

    def _shows(self, target: str, ts: str, newest: Message) -> bool:
        """Edit a parent to the newest state, once; tell whether there is one to reply to."""
        if self.threads.shown.get((target, ts)) != newest and (target, ts) not in self.threads.stuck:
            if kind_of(target) == "slack":
                self.time.check(target, self.pacer.edit_delay())
                self.pacer.wait_to_edit()
            try:
                self.transport.edit(target, ts, newest)
            except ParentGoneError:
                return False
            except CannotEditError as error:
                self.threads.stuck[target, ts] = str(error)
            else:
                self.threads.shown[target, ts] = newest
        return True

    def _say(self, row: Mapping[str, Any], own: Message, newest: Message, parent_ts: str | None) -> Found:
        """Reply to the parent; without one, post one."""
        target = row["channel"]
        if parent_ts is not None:
            why = self.threads.stuck.get((target, parent_ts))
            if why is not None and (target, parent_ts) not in self.threads.said_stuck and not row.get("is_said_stuck"):
                own = cannot_edit(own, why)
            with contextlib.suppress(ParentGoneError):
                found = Found(self.transport.reply(target, parent_ts, own, payload_of(row)), parent_ts)
                if why is not None:
                    self.threads.said_stuck.add((target, parent_ts))
                return found
        ts = self.transport.post(target, newest, payload_of(row))
        self.threads.shown[row["channel"], ts] = newest
        return Found(ts, ts)

    def link(self, channel: str, ts: str) -> str | None:
        """Return a message's link; it stands without one."""
        try:
            return self.transport.permalink(channel, ts)
        except Exception:  # noqa: BLE001 the message was posted, whatever becomes of its link
            return None

"""The outbox as its sender sees it: what a transport must do, how sending can fail, what becomes of a row. Pure.

States: unsent → sending → sent | ambiguous | dead; suppressed (shadow mode) and grouped (told by a storm's message)
are never sent. A dead letter is told to the platform's channel by a row of its own, which never dies.
"""

import datetime as dt
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pedwatch.alerts import delivery_messages
from pedwatch.alerts.episodes import NAMESPACE
from pedwatch.alerts.messages import Message
from pedwatch.errors import NotifyError

Outcome = Literal["later", "ambiguous", "dead"]
Row = Mapping[str, Any]

RETRY_DELAY = dt.timedelta(minutes=2)  # the next cycle finds it due, however late in this one it failed
LONGEST_DELAY = dt.timedelta(minutes=30)
MAX_ATTEMPTS = 8
GIVE_UP_AFTER = dt.timedelta(days=1)  # longer than an outage of the transport: nothing dies of one
DEAD_LETTER, ODD_ANSWER = "dead_letter", "odd_answer"
SOME_BACK = "some_back"
"""Reason of a word that the parent alone shows: some clusters of a storm are seen again, and others are not yet. Where
the parent cannot be edited it is said in the thread, as all words are; copies have no parents, and leave it out."""


class UnusableTransportError(NotifyError):
    """Nothing at all can be sent; the message says what to mend."""


class ParentGoneError(NotifyError):
    """The parent message is not there, or takes no replies: post a new one."""


class CannotEditError(NotifyError):
    """The parent message stands and stays as it is: its thread says what is true. The message is why, in one word."""


class CannotReadBackError(NotifyError):
    """The channel's history may not be read: whether a message was posted cannot be found out."""


class SendError(NotifyError):
    """One message was not, or perhaps not, delivered.

    ``outcome``: later (not posted, try again after ``retry_after`` seconds), ambiguous (may have been posted), dead
    (this message can never be posted as it is). ``holds_channel``: nothing else can be posted there for now either,
    nor where the same carrier brings it (``carrier_of``). ``is_odd``: the service answered by its own rules what nobody
    here knows; the platform hears of it.
    """

    def __init__(
        self,
        outcome: Outcome,
        message: str,
        retry_after: float | None = None,
        holds_channel: bool = False,
        is_odd: bool = False,
    ) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.retry_after = retry_after
        self.holds_channel = holds_channel
        self.is_odd = is_odd


class OutOfTimeError(SendError):
    """The time that a sender has for this kind of channel is used up: the message was not tried."""

    def __init__(self) -> None:
        super().__init__("later", "the time of this batch is used up: the next one goes on", 0.0)


@dataclass(frozen=True)
class Found:
    """A message that stands in a channel, and the parent of its thread, which it may be itself."""

    ts: str
    parent_ts: str


class Transport(Protocol):
    """What the sender needs of Slack, of a mail server, of a webhook."""

    @property
    def timeout_seconds(self) -> float:
        """After how long a call gives up: the remaining lease must be longer."""
        ...

    def post(self, target: str, message: Message, payload: Mapping[str, str]) -> str:
        """Post a parent message and return its ts."""
        ...

    def reply(self, target: str, parent_ts: str, message: Message, payload: Mapping[str, str]) -> str:
        """Post into a thread and return the ts; ParentGoneError when it takes no replies."""
        ...

    def edit(self, target: str, ts: str, message: Message) -> None:
        """Bring a parent to the current truth; ParentGoneError when it is gone, CannotEditError when it stays as is."""
        ...

    def find(self, target: str, payload: Mapping[str, str], oldest: float, parents: Sequence[str]) -> Found | None:
        """Look for a message by the payload it carries; CannotReadBackError when that cannot be known."""
        ...

    def permalink(self, target: str, ts: str) -> str | None:
        """Return a link to a message; None when there is none to be had."""
        ...


def kind_of(channel: str) -> str:
    """Return the kind of a channel: ``mailto``, ``webhook``, or ``slack``."""
    return channel.partition(":")[0] if ":" in channel else "slack"


def carrier_of(channel: str) -> str:
    """Return what fails as a whole: the one mail server of all addresses, else the channel itself."""
    return "mailto" if kind_of(channel) == "mailto" else channel


def retry_delay(failing_for: dt.timedelta) -> dt.timedelta:
    """Return how long a carrier is left alone: as long as it has failed already, so that the delay doubles."""
    return min(max(failing_for, RETRY_DELAY), LONGEST_DELAY)


def failed(
    row: Row,
    error: SendError,
    now: dt.datetime,
    is_unclear: bool,
    is_blocked: bool = False,
    failing_since: dt.datetime | None = None,
    last_resort: str | None = None,
) -> dict[str, Any]:
    """Say what becomes of a row that was not delivered.

    Args:
        row: as leased; ``attempts`` counts the sends before this one.
        error: why not.
        now: settings clock, UTC.
        is_unclear: an earlier attempt may have posted it, and nobody has looked yet.
        is_blocked: it was not tried at all, because something before it failed.
        failing_since: since when its carrier takes nothing; None when this message alone failed.
        last_resort: the platform's channel, for which a dead letter waits however long; in one that it was before, it
            dies as others do, and the channel of now is told. None for any.
    """
    delay = RETRY_DELAY if failing_since is None else retry_delay(now - failing_since)
    if error.retry_after is not None:
        delay = dt.timedelta(seconds=error.retry_after)
    is_down = failing_since is not None and now - failing_since >= GIVE_UP_AFTER
    is_worn_out = now - row["created_at"] >= GIVE_UP_AFTER and (is_down or row["attempts"] + 1 >= MAX_ATTEMPTS)
    waits = row["reason"] == DEAD_LETTER and last_resort in (None, row["channel"])
    is_dead = (error.outcome == "dead" or is_worn_out) and not is_blocked and not waits
    status = "dead" if is_dead else "ambiguous" if error.outcome == "ambiguous" or is_unclear else "unsent"
    return {
        "notification_id": row["notification_id"],
        "status": status,
        "error": str(error),
        "next_attempt_at": None if is_dead else now + delay,
        "channel_failing_since": None if is_dead else failing_since,
    }


def alerts_of(
    leased: Iterable[Row], sends: Iterable[dict[str, Any]], odd: Mapping[str, str], channel: str, now: dt.datetime
) -> list[dict[str, Any]]:
    """Return the outbox rows that tell the platform what became of others just now, one for a channel and an error.

    Letters that died, and rows whose answer nobody knows: of these once a day. Each row gets the ``alert_id`` of the
    one that tells of it; ids are the same however often this runs.

    Args:
        leased: rows as the sender took them.
        sends: what became of them.
        odd: ids of rows, and the answers that nobody here knows.
        channel: the platform's.
        now: settings clock, UTC.
    """
    rows = {row["notification_id"]: row for row in leased}
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for send in sends:
        row = rows[send["notification_id"]]
        if send["status"] == "dead":
            groups.setdefault((DEAD_LETTER, row["channel"], send["error"]), []).append(send)
        elif send["notification_id"] in odd and row["reason"] not in (DEAD_LETTER, ODD_ANSWER):
            groups.setdefault((ODD_ANSWER, row["channel"], odd[send["notification_id"]]), []).append(send)
    alerts = []
    for (reason, target, error), letters in groups.items():
        ids = sorted(letter["notification_id"] for letter in letters)
        named = "dead|" + "|".join(ids) if reason == DEAD_LETTER else f"odd|{target}|{error}|{now.date()}"
        thread_id = str(uuid.uuid5(NAMESPACE, named))
        alert_id = str(uuid.uuid5(NAMESPACE, f"{thread_id}|1|{channel}"))
        for letter in letters:
            letter["alert_id"] = alert_id
        words = delivery_messages.not_delivered if reason == DEAD_LETTER else delivery_messages.odd_answer
        message = words(target, error, [_text_of(rows[name]) for name in ids])
        alerts.append(
            {
                "notification_id": alert_id,
                "episode_id": thread_id,
                "sequence": 1,
                "cycle": max(rows[name]["cycle"] for name in ids),
                "reason": reason,
                "destination": "team",
                "channel": channel,
                "told_state": json.dumps({"phase": reason, "severity": None}, sort_keys=True),
                "message": json.dumps(message.to_json(), sort_keys=True, ensure_ascii=False),
                "status": "unsent",
                "created_at": now,
            }
        )
    return alerts


def _text_of(row: Row) -> str:
    try:
        return Message.from_json(json.loads(row["message"])).text
    except (ValueError, TypeError, KeyError, AttributeError):
        return "(its words cannot be read)"

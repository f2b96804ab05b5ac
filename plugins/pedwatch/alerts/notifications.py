"""The values that travel from the comparison to the outbox: what was told, what is to be told, the row of it. Pure."""

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pedwatch.alerts.episodes import NAMESPACE, Episode
from pedwatch.alerts.messages import Message
from pedwatch.config import Destination

SOME_BACK = "some_back"
"""Reason of a word that the parent alone shows: some clusters of a storm are seen again, and others are not yet. Where
the parent cannot be edited it is said in the thread, as all words are; copies have no parents, and leave it out."""


@dataclass(frozen=True)
class Told:
    """What was last told of an episode (or of a storm), and where.

    ``state``: ``phase``, ``severity``, ``reminders`` told so far, ``ending_said`` (the exemption's end was announced),
    ``storm`` (whose thread tells of it), ``acknowledged`` (the acknowledgement that was said); of a storm: ``open``
    (its episodes that go on), ``members``, ``since``, ``kind`` and ``cause``.
    """

    episode_id: str
    sequence: int
    channel: str
    destination: Destination
    state: dict[str, Any] = field(default_factory=dict)
    parent_ts: str | None = None
    """Of the newest message that stands for it in Slack; None when none is known to."""
    message_ts: str | None = None
    """Of the newest word: the parent or a reply; None when it was not sent."""

    @property
    def phase(self) -> str | None:
        """What the channel believes: firing, flapping, exempted, resolved; of a storm: storm, resolved."""
        return self.state.get("phase")

    @property
    def severity(self) -> str | None:
        """How bad the channel believes it to be."""
        return self.state.get("severity")


@dataclass(frozen=True)
class Telling:
    """Something to be told, before it has words."""

    episode: Episode
    reason: str
    sequence: int
    destination: Destination
    channel: str
    mention: str | None
    state: dict[str, Any]


@dataclass(frozen=True)
class Notification:
    """A row of the outbox to be written."""

    notification_id: str
    episode_id: str
    sequence: int
    team_id: str | None
    cycle: dt.datetime
    reason: str
    destination: Destination
    channel: str
    told_state: str
    message: Message
    status: str
    told_by: str | None = None


def notification_id(episode_id: str, sequence: int, channel: str) -> str:
    """Return the id of the message about a state of an episode in a channel: the same however often it is written."""
    return str(uuid.uuid5(NAMESPACE, f"{episode_id}|{sequence}|{channel}"))


def thread_row(
    thread: str,
    sequence: int,
    reason: str,
    state: Mapping[str, Any],
    message: Message,
    channel: str,
    cycle: dt.datetime,
    team_id: str | None = None,
    destination: Destination = "team",
) -> Notification:
    """Return the row of a word in a thread that is no episode of the ledger's: a digest, a failed run, silence.

    ``state`` is what the thread's next word is worked out from; without ``team_id`` it is the platform's.
    """
    return Notification(
        notification_id=notification_id(thread, sequence, channel),
        episode_id=thread,
        sequence=sequence,
        team_id=team_id,
        cycle=cycle,
        reason=reason,
        destination=destination,
        channel=channel,
        told_state=json.dumps(state, sort_keys=True),
        message=message,
        status="suppressed" if destination == "suppressed" else "unsent",
    )


def notification_of(
    telling: Telling, cycle: dt.datetime, message: Message, storm: str | None = None, told_by: str | None = None
) -> Notification:
    """Return the row of a telling; ``told_by`` names the storm's notification when that is what tells it."""
    is_suppressed = telling.destination == "suppressed"
    state = telling.state | ({"storm": storm} if storm else {})
    return Notification(
        notification_id=notification_id(telling.episode.episode_id, telling.sequence, telling.channel),
        episode_id=telling.episode.episode_id,
        sequence=telling.sequence,
        team_id=telling.episode.subject.team_id,
        cycle=cycle,
        reason=telling.reason,
        destination=telling.destination,
        channel=telling.channel,
        told_state=json.dumps(state, sort_keys=True),
        message=message,
        status="suppressed" if is_suppressed else "grouped" if told_by else "unsent",
        told_by=told_by,
    )

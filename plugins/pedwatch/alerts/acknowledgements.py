"""Somebody takes care of an episode: by a reaction on its message, or at the command line. Pure; times in UTC.

It quiets reminders until the episode is worse than what was acknowledged, or ends. A reaction is on a message for good:
it counts once, for what the message said when it was seen (docs/decisions/0050).
"""

import datetime as dt
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pedwatch.alerts.episodes import NAMESPACE
from pedwatch.alerts.wording import clock_time

REACTION = "eyes"
"""Name of the emoji 👀 in Slack."""
SHOWN = "👀"
Via = Literal["reaction", "command"]
RANKS: dict[str | None, int] = {None: 0, "warning": 1, "critical": 2}
"""How bad is how bad."""
_SLACK_USER = re.compile(r"[UW][A-Z0-9]{2,30}")

COLUMNS: dict[str, str] = {
    "acknowledgement_id": "STRING",
    "episode_id": "STRING",
    "acknowledged_by": "STRING",
    "via": "STRING",
    "severity": "STRING",
    "note": "STRING",
    "acknowledged_at": "TIMESTAMP",
}


@dataclass(frozen=True)
class Acknowledgement:
    """Who takes care of an episode, or of all of a storm, and how bad it was then.

    ``acknowledged_by``: a Slack user's id, or the account that ran the command.
    """

    acknowledgement_id: str
    episode_id: str
    acknowledged_by: str
    via: Via
    severity: str | None
    acknowledged_at: dt.datetime
    note: str | None = None

    @property
    def who(self) -> str:
        """Name who it is, as messages do."""
        return f"@{self.acknowledged_by}" if _SLACK_USER.fullmatch(self.acknowledged_by) else self.acknowledged_by


def acknowledgement_id(episode_id: str, by: str, via: Via, severity: str | None) -> str:
    """Return the id of an acknowledgement: the same however often it is seen."""
    return str(uuid.uuid5(NAMESPACE, f"acknowledged|{episode_id}|{by}|{via}|{severity}"))


def from_row(row: Mapping[str, Any]) -> Acknowledgement:
    """Read a row of the table."""
    return Acknowledgement(**{name: row[name] for name in COLUMNS})


def to_row(acknowledgement: Acknowledgement) -> dict[str, Any]:
    """Return the row, columns as in ``COLUMNS``."""
    return asdict(acknowledgement)


def in_force(known: Iterable[Acknowledgement], severity: str | None) -> Acknowledgement | None:
    """Return the newest that still holds for an episode that is so severe; None when nobody has it."""
    holding = [each for each in known if RANKS[each.severity] >= RANKS[severity]]
    return max(holding, key=lambda each: (each.acknowledged_at, each.acknowledgement_id), default=None)


def new_reactions(
    known: Iterable[Acknowledgement],
    episode_id: str,
    users: Iterable[str],
    severity: str | None,
    seen_at: dt.datetime,
    is_parent: bool = True,
) -> list[Acknowledgement]:
    """Return what reactions say that no row says yet.

    A reaction on the parent counts once, for good: it stays there when the message says worse things. On a reply, which
    says the same for ever, it counts for what that says.

    Args:
        known: rows about the episode.
        episode_id: it, or the storm that tells of it.
        users: who has reacted.
        severity: what the message they reacted to said.
        seen_at: settings clock.
        is_parent: whether they reacted to the parent.
    """
    counted = {
        each.acknowledged_by
        for each in known
        if each.via == "reaction" and (is_parent or RANKS[each.severity] >= RANKS[severity])
    }
    return [
        Acknowledgement(
            acknowledgement_id(episode_id, user, "reaction", severity), episode_id, user, "reaction", severity, seen_at
        )
        for user in dict.fromkeys(users)
        if user not in counted and _SLACK_USER.fullmatch(user)
    ]


def fact_of(acknowledgement: Acknowledgement | None, cycle: dt.datetime) -> str | None:
    """Say who takes care, and since when; None when nobody does."""
    if acknowledgement is None:
        return None
    said = f": {acknowledgement.note}" if acknowledgement.note else ""
    return f"{acknowledgement.who}, {clock_time(acknowledgement.acknowledged_at, cycle)}{said}"


def people_of(acknowledgement: Acknowledgement | None) -> list[str]:
    """Return the Slack users that a message about it names."""
    is_person = acknowledgement is not None and acknowledgement.who.startswith("@")
    return [acknowledgement.acknowledged_by] if acknowledgement is not None and is_person else []


def thread_of(acknowledgement: Acknowledgement) -> str:
    """Write the reply that says that somebody takes care."""
    how = f" with {SHOWN}" if acknowledgement.via == "reaction" else " at the command line"
    said = f": {acknowledgement.note}" if acknowledgement.note else ""
    return f"Acknowledged by {acknowledgement.who}{how}{said}. No more reminders until it gets worse or ends."

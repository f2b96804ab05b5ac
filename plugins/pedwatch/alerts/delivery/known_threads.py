"""What a sender knows of the threads that it writes to."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pedwatch.alerts.messages import Message


@dataclass
class Threads:
    """The threads a task has written to, batch after batch: nothing is edited to what it shows.

    Keys are a channel and the ts of a parent; those of ``parents`` an episode and a channel, the newest parent last.
    """

    parents: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    shown: dict[tuple[str, str], Message] = field(default_factory=dict)
    stuck: dict[tuple[str, str], str] = field(default_factory=dict)
    """Parents that stay as they are, and why."""
    said_stuck: set[tuple[str, str]] = field(default_factory=set)

    def parents_of(self, row: Mapping[str, Any]) -> list[str]:
        """Return the parents of a row's thread, to be changed in place."""
        known = [*row["parents"], *filter(None, [row["parent_ts"]])]
        return self.parents.setdefault((row["episode_id"], row["channel"]), [*dict.fromkeys(known)])


def name_of(row: Mapping[str, Any]) -> str:
    """Return the name of a row's thread."""
    return f"{row['channel']} {row['episode_id']}"


def newest_of(row: Mapping[str, Any]) -> Message:
    """Return what a parent of the row's thread is to show."""
    newest = Message.from_json(json.loads(row.get("current_message") or row["message"]))
    if row.get("previous_permalink"):
        newest.links.append(("Last time", row["previous_permalink"]))
    return newest


def payload_of(row: Mapping[str, Any]) -> dict[str, str]:
    """Return what a message carries, by which it is found again."""
    return {
        "notification_id": row["notification_id"],
        "episode_id": row["episode_id"],
        "reason": row["reason"],
        "cycle": row["cycle"].astimezone(dt.UTC).isoformat(),
    }

"""The outbox in memory: what alerts/lease_notifications.sql and alerts/record_sends.sql do, told again in Python.

For tests that need hundreds of worlds; ``test_send_faults`` plays some of the same schedules on the real statements.
"""

import datetime as dt
import itertools
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from pedwatch.alerts.delivery.sender import PARENT_STANDS
from pedwatch.alerts.transport import carrier_of, kind_of
from pedwatch.cycles import PERIOD

Row = dict[str, Any]
UNDELIVERED = ("unsent", "sending", "ambiguous")
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_RECORDED = ("status", "error", "alert_id", "next_attempt_at", "channel_failing_since", "sent_at")
_EMPTY = (
    "next_attempt_at",
    "channel_failing_since",
    "lease_owner",
    "lease_expires_at",
    "parent_ts",
    "message_ts",
    "permalink",
    "alert_id",
)


class OutboxModel:
    """Stands in for the warehouse of a sender."""

    config = SimpleNamespace(period=PERIOD)

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}

    def add(self, *rows: Row) -> None:
        """Write rows, as the fold does: one with a known id changes nothing."""
        for row in rows:
            empty = dict.fromkeys((*_EMPTY, "error", "sent_at"))
            self.rows.setdefault(row["notification_id"], empty | {"attempts": 0} | row)

    def run(self, name: str, parameters: Mapping[str, Any]) -> list[Row]:
        """Lease."""
        assert name == "alerts/lease_notifications.sql"
        due = _in_turns(self._due(parameters["now"]), parameters["slack_share"], parameters["batch"])
        failing = self._failing()
        leased = []
        for row in due:
            thread = [r for r in self.rows.values() if _thread(r) == _thread(row)]
            thread.sort(key=lambda r: -r["sequence"])
            parents = [r["parent_ts"] for r in thread if r["parent_ts"]]
            seen = {
                "was_tried": row["status"] in ("sending", "ambiguous"),
                "parent_ts": parents[0] if parents else None,
                "parents": sorted(set(parents)),
                "current_message": thread[0]["message"],
                "previous_permalink": None,
                "is_said_stuck": any(
                    (r["error"] or "").startswith(PARENT_STANDS) for r in thread if r["status"] == "sent"
                ),
                "failing_since": failing.get(carrier_of(row["channel"])),
            }
            leased.append(dict(row) | seen)
        for row in due:
            row |= {
                "status": "sending",
                "lease_owner": parameters["owner"],
                "lease_expires_at": parameters["lease_expires_at"],
                "attempts": row["attempts"] + 1,
            }
        return leased

    def _failing(self) -> dict[str, dt.datetime]:
        """Return since when each carrier fails."""
        failing: dict[str, dt.datetime] = {}
        for row in self.rows.values():
            if row["status"] in UNDELIVERED and row["channel_failing_since"]:
                carrier = carrier_of(row["channel"])
                failing[carrier] = max(failing.get(carrier, EPOCH), row["channel_failing_since"])
        return failing

    def _due(self, now: dt.datetime) -> list[tuple[dt.datetime, Row]]:
        waiting = [row for row in self.rows.values() if row["status"] in UNDELIVERED]
        closed = {
            carrier_of(row["channel"])
            for row in waiting
            if row["channel_failing_since"] and (row["next_attempt_at"] or EPOCH) > now
        }
        due = []
        waiting.sort(key=lambda row: (_thread(row), row["sequence"]))
        for _, thread in itertools.groupby(waiting, key=_thread):
            since = EPOCH
            for row in thread:
                moments = (row["lease_expires_at"], row["next_attempt_at"])
                if carrier_of(row["channel"]) in closed or any((moment or EPOCH) > now for moment in moments):
                    break
                since = max(since, row["created_at"], row["next_attempt_at"] or EPOCH)
                due.append((since, row))
        return sorted(
            due, key=lambda item: (item[0], item[1]["reason"] != "welcome", *_thread(item[1]), item[1]["sequence"])
        )

    def write(self, name: str, parameters: Mapping[str, Any]) -> int:
        """Record."""
        assert name == "alerts/record_sends.sql"
        for send in parameters["sends"].value:
            row = self.rows[send["notification_id"]]
            if row["lease_owner"] == parameters["owner"]:
                kept = {key: send.get(key) or row[key] for key in ("parent_ts", "message_ts", "permalink")}
                new = {key: send.get(key) for key in _RECORDED}
                row |= kept | new | {"lease_owner": None, "lease_expires_at": None}
        told = {row["alert_id"] for row in self.rows.values()}
        self.add(*(alert for alert in parameters["alerts"].value if alert["notification_id"] in told))
        return 0


def _in_turns(due: list[tuple[dt.datetime, Row]], slack_share: int, batch: int) -> list[Row]:
    """Take of each kind of channel its share, and within a kind one row after the other of each channel."""
    by_channel: dict[str, list[tuple[dt.datetime, Row]]] = {}
    for item in due:
        by_channel.setdefault(item[1]["channel"], []).append(item)
    by_kind: dict[str, list[tuple[int, dt.datetime, str, Row]]] = {}
    for channel, items in by_channel.items():
        places = [(place, since, channel, row) for place, (since, row) in enumerate(items)]
        by_kind.setdefault(kind_of(channel), []).extend(places)
    turns = []
    for kind, places in by_kind.items():
        share = slack_share if kind == "slack" else 1
        for place, item in enumerate(sorted(places, key=lambda item: item[:3])):
            turns.append((place // share, kind != "slack", kind, place, item[3]))
    taken = sorted(turns, key=lambda turn: turn[:4])[:batch]
    return [turn[4] for turn in sorted(taken, key=lambda turn: turn[1:4])]


def _thread(row: Row) -> tuple[str, str]:
    return row["episode_id"], row["channel"]

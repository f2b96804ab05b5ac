"""The outbox in memory: what alerts/lease_notifications.sql and alerts/record_sends.sql do, told again in Python.

For tests that need hundreds of worlds; ``test_send_faults`` plays some of the same schedules on the real statements.
"""

import datetime as dt
import itertools
from collections.abc import Mapping
from typing import Any

Row = dict[str, Any]
UNDELIVERED = ("unsent", "sending", "ambiguous")
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_EMPTY = ("next_attempt_at", "lease_owner", "lease_expires_at", "parent_ts", "message_ts", "permalink", "alert_id")


class OutboxModel:
    """Stands in for the warehouse of a sender."""

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
        now, batch = parameters["now"], parameters["batch"]
        due = self._due(now)[:batch]
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

    def _due(self, now: dt.datetime) -> list[Row]:
        waiting = [row for row in self.rows.values() if row["status"] in UNDELIVERED]
        patient = {
            row["channel"]
            for row in waiting
            if row["status"] != "sending"
            and (row["error"] or "").startswith("ratelimited")
            and (row["next_attempt_at"] or EPOCH) > now
        }
        ordered: list[tuple[Any, ...]] = []
        waiting.sort(key=lambda row: (_thread(row), row["sequence"]))
        for _, thread in itertools.groupby(waiting, key=_thread):
            since = EPOCH
            for row in thread:
                moments = (row["lease_expires_at"], row["next_attempt_at"])
                if row["channel"] in patient or any((moment or EPOCH) > now for moment in moments):
                    break
                since = max(since, row["created_at"])
                ordered.append((since, *_thread(row), row["sequence"], row))
        return [item[-1] for item in sorted(ordered, key=lambda item: item[:-1])]

    def write(self, name: str, parameters: Mapping[str, Any]) -> int:
        """Record."""
        assert name == "alerts/record_sends.sql"
        for send in parameters["sends"].value:
            row = self.rows[send["notification_id"]]
            if row["lease_owner"] == parameters["owner"]:
                kept = {key: send.get(key) or row[key] for key in ("parent_ts", "message_ts", "permalink")}
                new = {key: send.get(key) for key in ("status", "error", "alert_id", "next_attempt_at", "sent_at")}
                row |= kept | new | {"lease_owner": None, "lease_expires_at": None}
        told = {row["alert_id"] for row in self.rows.values() if row["status"] == "dead"}
        self.add(*(alert for alert in parameters["alerts"].value if alert["notification_id"] in told))
        return 0


def _thread(row: Row) -> tuple[str, str]:
    return row["episode_id"], row["channel"]

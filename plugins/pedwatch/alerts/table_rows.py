"""Episodes and notifications as rows of their tables, and back. Pure; column kinds are BigQuery type names."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pedwatch.alerts.episodes import Episode, Evidence, Memory, Subject
from pedwatch.alerts.notifications import Notification

EPISODE_COLUMNS: dict[str, str] = {
    "episode_id": "STRING",
    "fingerprint": "STRING",
    "subject": "STRING",
    "kind": "STRING",
    "scope": "STRING",
    "environment": "STRING",
    "cluster": "STRING",
    "namespace": "STRING",
    "workload_kind": "STRING",
    "workload_name": "STRING",
    "api_id": "STRING",
    "team_id": "STRING",
    "limit_id": "STRING",
    "state": "STRING",
    "severity": "STRING",
    "is_exempted": "BOOL",
    "is_blind": "BOOL",
    "started_cycle": "TIMESTAMP",
    "fired_cycle": "TIMESTAMP",
    "resolved_cycle": "TIMESTAMP",
    "last_cycle": "TIMESTAMP",
    "over_cycles": "INT64",
    "unknown_cycles": "INT64",
    "measured": "INT64",
    "max_replicas": "INT64",
    "ceiling": "INT64",
    "limit_version": "INT64",
    "peak_measured": "INT64",
    "peak_cycle": "TIMESTAMP",
    "offender": "STRING",
    "end_reason": "STRING",
    "previous_episode_id": "STRING",
    "fold_state": "STRING",
}

NOTIFICATION_COLUMNS: dict[str, str] = {
    "notification_id": "STRING",
    "episode_id": "STRING",
    "sequence": "INT64",
    "team_id": "STRING",
    "cycle": "TIMESTAMP",
    "reason": "STRING",
    "destination": "STRING",
    "channel": "STRING",
    "told_state": "STRING",
    "message": "STRING",
    "status": "STRING",
    "told_by": "STRING",
}

_SUBJECT_COLUMNS = (
    "kind scope environment cluster namespace workload_kind workload_name api_id team_id limit_id".split()
)


def memory_to_json(memory: Memory) -> str:
    """Write the fold's memory as JSON."""
    return json.dumps(asdict(memory), sort_keys=True, default=lambda moment: moment.isoformat())


def memory_from_json(text: str) -> Memory:
    """Read the fold's memory back."""
    value = json.loads(text)
    return Memory(
        **(
            value
            | {
                "window": tuple(value["window"]),
                "over_retired": tuple(value["over_retired"]),
                "changes": tuple(dt.datetime.fromisoformat(change) for change in value["changes"]),
                "over_since": dt.datetime.fromisoformat(value["over_since"]) if value["over_since"] else None,
                "before": Evidence(**value["before"]) if value["before"] else None,
                "now": Evidence(**value["now"]) if value["now"] else None,
            }
        )
    )


def episode_to_row(episode: Episode) -> dict[str, Any]:
    """Return the row of an episode, columns as in ``EPISODE_COLUMNS``."""
    subject = {column: getattr(episode.subject, column) for column in _SUBJECT_COLUMNS}
    own = {column: getattr(episode, column) for column in EPISODE_COLUMNS if hasattr(episode, column)}
    return (
        own
        | subject
        | {
            "fingerprint": episode.subject.fingerprint,
            "subject": episode.subject.name,
            "fold_state": memory_to_json(episode.memory),
        }
    )


def episode_from_row(row: Mapping[str, Any]) -> Episode:
    """Read an episode back from its row."""
    subject = Subject(
        fingerprint=row["fingerprint"], name=row["subject"], **{column: row[column] for column in _SUBJECT_COLUMNS}
    )
    not_own = {"fingerprint", "subject", "fold_state", *_SUBJECT_COLUMNS}
    own = {column: row[column] for column in EPISODE_COLUMNS if column not in not_own}
    return Episode(subject=subject, memory=memory_from_json(row["fold_state"]), **own)


def notification_to_row(notification: Notification) -> dict[str, Any]:
    """Return the outbox row of a notification, columns as in ``NOTIFICATION_COLUMNS``."""
    row = {column: getattr(notification, column) for column in NOTIFICATION_COLUMNS}
    return row | {"message": json.dumps(notification.message.to_json(), sort_keys=True, ensure_ascii=False)}

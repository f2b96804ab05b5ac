"""PED limits for tests: small, valid, and different only where a test says so."""

import datetime as dt
from typing import Any

from pedwatch.limits.document import PedLimit
from pedwatch.limits.stored_document import StoredDocument

START = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)


def minutes(count: float) -> dt.datetime:
    """Return the moment so many minutes after the tests' start."""
    return START + dt.timedelta(minutes=count)


def limit(max_replicas: int = 12, **fields: Any) -> PedLimit:
    """Return a valid limit; name the fields that matter."""
    given = {
        "environment": "prod",
        "team_id": "orders",
        "api_id": "orders-api",
        "max_replicas": max_replicas,
        "grant": {"approver": "ana@platform", "ticket": "CAP-1"},
    }
    return PedLimit.model_validate(given | fields)


def exemption(**fields: Any) -> dict[str, Any]:
    """Return a valid exemption of a day; name the fields that matter."""
    given = {
        "id": "sale",
        "reason": "Spring sale",
        "ticket": "CAP-2",
        "approver": "ana@platform",
        "starts_at": "2026-03-02T12:00:00Z",
        "ends_at": "2026-03-03T12:00:00Z",
        "max_replicas": 20,
    }
    return given | fields


def stored(content: PedLimit, update_time: dt.datetime, **bookkeeping: Any) -> StoredDocument:
    """Return a limit as Firestore holds it."""
    data = content.to_firestore() | {"content_sha256": content.content_sha256, "deleted": False} | bookkeeping
    return StoredDocument(content.limit_id, data, update_time)

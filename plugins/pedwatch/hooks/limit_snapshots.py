"""Turns what Firestore's client hands out into stored documents with plain values."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pedwatch.limits.stored import StoredDocument

if TYPE_CHECKING:
    from google.cloud.firestore import DocumentSnapshot


def plain_time(moment: Any) -> dt.datetime:
    """Turn the client's times into plain ones; Firestore keeps microseconds, so nothing is lost."""
    if hasattr(moment, "ToDatetime"):
        return moment.ToDatetime(tzinfo=dt.UTC)
    return dt.datetime.fromtimestamp(0, dt.UTC) + (moment - dt.datetime.fromtimestamp(0, dt.UTC))


def stored_document(snapshot: "DocumentSnapshot") -> StoredDocument:
    """Read a document as it stands."""
    return StoredDocument(snapshot.id, _plain_times(snapshot.to_dict() or {}), plain_time(snapshot.update_time))


def archived_version(snapshot: "DocumentSnapshot") -> StoredDocument:
    """Read a version from the archive below its document."""
    data = _plain_times(snapshot.to_dict() or {})
    # A version that the publisher archived for somebody else had been written before.
    written_at = data.pop("written_at", None)
    document_id = snapshot.reference.parent.parent.id
    return StoredDocument(document_id, data, written_at or plain_time(snapshot.update_time), is_archived=True)


def _plain_times(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return plain_time(value)
    if isinstance(value, Mapping):
        return {key: _plain_times(inner) for key, inner in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [_plain_times(inner) for inner in value]
    return value

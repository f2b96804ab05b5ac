"""Turns what Firestore's client hands out into stored documents with plain values."""

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pedwatch.limits.stored_document import StoredDocument

if TYPE_CHECKING:
    from google.cloud.firestore import DocumentSnapshot


def plain_time(moment: Any) -> dt.datetime:
    """Turn the client's times into plain ones; Firestore keeps microseconds, so nothing is lost."""
    if hasattr(moment, "ToDatetime"):
        return moment.ToDatetime(tzinfo=dt.UTC)
    return dt.datetime.fromtimestamp(0, dt.UTC) + (moment - dt.datetime.fromtimestamp(0, dt.UTC))


def stored_document(snapshot: "DocumentSnapshot", error: ValueError | None = None) -> StoredDocument:
    """Read a document as it stands; with an error, whose fields the client could not make out."""
    written_at = plain_time(snapshot.update_time)
    return StoredDocument(snapshot.id, _fields(snapshot, error), written_at, unreadable=_unreadable(error))


def archived_version(snapshot: "DocumentSnapshot", error: ValueError | None = None) -> StoredDocument:
    """Read a version from the archive below its document; with an error, as above."""
    data = _fields(snapshot, error)
    archived_at = plain_time(snapshot.update_time)
    # A version that the publisher archived for somebody else had been written before.
    written_at = data.pop("written_at", None)
    if not isinstance(written_at, dt.datetime) or written_at > archived_at:
        written_at = archived_at
    document_id = snapshot.reference.parent.parent.id
    return StoredDocument(document_id, data, written_at, is_archived=True, unreadable=_unreadable(error))


def _fields(snapshot: "DocumentSnapshot", error: ValueError | None) -> dict[str, Any]:
    return {} if error else _plain_times(snapshot.to_dict() or {})


def _unreadable(error: ValueError | None) -> str | None:
    return f"its fields cannot be read ({str(error)[:300]}): publish it anew from its file" if error else None


def _plain_times(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return plain_time(value)
    if isinstance(value, Mapping):
        return {key: _plain_times(inner) for key, inner in value.items()}
    if isinstance(value, list):  # no vector: what is archived is written back as it was
        return [_plain_times(inner) for inner in value]
    return value

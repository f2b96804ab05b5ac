"""Decides what publishing writes: the difference between PED files and Firestore, and the documents that follow."""

import contextlib
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pedwatch.limits.document import BOOKKEEPING, PedLimit
from pedwatch.limits.stored_document import StoredDocument
from pedwatch.written.plain_values import plain


@dataclass(frozen=True)
class FieldChange:
    """One field's value before and after; None where it was or is not set."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class DocumentChange:
    """One document that publishing writes; ``archived`` is the highest number its archive is known to hold."""

    kind: Literal["added", "changed", "withdrawn"]
    document_id: str
    before: StoredDocument | None
    after: PedLimit | None
    fields: tuple[FieldChange, ...] = ()
    warnings: tuple[str, ...] = ()
    archived: int = 0


@dataclass(frozen=True)
class Write:
    """One document's new state and the versions archived with it, to be written at once or not at all.

    ``expected`` is the update time the stored document must still have; None means that it must not exist.
    """

    document_id: str
    data: Mapping[str, Any]
    expected: dt.datetime | None
    removed_fields: tuple[str, ...] = ()
    archive: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def plan_changes(
    limits: Iterable[PedLimit], stored: Iterable[StoredDocument], *, withdraw_missing: bool = False
) -> list[DocumentChange]:
    """Compare limits with what is stored; what is equal is left out, so publishing twice writes nothing.

    Args:
        limits: the limits of the files; ids are unique.
        stored: the documents of those ids, and with ``withdraw_missing`` all others that may be withdrawn.
        withdraw_missing: whether a stored document that no file holds is withdrawn.
    """
    wanted = {limit.limit_id: limit for limit in limits}
    present = {document.document_id: document for document in stored}
    changes = [_compare(limit, present.get(limit_id)) for limit_id, limit in sorted(wanted.items())]
    if withdraw_missing:
        missing = [present[name] for name in sorted(present.keys() - wanted.keys()) if not present[name].is_withdrawn]
        changes += [DocumentChange("withdrawn", document.document_id, document, None) for document in missing]
    return [change for change in changes if change is not None]


def _compare(limit: PedLimit, document: StoredDocument | None) -> DocumentChange | None:
    if document is None or document.is_withdrawn:
        return DocumentChange("added", limit.limit_id, document, limit)
    before = {key: value for key, value in document.data.items() if key not in (*BOOKKEEPING, "source")}
    with contextlib.suppress(ValueError):  # a stored document that does not validate is shown as it is, and mended
        before = document.limit().content()
    after = limit.content()
    fields = tuple(_field_changes(before, after))
    if not fields:
        return None
    return DocumentChange("changed", limit.limit_id, document, limit, fields, tuple(_warnings(before, limit)))


def _warnings(before: Mapping[str, Any], limit: PedLimit) -> Iterable[str]:
    written = limit.content()["effective_from"]
    if written is not None and written == before.get("effective_from"):
        yield f"still says effective_from {written}, as before: the change counts from now on, not from then"


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    """Spread nested values over paths; list entries with an id are named by it, so that order does not matter."""
    if isinstance(value, Mapping):
        items = [(f"{path}.{key}" if path else str(key), inner) for key, inner in value.items()]
    elif isinstance(value, list | tuple):
        items = [(f"{path}[{_label(inner, index)}]", inner) for index, inner in enumerate(value)]
    else:
        return {path: value}
    return {key: leaf for name, inner in items for key, leaf in _flat(inner, name).items()}


def _label(entry: Any, index: int) -> Any:
    return entry.get("id", index) if isinstance(entry, Mapping) else index


def _field_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[FieldChange]:
    old, new = _flat(before), _flat(after)
    for name in [*new, *(name for name in old if name not in new)]:
        if old.get(name) != new.get(name):
            yield FieldChange(name, old.get(name), new.get(name))


def write_of(change: DocumentChange) -> Write:
    """Return the documents one change writes; the hook adds the server's ``updated_at`` to each."""
    before = change.before
    archive: dict[str, Mapping[str, Any]] = {}
    version = max(before.counted if before else 0, change.archived)
    if before and before.was_edited_elsewhere:
        # Somebody edited the document past the publisher: keep what it said, it held until now.
        version += 1
        archive[archive_id(version)] = {**before.data, "version": version, "written_at": before.update_time}
    version += 1
    if change.after is not None:
        data: dict[str, Any] = {**change.after.to_firestore(), "content_sha256": change.after.content_sha256}
    else:
        assert before is not None, "only what is stored can be withdrawn"
        data = {name: value for name, value in before.data.items() if name != "updated_at"}
    data |= {
        "deleted": change.after is None,
        "version": version,
        "previous_update_time": before.update_time if before else None,
    }
    archive[archive_id(version)] = data
    removed = tuple(sorted(before.data.keys() - data.keys() - {"updated_at"})) if before else ()
    return Write(change.document_id, data, before.update_time if before else None, removed, archive)


def archive_id(version: int) -> str:
    """Return the id of a version in a document's ``history``: sorts as numbers do."""
    return f"{version:06d}"


def describe(changes: Sequence[DocumentChange]) -> str:
    """Return the difference in words: what is added, what is changed field by field, what is withdrawn."""
    if not changes:
        return "nothing to publish: Firestore already says the same"
    lines = [line for change in changes for line in _describe(change)]
    counts = {kind: sum(change.kind == kind for change in changes) for kind in ("added", "changed", "withdrawn")}
    return "\n".join([*lines, "", ", ".join(f"{count} {kind}" for kind, count in counts.items())])


def as_dict(change: DocumentChange) -> dict[str, Any]:
    """Return a change for a program to read: what ``describe`` says of it."""
    return {
        "kind": change.kind,
        "limit_id": change.document_id,
        "max_replicas": change.after.max_replicas if change.after else None,
        "fields": [
            {"field": one.field, "before": plain(one.before), "after": plain(one.after)} for one in change.fields
        ],
        "warnings": list(change.warnings),
    }


def _describe(change: DocumentChange) -> Iterable[str]:
    sign = {"added": "+", "changed": "~", "withdrawn": "-"}[change.kind]
    ceiling = f": max_replicas {change.after.max_replicas}" if change.kind == "added" and change.after else ""
    yield f"{sign} {change.document_id} {change.kind}{ceiling}"
    for difference in change.fields:
        yield f"    {difference.field}: {_shown(difference.before)} → {_shown(difference.after)}"
    for warning in change.warnings:
        yield f"    warning: {warning}"


def _shown(value: Any) -> str:
    return "(none)" if value is None else str(plain(value))

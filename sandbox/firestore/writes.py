"""Writes: preconditions, masks and transforms, committed together at one moment."""

from dataclasses import dataclass
from typing import Any

from sandbox.firestore.errors import already_exists, failed_precondition, invalid, not_found
from sandbox.firestore.filters import NAME_PATH
from sandbox.firestore.paths import check_document_name, delete_at, parse_field_path, set_at, value_at
from sandbox.firestore.protos import Document, WriteResult, to_microseconds, to_timestamp
from sandbox.firestore.store import Store
from sandbox.firestore.transforms import apply_transform
from sandbox.firestore.validation import check_document


@dataclass(frozen=True)
class Committed:
    """What a commit did: its moment, one result per write, and the names of the documents that changed."""

    moment: int
    results: list[Any]
    changed: frozenset[str]


def target_of(write: Any) -> str:
    """Return the name of the document that a write is for."""
    kind = write.WhichOneof("operation")
    if kind == "update":
        return str(write.update.name)
    if kind == "delete":
        return str(write.delete)
    if kind == "transform":
        return str(write.transform.document)
    raise invalid("empty write operation")


def check_write(write: Any, database: str) -> None:
    """Refuse a write that is wrong whatever is stored."""
    check_document_name(target_of(write), database)
    if write.WhichOneof("operation") == "delete":
        if write.HasField("update_mask"):
            raise invalid("a delete must not specify a document mask.")
        if write.update_transforms:
            raise invalid("a delete must not specify a update transform.")
    if write.HasField("update"):
        check_document(write.update)
    for path in write.update_mask.field_paths:
        parse_field_path(path)


def apply_writes(store: Store, writes: Any, moment: int) -> Committed:
    """Apply checked writes inside an open commit; several writes to one document follow each other."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    results = []
    for write in writes:
        name = target_of(write)
        if name not in before:
            before[name] = after[name] = store.get(name, moment)
        current = after[name]
        _check_precondition(write.current_document, current, name)
        after[name], transformed = _next_version(write, name, current, moment)
        result = WriteResult(transform_results=transformed)
        if after[name] is not None:
            result.update_time.CopyFrom(after[name].update_time)
        results.append(result)
    changed = frozenset(name for name, document in after.items() if document is not before[name])
    for name in changed:
        store.replace(name, after[name], moment)
    return Committed(moment, results, changed)


def _check_precondition(precondition: Any, current: Any | None, name: str) -> None:
    kind = precondition.WhichOneof("condition_type")
    if kind == "exists" and precondition.exists != (current is not None):
        raise not_found(name) if current is None else already_exists(name)
    if kind == "update_time":
        stored = to_microseconds(current.update_time) if current is not None else 0
        wanted = to_microseconds(precondition.update_time)
        if stored != wanted:
            raise failed_precondition(
                f"the stored version ({stored}) does not match the required base version ({wanted})"
            )


def _next_version(write: Any, name: str, current: Any | None, moment: int) -> tuple[Any | None, list[Any]]:
    if write.WhichOneof("operation") == "delete":
        return None, []
    document = _written(write, name, current)
    transforms = [*write.update_transforms, *write.transform.field_transforms]
    results = [apply_transform(document, transform, moment) for transform in transforms]
    if transforms or write.HasField("update_mask"):  # else it is the document that was checked before
        check_document(document)
    if current is not None and _same_fields(document, current):
        return current, results  # a write that changes nothing keeps update_time
    document.create_time.CopyFrom(current.create_time if current is not None else to_timestamp(moment))
    document.update_time.CopyFrom(to_timestamp(moment))
    return document, results


def _written(write: Any, name: str, current: Any | None) -> Any:
    document = Document(name=name)
    is_partial = write.HasField("update_mask") or write.WhichOneof("operation") == "transform"
    source = current if is_partial else write.update
    if source is not None:
        for field, value in source.fields.items():
            document.fields[field].CopyFrom(value)
    for text in write.update_mask.field_paths:
        path = parse_field_path(text)
        if path == NAME_PATH:
            continue
        value = value_at(write.update.fields, path)
        if value is None:
            delete_at(document.fields, path)
        else:
            set_at(document.fields, path, value)
    return document


def _same_fields(one: Any, other: Any) -> bool:
    """Compare exactly: 1 and 1.0 differ here, NaN equals itself."""
    bare = [Document(fields=document.fields).SerializeToString(deterministic=True) for document in (one, other)]
    return bool(bare[0] == bare[1])

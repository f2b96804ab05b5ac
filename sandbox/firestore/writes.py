"""Writes: preconditions, masks and server times, committed together at one moment."""

from typing import Any

from sandbox.firestore.errors import already_exists, failed_precondition, invalid, not_found, not_implemented
from sandbox.firestore.filters import NAME_PATH
from sandbox.firestore.paths import check_document_name, delete_at, parse_field_path, set_at, value_at
from sandbox.firestore.protos import Document, Value, WriteResult, to_microseconds, to_timestamp
from sandbox.firestore.store import Store
from sandbox.firestore.validation import check_document


def target_of(write: Any) -> str:
    """Return the name of the document that a write is for."""
    kind = write.WhichOneof("operation")
    if kind == "update":
        return str(write.update.name)
    if kind == "delete":
        return str(write.delete)
    if kind == "transform":
        raise not_implemented("writes of transforms alone")
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


def apply_writes(store: Store, writes: Any, moment: int) -> list[Any]:
    """Apply checked writes inside an open commit; several writes to one document follow each other. One result each."""
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
    for name, document in after.items():
        if document is not before[name]:
            store.replace(name, document, moment)
    return results


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
    results = [_apply_transform(document, transform, moment) for transform in write.update_transforms]
    if results or write.HasField("update_mask"):  # else it is the document that was checked before
        check_document(document)
    if current is not None and _same_fields(document, current):
        return current, results  # a write that changes nothing keeps update_time
    document.create_time.CopyFrom(current.create_time if current is not None else to_timestamp(moment))
    document.update_time.CopyFrom(to_timestamp(moment))
    return document, results


def _apply_transform(document: Any, transform: Any, moment: int) -> Any:
    """Put the server's time into a document, and return it."""
    kind = transform.WhichOneof("transform_type")
    if kind is None or (kind == "set_to_server_value" and not transform.set_to_server_value):
        raise invalid("A field transform needs a type.")
    if kind != "set_to_server_value":
        raise not_implemented(f"the transform {kind}")
    # The real service's request time has milliseconds and precedes the commit; so does this.
    value = Value(timestamp_value=to_timestamp(moment // 1000 * 1000))
    set_at(document.fields, parse_field_path(transform.field_path), value)
    return value


def _written(write: Any, name: str, current: Any | None) -> Any:
    document = Document(name=name)
    source = current if write.HasField("update_mask") else write.update
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

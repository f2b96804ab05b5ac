"""Resource names and field paths: taking them apart, and refusing what Firestore refuses."""

import re
from functools import lru_cache
from typing import Any

from sandbox.firestore.errors import invalid
from sandbox.firestore.values import NUMERIC_ID

NAME = "__name__"
MAX_ID_BYTES = 1500

_DATABASE = re.compile(r"projects/[^/]+/databases/[^/]+")
_FIELD_SEGMENT = re.compile(r"([a-zA-Z_][a-zA-Z_0-9]*)|`((?:[^`\\]|\\.)+)`")
_RESERVED = re.compile(r"__.*__", re.DOTALL)


def check_database(name: str) -> str:
    """Return the name of a database, ``projects/P/databases/D``, or refuse it."""
    if not _DATABASE.fullmatch(name):
        raise invalid(f'Invalid database name "{name}": expected projects/PROJECT/databases/DATABASE')
    return name


def database_of(name: str) -> str:
    """Return the database part of any resource name below it."""
    found = _DATABASE.match(name)
    if not found or not (name[found.end() :] + "/").startswith("/documents/"):
        raise invalid(f'Invalid resource name "{name}": expected projects/PROJECT/databases/DATABASE/documents/…')
    return found.group()


def root_of(database: str) -> str:
    """Return the parent of a database's top-level collections."""
    return f"{database}/documents"


def _segments(name: str) -> list[str]:
    rest = name[len(root_of(database_of(name))) :]
    return rest[1:].split("/") if rest else []


def check_collection_id(collection_id: str) -> str:
    """Return a collection id, or refuse one with a slash or a reserved one."""
    if "/" in collection_id:
        raise invalid(f'Collection id "{collection_id}" is invalid because it contains "/".')
    _check_id(collection_id)
    return collection_id


def _check_id(segment: str, may_be_numeric: bool = False) -> None:
    if may_be_numeric and NUMERIC_ID.fullmatch(segment):
        return
    if segment in ("", ".", ".."):
        raise invalid(f'"{segment}" is not a valid resource id.')
    if _RESERVED.fullmatch(segment):
        raise invalid(f'Resource id "{segment}" is invalid because it is reserved.')
    if len(segment.encode()) > MAX_ID_BYTES:
        raise invalid(f"A resource id is longer than {MAX_ID_BYTES} bytes.")


@lru_cache(maxsize=4096)
def _check_parent(collection: str) -> None:
    for segment in _segments(collection):
        _check_id(segment)


def check_document_name(name: str, database: str | None = None, may_be_numeric: bool = False) -> str:
    """Return the full name of a document, or refuse it; it must lie in ``database`` when that is given.

    Numeric ids (``__id7__``) are only for comparing: clients build ranges with them, none is ever stored.
    """
    collection, _, document_id = name.rpartition("/")
    segments = _segments(name)
    if len(segments) < 2 or len(segments) % 2:
        raise invalid(f'Document name "{name}" does not name a document.')
    _check_parent(collection)
    _check_id(document_id, may_be_numeric)
    if database is not None and not name.startswith(database + "/"):
        raise invalid(f'Document "{name}" is not in the database "{database}" of the request.')
    return name


def check_parent(parent: str) -> str:
    """Return a parent of collections, which is a document or the database's root, or refuse it."""
    segments = _segments(parent)
    if len(segments) % 2:
        raise invalid(f'Document parent name "{parent}" names a collection, not a document.')
    for segment in segments:
        _check_id(segment)
    return parent


@lru_cache(maxsize=4096)
def parse_field_path(text: str) -> tuple[str, ...]:
    """Split ``a.`b c`.d`` into its names."""
    names, at = [], 0
    while True:
        found = _FIELD_SEGMENT.match(text, at)
        if not found:
            raise invalid(f'Invalid property path "{text}".')
        names.append(found[1] or re.sub(r"\\(.)", r"\1", found[2]))
        at = found.end()
        if at == len(text):
            return tuple(names)
        if text[at] != ".":
            raise invalid(f'Invalid property path "{text}".')
        at += 1


def check_field_name(name: str) -> None:
    """Refuse a field name that is empty or reserved."""
    if not name:
        raise invalid("A field name is the empty string.")
    if name[:2] == "__" and _RESERVED.fullmatch(name):
        raise invalid(f"field name '{name}' is reserved.")
    if len(name.encode()) > MAX_ID_BYTES:
        raise invalid(f"A field name is longer than {MAX_ID_BYTES} bytes.")


def value_at(fields: Any, path: tuple[str, ...]) -> Any | None:
    """Return the value at a field path, or None where there is none."""
    for name in path[:-1]:
        if name not in fields:
            return None
        fields = fields[name].map_value.fields
    # A protobuf map: get() of an absent key would create it.
    return fields[path[-1]] if path[-1] in fields else None  # noqa: SIM401


def set_at(fields: Any, path: tuple[str, ...], value: Any) -> None:
    """Put a copy of a value at a field path; whatever stands in the way becomes a map."""
    for name in path[:-1]:
        inner = fields[name].map_value
        inner.SetInParent()
        fields = inner.fields
    fields[path[-1]].CopyFrom(value)


def delete_at(fields: Any, path: tuple[str, ...]) -> None:
    """Remove the value at a field path; nothing happens where there is none."""
    for name in path[:-1]:
        if name not in fields or not fields[name].HasField("map_value"):
            return
        fields = fields[name].map_value.fields
    if path[-1] in fields:
        del fields[path[-1]]

"""A request held against Google's description before it is read: a name or a JSON type that is not in it is refused."""

import re
from collections.abc import Mapping
from typing import Any

from sandbox.bigquery.errors import invalid
from sandbox.contracts.descriptions import Schema, description

_ANY_SCALAR = frozenset({"value"})
"""Texts that may come as any scalar: Google's own client sends a FLOAT64 inside a STRUCT as a number."""
_UNDESCRIBED = frozenset({"projection", "upload_id"})
"""Parameters that the service takes though the methods' descriptions lack them: Google's own client sends them."""
_WANTED = {
    "array": "a list", "boolean": "true or false", "integer": "an integer", "number": "a number", "object": "an object",
    "string": "a text",
}  # fmt: skip


def check_body(body: dict[str, Any], schema: str) -> None:
    """Refuse a body that is not as the description's schema of that name has it.

    null stands for what is not there, and an int64 may come as a number or as text.
    """
    root = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", schema).lower()
    _check(body, description("bigquery").schema(schema), root)


def check_query(verb: str, path: str, query: Mapping[str, str]) -> None:
    """Refuse a parameter that the method does not have, or whose text is not of its type."""
    method = description("bigquery").find(verb, path)
    if method is None:
        return  # one of those that the reduced description does without
    for name, text in query.items():
        known = method.parameters.get(name)
        if known is None and name not in _UNDESCRIBED:
            raise invalid(
                f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
                f"Field '{name}' could not be found in request message."
            )
        if known and text and known.get("format") in ("int32", "uint32", "int64", "uint64") and not _is_integer(text):
            raise invalid(f"Invalid value for {name}: {text}")


def _check(value: Any, schema: Schema, path: str) -> None:
    schema = description("bigquery").resolved(schema)
    kind = schema["type"]
    if value is None or kind == "any":
        return
    if not _fits(value, schema, path):
        raise invalid(f"Invalid value at '{path}': {_expected(schema)} is expected")
    if kind == "object":
        _check_object(value, schema, path)
    elif kind == "array":
        for place, item in enumerate(value):
            if item is None:
                raise invalid(f"Invalid value at '{path}[{place}]': null in a list")
            _check(item, schema["items"], f"{path}[{place}]")


def _check_object(value: dict[str, Any], schema: Schema, path: str) -> None:
    known, others = schema.get("properties", {}), schema.get("additionalProperties")
    for name, inner in value.items():
        if name not in known and others is None:
            raise invalid(f"Invalid JSON payload received. Unknown name \"{name}\" at '{path}': Cannot find field.")
        _check(inner, known.get(name, others), f"{path}.{name}")


def _fits(value: Any, schema: Schema, path: str) -> bool:
    kind = schema["type"]
    if kind == "integer" or schema.get("format") in ("int64", "uint64"):
        return _is_integer(value)
    if "enum" in schema and isinstance(value, str):
        return value in schema["enum"]
    if kind == "string" and path.rpartition(".")[2] in _ANY_SCALAR:
        return isinstance(value, str | int | float)
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, {"object": dict, "array": list, "string": str, "boolean": bool}[kind])


def _expected(schema: Schema) -> str:
    if "enum" in schema:
        return f"one of {', '.join(schema['enum'])}"
    return _WANTED["integer" if schema.get("format") in ("int64", "uint64") else schema["type"]]


def _is_integer(value: Any) -> bool:
    """int64 comes as a number or as text, and empty text is none."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return False
    try:
        return value == "" or abs(int(value)) < 2**63
    except ValueError:
        return False

"""A JSON value against a schema of Google's or Kubernetes'."""

import re
from collections.abc import Callable
from typing import Any

from sandbox.contracts.descriptions import Description, Schema
from tests.contracts.deviations import Side

Found = Callable[[str, str, Any], None]
"""Takes the kind of a deviation, its path in the JSON and what was there."""

_INTEGER = re.compile(r"-?\d+\Z")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)\Z")
_TYPES: dict[str, type | tuple[type, ...]] = {
    "array": list, "boolean": bool, "integer": int, "number": (int, float), "object": dict, "string": str,
}  # fmt: skip


class SchemaCheck:
    """Checks values of one side of an exchange.

    In a request null stands for what is not there, and a read-only field has no business; in an answer an empty list is
    told, since Google's services leave it out.
    """

    def __init__(self, description: Description, side: Side, found: Found) -> None:
        self._description, self._side, self._found = description, side, found

    def value(self, value: Any, schema: Schema, path: str) -> None:
        """Check a value; ``path`` says where it stands, without list indices."""
        schema = self._description.resolved(schema)
        kind = schema.get("type", "any")
        if kind == "any" or (value is None and self._side == "request"):
            return
        if not self._has_type(value, schema):
            self._found("null" if value is None else "wrong type", path, f"{value!r:.80}, where {kind} belongs")
            return
        if self._side == "request" and schema.get("readOnly") and value not in ({}, []):
            self._found("read-only field", path, value)
        if kind in ("array", "object"):
            if value == [] and self._side == "response":
                self._found("empty array", path, value)
            self._inside(value, schema, path)
        elif kind == "string":
            self._text(value, schema, path)

    @staticmethod
    def _has_type(value: Any, schema: Schema) -> bool:
        if schema.get("format") == "int-or-string":
            return isinstance(value, int | str) and not isinstance(value, bool)
        if isinstance(value, bool):
            return bool(schema["type"] == "boolean")
        return isinstance(value, _TYPES[schema["type"]])

    def _inside(self, value: Any, schema: Schema, path: str) -> None:
        if isinstance(value, list):
            for item in value:
                self.value(item, schema["items"], f"{path}[]")
            return
        known, others = schema.get("properties", {}), schema.get("additionalProperties")
        for name in schema.get("required", ()):
            if isinstance(name, str) and name not in value:
                self._found("required field absent", f"{path}.{name}", value)
        for name, inner in value.items():
            if name in known:
                self.value(inner, known[name], f"{path}.{name}")
            elif others is not None:
                self.value(inner, others, f"{path}.*")
            else:
                self._found("unknown field", f"{path}.{name}", inner)

    def _text(self, value: str, schema: Schema, path: str) -> None:
        kind = schema.get("format")
        if "enum" in schema and value not in schema["enum"]:
            self._found("value outside the enum", path, value)
        if kind in ("int64", "uint64") and not _INTEGER.match(value):
            self._found("no integer", path, value)
        if kind in ("date-time", "google-datetime") and not _TIME.match(value):
            self._found("no time", path, value)
        if path.endswith(".kind") and schema.get("default") not in (None, value):
            self._found("another kind", path, value)

"""Table schemas as requests give them."""

from typing import Any

from sandbox.bigquery.errors import invalid, not_implemented
from sandbox.bigquery.model import Field
from sandbox.bigquery.names import check_column_names
from sandbox.bigquery.sql.typesystem import MISSING_TYPES

_REST_NAMES = {
    "INT64": "INTEGER", "INT": "INTEGER", "SMALLINT": "INTEGER", "BIGINT": "INTEGER", "TINYINT": "INTEGER",
    "BYTEINT": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN", "STRUCT": "RECORD", "DECIMAL": "NUMERIC",
}  # fmt: skip
_TYPES = {"STRING", "BYTES", "INTEGER", "FLOAT", "NUMERIC", "BOOLEAN", "TIMESTAMP", "DATE", "RECORD"}
_MODES = {"NULLABLE", "REQUIRED", "REPEATED"}
_UNSUPPORTED = ("defaultValueExpression", "maxLength", "precision", "scale", "policyTags", "roundingMode")


def read_fields(schema: dict[str, Any] | None) -> list[Field]:
    """The fields of a request's TableSchema with types and modes spelled one way; refuses what BigQuery refuses."""
    fields = [_read_field(field) for field in (schema or {}).get("fields") or []]
    check_column_names([field["name"] for field in fields])
    return fields


def _read_field(given: Any) -> Field:
    if not isinstance(given, dict) or not isinstance(given.get("name"), str) or not given.get("type"):
        raise invalid("Invalid schema: every field needs a name and a type")
    kind = str(given["type"]).upper()
    kind = _REST_NAMES.get(kind, kind)
    if kind in MISSING_TYPES:
        raise not_implemented(f"columns of type {kind}")
    if kind not in _TYPES:
        raise invalid(f"Invalid value for type: {given['type']} is not a valid value")
    mode = str(given.get("mode") or "NULLABLE").upper()
    if mode not in _MODES:
        raise invalid(f"Invalid value for mode: {given['mode']} is not a valid value")
    field: Field = {"name": given["name"], "type": kind, "mode": mode}
    if kind == "RECORD":
        field["fields"] = read_fields(given)
        if not field["fields"]:
            raise invalid(f"Field {given['name']} is type RECORD but has no schema")
    for name in _UNSUPPORTED:
        if given.get(name):
            raise not_implemented(f"columns with {name}")
    return field | ({"description": given["description"]} if given.get("description") else {})

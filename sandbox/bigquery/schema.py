"""Table schemas: reading them from requests, spelling their types in GoogleSQL, and merging changes into them."""

from typing import Any

from sandbox.bigquery.errors import invalid, not_implemented
from sandbox.bigquery.model import Field
from sandbox.bigquery.names import check_column_names

_REST_NAMES = {
    "INT64": "INTEGER", "INT": "INTEGER", "SMALLINT": "INTEGER", "BIGINT": "INTEGER", "TINYINT": "INTEGER",
    "BYTEINT": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN", "STRUCT": "RECORD", "DECIMAL": "NUMERIC",
    "BIGDECIMAL": "BIGNUMERIC",
}  # fmt: skip
_SQL_NAMES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL", "RECORD": "STRUCT"}
_TYPES = {
    "STRING", "BYTES", "INTEGER", "FLOAT", "NUMERIC", "BIGNUMERIC", "BOOLEAN", "TIMESTAMP", "DATE", "TIME", "DATETIME",
    "JSON", "RECORD", "INTERVAL",
}  # fmt: skip
_UNSUPPORTED = {"GEOGRAPHY", "RANGE"}
_MODES = {"NULLABLE", "REQUIRED", "REPEATED"}
_KEPT = ("description", "defaultValueExpression", "maxLength", "precision", "scale", "policyTags", "roundingMode")


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
    if kind in _UNSUPPORTED:
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
    return field | {key: given[key] for key in _KEPT if given.get(key) not in (None, "")}


def sql_type(field: Field) -> str:
    """A field's type as GoogleSQL writes it, like ``ARRAY<STRUCT<a INT64>>``."""
    kind = _SQL_NAMES.get(field["type"]) or str(field["type"])
    if kind == "STRUCT":
        kind = "STRUCT<" + ", ".join(f"{inner['name']} {sql_type(inner)}" for inner in field["fields"]) + ">"
    elif field.get("maxLength"):
        kind += f"({field['maxLength']})"
    elif field.get("precision"):
        kind += f"({field['precision']}{', ' + str(field['scale']) if field.get('scale') else ''})"
    return f"ARRAY<{kind}>" if field.get("mode") == "REPEATED" else kind


def field_paths(field: Field, prefix: str = "") -> list[tuple[str, Field]]:
    """A field and all it contains, with their dotted paths."""
    path = prefix + field["name"]
    return [(path, field)] + [pair for inner in field.get("fields") or [] for pair in field_paths(inner, path + ".")]

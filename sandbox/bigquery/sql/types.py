"""REST schemas ↔ DuckDB types ↔ GoogleSQL types."""

from typing import Any

from sandbox.bigquery.model import Field
from sandbox.bigquery.sql.typesystem import SIMPLE_TYPES, Type, array_of, struct_of

_REST_TO_KIND = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}
_KIND_TO_REST = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN"}
_INTEGERS = frozenset(
    "bigint integer smallint tinyint hugeint uhugeint ubigint uinteger usmallint utinyint bignum".split()
)
_DUCKDB_TO_REST = {
    "boolean": "BOOLEAN",
    "double": "FLOAT",
    "float": "FLOAT",
    "timestamp with time zone": "TIMESTAMP",
    "timestamp": "DATETIME",
    "timestamp_s": "DATETIME",
    "timestamp_ms": "DATETIME",
    "timestamp_ns": "DATETIME",
    "date": "DATE",
    "time": "TIME",
    "blob": "BYTES",
    "interval": "INTERVAL",
}
_NUMERIC_SCALE = 9


def duckdb_type(field: Field) -> str:
    """The DuckDB column type of a REST field."""
    return field_type(field).duckdb


def field_type(field: Field) -> Type:
    """The GoogleSQL type of a REST field."""
    kind = field["type"].upper()
    if kind in ("RECORD", "STRUCT"):
        type = struct_of(*((inner["name"], field_type(inner)) for inner in field.get("fields", [])))
    else:
        type = SIMPLE_TYPES[_REST_TO_KIND.get(kind, kind)]
        if field.get("maxLength"):
            type = Type(type.kind, precision=int(field["maxLength"]))
        elif field.get("precision"):
            type = Type(type.kind, precision=int(field["precision"]), scale=int(field.get("scale") or 0))
    return array_of(type) if field.get("mode") == "REPEATED" else type


def type_field(name: str, type: Type, mode: str = "NULLABLE") -> Field:
    """The REST field of a GoogleSQL type."""
    if type.is_array:
        return {**type_field(name, type.item), "mode": "REPEATED"}
    field: Field = {"name": name, "type": _KIND_TO_REST.get(type.kind, type.kind), "mode": mode}
    if type.is_struct:
        keys = zip(type.field_keys, type.fields, strict=True)
        return {**field, "type": "RECORD", "fields": [type_field(key, inner) for key, (_, inner) in keys]}
    if type.precision is not None:
        if type.kind in ("STRING", "BYTES"):
            field["maxLength"] = str(type.precision)
        else:
            field["precision"] = str(type.precision)
            if type.scale:
                field["scale"] = str(type.scale)
    return field


def rest_field(name: str, duckdb_type: Any) -> Field:
    """The REST field of a DuckDB result column, from the type object in a cursor's description."""
    kind = duckdb_type.id
    if kind in ("list", "array"):
        return {**rest_field(name, duckdb_type.children[0][1]), "mode": "REPEATED"}
    field: Field = {"name": name, "type": "STRING", "mode": "NULLABLE"}
    if kind == "struct":
        inner = [rest_field(key, child) for key, child in duckdb_type.children]
        return {**field, "type": "RECORD", "fields": inner}
    if str(duckdb_type) == "JSON":
        return {**field, "type": "JSON"}
    if kind in _INTEGERS:
        return {**field, "type": "INTEGER"}
    if kind == "decimal":
        scale = dict(duckdb_type.children)["scale"]
        return {**field, "type": "NUMERIC" if scale <= _NUMERIC_SCALE else "BIGNUMERIC"}
    return {**field, "type": _DUCKDB_TO_REST.get(kind, "STRING")}

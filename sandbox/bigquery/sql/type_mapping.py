"""REST schemas ↔ DuckDB types ↔ GoogleSQL types."""

from sandbox.bigquery.model import Field
from sandbox.bigquery.sql.typesystem import SIMPLE_TYPES, Type, array_of, struct_of

_REST_TO_KIND = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}
_KIND_TO_REST = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN"}


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
    return array_of(type) if field.get("mode") == "REPEATED" else type


def type_field(name: str, type: Type, mode: str = "NULLABLE") -> Field:
    """The REST field of a GoogleSQL type."""
    if type.is_array:
        return {**type_field(name, type.item), "mode": "REPEATED"}
    field: Field = {"name": name, "type": _KIND_TO_REST.get(type.kind, type.kind), "mode": mode}
    if type.is_struct:
        keys = zip(type.field_keys, type.fields, strict=True)
        return {**field, "type": "RECORD", "fields": [type_field(key, inner) for key, (_, inner) in keys]}
    return field

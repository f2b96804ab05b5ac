"""Query parameters: Python values to BigQuery's types, so that no SQL is ever built from strings."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.cloud import bigquery

_TYPES: list[tuple[type, str]] = [
    (bool, "BOOL"),
    (int, "INT64"),
    (float, "FLOAT64"),
    (str, "STRING"),
    (dt.datetime, "TIMESTAMP"),
    (dt.date, "DATE"),
]


@dataclass(frozen=True)
class Typed:
    """A value whose BigQuery type cannot be seen from it: NULL, an empty array, rows.

    ``kind`` is a scalar type name, ``ARRAY<type>``, or for rows a mapping of column name to scalar type.
    """

    kind: str | Mapping[str, str]
    value: Any


def type_name(value: Any) -> str:
    """Return the BigQuery type of a scalar; TypeError for a naive datetime or anything unknown."""
    if isinstance(value, dt.datetime) and value.tzinfo is None:
        raise TypeError("naive datetime: times are UTC and aware")
    for python_type, name in _TYPES:
        if isinstance(value, python_type):
            return name
    raise TypeError(f"no BigQuery type for {type(value).__name__}: wrap it in Typed")


def _row(columns: Mapping[str, str], row: Mapping[str, Any]) -> bigquery.StructQueryParameter:
    return bigquery.StructQueryParameter(
        None, *[_parameter(column, Typed(kind, row.get(column))) for column, kind in columns.items()]
    )


def _rows_type(columns: Mapping[str, str]) -> bigquery.StructQueryParameterType:
    def column_type(kind: str) -> Any:
        if kind.startswith("ARRAY<"):
            return bigquery.ArrayQueryParameterType(bigquery.ScalarQueryParameterType(kind[6:-1]))
        return bigquery.ScalarQueryParameterType(kind)

    return bigquery.StructQueryParameterType(
        *[column_type(kind).with_name(column) for column, kind in columns.items()]
    )


def _parameter(name: str, value: Any) -> Any:
    if not isinstance(value, Typed):
        return bigquery.ScalarQueryParameter(name, type_name(value), value)
    if isinstance(value.kind, Mapping):
        rows = [_row(value.kind, row) for row in value.value]
        return bigquery.ArrayQueryParameter(name, _rows_type(value.kind), rows)
    if value.kind.startswith("ARRAY<"):
        return bigquery.ArrayQueryParameter(name, value.kind[6:-1], list(value.value or []))
    return bigquery.ScalarQueryParameter(name, value.kind, value.value)


def query_parameters(values: Mapping[str, Any]) -> Sequence[Any]:
    """Turn named values into the client's query parameters."""
    return [_parameter(name, value) for name, value in values.items()]

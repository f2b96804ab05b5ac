"""Query parameters: Python values to BigQuery's types, so that no SQL is ever built from strings.

Whoever names a `Typed` value imports no client: that is done when parameters are made of values.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.cloud import bigquery

_TYPES: list[tuple[type, str]] = [
    (bool, "BOOL"),
    (int, "INT64"),
    (float, "FLOAT64"),
    (str, "STRING"),
    (dt.datetime, "TIMESTAMP"),
    (dt.date, "DATE"),
]


Kind = str | Mapping[str, Any]
"""A scalar type name, ``ARRAY<type>``, or a mapping of column to Kind, which means an array of such rows."""


@dataclass(frozen=True)
class Typed:
    """A value whose BigQuery type cannot be seen from it: NULL, an array, rows."""

    kind: Kind
    value: Any


def type_name(value: Any) -> str:
    """Return the BigQuery type of a scalar; TypeError for a naive datetime or anything unknown."""
    if isinstance(value, dt.datetime) and value.tzinfo is None:
        raise TypeError("naive datetime: times are UTC and aware")
    for python_type, name in _TYPES:
        if isinstance(value, python_type):
            return name
    raise TypeError(f"no BigQuery type for {type(value).__name__}: wrap it in Typed")


def _row_type(columns: Mapping[str, Any]) -> "bigquery.StructQueryParameterType":
    from google.cloud import bigquery

    return bigquery.StructQueryParameterType(*[_kind_type(kind, column) for column, kind in columns.items()])


def _kind_type(kind: Kind, name: str | None = None) -> Any:
    from google.cloud import bigquery

    if not isinstance(kind, str):
        return bigquery.ArrayQueryParameterType(_row_type(kind), name=name)
    if kind.startswith("ARRAY<"):
        return bigquery.ArrayQueryParameterType(bigquery.ScalarQueryParameterType(kind[6:-1]), name=name)
    return bigquery.ScalarQueryParameterType(kind, name=name)


def _row(columns: Mapping[str, Any], row: Mapping[str, Any]) -> "bigquery.StructQueryParameter":
    from google.cloud import bigquery

    cells = [_parameter(column, Typed(kind, row.get(column))) for column, kind in columns.items()]
    return bigquery.StructQueryParameter(None, *cells)


def _parameter(name: str, value: Any) -> Any:
    from google.cloud import bigquery

    if not isinstance(value, Typed):
        return bigquery.ScalarQueryParameter(name, type_name(value), value)
    if not isinstance(value.kind, str):
        rows = [_row(value.kind, row) for row in value.value or []]
        return bigquery.ArrayQueryParameter(name, _row_type(value.kind), rows)
    if value.kind.startswith("ARRAY<"):
        return bigquery.ArrayQueryParameter(name, value.kind[6:-1], list(value.value or []))
    return bigquery.ScalarQueryParameter(name, value.kind, value.value)


def query_parameters(values: Mapping[str, Any]) -> Sequence[Any]:
    """Turn named values into the client's query parameters."""
    return [_parameter(name, value) for name, value in values.items()]


_CELL_BYTES = 17
_ROW_BYTES = 24


def most_bytes(rows: Sequence[Mapping[str, Any]]) -> int:
    """Return how many bytes rows take as a parameter of a request, at most.

    Each value comes in an object of its own, ``{"value": …}``, in text; each row in ``{"structValues": {…}}``.
    """
    texts = sum(len(json.dumps(row, default=str)) for row in rows)
    return texts + sum(_ROW_BYTES + _CELL_BYTES * len(row) for row in rows)

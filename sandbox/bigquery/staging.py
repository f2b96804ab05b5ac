"""Rows on their way into a table: written as NDJSON, read by DuckDB into a temporary table of the job's cursor.

DuckDB takes rows one by one a thousand times slower than it reads a file. What JSON cannot say (times) travels as text
and is cast; see ``_carried_type``.
"""

import json
import tempfile
from collections.abc import Iterable
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from sandbox.bigquery.errors import invalid
from sandbox.bigquery.model import Field
from sandbox.bigquery.names import literal, quote
from sandbox.bigquery.sql.type_mapping import duckdb_type

STAGE = "temp._bq_stage"
_AS_THEY_ARE = {"STRING", "INTEGER", "FLOAT", "BOOLEAN"}
_DEFAULT_OBJECT_BYTES = 16_000_000
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _carried_type(field: Field) -> str:
    """The DuckDB type a value has in the NDJSON."""
    if field["type"] == "RECORD":
        inner = ", ".join(f"{quote(child['name'])} {_carried_type(child)}" for child in field["fields"])
        kind = f"STRUCT({inner})"
    else:
        kind = duckdb_type({**field, "mode": "NULLABLE"}) if field["type"] in _AS_THEY_ARE else "VARCHAR"
    return f"{kind}[]" if field.get("mode") == "REPEATED" else kind


def stage(cursor: DuckDBPyConnection, fields: list[Field], rows: Iterable[dict[str, Any]]) -> int:
    """Put rows of carried values (by column name) into ``STAGE``; answers how many there were."""
    with tempfile.NamedTemporaryFile("w", suffix=".ndjson", encoding="utf-8", errors="replace") as file:
        count, longest = 0, 0
        for row in rows:
            line = _encode(row)
            longest = max(longest, len(line))
            count += 1
            file.write(line + "\n")
        file.flush()
        _read(cursor, file.name, fields, 4 * longest)
    return count


def _read(cursor: DuckDBPyConnection, path: str, fields: list[Field], largest: int) -> None:
    columns = {field["name"]: _carried_type(field) for field in fields}
    shape = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in columns.items())
    casts = [f"CAST({quote(field['name'])} AS {duckdb_type(field)}) AS {quote(field['name'])}" for field in fields]
    source = f"read_json({literal(path)}, columns = {{{shape}}}, format = 'newline_delimited'"
    if largest > _DEFAULT_OBJECT_BYTES:
        source += f", maximum_object_size = {largest}"
    try:
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE _bq_stage AS SELECT {', '.join(casts)} FROM {source})")
    except (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.OutOfRangeException) as error:
        raise invalid(f"Error while reading data, error message: {str(error).splitlines()[0]}") from error


def carried_float(value: float) -> float | str:
    """A float; those that JSON lacks by their name."""
    number = float(value)
    return number if number - number == 0 else str(number)

"""Rows on their way into a table: written as NDJSON, read by DuckDB into a temporary table of the job's cursor.

DuckDB takes rows one by one a thousand times slower than it reads a file. What JSON cannot say (bytes, exact numbers,
times, JSON itself) travels as text and is cast; see ``carried_type``.
"""

import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from sandbox.bigquery.errors import invalid
from sandbox.bigquery.model import Field
from sandbox.bigquery.names import literal, quote
from sandbox.bigquery.sql.types import duckdb_type

STAGE = "temp._bq_stage"
GIVEN = "_bq_given_"
"""Prefix of a column that says whether a row mentioned the column (which has a default) at all."""

_AS_THEY_ARE = {"STRING", "INTEGER", "FLOAT", "BOOLEAN"}
_DEFAULT_OBJECT_BYTES = 16_000_000
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass
class Staged:
    """Rows in the temporary table ``STAGE``, and the columns they have."""

    fields: list[Field]
    rows: int
    optional: list[str]
    """The columns that come with a ``GIVEN`` column."""


def carried_type(field: Field) -> str:
    """The DuckDB type a value has in the NDJSON."""
    if field["type"] == "RECORD":
        inner = ", ".join(f"{quote(child['name'])} {carried_type(child)}" for child in field["fields"])
        kind = f"STRUCT({inner})"
    else:
        kind = duckdb_type({**field, "mode": "NULLABLE"}) if field["type"] in _AS_THEY_ARE else "VARCHAR"
    return f"{kind}[]" if field.get("mode") == "REPEATED" else kind


def stage(
    cursor: DuckDBPyConnection, fields: list[Field], rows: Iterable[dict[str, Any]], optional: Sequence[str] = ()
) -> Staged:
    """Put rows of carried values (by column name) into ``STAGE``."""
    with tempfile.NamedTemporaryFile("w", suffix=".ndjson", encoding="utf-8", errors="replace") as file:
        count, longest = 0, 0
        for row in rows:
            line = _encode(row)
            longest = max(longest, len(line))
            count += 1
            file.write(line + "\n")
        file.flush()
        _read(cursor, file.name, fields, optional, 4 * longest)
    return Staged(fields, count, list(optional))


def _read(cursor: DuckDBPyConnection, path: str, fields: list[Field], optional: Sequence[str], largest: int) -> None:
    columns = {field["name"]: carried_type(field) for field in fields}
    columns |= {GIVEN + name: "BOOLEAN" for name in optional}
    shape = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in columns.items())
    casts = [f"CAST({quote(field['name'])} AS {duckdb_type(field)}) AS {quote(field['name'])}" for field in fields]
    casts += [quote(GIVEN + name) for name in optional]
    source = f"read_json({literal(path)}, columns = {{{shape}}}, format = 'newline_delimited'"
    if largest > _DEFAULT_OBJECT_BYTES:
        source += f", maximum_object_size = {largest}"
    try:
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE _bq_stage AS SELECT {', '.join(casts)} FROM {source})")
    except (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.OutOfRangeException) as error:
        raise invalid(f"Error while reading data, error message: {str(error).splitlines()[0]}") from error


def stage_results(cursor: DuckDBPyConnection, fields: list[Field], rows: Iterable[Sequence[Any]]) -> Staged:
    """Put rows of Python values (as a StatementResult has them) into ``STAGE``."""
    carriers = [(field["name"], _carrier(field)) for field in fields]
    return stage(
        cursor,
        fields,
        ({name: carry(value) for (name, carry), value in zip(carriers, row, strict=True)} for row in rows),
    )


def _carrier(field: Field) -> Callable[[Any], Any]:
    if field.get("mode") == "REPEATED":
        item = _carrier({**field, "mode": "NULLABLE"})
        return lambda values: [item(value) for value in values or []]
    if field["type"] == "RECORD":
        inner = [(child["name"], _carrier(child)) for child in field["fields"]]
        return lambda value: (
            None
            if value is None
            else {name: carry(part) for (name, carry), part in zip(inner, value.values(), strict=True)}
        )
    carry = _CARRIERS.get(field["type"], str)
    return lambda value: None if value is None else carry(value)


def carried_bytes(value: bytes) -> str:
    """Bytes in the escapes that DuckDB's cast from text to BLOB reads."""
    return "".join(f"\\x{byte:02X}" for byte in bytes(value))


def carried_float(value: float) -> float | str:
    """A float; those that JSON lacks by their name."""
    number = float(value)
    return number if number - number == 0 else str(number)


def _carried_timestamp(value: datetime) -> str:
    moment = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return moment.isoformat(sep=" ")


_CARRIERS: dict[str, Callable[[Any], Any]] = {
    "BYTES": carried_bytes, "TIMESTAMP": _carried_timestamp, "FLOAT": carried_float, "INTEGER": int, "BOOLEAN": bool,
}  # fmt: skip

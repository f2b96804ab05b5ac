"""Parquet files into the staging table: DuckDB reads them, columns go by name."""

import tempfile
from contextlib import ExitStack

import duckdb
from duckdb import DuckDBPyConnection

from sandbox.bigquery.errors import invalid
from sandbox.bigquery.load_formats import SourceFile
from sandbox.bigquery.model import Field
from sandbox.bigquery.names import literal, quote
from sandbox.bigquery.sql.types import duckdb_type, rest_field
from sandbox.bigquery.staging import Staged


def stage_parquet(cursor: DuckDBPyConnection, files: list[SourceFile], known: list[Field], *, exactly: bool) -> Staged:
    """Stage the files' columns, typed as in ``known`` where it has them, else as the files say.

    ``exactly`` means that ``known`` is the whole schema: a file's other columns are errors.
    """
    with ExitStack() as open_files:
        paths = []
        for file in files:
            local = open_files.enter_context(tempfile.NamedTemporaryFile(suffix=".parquet"))
            local.write(file.data)
            local.flush()
            paths.append(literal(local.name))
        source = f"read_parquet([{', '.join(paths)}], union_by_name = true)"
        try:
            found = [
                rest_field(column[0], column[1]) for column in cursor.execute(f"FROM {source} LIMIT 0").description
            ]
            fields = _fields(found, known, exactly)
            casts = ", ".join(f"{_cast(field)} AS {quote(field['name'])}" for field in fields)
            cursor.execute(f"CREATE OR REPLACE TEMP TABLE _bq_stage AS SELECT {casts} FROM {source}")
        except duckdb.Error as error:
            raise invalid(f"Error while reading data, error message: {str(error).splitlines()[0]}") from error
    row = cursor.execute("SELECT count(*) FROM _bq_stage").fetchone()
    return Staged(fields, int(row[0]) if row else 0, [])


def _fields(found: list[Field], known: list[Field], exactly: bool) -> list[Field]:
    by_name = {field["name"].lower(): field for field in known}
    fields = []
    for column in found:
        field = by_name.get(column["name"].lower())
        if field is None and exactly:
            raise invalid(f"Provided schema has no column {column['name']}, which the Parquet file has")
        field = field or column
        if field["type"] != column["type"] and not _takes(field["type"], column["type"]):
            raise invalid(
                f"Error while reading data, error message: Parquet column '{column['name']}' has type {column['type']} "
                f"which does not match the target type {field['type']}"
            )
        fields.append(field)
    return fields


def _takes(target: str, found: str) -> bool:
    return (found, target) in {
        ("INTEGER", "NUMERIC"), ("INTEGER", "BIGNUMERIC"), ("INTEGER", "FLOAT"), ("NUMERIC", "BIGNUMERIC"),
        ("DATETIME", "TIMESTAMP"), ("TIMESTAMP", "DATETIME"), ("STRING", "JSON"), ("BYTES", "STRING"),
        ("STRING", "BYTES"),
    }  # fmt: skip


def _cast(field: Field) -> str:
    return f"CAST({quote(field['name'])} AS {duckdb_type(field)})"

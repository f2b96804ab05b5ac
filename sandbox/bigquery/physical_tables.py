"""The DuckDB table behind a BigQuery table: columns, NOT NULL, defaults, and changes of its schema."""

import sqlglot

from sandbox.bigquery.model import Field, TableMeta
from sandbox.bigquery.names import check_column_names, physical_name, quote
from sandbox.bigquery.partitions import INGESTION_TIME_COLUMN, is_ingestion_time, truncated_now
from sandbox.bigquery.sql.types import duckdb_type


def create_statement(meta: TableMeta) -> str:
    """CREATE TABLE for the table; an ingestion-time partitioned one has a hidden ``_PARTITIONTIME`` column."""
    check_column_names([field["name"] for field in meta.fields])
    columns = [column_definition(field) for field in meta.fields]
    if is_ingestion_time(meta):
        columns.append(f"{quote(INGESTION_TIME_COLUMN)} TIMESTAMPTZ DEFAULT ({truncated_now(meta)})")
    # DuckDB has no table without columns; BigQuery has (its schema comes with the first load).
    return f"CREATE TABLE {physical_name(meta.ref)} ({', '.join(columns) or _NO_COLUMNS})"


_NO_COLUMNS = '"_bq_no_columns" BOOLEAN'


def column_definition(field: Field) -> str:
    """A column of CREATE TABLE."""
    default = default_expression(field)
    return (
        f"{quote(field['name'])} {duckdb_type(field)}"
        + (f" DEFAULT ({default})" if default else "")
        + (" NOT NULL" if field.get("mode") == "REQUIRED" else "")
    )


def default_expression(field: Field) -> str | None:
    """The DuckDB expression of a column that a row does not mention; None means NULL.

    BigQuery stores a NULL array as an empty one.
    """
    text = field.get("defaultValueExpression")
    if text:
        return sqlglot.transpile(text, read="bigquery", write="duckdb")[0]
    return "[]" if field.get("mode") == "REPEATED" else None

"""The DuckDB table behind a BigQuery table: its columns, types and NOT NULL."""

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
    """A column of CREATE TABLE.

    A column's own default is not DuckDB's to know (see ``column_defaults``); a NULL array is stored as an empty one.
    """
    return (
        f"{quote(field['name'])} {duckdb_type(field)}"
        + (" DEFAULT []" if field.get("mode") == "REPEATED" else "")
        + (" NOT NULL" if field.get("mode") == "REQUIRED" else "")
    )

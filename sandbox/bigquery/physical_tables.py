"""The DuckDB table behind a BigQuery table: its columns, types and NOT NULL."""

from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.model import Field, TableMeta
from sandbox.bigquery.names import check_column_names, physical_name, quote
from sandbox.bigquery.sql.type_mapping import duckdb_type


def create_statement(meta: TableMeta) -> str:
    """CREATE TABLE for the table."""
    check_column_names([field["name"] for field in meta.fields])
    if not meta.fields:
        raise not_implemented("tables without columns")
    return f"CREATE TABLE {physical_name(meta.ref)} ({', '.join(map(_column, meta.fields))})"


def _column(field: Field) -> str:
    """A column of CREATE TABLE; a NULL array is stored as an empty one."""
    return (
        f"{quote(field['name'])} {duckdb_type(field)}"
        + (" DEFAULT []" if field.get("mode") == "REPEATED" else "")
        + (" NOT NULL" if field.get("mode") == "REQUIRED" else "")
    )

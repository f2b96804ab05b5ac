"""INFORMATION_SCHEMA: each view as a DuckDB SELECT over its rows, which are gathered when the query is prepared."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from duckdb import DuckDBPyConnection

from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.job_views import JOBS
from sandbox.bigquery.model import TableMeta
from sandbox.bigquery.names import literal, physical_name, quote
from sandbox.bigquery.partitions import partition_column, partition_id
from sandbox.bigquery.schema import field_paths, sql_type
from sandbox.bigquery.storage import transaction
from sandbox.bigquery.table_ddl import create_ddl
from sandbox.bigquery.table_options import schema_options, table_options

if TYPE_CHECKING:
    from sandbox.bigquery.catalog import Catalog

Row = dict[str, Any]
Gather = Callable[["Catalog", DuckDBPyConnection, str, list[str]], Iterator[Row]]


def select(catalog: "Catalog", cursor: DuckDBPyConnection, view: str, project: str, dataset: str | None) -> str:
    """The text of a DuckDB SELECT with the view's rows for one dataset, or for all of the project's."""
    if view.upper() not in _VIEWS:
        raise not_implemented(f"INFORMATION_SCHEMA.{view.upper()}")
    columns, gather = _VIEWS[view.upper()]
    with transaction(cursor):  # so that no table goes while it is counted
        if dataset is not None:
            catalog.get_dataset(project, dataset)
        datasets = [dataset] if dataset else [name for name, _ in catalog.list_datasets(project)]
        rows = [{name: row.get(name) for name in columns} for row in gather(catalog, cursor, project, datasets)]
    shape = json.dumps([columns])
    listed = ", ".join(f"r.{quote(name)} AS {quote(name)}" for name in columns)
    return f"SELECT {listed} FROM (SELECT unnest(from_json({literal(json.dumps(rows))}, {literal(shape)})) AS r)"


def timestamp(milliseconds: int | str | None) -> str | None:
    """A moment as DuckDB reads it from JSON."""
    return None if milliseconds is None else datetime.fromtimestamp(int(milliseconds) / 1000, UTC).isoformat()


def _tables_of(catalog: "Catalog", project: str, datasets: list[str]) -> Iterator[tuple[TableMeta, Row]]:
    for dataset in datasets:
        for meta in catalog.list_tables(project, dataset):
            yield (meta, {"table_catalog": project, "table_schema": dataset, "table_name": meta.ref.table})


def _schemata(catalog: "Catalog", cursor: DuckDBPyConnection, project: str, datasets: list[str]) -> Iterator[Row]:
    for name, body in catalog.list_datasets(project):
        yield {
            "catalog_name": project,
            "schema_name": name,
            "creation_time": timestamp(body["creationTime"]),
            "last_modified_time": timestamp(body["lastModifiedTime"]),
            "location": body["location"],
        }


def _schemata_options(
    catalog: "Catalog", cursor: DuckDBPyConnection, project: str, datasets: list[str]
) -> Iterator[Row]:
    for name, body in catalog.list_datasets(project):
        for option, kind, value in schema_options(body):
            named = {"option_name": option, "option_type": kind, "option_value": value}
            yield {"catalog_name": project, "schema_name": name, **named}


def _tables(catalog: "Catalog", cursor: DuckDBPyConnection, project: str, datasets: list[str]) -> Iterator[Row]:
    for meta, row in _tables_of(catalog, project, datasets):
        kind = "BASE TABLE" if meta.kind == "TABLE" else meta.kind.replace("_", " ")
        yield row | {
            "table_type": kind,
            "is_insertable_into": "YES" if meta.kind == "TABLE" else "NO",
            "is_typed": "NO",
            "creation_time": timestamp(meta.created_ms),
            "ddl": create_ddl(meta),
        }


def _views(catalog: "Catalog", cursor: DuckDBPyConnection, project: str, datasets: list[str]) -> Iterator[Row]:
    for meta, row in _tables_of(catalog, project, datasets):
        if meta.kind == "VIEW":
            yield row | {"view_definition": meta.view_query, "use_standard_sql": "YES"}


def _columns(catalog: "Catalog", cursor: DuckDBPyConnection, project: str, datasets: list[str]) -> Iterator[Row]:
    for meta, row in _tables_of(catalog, project, datasets):
        clustering = [name.lower() for name in meta.clustering or []]
        partitioned_by = (partition_column(meta) or "").lower()
        for position, field in enumerate(meta.fields, 1):
            name = field["name"].lower()
            yield row | {
                "column_name": field["name"],
                "ordinal_position": position,
                "is_nullable": "NO" if field.get("mode") == "REQUIRED" else "YES",
                "data_type": sql_type(field),
                "is_generated": "NEVER",
                "is_hidden": "NO",
                "is_system_defined": "NO",
                "is_partitioning_column": "YES" if name == partitioned_by else "NO",
                "clustering_ordinal_position": clustering.index(name) + 1 if name in clustering else None,
                "collation_name": "NULL",
                "column_default": field.get("defaultValueExpression") or "NULL",
            }


def _column_field_paths(
    catalog: "Catalog", cursor: DuckDBPyConnection, project: str, datasets: list[str]
) -> Iterator[Row]:
    for meta, row in _tables_of(catalog, project, datasets):
        for column in meta.fields:
            for path, field in field_paths(column):
                yield row | {
                    "column_name": column["name"],
                    "field_path": path,
                    "data_type": sql_type(field),
                    "description": field.get("description"),
                    "collation_name": "NULL",
                }


def _table_options(catalog: "Catalog", cursor: DuckDBPyConnection, project: str, datasets: list[str]) -> Iterator[Row]:
    for meta, row in _tables_of(catalog, project, datasets):
        for option, kind, value in table_options(meta):
            yield row | {"option_name": option, "option_type": kind, "option_value": value}


def _partitions(catalog: "Catalog", cursor: DuckDBPyConnection, project: str, datasets: list[str]) -> Iterator[Row]:
    for meta, row in _tables_of(catalog, project, datasets):
        if meta.kind != "TABLE":
            continue
        counts = cursor.execute(
            f"SELECT {partition_id(meta)} AS id, count(*) FROM {physical_name(meta.ref)} GROUP BY id ORDER BY id"
        ).fetchall()
        if partition_column(meta) is None:
            counts = counts or [(None, 0)]
        for name, total in counts:
            yield row | {
                "partition_id": name,
                "total_rows": total,
                "total_logical_bytes": total * ROW_BYTES * max(len(meta.fields), 1),
                "last_modified_time": timestamp(meta.modified_ms),
                "storage_tier": "ACTIVE",
            }


def _table_storage(catalog: "Catalog", cursor: DuckDBPyConnection, project: str, datasets: list[str]) -> Iterator[Row]:
    for meta, row in _tables_of(catalog, project, datasets):
        total = catalog.count_rows(meta)
        size = total * ROW_BYTES * len(meta.fields)
        yield row | {
            "project_id": project,
            "creation_time": timestamp(meta.created_ms),
            "table_type": "BASE TABLE" if meta.kind == "TABLE" else meta.kind.replace("_", " "),
            "total_rows": total,
            "total_logical_bytes": size,
            "active_logical_bytes": size,
            "long_term_logical_bytes": 0,
            "deleted": False,
        }


def _jobs(catalog: "Catalog", cursor: DuckDBPyConnection, project: str, datasets: list[str]) -> Iterator[Row]:
    for resource in catalog.list_jobs(project):
        yield {name: read(resource) for name, (_, read) in JOBS.items()}


ROW_BYTES = 8
"""What a value counts for wherever BigQuery reports bytes: the stand-in does not measure them."""

_TABLE = {"table_catalog": "VARCHAR", "table_schema": "VARCHAR", "table_name": "VARCHAR"}
_OPTION = {"option_name": "VARCHAR", "option_type": "VARCHAR", "option_value": "VARCHAR"}
_JOB_COLUMNS = {name: kind for name, (kind, _) in JOBS.items()}

_VIEWS: dict[str, tuple[dict[str, str], Gather]] = {
    "SCHEMATA": (
        {
            "catalog_name": "VARCHAR", "schema_name": "VARCHAR", "schema_owner": "VARCHAR",
            "creation_time": "TIMESTAMPTZ", "last_modified_time": "TIMESTAMPTZ", "location": "VARCHAR",
        },
        _schemata,
    ),
    "SCHEMATA_OPTIONS": ({"catalog_name": "VARCHAR", "schema_name": "VARCHAR", **_OPTION}, _schemata_options),
    "TABLES": (
        {
            **_TABLE, "table_type": "VARCHAR", "is_insertable_into": "VARCHAR", "is_typed": "VARCHAR",
            "creation_time": "TIMESTAMPTZ", "ddl": "VARCHAR",
        },
        _tables,
    ),
    "VIEWS": (
        {**_TABLE, "view_definition": "VARCHAR", "check_option": "VARCHAR", "use_standard_sql": "VARCHAR"},
        _views,
    ),
    "COLUMNS": (
        {
            **_TABLE, "column_name": "VARCHAR", "ordinal_position": "BIGINT", "is_nullable": "VARCHAR",
            "data_type": "VARCHAR", "is_generated": "VARCHAR", "generation_expression": "VARCHAR",
            "is_stored": "VARCHAR", "is_hidden": "VARCHAR", "is_updatable": "VARCHAR", "is_system_defined": "VARCHAR",
            "is_partitioning_column": "VARCHAR", "clustering_ordinal_position": "BIGINT",
            "collation_name": "VARCHAR", "column_default": "VARCHAR", "rounding_mode": "VARCHAR",
        },
        _columns,
    ),
    "COLUMN_FIELD_PATHS": (
        {
            **_TABLE, "column_name": "VARCHAR", "field_path": "VARCHAR", "data_type": "VARCHAR",
            "description": "VARCHAR", "collation_name": "VARCHAR", "rounding_mode": "VARCHAR",
        },
        _column_field_paths,
    ),
    "TABLE_OPTIONS": ({**_TABLE, **_OPTION}, _table_options),
    "PARTITIONS": (
        {
            **_TABLE, "partition_id": "VARCHAR", "total_rows": "BIGINT", "total_logical_bytes": "BIGINT",
            "last_modified_time": "TIMESTAMPTZ", "storage_tier": "VARCHAR",
        },
        _partitions,
    ),
    "TABLE_STORAGE": (
        {
            "project_id": "VARCHAR", **_TABLE, "creation_time": "TIMESTAMPTZ", "table_type": "VARCHAR",
            "total_rows": "BIGINT", "total_logical_bytes": "BIGINT", "active_logical_bytes": "BIGINT",
            "long_term_logical_bytes": "BIGINT", "deleted": "BOOLEAN",
        },
        _table_storage,
    ),
    "JOBS": (_JOB_COLUMNS, _jobs),
    "JOBS_BY_PROJECT": (_JOB_COLUMNS, _jobs),
    "JOBS_BY_USER": (_JOB_COLUMNS, _jobs),
}  # fmt: skip

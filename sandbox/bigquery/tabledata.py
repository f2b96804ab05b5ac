"""The rows behind tabledata.list: of a table, of one partition, of query results, or a table's list of partitions."""

from dataclasses import dataclass
from typing import Any

from duckdb import DuckDBPyConnection

from sandbox.bigquery.catalog import Catalog
from sandbox.bigquery.encode import Cell, canonical_rows
from sandbox.bigquery.errors import BigQueryError, invalid
from sandbox.bigquery.model import Field, TableMeta, TableRef
from sandbox.bigquery.names import physical_name, quote
from sandbox.bigquery.partitions import (
    SUMMARY_DECORATOR,
    named_partition,
    partition_column,
    partition_id,
    split_decorator,
)
from sandbox.bigquery.query_results import Page

SUMMARY_FIELDS: list[Field] = [
    {"name": name, "type": kind, "mode": "NULLABLE"}
    for name, kind in (
        ("project_id", "STRING"), ("dataset_id", "STRING"), ("table_id", "STRING"), ("partition_id", "STRING"),
        ("creation_time", "INTEGER"), ("last_modified_time", "INTEGER"),
    )
]  # fmt: skip


@dataclass
class Rows:
    """A page's rows in canonical form, and how many there are in all."""

    fields: list[Field]
    rows: list[list[Cell]]
    total: int


def selected(fields: list[Field], names: str | None) -> list[Field]:
    """The top-level fields that ``selectedFields`` names, in the table's order."""
    if not names:
        return fields
    wanted = {name.strip().lower() for name in names.split(",")}
    unknown = wanted - {field["name"].lower() for field in fields}
    if unknown:
        raise invalid(f"Unknown field(s) in selectedFields: {', '.join(sorted(unknown))}")
    return [field for field in fields if field["name"].lower() in wanted]


def table_rows(catalog: Catalog, cursor: DuckDBPyConnection, ref: TableRef, page: Page, names: str | None) -> Rows:
    """The page's rows of a table; the table's id may carry a decorator."""
    table, partition = split_decorator(ref.table)
    meta = catalog.get(TableRef(ref.project, ref.dataset, table))
    if meta.kind != "TABLE":
        raise BigQueryError(400, "invalid", f"Cannot list a table of type {meta.kind}.")
    if partition == SUMMARY_DECORATOR:
        return _partitions(cursor, meta, page, names)
    where = f" WHERE {named_partition(meta, partition).condition}" if partition else ""
    source = f"FROM {physical_name(meta.ref)}{where}"
    fields = selected(meta.fields, names)
    row = cursor.execute(f"SELECT count(*) {source}").fetchone()
    total = int(row[0]) if row else 0
    limit = page.size(len(fields))
    if not fields or not limit:
        return Rows(fields, [], total)
    columns = ", ".join(quote(field["name"]) for field in fields)
    rows = cursor.execute(f"SELECT {columns} {source} ORDER BY rowid LIMIT {limit} OFFSET {page.start}").fetchall()
    return Rows(fields, canonical_rows(fields, rows), total)


def _partitions(cursor: DuckDBPyConnection, meta: TableMeta, page: Page, names: str | None) -> Rows:
    if partition_column(meta) is None:
        raise invalid(f"{meta.ref} is not a partitioned table")
    found = cursor.execute(f"SELECT DISTINCT {partition_id(meta)} AS id FROM {physical_name(meta.ref)} ORDER BY id")
    values: list[dict[str, Any]] = [
        {
            "project_id": meta.ref.project,
            "dataset_id": meta.ref.dataset,
            "table_id": meta.ref.table,
            "partition_id": name,
            "creation_time": meta.created_ms,
            "last_modified_time": meta.modified_ms,
        }
        for (name,) in found.fetchall()
    ]
    fields = selected(SUMMARY_FIELDS, names)
    shown = values[page.start : page.start + page.size(len(fields))]
    return Rows(fields, canonical_rows(fields, [[row[f["name"]] for f in fields] for row in shown]), len(values))

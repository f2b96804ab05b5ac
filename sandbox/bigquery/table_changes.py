"""What tables.patch and tables.update change of an existing table."""

from typing import Any

from duckdb import DuckDBPyConnection

from sandbox.bigquery.column_defaults import check_defaults
from sandbox.bigquery.errors import invalid
from sandbox.bigquery.model import TableMeta
from sandbox.bigquery.schema import read_fields
from sandbox.bigquery.schema_change import PATCH, alterations, merged_fields
from sandbox.bigquery.table_resource import apply_partitioning, check_partitioning

_FIXED = ("type", "field")


def change_table(cursor: DuckDBPyConnection, meta: TableMeta, body: dict[str, Any]) -> None:
    """Apply what the body names to the metadata and to the DuckDB table; null removes an attribute."""
    if body.get("schema") is not None:
        _change_schema(cursor, meta, body["schema"])
    if "description" in body:
        meta.description = body["description"]
    if "friendlyName" in body:
        meta.friendly_name = body["friendlyName"]
    if "labels" in body:
        merged = {**meta.labels, **body["labels"]} if body["labels"] else {}
        meta.labels = {key: value for key, value in merged.items() if value is not None}
    if "expirationTime" in body:
        given = body["expirationTime"]
        meta.expiration_ms = None if given in (None, "") else int(given)
    _change_partitioning(meta, body)


def _change_schema(cursor: DuckDBPyConnection, meta: TableMeta, schema: dict[str, Any]) -> None:
    given = read_fields(schema)
    if meta.kind != "TABLE":
        _describe_columns(meta, given)
        return
    fields = merged_fields(meta.ref, meta.fields, given, PATCH)
    check_defaults(fields, cursor)
    for statement in alterations(meta, fields):
        cursor.execute(statement)
    meta.fields = fields


def _describe_columns(meta: TableMeta, given: list[dict[str, Any]]) -> None:
    descriptions = {field["name"].lower(): field.get("description") for field in given}
    for field in meta.fields:
        text = descriptions.get(field["name"].lower())
        if text:
            field["description"] = text


def _change_partitioning(meta: TableMeta, body: dict[str, Any]) -> None:
    given = body.get("timePartitioning")
    if given:
        old = meta.time_partitioning or {}
        if meta.time_partitioning is None or any(given.get(key, old.get(key)) != old.get(key) for key in _FIXED):
            raise invalid(f"Cannot change partitioning spec of table {meta.ref}")
        meta.time_partitioning = {key: value for key, value in old.items() if key != "expirationMs"}
        if given.get("expirationMs"):
            meta.time_partitioning["expirationMs"] = str(given["expirationMs"])
    if "clustering" in body:
        meta.clustering = list((body["clustering"] or {}).get("fields") or []) or None
    if "requirePartitionFilter" in body:
        meta.require_partition_filter = False
        apply_partitioning(meta, {"requirePartitionFilter": body["requirePartitionFilter"]}, check_columns=False)
    check_partitioning(meta)

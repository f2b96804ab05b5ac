"""Table metadata from and to REST table resources."""

import hashlib
import json
from dataclasses import asdict
from typing import Any

from sandbox.bigquery.errors import invalid, not_implemented
from sandbox.bigquery.model import TableMeta, TableRef
from sandbox.bigquery.partitions import partition_column

_TIME_TYPES = {"HOUR", "DAY", "MONTH", "YEAR"}
_PARTITION_COLUMN_TYPES = {"TIMESTAMP", "DATE"}
_CLUSTER_TYPES = {"STRING", "BYTES", "INTEGER", "NUMERIC", "BOOLEAN", "TIMESTAMP", "DATE"}
_MOST_CLUSTER_COLUMNS = 4

ROW_BYTES = 8
"""What a value counts for wherever BigQuery reports bytes: the stand-in does not measure them."""


def reference(given: Any, what: str) -> TableRef:
    """A REST TableReference as a TableRef."""
    try:
        ref = TableRef(given["projectId"], given["datasetId"], given["tableId"])
    except (TypeError, KeyError):
        raise invalid(f"Required parameter is missing: {what}") from None
    if not all(isinstance(part, str) and part for part in (ref.project, ref.dataset, ref.table)):
        raise invalid(f"Invalid value for {what}")
    return ref


def rest_reference(ref: TableRef) -> dict[str, str]:
    """A TableRef as a REST TableReference."""
    return {"projectId": ref.project, "datasetId": ref.dataset, "tableId": ref.table}


def apply_partitioning(meta: TableMeta, settings: dict[str, Any]) -> None:
    """Set what a request says of partitioning and clustering, and check it against the columns."""
    if settings.get("timePartitioning"):
        meta.time_partitioning = _time_partitioning(settings["timePartitioning"])
        if settings["timePartitioning"].get("requirePartitionFilter") is not None:
            meta.require_partition_filter = bool(settings["timePartitioning"]["requirePartitionFilter"])
    if settings.get("clustering"):
        meta.clustering = list(settings["clustering"].get("fields") or []) or None
    if settings.get("requirePartitionFilter") is not None:
        meta.require_partition_filter = bool(settings["requirePartitionFilter"])
    _check_partitioning(meta)


def _time_partitioning(given: dict[str, Any]) -> dict[str, Any]:
    kind = str(given.get("type") or "DAY").upper()
    if kind not in _TIME_TYPES:
        raise invalid(f"Invalid value for timePartitioning.type: {given.get('type')} is not a valid value")
    if not given.get("field"):
        raise not_implemented("partitions by ingestion time")
    kept: dict[str, Any] = {"type": kind, "field": given["field"]}
    if given.get("expirationMs"):
        kept["expirationMs"] = str(given["expirationMs"])
    return kept


def _check_partitioning(meta: TableMeta) -> None:
    """Refuse partitioning and clustering by columns that are missing or of a type that cannot."""
    columns = {field["name"].lower(): field for field in meta.fields}
    if meta.require_partition_filter and partition_column(meta) is None:
        raise invalid("require_partition_filter can only be set on a partitioned table")
    if meta.time_partitioning is not None:
        by = meta.time_partitioning["field"]
        field = columns.get(by.lower())
        if field is None:
            raise invalid(
                "The field specified for partitioning cannot be found in the schema. "
                f"Please check the field {by} of the table {meta.ref}"
            )
        if field["type"] not in _PARTITION_COLUMN_TYPES or field.get("mode") == "REPEATED":
            raise invalid(f"The field specified for partitioning has type {field['type']}, which cannot be: {by}")
        if meta.time_partitioning["type"] == "HOUR" and field["type"] == "DATE":
            raise invalid(f"HOUR partitioning is not possible on the DATE column {by}")
    _check_clustering(meta, columns)


def _check_clustering(meta: TableMeta, columns: dict[str, Any]) -> None:
    if len(meta.clustering or []) > _MOST_CLUSTER_COLUMNS:
        raise invalid(f"Too many clustering columns: at most {_MOST_CLUSTER_COLUMNS} are possible")
    for name in meta.clustering or []:
        field = columns.get(name.lower())
        if field is None:
            raise invalid(f"The field specified for clustering cannot be found in the schema: {name}")
        if field["type"] not in _CLUSTER_TYPES or field.get("mode") == "REPEATED":
            raise invalid(f"Entity {name} of type {field['type']} cannot be used for clustering")


_UNSUPPORTED = (
    "externalDataConfiguration", "encryptionConfiguration", "snapshotDefinition", "cloneDefinition",
    "tableConstraints", "biglakeConfiguration", "tableReplicationInfo", "externalCatalogTableOptions", "view",
    "materializedView", "rangePartitioning", "friendlyName", "labels", "expirationTime",
)  # fmt: skip


def refuse_unsupported(body: dict[str, Any]) -> None:
    """Answer 501 for the attributes of a table resource that the stand-in would have to ignore."""
    for name in _UNSUPPORTED:
        if body.get(name):
            raise not_implemented(f"the table attribute {name}")


def table_etag(meta: TableMeta) -> str:
    """Differs whenever the table's metadata has changed; new rows leave it as it was."""
    described = asdict(meta) | {"modified_ms": None}
    return f'"{hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:22]}"'


def table_resource(meta: TableMeta, rows: int, modified_ms: int, location: str) -> dict[str, Any]:
    """The full REST resource of a table or view."""
    resource = table_summary(meta) | {
        "etag": table_etag(meta),
        "selfLink": f"/bigquery/v2/projects/{meta.ref.project}/datasets/{meta.ref.dataset}/tables/{meta.ref.table}",
        "location": location,
        "schema": {"fields": meta.fields},
        "lastModifiedTime": str(modified_ms),
        "description": meta.description,
    }
    if meta.kind == "VIEW":
        resource["view"] = {"query": meta.view_query, "useLegacySql": False}
    if meta.kind == "TABLE":
        size = str(rows * len(meta.fields) * ROW_BYTES)
        resource |= {"numRows": str(rows), "numBytes": size, "numLongTermBytes": "0", "numActiveLogicalBytes": size}
    return {name: value for name, value in resource.items() if value is not None}


def table_summary(meta: TableMeta) -> dict[str, Any]:
    """A table as tables.list shows it."""
    summary: dict[str, Any] = {
        "kind": "bigquery#table",
        "id": str(meta.ref),
        "tableReference": rest_reference(meta.ref),
        "type": meta.kind,
        "creationTime": str(meta.created_ms),
        "expirationTime": str(meta.expiration_ms) if meta.expiration_ms is not None else None,
        "timePartitioning": meta.time_partitioning,
        "clustering": {"fields": meta.clustering} if meta.clustering else None,
        "requirePartitionFilter": meta.require_partition_filter or None,
    }
    if meta.kind == "VIEW":
        summary["view"] = {"useLegacySql": False}
    return {name: value for name, value in summary.items() if value is not None}

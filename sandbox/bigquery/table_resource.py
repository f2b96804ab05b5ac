"""Table metadata from and to REST table resources."""

import hashlib
import json
from dataclasses import asdict
from typing import Any

from sandbox.bigquery.errors import invalid
from sandbox.bigquery.model import TableMeta, TableRef

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
        "rangePartitioning": meta.range_partitioning,
        "clustering": {"fields": meta.clustering} if meta.clustering else None,
        "requirePartitionFilter": meta.require_partition_filter or None,
    }
    if meta.kind == "VIEW":
        summary["view"] = {"useLegacySql": False}
    return {name: value for name, value in summary.items() if value is not None}

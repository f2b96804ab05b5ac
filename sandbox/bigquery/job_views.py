"""The columns of INFORMATION_SCHEMA.JOBS, each with its DuckDB type and where a job resource keeps it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

Resource = dict[str, Any]

_TABLE = "STRUCT(project_id VARCHAR, dataset_id VARCHAR, table_id VARCHAR)"


def _moment(resource: Resource, name: str) -> str | None:
    value = resource["statistics"].get(name)
    return None if value is None else datetime.fromtimestamp(int(value) / 1000, UTC).isoformat()


def _query(resource: Resource) -> Resource:
    return resource["statistics"].get("query") or {}


def _table(reference: Resource | None) -> Resource | None:
    if not isinstance(reference, dict):
        return None
    names = {"project_id": "projectId", "dataset_id": "datasetId", "table_id": "tableId"}
    # A job that failed because of its reference is listed all the same.
    return {column: reference.get(name) for column, name in names.items()}


def _destination(resource: Resource) -> Resource | None:
    configuration = resource["configuration"]
    return _table((configuration.get(configuration["jobType"].lower()) or {}).get("destinationTable"))


def _labels(resource: Resource) -> list[Resource]:
    return [{"key": key, "value": value} for key, value in (resource["configuration"].get("labels") or {}).items()]


def _error(resource: Resource) -> Resource | None:
    error = resource["status"].get("errorResult")
    return error and {"reason": error["reason"], "location": error.get("location"), "message": error["message"]}


def _dml(resource: Resource) -> Resource | None:
    stats = _query(resource).get("dmlStats")
    return stats and {
        "inserted_row_count": int(stats.get("insertedRowCount", 0)),
        "deleted_row_count": int(stats.get("deletedRowCount", 0)),
        "updated_row_count": int(stats.get("updatedRowCount", 0)),
    }


JOBS: dict[str, tuple[str, Callable[[Resource], Any]]] = {
    "creation_time": ("TIMESTAMPTZ", lambda job: _moment(job, "creationTime")),
    "project_id": ("VARCHAR", lambda job: job["jobReference"]["projectId"]),
    "user_email": ("VARCHAR", lambda job: job["user_email"]),
    "job_id": ("VARCHAR", lambda job: job["jobReference"]["jobId"]),
    "job_type": ("VARCHAR", lambda job: job["configuration"]["jobType"]),
    "statement_type": ("VARCHAR", lambda job: _query(job).get("statementType")),
    "priority": ("VARCHAR", lambda job: (job["configuration"].get("query") or {}).get("priority")),
    "start_time": ("TIMESTAMPTZ", lambda job: _moment(job, "startTime")),
    "end_time": ("TIMESTAMPTZ", lambda job: _moment(job, "endTime")),
    "query": ("VARCHAR", lambda job: (job["configuration"].get("query") or {}).get("query")),
    "state": ("VARCHAR", lambda job: job["status"]["state"]),
    "total_bytes_processed": ("BIGINT", lambda job: int(job["statistics"].get("totalBytesProcessed") or 0)),
    "total_bytes_billed": ("BIGINT", lambda job: int(_query(job).get("totalBytesBilled") or 0)),
    "total_slot_ms": ("BIGINT", lambda job: int(job["statistics"].get("totalSlotMs") or 0)),
    "error_result": ("STRUCT(reason VARCHAR, location VARCHAR, message VARCHAR)", _error),
    "cache_hit": ("BOOLEAN", lambda job: bool(_query(job).get("cacheHit"))),
    "destination_table": (_TABLE, _destination),
    "referenced_tables": (
        f"{_TABLE}[]",
        lambda job: [_table(ref) for ref in _query(job).get("referencedTables") or []],
    ),
    "labels": ('STRUCT("key" VARCHAR, "value" VARCHAR)[]', _labels),
    "parent_job_id": ("VARCHAR", lambda job: job["statistics"].get("parentJobId")),
    "dml_statistics": ("STRUCT(inserted_row_count BIGINT, deleted_row_count BIGINT, updated_row_count BIGINT)", _dml),
}

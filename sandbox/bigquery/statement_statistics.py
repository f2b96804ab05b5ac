"""JobStatistics2: what REST says of the statements a query job ran."""

from typing import Any

from sandbox.bigquery.model import StatementResult, TableRef
from sandbox.bigquery.table_resource import rest_reference

_COUNTED = ("INSERT", "UPDATE", "DELETE", "MERGE")
"""Whose rows are counted; of TRUNCATE TABLE only dmlStats tells."""


def statement_statistics(result: StatementResult) -> dict[str, Any]:
    """The statistics of a job that is one statement."""
    return _bytes(result.bytes_processed, result.bytes_billed) | _outcome(result)


def script_statistics(results: list[StatementResult], told: StatementResult, billed: int) -> dict[str, Any]:
    """The statistics of a script whose result is that of the statement ``told``, and that billed so much in all."""
    outcome = {name: value for name, value in _outcome(told).items() if name not in ("numDmlAffectedRows", "dmlStats")}
    return _bytes(sum(result.bytes_processed for result in results), billed) | outcome | {"statementType": "SCRIPT"}


def _bytes(size: int, billed: int) -> dict[str, Any]:
    return {"totalBytesProcessed": str(size), "totalBytesBilled": str(billed), "billingTier": 0, "cacheHit": False}


def _outcome(result: StatementResult) -> dict[str, Any]:
    outcome: dict[str, Any] = {"statementType": result.statement_type}
    if result.fields:
        outcome["schema"] = {"fields": result.fields}
    if result.referenced:
        outcome["referencedTables"] = [rest_reference(ref) for ref in result.referenced]
    if result.affected_rows is not None and result.statement_type in _COUNTED:
        outcome["numDmlAffectedRows"] = str(result.affected_rows)
    if result.dml_stats is not None:
        outcome["dmlStats"] = {name: str(count) for name, count in result.dml_stats.items()}
    if result.ddl_operation is not None:
        outcome["ddlOperationPerformed"] = result.ddl_operation
    if result.ddl_target is not None:
        outcome |= _ddl_target(result.statement_type, result.ddl_target)
    return outcome


def _ddl_target(statement: str, ref: TableRef) -> dict[str, Any]:
    if "SCHEMA" in statement or not ref.table:
        return {"ddlTargetDataset": {"projectId": ref.project, "datasetId": ref.dataset}}
    return {"ddlTargetTable": rest_reference(ref)}

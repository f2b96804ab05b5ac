"""Query jobs: a statement or a script through the SQL session, its results kept."""

from typing import Any

from sandbox.bigquery.errors import invalid, not_implemented
from sandbox.bigquery.job_runner import Work
from sandbox.bigquery.jobs import Job, JobResult
from sandbox.bigquery.model import StatementResult
from sandbox.bigquery.query_results import anonymous_table
from sandbox.bigquery.script_children import add_child
from sandbox.bigquery.sql.billing import Billing
from sandbox.bigquery.sql.session import Session
from sandbox.bigquery.statement_statistics import script_statistics, statement_statistics
from sandbox.bigquery.table_resource import rest_reference

_SILENT = {"BEGIN_TRANSACTION", "COMMIT_TRANSACTION", "ROLLBACK_TRANSACTION"}
"""Statements whose result is never a script's."""

_UNSUPPORTED = (
    "tableDefinitions", "userDefinedFunctionResources", "createSession", "continuous", "destinationTable",
    "destinationEncryptionConfiguration", "connectionProperties",
)  # fmt: skip

_MOST_PARAMETERS = 10_000
"""Of a query; one with an array of any length is one."""


def perform(work: Work) -> None:
    """Run a query job, or check one."""
    job = work.job
    settings = job.settings()
    sql = settings.get("query")
    if not isinstance(sql, str) or not sql.strip():
        raise invalid("Required parameter is missing: query")
    _refuse_unsupported(settings)

    def on_statement(result: StatementResult) -> None:
        if session.is_script:
            add_child(work, result)

    session = Session(
        work.catalog,
        work.cursor,
        job.project,
        default_dataset=_default_dataset(settings, job.project),
        parameters=settings.get("queryParameters"),
        on_statement=on_statement,
        cancelled=job.cancel_requested.is_set,
        billing=(billing := _billing(settings)),
    )
    if job.is_dry_run:
        result = session.describe(sql)
        _set_statistics(job, statement_statistics(result))
        return
    results = session.run(sql)
    if session.is_script:
        _record_script(work, results, billing.billed)
    else:
        _record_statement(work, results[-1])


def _set_statistics(job: Job, statistics: dict[str, Any]) -> None:
    job.statistics["query"] = statistics
    job.statistics["totalBytesProcessed"] = statistics["totalBytesProcessed"]


def _record_script(work: Work, results: list[StatementResult], billed: int) -> None:
    told = _result_of_script(results)
    _set_statistics(work.job, script_statistics(results, told, billed))
    work.job.result = JobResult.of(told)
    work.job.settings()["destinationTable"] = anonymous_table(work.job)


def _record_statement(work: Work, told: StatementResult) -> None:
    job, settings = work.job, work.job.settings()
    if told.statement_type == "SELECT":
        settings["destinationTable"] = anonymous_table(job)
    elif told.ddl_target is not None and told.ddl_target.table:
        settings["destinationTable"] = rest_reference(told.ddl_target)
    _set_statistics(job, statement_statistics(told))
    job.result = JobResult.of(told)


def _result_of_script(results: list[StatementResult]) -> StatementResult:
    """The last statement that tells something; a script of assignments tells nothing."""
    told = [result for result in results if result.statement_type not in _SILENT]
    return told[-1] if told else StatementResult("", "SCRIPT")


# ---- settings


def _refuse_unsupported(settings: dict[str, Any]) -> None:
    for name in _UNSUPPORTED:
        if settings.get(name):
            raise not_implemented(f"the query option {name}")
    for name, given in (settings.get("scriptOptions") or {}).items():
        if given is not None and name != "statementByteBudget" and (name, given) != ("keyResultStatement", "LAST"):
            raise not_implemented(f"the script option {name}")


def _billing(settings: dict[str, Any]) -> Billing:
    """What the job may bill; 0 and nothing at all are no limit."""
    budget = (settings.get("scriptOptions") or {}).get("statementByteBudget")
    return Billing(*(int(given) if given else None for given in (settings.get("maximumBytesBilled"), budget)))


def check_settings(settings: dict[str, Any]) -> None:
    """Refuse what is told before a job is made: legacy SQL, which REST means by default, and too many parameters."""
    legacy = settings.get("useLegacySql")
    if settings.get("query") and (legacy or legacy is None):
        raise not_implemented("legacy SQL, which is meant unless useLegacySql is false")
    count = len(settings.get("queryParameters") or [])
    if count > _MOST_PARAMETERS:
        raise invalid(f"Too many query parameters: {count} exceeds limit of {_MOST_PARAMETERS}.")


def _default_dataset(settings: dict[str, Any], project: str) -> tuple[str, str] | None:
    given = settings.get("defaultDataset")
    return (given.get("projectId") or project, given["datasetId"]) if given else None

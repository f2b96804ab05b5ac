"""The child jobs of a script: one for each statement that ran."""

from sandbox.bigquery.job_runner import Work
from sandbox.bigquery.jobs import Job, JobResult
from sandbox.bigquery.model import StatementResult
from sandbox.bigquery.query_results import anonymous_table
from sandbox.bigquery.statement_statistics import statement_statistics


def add_child(work: Work, result: StatementResult) -> None:
    """Register a statement that has just completed; it is kept together with its parent."""
    parent = work.job
    number = int(parent.statistics.get("numChildJobs", 0))
    configuration = {
        "query": {"query": result.sql, "useLegacySql": False},
        "labels": parent.configuration.get("labels"),
    }
    child = Job(
        parent.project,
        f"script_job_{parent.job_id}_{number}",
        parent.location,
        {name: value for name, value in configuration.items() if value},
        parent_id=parent.job_id,
    )
    statistics = statement_statistics(result)
    child.statistics = {
        "query": statistics,
        "totalBytesProcessed": statistics["totalBytesProcessed"],
        "scriptStatistics": {"evaluationKind": "STATEMENT"},
    }
    if result.fields:
        child.settings()["destinationTable"] = anonymous_table(child)
        child.result = JobResult.of(result)
    else:
        child.result = JobResult([], [])
    child.end()
    child.done.set()
    work.jobs.add(child)
    parent.statistics["numChildJobs"] = str(number + 1)

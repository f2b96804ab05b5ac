"""Pages of query results, as jobs.query, jobs.getQueryResults and tabledata.list send them."""

from collections.abc import Sequence
from typing import Any

from sandbox.bigquery.encode import Cell, TimestampFormat, wire_rows
from sandbox.bigquery.errors import BigQueryError, invalid, not_found
from sandbox.bigquery.job_store import JobStore
from sandbox.bigquery.jobs import Job, JobResult
from sandbox.bigquery.model import Field

RESULTS_DATASET = "_sandbox_results"
"""The dataset that a query's results seem to be in when it names no destination; it is not listed."""

_TABLE_PREFIX = "anon_"
_MOST_CELLS_IN_A_PAGE = 200_000


def anonymous_table(job: Job) -> dict[str, str]:
    """The reference of the table that a job's results seem to be in."""
    return {"projectId": job.project, "datasetId": RESULTS_DATASET, "tableId": _TABLE_PREFIX + job.job_id}


def anonymous_result(jobs: JobStore, project: str, table: str) -> JobResult:
    """The results behind an anonymous table."""
    job = jobs.find(project, table.removeprefix(_TABLE_PREFIX))
    if job is None or job.result is None:
        raise not_found("Table", f"{project}:{RESULTS_DATASET}.{table}")
    return job.result


class Page:
    """Which rows a request asks for, and how they are to look."""

    def __init__(self, query: dict[str, Any], format_options: dict[str, Any] | None = None) -> None:
        options = format_options or {}
        self.start = _number(query, "pageToken", _number(query, "startIndex", 0))
        self.limit = _number(query, "maxResults", None)
        self.timestamps = _timestamp_format(
            options.get("useInt64Timestamp", query.get("formatOptions.useInt64Timestamp")),
            options.get("timestampOutputFormat") or query.get("formatOptions.timestampOutputFormat"),
        )

    def size(self, columns: int) -> int:
        """How many rows to send at most: a page has a limit of its own."""
        most = max(_MOST_CELLS_IN_A_PAGE // max(columns, 1), 1)
        return most if self.limit is None else min(self.limit, most)


def _number(query: dict[str, Any], name: str, default: Any) -> Any:
    value = query.get(name)
    if value in (None, ""):
        return default
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise invalid(f"Invalid value for {name}: {value}") from None
    if number < 0:
        raise invalid(f"Invalid value for {name}: {value}")
    return number


def _timestamp_format(as_int64: Any, named: str | None) -> TimestampFormat:
    if named and named != "TIMESTAMP_OUTPUT_FORMAT_UNSPECIFIED":
        try:
            return TimestampFormat(named)
        except ValueError:
            raise invalid(f"Invalid value for timestampOutputFormat: {named}") from None
    return TimestampFormat.INT64 if str(as_int64).lower() == "true" else TimestampFormat.FLOAT64


def rows_page(fields: list[Field], rows: Sequence[list[Cell]], total: int, page: Page) -> dict[str, Any]:
    """``rows`` (which begin at the page's start) as REST sends them, with a token if more of ``total`` follow."""
    answer: dict[str, Any] = {"totalRows": str(total)}
    if rows:
        answer["rows"] = wire_rows(fields, rows, page.timestamps)
    # A page of no rows that was asked for (maxResults=0) still tells where to go on.
    if page.start + len(rows) < total:
        answer["pageToken"] = str(page.start + len(rows))
    return answer


def results_answer(job: Job, page: Page, statistics_of_dml: Sequence[str] = ("numDmlAffectedRows",)) -> dict[str, Any]:
    """What getQueryResults says of a job: its rows, or that it still runs; raises the error a job ended with."""
    answer: dict[str, Any] = {"jobReference": job.reference(), "jobComplete": job.done.is_set()}
    if not job.done.is_set():
        return answer
    if job.error is not None:
        raise job.error
    if job.result is None:
        raise BigQueryError(404, "notFound", f"Not found: the results of job {job.project}:{job.job_id} have expired")
    statistics = job.statistics.get("query") or {}
    answer |= {name: statistics[name] for name in statistics_of_dml if name in statistics}
    answer |= {"totalBytesProcessed": statistics.get("totalBytesProcessed", "0"), "cacheHit": False}
    result = job.result
    if result.fields:
        rows = result.rows[page.start : page.start + page.size(len(result.fields))]
        answer |= {"schema": {"fields": result.fields}, **rows_page(result.fields, rows, len(result.rows), page)}
    return answer

"""Pages of query results, as jobs.getQueryResults and tabledata.list send them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.bigquery.encode import Cell, wire_rows
from sandbox.bigquery.errors import BigQueryError, invalid, not_implemented
from sandbox.bigquery.jobs import Job
from sandbox.bigquery.model import Field

_RESULTS_DATASET = "_sandbox_results"
"""The dataset that a query's results seem to be in; it is not listed, and has nothing to read."""

_MOST_CELLS_IN_A_PAGE = 200_000


def anonymous_table(job: Job) -> dict[str, str]:
    """The reference of the table that a job's results seem to be in."""
    return {"projectId": job.project, "datasetId": _RESULTS_DATASET, "tableId": f"anon_{job.job_id}"}


class Page:
    """Which rows a request asks for, and how they are to look."""

    def __init__(self, query: Mapping[str, str]) -> None:
        self.start = _number(query, "pageToken", _number(query, "startIndex", 0))
        self.limit = _number(query, "maxResults", None)
        self.has_int64_timestamps = query.get("formatOptions.useInt64Timestamp", "").lower() == "true"

    def size(self, columns: int) -> int:
        """How many rows to send at most: a page has a limit of its own."""
        most = max(_MOST_CELLS_IN_A_PAGE // max(columns, 1), 1)
        return most if self.limit is None else min(self.limit, most)


def _number(query: Mapping[str, str], name: str, default: Any) -> Any:
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


def rows_page(fields: list[Field], rows: Sequence[list[Cell]], total: int, page: Page) -> dict[str, Any]:
    """``rows`` (which begin at the page's start) as REST sends them, with a token if more of ``total`` follow."""
    answer: dict[str, Any] = {"totalRows": str(total)}
    if rows:
        if not page.has_int64_timestamps:
            raise not_implemented("rows without formatOptions.useInt64Timestamp")
        answer["rows"] = wire_rows(fields, rows)
    # A page of no rows that was asked for (maxResults=0) still tells where to go on.
    if page.start + len(rows) < total:
        answer["pageToken"] = str(page.start + len(rows))
    return answer


def results_answer(job: Job, page: Page) -> dict[str, Any]:
    """What getQueryResults says of a job: its rows, or that it still runs; raises the error a job ended with."""
    answer: dict[str, Any] = {"jobReference": job.reference(), "jobComplete": job.done.is_set()}
    if not job.done.is_set():
        return answer
    if job.error is not None:
        raise job.error
    if job.result is None:
        raise BigQueryError(404, "notFound", f"Not found: the results of job {job.project}:{job.job_id} have expired")
    statistics = job.statistics.get("query") or {}
    answer |= {name: statistics[name] for name in ("numDmlAffectedRows",) if name in statistics}
    answer |= {"totalBytesProcessed": statistics.get("totalBytesProcessed", "0"), "cacheHit": False}
    result = job.result
    if result.fields:
        rows = result.rows[page.start : page.start + page.size(len(result.fields))]
        answer |= {"schema": {"fields": result.fields}, **rows_page(result.fields, rows, len(result.rows), page)}
    return answer

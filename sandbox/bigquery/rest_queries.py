"""REST: jobs.query and jobs.getQueryResults."""

import threading
import time
from typing import Any

from sandbox.bigquery.errors import invalid, not_implemented
from sandbox.bigquery.http_exchange import Answer, Request, Routes
from sandbox.bigquery.jobs import Job
from sandbox.bigquery.query_results import Page, results_answer
from sandbox.bigquery.rest_jobs import new_job
from sandbox.bigquery.service import Service

_DEFAULT_WAIT_MS = 10_000
_LONGEST_WAIT_MS = 60_000
_REPEAT_SECONDS = 15 * 60.0

_CONFIGURATION = (
    "query", "defaultDataset", "useQueryCache", "useLegacySql", "parameterMode", "queryParameters",
    "maximumBytesBilled", "connectionProperties", "createSession", "destinationTable", "writeDisposition",
    "createDisposition", "priority", "timePartitioning", "rangePartitioning", "clustering", "schemaUpdateOptions",
)  # fmt: skip


class QueryRoutes:
    """Handlers of the short way to query, and of results."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._by_request: dict[tuple[str, str], tuple[float, Job]] = {}

    def register(self, routes: Routes) -> None:
        """Add the handlers."""
        routes.add("POST", "projects/{project}/queries", self.query)
        routes.add("GET", "projects/{project}/queries/{job_id}", self.results)

    def query(self, request: Request, project: str) -> Answer:
        """jobs.query: start a query and answer with its first page if it is quick."""
        body = request.body("QueryRequest")
        job = new_job(self._service, project, _job_body(body))
        if job.is_dry_run:
            self._service.runner.check(job)
            return Answer(_dry_run_answer(job))
        job = self._start_once(project, job, body.get("requestId"))
        self._wait(job, body.get("timeoutMs"))
        answer = results_answer(job, Page(body, body.get("formatOptions")), ("numDmlAffectedRows", "dmlStats"))
        times = {"creationTime": job.created_ms, "startTime": job.started_ms, "endTime": job.ended_ms}
        return Answer(
            {"kind": "bigquery#queryResponse", "queryId": job.job_id, "location": job.location, **answer}
            | {name: str(value) for name, value in times.items() if value is not None}
        )

    def _start_once(self, project: str, job: Job, request_id: str | None) -> Job:
        """Start the job, unless the same request has come before (a client that repeats it sends the same id)."""
        if not request_id:
            self._service.runner.start(job)
            return job
        with self._lock:
            now = time.monotonic()
            self._by_request = {key: kept for key, kept in self._by_request.items() if kept[0] + _REPEAT_SECONDS > now}
            _, known = self._by_request.get((project, request_id), (now, None))
            if known is not None:
                if known.settings()["query"] != job.settings().get("query"):
                    raise invalid(f"requestId {request_id} was used for another query")
                return known
            self._service.runner.start(job)
            self._by_request[project, request_id] = (now, job)
            return job

    def results(self, request: Request, project: str, job_id: str) -> Answer:
        """jobs.getQueryResults."""
        job = self._service.jobs.get(project, job_id, request.query.get("location"))
        if job.kind != "query":
            raise invalid(f"Job {project}:{job_id} is not a query job")
        page = Page(dict(request.query))
        self._wait(job, request.query.get("timeoutMs"))
        answer = results_answer(job, page)
        return Answer({"kind": "bigquery#getQueryResultsResponse", "etag": job.etag, **answer})

    def _wait(self, job: Job, timeout_ms: Any) -> None:
        job.done.wait(min(_wait_seconds(timeout_ms), self._service.waits.results_seconds))


def _wait_seconds(given: Any) -> float:
    try:
        milliseconds = _DEFAULT_WAIT_MS if given in (None, "") else int(given)
    except (TypeError, ValueError):
        raise invalid(f"Invalid value for timeoutMs: {given}") from None
    return min(max(milliseconds, 0), _LONGEST_WAIT_MS) / 1000


def _job_body(body: dict[str, Any]) -> dict[str, Any]:
    """A QueryRequest as the job that jobs.insert would take."""
    if body.get("reservation") or body.get("continuous"):
        raise not_implemented("jobs.query with a reservation or a continuous query")
    query = {name: body[name] for name in _CONFIGURATION if name in body}
    configuration = {"query": query, "dryRun": bool(body.get("dryRun"))}
    if body.get("labels"):
        configuration["labels"] = body["labels"]
    return {"configuration": configuration, "jobReference": {"location": body.get("location")}}


def _dry_run_answer(job: Job) -> dict[str, Any]:
    statistics = job.statistics["query"]
    return {
        "kind": "bigquery#queryResponse",
        "jobReference": job.reference(),
        "jobComplete": True,
        "schema": statistics.get("schema", {"fields": []}),
        "totalBytesProcessed": statistics["totalBytesProcessed"],
        "totalRows": "0",
        "cacheHit": False,
    }

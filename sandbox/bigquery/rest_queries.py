"""REST: jobs.getQueryResults."""

from sandbox.bigquery.errors import invalid
from sandbox.bigquery.http_exchange import Answer, Request, Routes
from sandbox.bigquery.query_results import Page, results_answer
from sandbox.bigquery.service import Service

_DEFAULT_WAIT_MS = 10_000
_LONGEST_WAIT_MS = 60_000


class QueryRoutes:
    """Handlers of results."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def register(self, routes: Routes) -> None:
        """Add the handlers."""
        routes.add("GET", "projects/{project}/queries/{job_id}", self.results)

    def results(self, request: Request, project: str, job_id: str) -> Answer:
        """jobs.getQueryResults."""
        job = self._service.jobs.get(project, job_id, request.query.get("location"))
        if job.kind != "query":
            raise invalid(f"Job {project}:{job_id} is not a query job")
        page = Page(request.query)
        job.done.wait(min(_wait_seconds(request.query.get("timeoutMs")), self._service.waits.results_seconds))
        answer = results_answer(job, page)
        return Answer({"kind": "bigquery#getQueryResultsResponse", "etag": job.etag, **answer})


def _wait_seconds(given: str | None) -> float:
    try:
        milliseconds = int(given) if given else _DEFAULT_WAIT_MS
    except ValueError:
        raise invalid(f"Invalid value for timeoutMs: {given}") from None
    return min(max(milliseconds, 0), _LONGEST_WAIT_MS) / 1000

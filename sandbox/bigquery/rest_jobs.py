"""REST: jobs.insert, get, list, cancel."""

import re
import uuid
from typing import Any

from sandbox.bigquery.errors import invalid, not_implemented
from sandbox.bigquery.http_exchange import Answer, Request, Routes
from sandbox.bigquery.job_location import location_of
from sandbox.bigquery.jobs import JOB_TYPES, Job
from sandbox.bigquery.listing import check_labels, page_of
from sandbox.bigquery.query_job import check_settings
from sandbox.bigquery.service import Service

_JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,1024}\Z")


def new_job(service: Service, project: str, body: dict[str, Any]) -> Job:
    """The job that a request describes, not yet started."""
    configuration = body.get("configuration")
    if not isinstance(configuration, dict):
        configuration = {}
    for kind in ("copy", "extract"):
        if kind in configuration:
            raise not_implemented(f"{kind} jobs")
    if not any(kind in configuration for kind in JOB_TYPES):
        raise invalid("Required parameter is missing: configuration.query, load, copy or extract")
    if "query" in configuration and "load" in configuration:
        raise invalid("Exactly one of configuration.query, load, copy and extract is needed")
    reference = body.get("jobReference") or {}
    job_id = reference.get("jobId") or f"job_{uuid.uuid4().hex}"
    if not isinstance(job_id, str) or not _JOB_ID.match(job_id):
        raise invalid(
            f'Invalid job ID "{job_id}". Job IDs must be alphanumeric (plus underscores and dashes) and must be '
            "at most 1024 characters long."
        )
    check_labels(configuration.get("labels"))
    if "query" in configuration:
        check_settings(configuration["query"])
    project = reference.get("projectId") or project
    service.rights.check_project("bigquery.jobs.create", project)
    location = reference.get("location")
    if not location:
        with service.catalog() as (catalog, _):
            location = location_of(catalog, project, configuration)
    return Job(project, job_id, location, configuration)


def insert_job(service: Service, project: str, body: dict[str, Any], media: bytes | None = None) -> Answer:
    """Start the job that a request describes; answers when it is done, or after a moment while it goes on."""
    job = new_job(service, project, body)
    if job.is_dry_run:
        service.runner.check(job)
        return Answer(job.resource())
    as_inserted = Answer(job.resource())
    service.runner.start(job, media)
    wait = service.waits.insert_seconds
    if not wait:
        return as_inserted
    job.done.wait(wait)
    return Answer(job.resource())


class JobRoutes:
    """Handlers of jobs.* but for the results of queries."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def register(self, routes: Routes) -> None:
        """Add the handlers."""
        jobs, job = "projects/{project}/jobs", "projects/{project}/jobs/{job_id}"
        routes.add("GET", jobs, self.list)
        routes.add("POST", jobs, self.insert)
        routes.add("GET", job, self.get)
        routes.add("POST", job + "/cancel", self.cancel)

    def insert(self, request: Request, project: str) -> Answer:
        """jobs.insert without an upload."""
        return insert_job(self._service, project, request.body("Job"))

    def get(self, request: Request, project: str, job_id: str) -> Answer:
        """jobs.get."""
        return Answer(self._service.jobs.get(project, job_id, request.query.get("location")).resource())

    def list(self, request: Request, project: str) -> Answer:
        """jobs.list."""
        jobs = self._service.jobs.of_project(project, request.query.get("parentJobId") or None)
        for name in ("stateFilter", "maxCreationTime"):
            if request.query.get(name):
                raise not_implemented(f"jobs.list with {name}")
        earliest = int(request.query.get("minCreationTime") or 0)
        wanted = [job for job in jobs if job.created_ms >= earliest]
        shown, token = page_of(wanted, request.query)
        listed = [_summary(job) for job in shown]
        found = {"jobs": listed} if listed else {}  # an empty list is left out
        return Answer({"kind": "bigquery#jobList", "etag": "list", **found, **token})

    def cancel(self, request: Request, project: str, job_id: str) -> Answer:
        """jobs.cancel: asks the job to stop and answers at once."""
        job = self._service.jobs.get(project, job_id, request.query.get("location"))
        job.cancel()
        return Answer({"kind": "bigquery#jobCancelResponse", "job": job.resource()})


def _summary(job: Job) -> dict[str, Any]:
    resource = job.resource() | {"state": job.state}
    if "errorResult" in resource["status"]:
        resource["errorResult"] = resource["status"]["errorResult"]
    # Minimal leaves the configuration out in REST's words, but its real answers carry it, and clients read it.
    return {name: value for name, value in resource.items() if name not in ("etag", "selfLink")}

"""All jobs of a server: in memory, and in the database when that is a file.

A job that can change something leaves a mark before it begins. A job with a mark and no end was running when the
process died: after the restart it is there, failed, so its id cannot be used to do the work a second time.
"""

import json
import threading
from collections.abc import Iterator
from typing import Any

from duckdb import DuckDBPyConnection

from sandbox.bigquery.errors import BigQueryError, already_exists, not_found
from sandbox.bigquery.jobs import Job, JobResult
from sandbox.bigquery.storage import Database

_KEPT_RESULT_CHARACTERS = 4_000_000
"""A larger result is gone after a restart, as BigQuery's cached results are after a day."""

_MULTI_REGIONS = ("us", "eu")
_KEPT_RESULT_CELLS = 20_000_000
"""How much of all results is held, in memory or in files; the oldest go first."""


class JobStore:
    """Jobs by project and id, in the order they were created."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._jobs: dict[tuple[str, str], Job] = {}
        self._held_cells = 0
        self._holding: list[Job] = []
        if database.is_persistent:
            self._recover()

    # ---- finding

    def find(self, project: str, job_id: str, location: str | None = None) -> Job | None:
        """The job with this id, or None; ``location`` None means wherever it is."""
        job = self._jobs.get((project, job_id))
        if job is None or (location and location.lower() != job.location.lower()):
            return None
        return job

    def get(self, project: str, job_id: str, location: str | None = None) -> Job:
        """As ``find``; raises ``notFound``, also of a job outside the multi-regions without its location."""
        job = self.find(project, job_id, location)
        if job is None or (not location and job.location.lower() not in _MULTI_REGIONS):
            raise not_found("Job", f"{project}:{location + '.' if location else ''}{job_id}")
        return job

    def of_project(self, project: str, parent_id: str | None = None) -> list[Job]:
        """A project's jobs, newest first: the children of one, or those without a parent."""
        with self._lock:
            jobs = [job for job in self._jobs.values() if job.project == project]
        return [job for job in reversed(jobs) if job.parent_id == parent_id]

    def unfinished(self) -> list[Job]:
        """The jobs that are not over."""
        with self._lock:
            return [job for job in self._jobs.values() if not job.done.is_set()]

    # ---- changing

    def add(self, job: Job) -> None:
        """Register a new job; refuses an id that was used before."""
        with self._lock:
            if (job.project, job.job_id) in self._jobs:
                raise already_exists("Job", f"{job.project}:{job.location}.{job.job_id}")
            self._jobs[job.project, job.job_id] = job

    def mark_started(self, job: Job, cursor: DuckDBPyConnection) -> None:
        """Leave the mark that a job is about to change something."""
        if self._database.is_persistent:
            cursor.execute(
                "INSERT INTO _bq.jobs_started VALUES (?, ?, ?)", [job.project, job.job_id, json.dumps(_stored(job))]
            )

    def finish(self, job: Job, cursor: DuckDBPyConnection) -> None:
        """Keep a finished job and its children, then let those go on that wait for it."""
        try:
            if self._database.is_persistent:
                children = self.of_project(job.project, job.job_id) if "numChildJobs" in job.statistics else []
                for each in [*reversed(children), job]:
                    body = json.dumps(_stored(each))
                    cursor.execute("INSERT INTO _bq.jobs VALUES (?, ?, ?)", [each.project, each.job_id, body])
            if job.result is not None:
                self._hold(job)
        finally:
            job.done.set()

    def _hold(self, job: Job) -> None:
        with self._lock:
            self._holding.append(job)
            self._held_cells += _cells(job)
            while self._held_cells > _KEPT_RESULT_CELLS and len(self._holding) > 1:
                oldest = self._holding.pop(0)
                self._held_cells -= _cells(oldest)
                oldest.result = None

    # ---- restart

    def _recover(self) -> None:
        with self._database.cursor() as cursor:
            for (body,) in cursor.execute("SELECT body FROM _bq.jobs ORDER BY rowid").fetchall():
                self._remember(_restored(json.loads(body)))
            for job in list(self._interrupted(cursor)):
                job.fail(_interrupted_error())
                job.end()
                self._remember(job)
                self.finish(job, cursor)
            cursor.execute("DELETE FROM _bq.jobs_started")

    def _interrupted(self, cursor: DuckDBPyConnection) -> Iterator[Job]:
        for (body,) in cursor.execute("SELECT body FROM _bq.jobs_started ORDER BY rowid").fetchall():
            job = _restored(json.loads(body))
            if (job.project, job.job_id) not in self._jobs:
                yield job

    def _remember(self, job: Job) -> None:
        self._jobs[job.project, job.job_id] = job
        if job.ended_ms is not None:
            job.done.set()


def _cells(job: Job) -> int:
    return 0 if job.result is None else len(job.result.rows) * max(len(job.result.fields), 1)


def _interrupted_error() -> BigQueryError:
    return BigQueryError(
        400, "stopped", "The stand-in was stopped while the job was running; it may or may not have been applied"
    )


def _stored(job: Job) -> dict[str, Any]:
    kept = {
        name: getattr(job, name)
        for name in (
            "project", "job_id", "location", "configuration", "parent_id", "created_ms", "started_ms", "ended_ms",
            "statistics", "errors",
        )
    }  # fmt: skip
    if job.error is not None:
        kept["error"] = [job.error.code, job.error.reason, job.error.message]
    if job.result is not None and isinstance(job.result.rows, list):
        rows = json.dumps(job.result.rows)
        if len(rows) <= _KEPT_RESULT_CHARACTERS:
            kept["result"] = {"fields": job.result.fields, "rows": job.result.rows}
    return kept


def _restored(stored: dict[str, Any]) -> Job:
    error, result = stored.pop("error", None), stored.pop("result", None)
    job = Job(**stored)
    job.error = BigQueryError(*error) if error else None
    job.result = JobResult(**result) if result else None
    return job

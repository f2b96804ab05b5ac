"""All jobs of a server, as long as it runs."""

import threading

from sandbox.bigquery.errors import already_exists, not_found
from sandbox.bigquery.jobs import Job

_MULTI_REGIONS = ("us", "eu")
_KEPT_RESULT_CELLS = 20_000_000
"""How much of all results is held, in memory or in files; the oldest go first."""


class JobStore:
    """Jobs by project and id, in the order they were created."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[tuple[str, str], Job] = {}
        self._held_cells = 0
        self._holding: list[Job] = []

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

    def finish(self, job: Job) -> None:
        """Keep what a finished job answered, then let those go on that wait for it."""
        if job.result is not None:
            self._hold(job)
        job.done.set()

    def _hold(self, job: Job) -> None:
        with self._lock:
            self._holding.append(job)
            self._held_cells += _cells(job)
            while self._held_cells > _KEPT_RESULT_CELLS and len(self._holding) > 1:
                oldest = self._holding.pop(0)
                self._held_cells -= _cells(oldest)
                oldest.result = None


def _cells(job: Job) -> int:
    return 0 if job.result is None else len(job.result.rows) * max(len(job.result.fields), 1)

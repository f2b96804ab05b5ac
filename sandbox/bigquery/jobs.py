"""A job: what was asked, how far it is, what came of it, and the resource that clients see.

A job is done for everyone at one moment, when ``done`` is set: were its state told sooner, a client would take the
rows that are not there yet for an answer without rows.
"""

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.bigquery.catalog import now_ms
from sandbox.bigquery.encode import CanonicalRows, Cell, canonical_rows
from sandbox.bigquery.errors import BigQueryError
from sandbox.bigquery.model import Field, StatementResult

USER_EMAIL = "local@sandbox.invalid"
JOB_TYPES = ("query", "load")

_INTERRUPT_SECONDS = 0.1


@dataclass
class JobResult:
    """The rows a query answered, in canonical form (see ``encode``)."""

    fields: list[Field]
    rows: Sequence[list[Cell]]

    @classmethod
    def of(cls, told: StatementResult) -> "JobResult":
        """What a statement answered; a large answer is encoded page by page."""
        if isinstance(told.rows, list):
            return cls(told.fields, canonical_rows(told.fields, told.rows))
        return cls(told.fields, CanonicalRows(told.fields, told.rows))


@dataclass
class Job:
    """One job of one project. A job thread fills it; requests read it."""

    project: str
    job_id: str
    location: str
    configuration: dict[str, Any]
    parent_id: str | None = None
    created_ms: int = field(default_factory=now_ms)
    started_ms: int | None = None
    ended_ms: int | None = None
    statistics: dict[str, Any] = field(default_factory=dict)
    error: BigQueryError | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)
    """What went wrong in detail; may be filled for a job that succeeded (bad records that it may skip)."""
    result: JobResult | None = None

    def __post_init__(self) -> None:
        self.done = threading.Event()
        self.cancel_requested = threading.Event()
        self._interrupt: Callable[[], None] | None = None

    @property
    def state(self) -> str:
        """PENDING, RUNNING or DONE."""
        if self.done.is_set():
            return "DONE"
        return "PENDING" if self.started_ms is None else "RUNNING"

    @property
    def kind(self) -> str:
        """The job's type: query or load."""
        return next(kind for kind in JOB_TYPES if kind in self.configuration)

    @property
    def is_dry_run(self) -> bool:
        """Whether the job is only to be checked."""
        return bool(self.configuration.get("dryRun"))

    def settings(self) -> dict[str, Any]:
        """The part of the configuration that belongs to the job's type."""
        settings: dict[str, Any] = self.configuration[self.kind]
        return settings

    # ---- life

    def start(self, interrupt: Callable[[], None]) -> None:
        """Begin to run; ``interrupt`` stops whatever the job is just doing."""
        self._interrupt = interrupt
        self.started_ms = now_ms()

    def fail(self, error: BigQueryError) -> None:
        """Note the error the job ends with, unless it has details of its own already."""
        self.error = error
        self.result = None
        if not self.errors:
            self.errors = [error_proto(error)]

    def end(self) -> None:
        """The work is over; the job is done once ``done`` is set, after what came of it was kept."""
        self._interrupt = None
        self.ended_ms = now_ms()
        self.started_ms = self.started_ms or self.ended_ms

    def cancel(self) -> None:
        """Ask the job to stop, and interrupt it until it has."""
        self.cancel_requested.set()
        if not self.done.is_set():
            threading.Thread(target=self._interrupt_until_done, daemon=True, name=f"cancel {self.job_id}").start()

    def _interrupt_until_done(self) -> None:
        # Repeated, because an interrupt that falls between two statements is lost.
        while not self.done.is_set():
            interrupt = self._interrupt
            if interrupt is not None:
                interrupt()
            self.done.wait(_INTERRUPT_SECONDS)

    # ---- what clients see

    def reference(self) -> dict[str, str]:
        """The job's REST reference; a dry run has no id."""
        reference = {"projectId": self.project, "location": self.location}
        return reference if self.is_dry_run else {**reference, "jobId": self.job_id}

    def status(self) -> dict[str, Any]:
        """State, and the errors there were once it is done."""
        status: dict[str, Any] = {"state": self.state}
        if status["state"] != "DONE":
            return status
        if self.error is not None:
            status["errorResult"] = error_proto(self.error)
        if self.errors:
            status["errors"] = self.errors
        return status

    @property
    def etag(self) -> str:
        """What changes with the job."""
        return f"{self.state}-{self.ended_ms}"

    def resource(self) -> dict[str, Any]:
        """The REST job resource."""
        ended_ms = self.ended_ms if self.done.is_set() else None
        times = {"creationTime": self.created_ms, "startTime": self.started_ms, "endTime": ended_ms}
        statistics = {name: str(value) for name, value in times.items() if value is not None} | self.statistics
        if self.parent_id:
            statistics["parentJobId"] = self.parent_id
        if ended_ms is not None and self.started_ms is not None:
            statistics["finalExecutionDurationMs"] = str(ended_ms - self.started_ms)
        return {
            "kind": "bigquery#job",
            "etag": self.etag,
            "id": f"{self.project}:{self.location}.{self.job_id}",
            "selfLink": f"/bigquery/v2/projects/{self.project}/jobs/{self.job_id}?location={self.location}",
            "user_email": USER_EMAIL,
            "configuration": {**_as_told(self.configuration), "jobType": self.kind.upper()},
            "jobReference": self.reference(),
            "statistics": statistics,
            "status": self.status(),
        }


def _as_told(value: Any, name: str = "") -> Any:
    """A part of a request as the service tells it back: no nulls, no empty lists, and a parameter's value as text."""
    if isinstance(value, dict):
        told = {inner: _as_told(given, inner) for inner, given in value.items()}
        return {inner: given for inner, given in told.items() if given is not None and given != []}
    if isinstance(value, list):
        return [_as_told(item, name) for item in value]
    return json.dumps(value) if name == "value" and isinstance(value, int | float) else value


def error_proto(error: BigQueryError) -> dict[str, Any]:
    """An error as REST lists it."""
    proto = {"reason": error.reason, "message": error.message}
    return {**proto, "location": "query"} if error.reason == "invalidQuery" else proto


def cancelled_error() -> BigQueryError:
    """What a cancelled job ends with."""
    return BigQueryError(400, "stopped", "Job execution was cancelled: User requested cancellation")

"""Everything one server has: the database, the locks, the jobs, unfinished uploads."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from duckdb import DuckDBPyConnection

from sandbox.bigquery import load_job, query_job
from sandbox.bigquery.catalog import Catalog
from sandbox.bigquery.job_runner import JobRunner
from sandbox.bigquery.job_store import JobStore
from sandbox.bigquery.locks import TableLocks
from sandbox.bigquery.rights import Rights
from sandbox.bigquery.storage import Database, transaction

_GRACE_SECONDS = 2.0

_PERFORMERS = {
    "query": query_job.perform,
    "load": load_job.perform,
}


@dataclass(frozen=True)
class Waits:
    """How long requests wait for a job: the service may answer before a job is done, or when it is."""

    insert_seconds: float = 1.0
    """jobs.insert; waiting for a quick job spares its client from polling. With 0 a job is PENDING when inserted."""
    results_seconds: float = 60.0
    """jobs.getQueryResults, at most: less where the request asks for less."""


class Service:
    """The state that all requests share."""

    def __init__(self, data: Path | None = None, waits: Waits | None = None) -> None:
        self.waits = waits or Waits()
        self.database = Database(data)
        self.locks = TableLocks()
        self.rights = Rights()
        self.jobs = JobStore()
        self.runner = JobRunner(self.database, self.locks, self.rights, self.jobs, _PERFORMERS)

    @contextmanager
    def catalog(self) -> Iterator[tuple[Catalog, DuckDBPyConnection]]:
        """A catalog on a cursor of its own, for one request."""
        with self.database.cursor() as cursor:
            yield Catalog(cursor, self.locks, self.rights), cursor

    @contextmanager
    def snapshot(self) -> Iterator[tuple[Catalog, DuckDBPyConnection]]:
        """As ``catalog``, for a request that only reads: all it sees is of one moment."""
        with self.catalog() as (catalog, cursor), transaction(cursor):
            yield catalog, cursor

    def close(self) -> None:
        """Cancel what still runs and close the database."""
        running = self.jobs.unfinished()
        for job in running:
            job.cancel()
        for job in running:
            job.done.wait(_GRACE_SECONDS)
        self.database.close()

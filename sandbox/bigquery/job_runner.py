"""Runs each job on a thread and a cursor of its own."""

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import duckdb

from sandbox.bigquery.catalog import Catalog
from sandbox.bigquery.errors import BigQueryError, invalid, invalid_query
from sandbox.bigquery.job_store import JobStore
from sandbox.bigquery.jobs import Job, cancelled_error
from sandbox.bigquery.locks import TableLocks
from sandbox.bigquery.rights import Rights
from sandbox.bigquery.storage import Database

_log = logging.getLogger(__name__)


@dataclass
class Work:
    """What a running job has at hand."""

    job: Job
    cursor: duckdb.DuckDBPyConnection
    catalog: Catalog
    jobs: JobStore
    media: bytes | None
    """The uploaded file of a load job that came with one."""


class JobRunner:
    """Starts jobs; ``performers`` says by job type what is to be done."""

    def __init__(
        self,
        database: Database,
        locks: TableLocks,
        rights: Rights,
        jobs: JobStore,
        performers: Mapping[str, Callable[[Work], None]],
    ) -> None:
        self._database = database
        self._locks = locks
        self._rights = rights
        self._jobs = jobs
        self._performers = performers

    def start(self, job: Job, media: bytes | None = None) -> None:
        """Run the job in the background; ``job.done`` is set when it is over. Refuses a job id that was used."""
        self._jobs.add(job)
        threading.Thread(target=self._run, args=(job, media), daemon=True, name=f"job {job.job_id}").start()

    def check(self, job: Job) -> None:
        """Do a dry run here and now; raises what a real run would end with."""
        with self._database.cursor() as cursor:
            job.start(cursor.interrupt)
            try:
                self._performers[job.kind](self._work(job, cursor, None))
            except duckdb.Error as error:
                raise translated(error) from error
            job.end()
            job.done.set()

    def _work(self, job: Job, cursor: duckdb.DuckDBPyConnection, media: bytes | None) -> Work:
        return Work(job, cursor, Catalog(cursor, self._locks, self._rights, job.location), self._jobs, media)

    def _run(self, job: Job, media: bytes | None) -> None:
        me = threading.current_thread()
        try:
            with self._database.cursor() as cursor:

                def interrupt() -> None:
                    with suppress(duckdb.ConnectionException):  # the cursor may have been closed this moment
                        cursor.interrupt()
                    self._locks.recall(me)

                job.start(interrupt)
                self._perform(self._work(job, cursor, media))
        except Exception as error:  # noqa: BLE001  A job must end whatever happens, or its client waits for ever.
            _log.exception("job %s", job.job_id)
            job.fail(invalid(f"{type(error).__name__}: {error}"))
        job.end()
        self._locks.forget(me)
        self._jobs.finish(job)

    def _perform(self, work: Work) -> None:
        try:
            if work.job.cancel_requested.is_set():
                raise cancelled_error()
            self._performers[work.job.kind](work)
        except (BigQueryError, duckdb.Error) as error:
            if work.job.cancel_requested.is_set():
                work.job.errors = []
                work.job.fail(cancelled_error())
            else:
                work.job.fail(error if isinstance(error, BigQueryError) else translated(error))


def translated(error: duckdb.Error) -> BigQueryError:
    """A DuckDB error that no one foresaw, in BigQuery's terms; never one that clients retry."""
    first_line = str(error).split("\n", 1)[0]
    if isinstance(error, duckdb.TransactionException):
        return invalid_query(f"Transaction is aborted due to concurrent update: {first_line}")
    return invalid_query(first_line)

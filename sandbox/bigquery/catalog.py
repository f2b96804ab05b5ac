"""Datasets and tables as one DuckDB cursor sees them: their metadata, and the DuckDB objects behind them.

Metadata is read and written through the cursor the catalog was made for, so it commits and rolls back with the data;
nothing is cached outside the database. What changes both, or several rows, is called within a transaction.
"""

import json
import time
from contextlib import AbstractContextManager
from typing import Any

from duckdb import DuckDBPyConnection

from sandbox.bigquery.errors import BigQueryError, already_exists, invalid
from sandbox.bigquery.locks import TableLocks
from sandbox.bigquery.model import TableMeta, TableRef
from sandbox.bigquery.names import (
    check_dataset_id,
    check_table_id,
    dataset_not_found,
    literal,
    physical_name,
    physical_schema,
    table_not_found,
)
from sandbox.bigquery.physical_tables import create_statement
from sandbox.bigquery.rights import Rights
from sandbox.bigquery.table_records import (
    delete_record,
    last_touch_ms,
    read_record,
    read_records,
    touch_record,
    write_record,
)

DEFAULT_LOCATION = "US"


def now_ms() -> int:
    """Milliseconds since 1970, as BigQuery counts creation and modification."""
    return time.time_ns() // 1_000_000


class Catalog:
    """What exists, from the point of view of one cursor and the transaction it may have open.

    A job's catalog has the job's ``location``: a dataset elsewhere is not there for it, though its name is taken.
    """

    def __init__(
        self,
        cursor: DuckDBPyConnection,
        locks: TableLocks,
        rights: Rights,
        location: str | None = None,
    ) -> None:
        self._cursor = cursor
        self._locks = locks
        self.rights = rights
        self.location = location
        self._within_reach: set[tuple[str, str]] = set()  # where a dataset is never changes while a job runs

    # ---- datasets

    def has_dataset(self, project: str, dataset: str) -> bool:
        """Whether the dataset exists where this catalog looks."""
        body = self.find_dataset(project, dataset)
        return body is not None and self._is_near(body)

    def find_dataset(self, project: str, dataset: str) -> dict[str, Any] | None:
        """The dataset's stored attributes (REST names, with creationTime and lastModifiedTime in ms), or None.

        In whatever location: a name is taken for all of them.
        """
        row = self._cursor.execute(
            "SELECT body FROM _bq.datasets WHERE project = ? AND dataset = ?", [project, dataset]
        ).fetchone()
        return json.loads(row[0]) if row else None

    def get_dataset(self, project: str, dataset: str) -> dict[str, Any]:
        """As ``find_dataset``; raises ``notFound`` when there is none where this catalog looks."""
        body = self.find_dataset(project, dataset)
        if body is None or not self._is_near(body):
            raise dataset_not_found(project, dataset, self.location)
        return body

    def _is_near(self, body: dict[str, Any]) -> bool:
        return self.location is None or body["location"].lower() == self.location.lower()

    def _reaches(self, ref: TableRef) -> bool:
        """Whether a table that exists is where this catalog looks."""
        name = (ref.project, ref.dataset)
        if self.location is not None and name not in self._within_reach:
            if not self.has_dataset(*name):
                return False
            self._within_reach.add(name)
        return True

    def list_datasets(self, project: str) -> list[tuple[str, dict[str, Any]]]:
        """The ids and attributes of a project's datasets where this catalog looks, by id."""
        rows = self._cursor.execute(
            "SELECT dataset, body FROM _bq.datasets WHERE project = ? ORDER BY dataset", [project]
        ).fetchall()
        found = [(dataset, json.loads(body)) for dataset, body in rows]
        return [(dataset, body) for dataset, body in found if self._is_near(body)]

    def create_dataset(
        self,
        project: str,
        dataset: str,
        *,
        location: str | None = None,
        more: dict[str, Any] | None = None,
    ) -> None:
        """Create a dataset; ``more`` takes further REST attributes as they are."""
        check_dataset_id(dataset)
        if self.find_dataset(project, dataset) is not None:
            raise already_exists("Dataset", f"{project}:{dataset}")
        now = now_ms()
        body = {"location": location or DEFAULT_LOCATION, "creationTime": now, "lastModifiedTime": now}
        self._cursor.execute(f"CREATE SCHEMA {physical_schema(project, dataset)}")
        self._cursor.execute(
            "INSERT INTO _bq.datasets VALUES (?, ?, ?)", [project, dataset, json.dumps({**(more or {}), **body})]
        )

    def drop_dataset(self, project: str, dataset: str, *, cascade: bool = False) -> None:
        """Drop a dataset, with its tables only if ``cascade``."""
        self.get_dataset(project, dataset)
        if not cascade and self.list_tables(project, dataset):
            raise BigQueryError(400, "resourceInUse", f"Dataset {project}:{dataset} is still in use")
        self._cursor.execute(f"DROP SCHEMA IF EXISTS {physical_schema(project, dataset)} CASCADE")
        for table in ("_bq.tables", "_bq.touches", "_bq.datasets"):
            self._cursor.execute(f"DELETE FROM {table} WHERE project = ? AND dataset = ?", [project, dataset])

    # ---- tables

    def find(self, ref: TableRef) -> TableMeta | None:
        """The table's metadata, or None when it does not exist, has expired or is where this catalog does not look."""
        meta = read_record(self._cursor, ref)
        return None if meta is None or _is_expired(meta) or not self._reaches(ref) else meta

    def get(self, ref: TableRef) -> TableMeta:
        """The table's metadata; raises ``notFound`` for the dataset or the table."""
        meta = self.find(ref)
        if meta is None:
            self.get_dataset(ref.project, ref.dataset)
            raise table_not_found(ref, self.location)
        return meta

    def list_tables(self, project: str, dataset: str) -> list[TableMeta]:
        """The metadata of a dataset's tables and views, by name; raises ``notFound`` without the dataset."""
        self.get_dataset(project, dataset)
        return [meta for meta in read_records(self._cursor, project, dataset) if not _is_expired(meta)]

    def create_table(self, meta: TableMeta, *, or_replace: bool = False, if_not_exists: bool = False) -> str:
        """Create the table, its DuckDB table and its metadata; answers CREATE, SKIP or REPLACE.

        A view is metadata only: queries expand ``view_query``. Hold the table's lock.
        """
        ref = meta.ref
        check_table_id(ref.table)
        dataset = self.get_dataset(ref.project, ref.dataset)
        old = read_record(self._cursor, ref)
        exists = old is not None and not _is_expired(old)
        if exists and if_not_exists:
            return "SKIP"
        if exists and not or_replace:
            raise already_exists("Table", str(ref))
        meta.created_ms = now_ms()
        if meta.expiration_ms is None and meta.kind == "TABLE" and dataset.get("defaultTableExpirationMs"):
            meta.expiration_ms = meta.created_ms + int(dataset["defaultTableExpirationMs"])
        if old is not None:
            self._drop_objects(old)
        if meta.kind == "TABLE":
            self._cursor.execute(create_statement(meta))
        write_record(self._cursor, meta, now_ms())
        return "REPLACE" if exists else "CREATE"

    def save(self, meta: TableMeta) -> None:
        """Store changed metadata of an existing table; its DuckDB table is the caller's to alter."""
        delete_record(self._cursor, meta.ref)
        write_record(self._cursor, meta, now_ms())

    def touch(self, ref: TableRef) -> None:
        """Note that the table's rows changed: it was modified now."""
        touch_record(self._cursor, ref, now_ms())

    def modified_ms(self, meta: TableMeta) -> int:
        """When the table or its rows were changed last."""
        return max(meta.modified_ms, last_touch_ms(self._cursor, meta.ref))

    def drop_table(self, ref: TableRef) -> None:
        """Drop a table or view. Hold the table's lock."""
        self._drop_objects(self.get(ref))

    def _drop_objects(self, meta: TableMeta) -> None:
        if meta.kind == "TABLE":
            self._cursor.execute(f"DROP TABLE IF EXISTS {physical_name(meta.ref)}")
        delete_record(self._cursor, meta.ref)

    def physical_name(self, ref: TableRef) -> str:
        """The quoted DuckDB name of a table, like ``"p:d"."t"``."""
        return physical_name(ref)

    def count_rows(self, meta: TableMeta) -> int:
        """How many rows a table has; a view has none of its own."""
        if meta.kind != "TABLE":
            return 0
        row = self._cursor.execute(f"SELECT count(*) FROM {physical_name(meta.ref)}").fetchone()
        return int(row[0]) if row else 0

    def write_lock(self, ref: TableRef, timeout: float | None = None) -> AbstractContextManager[None]:
        """Hold the table against other writers; take it before the transaction begins, keep it until the commit."""
        if "$" in ref.table:
            raise invalid(f"A lock is of a whole table, not of {literal(ref.table)}")
        return self._locks.hold(ref, timeout)


def _is_expired(meta: TableMeta) -> bool:
    return meta.expiration_ms is not None and meta.expiration_ms <= now_ms()

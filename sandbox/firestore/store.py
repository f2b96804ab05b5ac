"""Documents and all their versions of the last hour, in SQLite (WAL: readers and the one writer do not wait).

A version holds for ``since <= moment < until``; the current one is open-ended, a deletion only closes the last one.
``field`` indexes every top-level field by its sort key, so that a query for what changed reads what changed.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.firestore.clock import Clock
from sandbox.firestore.protos import Document
from sandbox.firestore.values import sort_key

FOREVER = 2**63 - 1
PRUNE_MARGIN = 600 * 1_000_000
"""Versions that ended so long before the oldest readable moment go; it covers reads that began within the hour."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS collection (number INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS version (
  number INTEGER PRIMARY KEY, collection INTEGER NOT NULL, id TEXT NOT NULL,
  since INTEGER NOT NULL, until INTEGER NOT NULL, document BLOB NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS version_by_id ON version (collection, id, since, until);
CREATE INDEX IF NOT EXISTS version_ended ON version (until) WHERE until < {forever};
CREATE TABLE IF NOT EXISTS field (
  collection INTEGER NOT NULL, name TEXT NOT NULL, key BLOB NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
  PRIMARY KEY (collection, name, key, id, version)) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Bounds:
    """Inclusive ends of a scan, as (sort key, document id); None is open. An id of None is any id of that key."""

    low: tuple[bytes, str | None] | None = None
    high: tuple[bytes, str | None] | None = None


class Store:
    """The versions of all documents of all databases."""

    def __init__(self, directory: Path) -> None:
        self._path = str(directory / "firestore.sqlite")
        self._local = threading.local()
        self._numbers: dict[str, int] = {}
        self.write_lock = threading.RLock()
        with self.write_lock:
            self._connection.executescript("PRAGMA journal_mode=WAL;" + _SCHEMA.format(forever=FOREVER))
            newest = f"SELECT max(since) FROM version UNION ALL SELECT max(until) FROM version WHERE until < {FOREVER}"
            self.latest: int = max(row[0] or 0 for row in self._rows(newest))
            self._numbers.update(self._rows("SELECT path, number FROM collection"))
        self.clock = Clock(self.latest)

    @property
    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._local, "connection"):
            connection = sqlite3.connect(self._path, isolation_level=None, timeout=30)
            connection.execute("PRAGMA synchronous=NORMAL")  # in WAL mode this survives the death of the process
            connection.execute("PRAGMA cache_size=-32000")
            self._local.connection = connection
        connection = self._local.connection
        assert isinstance(connection, sqlite3.Connection)
        return connection

    def _rows(self, sql: str, *parameters: object) -> sqlite3.Cursor:
        return self._connection.execute(sql, parameters)

    # Reading

    def get(self, name: str, moment: int) -> Any | None:
        """Return a document as it was at a moment, or None."""
        collection, _, document_id = name.rpartition("/")
        sql = "SELECT document FROM version WHERE collection = ? AND id = ? AND since <= ? AND until > ?"
        found = self._rows(sql, self._numbers.get(collection), document_id, moment, moment).fetchone()
        return Document.FromString(found[0]) if found else None

    def scan(
        self, collection: str, moment: int, low: str = "", high: str | None = None, descending: bool = False
    ) -> Iterator[Any]:
        """Yield a collection's documents by id, both ends included."""
        sql = (
            "SELECT document FROM version INDEXED BY version_by_id WHERE collection = ? AND id >= ?"
            + (" AND id <= ?" if high is not None else "")
            + f" AND since <= ? AND until > ? ORDER BY id {'DESC' if descending else 'ASC'}"
        )
        ends = [low] if high is None else [low, high]
        for (blob,) in self._rows(sql, self._numbers.get(collection), *ends, moment, moment):
            yield Document.FromString(blob)

    def scan_field(
        self, collection: str, field: str, bounds: Bounds, moment: int, descending: bool = False
    ) -> Iterator[Any]:
        """Yield the documents that have a top-level field, by its value and then by id."""
        clauses: list[str] = []
        ends: list[object] = []
        for sign, end in ((">=", bounds.low), ("<=", bounds.high)):
            if end is None:
                continue
            key, document_id = end
            clauses.append(f"AND f.key {sign} ?" if document_id is None else f"AND (f.key, f.id) {sign} (?, ?)")
            ends += [key] if document_id is None else [key, document_id]
        way = "DESC" if descending else "ASC"
        sql = (
            "SELECT v.document FROM field f CROSS JOIN version v ON v.number = f.version"
            f" WHERE f.collection = ? AND f.name = ? {' '.join(clauses)} AND v.since <= ? AND v.until > ?"
            f" ORDER BY f.key {way}, f.id {way}"
        )
        for (blob,) in self._rows(sql, self._numbers.get(collection), field, *ends, moment, moment):
            yield Document.FromString(blob)

    def count(self, collection: str, moment: int) -> int:
        """Count a collection's documents without reading them."""
        sql = "SELECT count(*) FROM version INDEXED BY version_by_id WHERE collection = ? AND since <= ? AND until > ?"
        (total,) = self._rows(sql, self._numbers.get(collection), moment, moment).fetchone()
        assert isinstance(total, int)
        return total

    def collections(self, parent: str, collection_id: str = "") -> list[str]:
        """List all collections at any depth below a parent, empty ones too; only those of an id when one is given."""
        sql = "SELECT path FROM collection WHERE path > ? AND path < ?" + (" AND id = ?" if collection_id else "")
        below = (parent + "/", parent + "0")  # "0" is the character after "/"
        return [path for (path,) in self._rows(sql, *below, *([collection_id] if collection_id else []))]

    # Writing: under write_lock, one commit at a time

    @contextmanager
    def commit(self) -> Iterator[int]:
        """Open a commit and yield its moment; an exception inside leaves everything as it was."""
        with self.write_lock:
            moment = self.clock.begin_commit()
            try:
                self._rows("BEGIN IMMEDIATE")
                try:
                    yield moment
                    self._rows("COMMIT")
                except BaseException:
                    self._rows("ROLLBACK")
                    self._numbers = dict(self._rows("SELECT path, number FROM collection"))
                    raise
                self.latest = moment
            finally:
                self.clock.end_commit()

    def replace(self, name: str, document: Any | None, moment: int) -> None:
        """End the current version of a document and begin the next one, unless it is deleted."""
        collection, _, document_id = name.rpartition("/")
        number = self._number_of(collection)
        sql = "UPDATE version SET until = ? WHERE collection = ? AND id = ? AND since <= ? AND until = ?"
        self._rows(sql, moment, number, document_id, moment, FOREVER)
        if document is None:
            return
        sql = "INSERT INTO version (collection, id, since, until, document) VALUES (?, ?, ?, ?, ?)"
        version = self._rows(sql, number, document_id, moment, FOREVER, document.SerializeToString()).lastrowid
        rows = [(number, field, sort_key(value), document_id, version) for field, value in document.fields.items()]
        self._connection.executemany("INSERT INTO field VALUES (?, ?, ?, ?, ?)", rows)

    def _number_of(self, collection: str) -> int:
        if collection not in self._numbers:
            sql = "INSERT INTO collection (path, id) VALUES (?, ?)"
            number = self._rows(sql, collection, collection.rpartition("/")[2]).lastrowid
            assert number is not None
            self._numbers[collection] = number
        return self._numbers[collection]

    def prune(self, before: int, batch: int = 500) -> int:
        """Remove up to ``batch`` versions that ended before a moment; return how many went."""
        with self.write_lock:
            # The literal lets SQLite use the partial index of ended versions.
            sql = f"SELECT number, collection, id, document FROM version WHERE until < ? AND until < {FOREVER} LIMIT ?"
            ended = self._rows(sql, before, batch).fetchall()
            self._rows("BEGIN IMMEDIATE")
            for number, collection, document_id, blob in ended:
                keys = [
                    (collection, field, sort_key(value), document_id, number)
                    for field, value in Document.FromString(blob).fields.items()
                ]
                sql = "DELETE FROM field WHERE collection = ? AND name = ? AND key = ? AND id = ? AND version = ?"
                self._connection.executemany(sql, keys)
                self._rows("DELETE FROM version WHERE number = ?", number)
            self._rows("COMMIT")
        return len(ended)

"""The one DuckDB database behind a server: the file, its metadata tables, cursors and transactions."""

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from sandbox.bigquery.names import literal
from sandbox.bigquery.sql.setup import prepare_connection, prepare_cursor

DATABASE_FILE = "bigquery.duckdb"

_SETTINGS = (
    # A laptop has Airflow and the tests beside it: what is more goes to disk for the time being.
    "SET memory_limit = '2500MB'",
    # Their guesses of how many rows a part of a query has are wrong by orders of magnitude: millions of rows would be
    # grouped before a join that leaves a few, and be the side of a join that is kept in memory.
    "SET disabled_optimizers = 'partial_aggregate_pushdown,build_side_probe_side'",
)

# Every table here is append-and-delete without an index: DuckDB checks a unique index against rows that the same
# transaction has already deleted, and the table locks keep keys unique anyway.
_METADATA = """
CREATE SCHEMA IF NOT EXISTS _bq;
CREATE TABLE IF NOT EXISTS _bq.datasets (project VARCHAR, dataset VARCHAR, body VARCHAR);
CREATE TABLE IF NOT EXISTS _bq.tables (project VARCHAR, dataset VARCHAR, name VARCHAR, body VARCHAR);
CREATE TABLE IF NOT EXISTS _bq.touches (project VARCHAR, dataset VARCHAR, name VARCHAR, ms BIGINT);
CREATE OR REPLACE TABLE _bq.touches AS SELECT project, dataset, name, max(ms) AS ms FROM _bq.touches GROUP BY ALL;
"""


class Database:
    """A DuckDB database, in memory or in a folder; every job and request works on a cursor of its own."""

    def __init__(self, folder: Path | None = None) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._connection = duckdb.connect(str(folder / DATABASE_FILE) if folder else ":memory:")
        if folder is None:
            # DuckDB makes it when it needs it and removes it when it closes; a file has its own beside it.
            overflow = Path(tempfile.gettempdir()) / f"pedwatch-bigquery-{uuid.uuid4().hex[:12]}"
            self._connection.execute(f"SET temp_directory = {literal(str(overflow))}")
        for setting in _SETTINGS:
            self._connection.execute(setting)
        prepare_connection(self._connection)
        self._connection.execute(_METADATA)

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor with a transaction context of its own; what is uncommitted at the end is rolled back."""
        cursor = self._connection.cursor()
        try:
            prepare_cursor(cursor)
            yield cursor
        finally:
            cursor.close()

    def close(self) -> None:
        """Close the database; a file is checkpointed."""
        self._connection.close()


@contextmanager
def transaction(cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit what the block does as one, or nothing of it."""
    cursor.execute("BEGIN")
    try:
        yield
    except BaseException:
        cursor.execute("ROLLBACK")
        raise
    cursor.execute("COMMIT")

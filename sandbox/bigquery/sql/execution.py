"""Running compiled SQL on the session's cursor: values in, rows out, transactions and locks around writes."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import duckdb

from sandbox.bigquery.errors import BigQueryError, invalid_query
from sandbox.bigquery.model import TableRef
from sandbox.bigquery.spooled_rows import spool
from sandbox.bigquery.sql.billing import Billing
from sandbox.bigquery.sql.duckdb_errors import WriteConflict, translate
from sandbox.bigquery.sql.environment import Environment
from sandbox.bigquery.sql.fetched_rows import row_converter
from sandbox.bigquery.sql.typesystem import Type

_LOCK_WAIT_SECONDS = 3.0
_MOST_TRIES = 20
_HELD_CELLS = 2_000_000
"""An answer with more values than this is kept in a file."""


class Execution:
    """The cursor of a session with its transaction."""

    def __init__(
        self, environment: Environment, cancelled: Callable[[], bool] | None, billing: Billing | None = None
    ) -> None:
        self.environment = environment
        self.cursor = environment.cursor
        self.billing = billing or Billing()
        self.in_transaction = False
        self._locks: ExitStack | None = None
        self._locked: set[TableRef] = set()
        self._cancelled = cancelled
        self._journal: list[Callable[[], Any]] = []
        self._is_broken = False

    def check_cancelled(self) -> None:
        """Stop when the job was cancelled."""
        if self._cancelled is not None and self._cancelled():
            raise BigQueryError(400, "stopped", "Job execution was cancelled: User requested cancellation")

    def execute(self, sql: str, binds: dict[str, Any] | None = None) -> duckdb.DuckDBPyConnection:
        """Run one DuckDB statement with the statement's values."""
        self.check_cancelled()
        self._mend()
        used = self._used(sql, self.environment.binds if binds is None else binds)
        try:
            result = self.cursor.execute(sql, used) if used else self.cursor.execute(sql)
        except duckdb.Error as error:
            self._is_broken = self.in_transaction
            raise translate(error) from error
        if self.in_transaction and not sql.startswith(("SELECT", "WITH")):
            self.remember(lambda: self.cursor.execute(sql, used) if used else self.cursor.execute(sql))
        return result

    @staticmethod
    def _used(sql: str, values: dict[str, Any]) -> dict[str, Any]:
        """The values that the text asks for."""
        return {name: value for name, value in values.items() if f"${name})" in sql or f"${name} " in sql}

    def remember(self, step: Callable[[], Any]) -> None:
        """Note a write of the open transaction, to be done again should the transaction break."""
        if self.in_transaction:
            self._journal.append(step)

    def _mend(self) -> None:
        """Bring a broken transaction back.

        For BigQuery a failed statement leaves its transaction as it was before; DuckDB gives the whole transaction up.
        The tables written so far are locked, so doing the same writes again gives the same rows.
        """
        if not self._is_broken:
            return
        self._is_broken = False
        self.cursor.execute("ROLLBACK")
        self.cursor.execute("BEGIN TRANSACTION")
        for step in self._journal:
            step()

    def rows(self, sql: str, types: list[Type], binds: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a query as Python values."""
        cursor = self.execute(sql, binds)
        with self._translating():
            rows = cursor.fetchall()
        return row_converter(types)(rows)

    def answer(self, sql: str, types: list[Type]) -> Sequence[tuple[Any, ...]]:
        """As ``rows``; those of a large answer stay in a file until they are asked for."""
        most = _HELD_CELLS // max(len(types), 1)
        cursor = self.execute(sql)
        with self._translating():
            # DuckDB answers as it goes: what more there is has not been worked out yet, and is given up.
            rows = cursor.fetchmany(most + 1)
        if len(rows) <= most:
            return row_converter(types)(rows)
        with self._translating():
            self.cursor.abort()
            return spool(self.cursor, sql, self._used(sql, self.environment.binds), row_converter(types))

    @contextmanager
    def _translating(self) -> Iterator[None]:
        """Tell what goes wrong while rows are fetched in BigQuery's words."""
        try:
            yield
        except (duckdb.Error, OSError) as error:  # Arrow tells an OSError what DuckDB told it
            self._is_broken = self.in_transaction
            raise translate(error) from error

    def changed(self, sql: str) -> int:
        """Run a writing statement; answers how many rows it changed."""
        row = self.execute(sql).fetchone()
        return int(row[0]) if row else 0

    def charge(self, *texts: str, rewritten: TableRef | None = None, inserted: TableRef | None = None) -> None:
        """Bill the statement that is about to run; refuse it where that is more than the job may."""
        read = [ref for ref in self.environment.referenced if ref != inserted]
        self.billing.charge(self.environment, self.execute, read, texts, rewritten)

    # ---- transactions

    def begin(self) -> None:
        """BEGIN TRANSACTION."""
        if self.in_transaction:
            raise invalid_query("Transaction control statements are not allowed: a transaction is already in progress")
        self.cursor.execute("BEGIN TRANSACTION")
        self.in_transaction = True
        self._locks, self._locked = ExitStack(), set()
        self._journal, self._is_broken = [], False

    def commit(self) -> None:
        """COMMIT TRANSACTION."""
        if not self.in_transaction:
            raise invalid_query("Cannot commit: there is no transaction in progress")
        try:
            self._mend()
            self.cursor.execute("COMMIT")
        except duckdb.Error as error:
            self._rollback_quietly()
            problem = translate(error)
            raise (_aborted(None) if isinstance(problem, WriteConflict) else problem) from error
        finally:
            self._end()

    def rollback(self) -> None:
        """ROLLBACK TRANSACTION; without a transaction it does nothing."""
        if self.in_transaction:
            self._rollback_quietly()
            self._end()

    def _rollback_quietly(self) -> None:
        with suppress(duckdb.TransactionException):  # a failed COMMIT has rolled back already
            self.cursor.execute("ROLLBACK")

    def _end(self) -> None:
        self.in_transaction = self._is_broken = False
        self._journal = []
        if self._locks is not None:
            self._locks.close()
        self._locks, self._locked = None, set()

    def write(self, ref: TableRef | None, work: Callable[[], Any]) -> Any:
        """Do ``work``, which writes to a table: in the open transaction, or in one of its own, tried until it fits."""
        if self.in_transaction:
            if ref is not None and ref not in self._locked and self._locks is not None:
                self._locks.enter_context(self.environment.catalog.write_lock(ref, _LOCK_WAIT_SECONDS))
                self._locked.add(ref)
            try:
                return work()
            except WriteConflict as conflict:
                self.rollback()
                raise _aborted(ref) from conflict
        with ExitStack() as stack:
            if ref is not None:
                stack.enter_context(self.environment.catalog.write_lock(ref))
            for attempt in range(_MOST_TRIES):
                try:
                    with self._own_transaction():
                        return work()
                except WriteConflict as conflict:
                    if attempt == _MOST_TRIES - 1:
                        raise _aborted(ref) from conflict
        raise AssertionError

    @contextmanager
    def _own_transaction(self) -> Iterator[None]:
        self.cursor.execute("BEGIN TRANSACTION")
        try:
            yield
            try:
                self.cursor.execute("COMMIT")
            except duckdb.Error as error:
                raise translate(error) from error
        except BaseException:
            self._rollback_quietly()
            raise


def _aborted(ref: TableRef | None) -> BigQueryError:
    table = f" against table {ref.project}.{ref.dataset}.{ref.table}" if ref is not None else ""
    return invalid_query(f"Transaction is aborted due to concurrent update{table}")

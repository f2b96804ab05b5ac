"""One writer per table at a time; readers never come here (DuckDB gives them a snapshot)."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from sandbox.bigquery.errors import BigQueryError
from sandbox.bigquery.model import TableRef


def _aborted(ref: TableRef, why: str) -> BigQueryError:
    return BigQueryError(
        400, "invalidQuery", f"Transaction is aborted due to concurrent update against table {ref} ({why})"
    )


class TableLocks:
    """Exclusive locks by table, re-entrant for the thread that holds them.

    A wait that would close a circle of waiting threads is refused at once, as BigQuery cancels one of two conflicting
    transactions, so two scripts that take two tables in opposite order never hang.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: dict[TableRef, tuple[Thread, int]] = {}  # table -> (owning thread, depth)
        self._waiting: dict[Thread, TableRef] = {}  # thread -> the table it waits for
        self._recalled: set[Thread] = set()  # threads that shall wait no more

    @contextmanager
    def hold(self, ref: TableRef, timeout: float | None = None) -> Iterator[None]:
        """Hold the table's lock within the block; ``timeout`` in seconds, None waits for as long as it takes."""
        self._acquire(ref, threading.current_thread(), timeout)
        try:
            yield
        finally:
            self._release(ref)

    def recall(self, thread: Thread) -> None:
        """Have a thread that waits, or is about to, give up: its job was cancelled."""
        with self._changed:
            self._recalled.add(thread)
            self._changed.notify_all()

    def forget(self, thread: Thread) -> None:
        """The thread's job is over."""
        with self._changed:
            self._recalled.discard(thread)

    def _acquire(self, ref: TableRef, me: Thread, timeout: float | None) -> None:
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while (holder := self._held.get(ref, (me, 0)))[0] != me:
                if me in self._recalled:
                    raise _aborted(ref, "the job was cancelled while it waited")
                if self._closes_a_circle(ref, me):
                    raise _aborted(ref, "two transactions wait for each other")
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    raise _aborted(ref, "the other writer did not finish in time")
                self._waiting[me] = ref
                try:
                    self._changed.wait(left)
                finally:
                    del self._waiting[me]
            self._held[ref] = (me, holder[1] + 1)

    def _closes_a_circle(self, ref: TableRef, me: Thread) -> bool:
        wanted: TableRef | None = ref
        while wanted is not None and wanted in self._held:
            owner = self._held[wanted][0]
            if owner == me:
                return True
            wanted = self._waiting.get(owner)
        return False

    def _release(self, ref: TableRef) -> None:
        with self._changed:
            owner, depth = self._held[ref]
            if depth > 1:
                self._held[ref] = (owner, depth - 1)
            else:
                del self._held[ref]
                self._changed.notify_all()

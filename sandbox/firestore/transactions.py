"""Transactions: which moment their reads see, and whether what they read still holds when they commit.

Read-write transactions are optimistic: nobody waits for a lock. The one whose reads were overtaken is ABORTED when it
commits, and the client runs it again.
"""

import threading
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.firestore.clock import too_old
from sandbox.firestore.errors import aborted, invalid
from sandbox.firestore.protos import to_microseconds
from sandbox.firestore.queries import Query
from sandbox.firestore.running import run_whole
from sandbox.firestore.store import Store

LIFETIME_SECONDS = 270.0


@dataclass
class Transaction:
    """An open transaction. The moment of a read-write one is that of its first read."""

    id: bytes
    is_read_only: bool
    moment: int | None
    started: float = field(default_factory=time.monotonic)
    names: set[str] = field(default_factory=set)
    queries: list[Query] = field(default_factory=list)


@dataclass(frozen=True)
class Consistency:
    """What a read was asked to be consistent with: a moment, perhaps in a transaction, perhaps a new one."""

    moment: int
    transaction: Transaction | None = None
    new_id: bytes = b""

    def note(self, names: Iterable[str] = (), query: Query | None = None) -> None:
        """Remember what a read-write transaction reads."""
        if self.transaction and not self.transaction.is_read_only:
            self.transaction.names.update(names)
            if query:
                self.transaction.queries.append(query)


class Transactions:
    """All open transactions."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._open: dict[bytes, Transaction] = {}
        self._known: set[bytes] = set()

    def begin(self, options: Any) -> Transaction:
        """Open a transaction."""
        is_read_only = options.HasField("read_only")
        moment = None
        if is_read_only:
            asked = options.read_only
            moment = self._read_at(asked.read_time) if asked.HasField("read_time") else self._store.clock.read()
        transaction = Transaction(uuid.uuid4().bytes, is_read_only, moment)
        with self._lock:
            deadline = time.monotonic() - LIFETIME_SECONDS
            for old in [old.id for old in self._open.values() if old.started < deadline]:
                del self._open[old]
            self._open[transaction.id] = transaction
            self._known.add(transaction.id)
        return transaction

    def close(self, transaction_id: bytes) -> Transaction:
        """End a transaction and return it for the commit."""
        with self._lock:
            self._find(transaction_id)
            return self._open.pop(transaction_id)

    def rollback(self, transaction_id: bytes) -> None:
        """End a transaction without a commit; one that is closed already stays closed."""
        with self._lock:
            if transaction_id not in self._known:
                raise invalid("Invalid transaction.")
            self._open.pop(transaction_id, None)

    def _find(self, transaction_id: bytes) -> Transaction:
        if transaction_id not in self._known:
            raise invalid("Invalid transaction.")
        if transaction_id not in self._open:
            raise invalid("Transaction is invalid or closed.")
        return self._open[transaction_id]

    def _read_at(self, timestamp: Any) -> int:
        if timestamp.nanos % 1000:
            raise invalid("timestamp cannot have more than microseconds precision")
        return self._store.clock.read_at(to_microseconds(timestamp))

    def consistency_of(self, request: Any) -> Consistency:
        """Resolve the consistency selector of a read request."""
        selector = request.WhichOneof("consistency_selector")
        if selector == "read_time":
            return Consistency(self._read_at(request.read_time))
        if selector == "new_transaction":
            transaction = self.begin(request.new_transaction)
            return Consistency(self._moment_of(transaction), transaction, transaction.id)
        if selector == "transaction":
            with self._lock:
                transaction = self._find(request.transaction)
            return Consistency(self._moment_of(transaction), transaction)
        return Consistency(self._store.clock.read())

    def _moment_of(self, transaction: Transaction) -> int:
        if transaction.moment is None:
            transaction.moment = self._store.clock.read()
        if transaction.moment < self._store.clock.oldest():
            raise too_old()
        return transaction.moment

    def check(self, transaction: Transaction, has_writes: bool, moment: int) -> None:
        """Refuse a commit whose transaction read what has changed since; call it inside the commit."""
        if transaction.is_read_only:
            if has_writes:
                raise invalid("Cannot modify entities in a read-only transaction.")
            return
        seen = transaction.moment
        if seen is None or not has_writes or self._store.latest <= seen:
            return
        if any(self._store.changed_after(name, seen) for name in transaction.names):
            raise aborted("Too much contention on these documents. Please try again.")
        for query in transaction.queries:
            if _versions(self._store, query, seen) != _versions(self._store, query, moment):
                raise aborted("Too much contention on the documents of a query. Please try again.")


def _versions(store: Store, query: Query, moment: int) -> list[tuple[str, int]]:
    return [(found.name, to_microseconds(found.update_time)) for found in run_whole(store, query, moment)]

"""Listen: a stream that tells a client what its targets look like now, and every change after each commit."""

import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.firestore.errors import FirestoreError, invalid, not_implemented
from sandbox.firestore.paths import check_document_name
from sandbox.firestore.protos import ListenResponse, TargetChange, to_microseconds, to_timestamp
from sandbox.firestore.queries import Query, compile_query
from sandbox.firestore.running import run
from sandbox.firestore.store import Store

_Type = TargetChange.TargetChangeType
_END = object()
_COMMIT = object()


class CommitFeed:
    """Wakes every open Listen stream after a commit."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queues: set[queue.SimpleQueue[Any]] = set()

    def subscribe(self) -> "queue.SimpleQueue[Any]":
        """Return a queue that gets an entry after every commit."""
        events: queue.SimpleQueue[Any] = queue.SimpleQueue()
        with self._lock:
            self._queues.add(events)
        return events

    def unsubscribe(self, events: "queue.SimpleQueue[Any]") -> None:
        """Stop feeding a queue."""
        with self._lock:
            self._queues.discard(events)

    def publish(self, changed: frozenset[str]) -> None:
        """Tell all streams which documents have changed."""
        with self._lock:
            for events in self._queues:
                events.put((_COMMIT, changed))


@dataclass
class Target:
    """What a client listens to, and the versions it has been told."""

    id: int
    once: bool
    query: Query | None
    names: tuple[str, ...]
    told: dict[str, int] = field(default_factory=dict)

    def concerns(self, changed: frozenset[str]) -> bool:
        """Say whether a change of these documents can change the target's result."""
        if self.query is None:
            return not changed.isdisjoint(self.names)
        if self.query.all_descendants or not self.query.collection_id:
            return any(name.startswith(self.query.parent + "/") for name in changed)
        return any(name.rpartition("/")[0] == self.query.collection for name in changed)

    def read(self, store: Store, moment: int) -> dict[str, Any]:
        """Return the target's documents at a moment, by name, in order."""
        if self.query is not None:
            return {document.name: document for document in run(store, self.query, moment)}
        found = {name: store.get(name, moment) for name in self.names}
        return {name: document for name, document in found.items() if document is not None}


def _versions(documents: dict[str, Any]) -> dict[str, int]:
    return {name: to_microseconds(document.update_time) for name, document in documents.items()}


class ListenStream:
    """One client's stream: its targets, and what to answer to requests and commits."""

    def __init__(self, store: Store, feed: CommitFeed) -> None:
        self._store = store
        self._feed = feed
        self._events = feed.subscribe()
        self._targets: dict[int, Target] = {}

    def close(self) -> None:
        """End the stream, from any thread."""
        self._events.put(_END)

    def _pump(self, requests: Iterable[Any]) -> None:
        try:
            for request in requests:
                self._events.put(request)
        except Exception:  # noqa: BLE001 gRPC raises a bare Exception when the client is gone: that is the end
            pass
        self.close()

    def responses(self, requests: Iterable[Any]) -> Iterator[Any]:
        """Answer requests and commits until the client leaves."""
        threading.Thread(target=self._pump, args=(requests,), daemon=True).start()
        try:
            while (event := self._events.get()) is not _END:
                if isinstance(event, tuple):
                    yield from self._after_commit(event[1])
                elif event.WhichOneof("target_change") == "add_target":
                    yield from self._add(event.add_target)
                elif event.WhichOneof("target_change") == "remove_target":
                    if self._targets.pop(event.remove_target, None):
                        yield _target_change(_Type.REMOVE, event.remove_target)
                else:
                    raise invalid("A Listen request needs a target change.")
        finally:
            self._feed.unsubscribe(self._events)

    def _add(self, proto: Any) -> Iterator[Any]:
        kind = proto.WhichOneof("target_type")
        if kind == "query":
            query = compile_query(proto.query.parent, proto.query.structured_query)
            target = Target(proto.target_id or 1, proto.once, query, ())
        elif kind == "documents":
            names = tuple(check_document_name(name) for name in proto.documents.documents)
            target = Target(proto.target_id or 1, proto.once, None, names)
        else:
            raise not_implemented(f"Listen targets of type {kind}")
        self._targets[target.id] = target
        yield _target_change(_Type.ADD, target.id)
        yield from self._resume(target, proto)
        moment = self._store.clock.read()
        yield from self._changes(target, moment)
        yield _target_change(_Type.CURRENT, target.id, moment)
        if target.once:
            del self._targets[target.id]
            yield _target_change(_Type.REMOVE, target.id, moment)
        yield _consistent(moment)

    def _resume(self, target: Target, proto: Any) -> Iterator[Any]:
        """Take up where an earlier stream ended, or start over when that is too long ago."""
        kind = proto.WhichOneof("resume_type")
        if kind is None or (kind == "resume_token" and not proto.resume_token):
            return
        try:
            since = int(proto.resume_token) if kind == "resume_token" else to_microseconds(proto.read_time)
            target.told = _versions(target.read(self._store, self._store.clock.read_at(since)))
        except (FirestoreError, ValueError):
            yield _target_change(_Type.RESET, target.id)

    def _after_commit(self, changed: frozenset[str]) -> Iterator[Any]:
        concerned = [target for target in self._targets.values() if target.concerns(changed)]
        if not concerned:
            return
        moment = self._store.clock.read()
        for target in concerned:
            yield from self._changes(target, moment)
        yield _consistent(moment)

    def _changes(self, target: Target, moment: int) -> Iterator[Any]:
        """Tell what differs between the target now and what was told."""
        documents = target.read(self._store, moment)
        versions = _versions(documents)
        for name in target.told.keys() - versions.keys():
            kind = "document_remove" if self._store.get(name, moment) is not None else "document_delete"
            gone = {"document": name, "removed_target_ids": [target.id], "read_time": to_timestamp(moment)}
            yield ListenResponse(**{kind: gone})
        for name, document in documents.items():
            if target.told.get(name) != versions[name]:
                yield ListenResponse(document_change={"document": document, "target_ids": [target.id]})
        target.told = versions


def _target_change(kind: Any, target_id: int, moment: int | None = None) -> Any:
    change = TargetChange(target_change_type=kind, target_ids=[target_id])
    if moment is not None:
        change.read_time.CopyFrom(to_timestamp(moment))
        change.resume_token = str(moment).encode()
    return ListenResponse(target_change=change)


def _consistent(moment: int) -> Any:
    """Say that everything up to a moment has been told, for all targets."""
    return ListenResponse(target_change=TargetChange(read_time=to_timestamp(moment), resume_token=str(moment).encode()))

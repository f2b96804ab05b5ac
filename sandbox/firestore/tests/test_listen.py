"""Listen, as the client's ``on_snapshot`` sees it."""

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

Changes = list[tuple[str, str]]


@contextmanager
def listening(target: Any) -> Iterator[Callable[[], tuple[list[str], Changes]]]:
    """Listen to a target; yield a function that waits for the next snapshot: its ids and what has changed."""
    snapshots: queue.Queue[tuple[list[str], Changes]] = queue.Queue()

    def note(documents: Any, changes: Any, read_time: Any) -> None:
        assert read_time
        found = [(change.type.name, change.document.id) for change in changes]
        snapshots.put(([document.id for document in documents], sorted(found)))

    watch = target.on_snapshot(note)
    try:
        yield lambda: snapshots.get(timeout=15)
    finally:
        watch.unsubscribe()


def test_query_snapshots(client: firestore.Client) -> None:
    limits = client.collection("limits")
    limits.document("a").set({"n": 1})
    limits.document("far").set({"n": 99})
    near = limits.where(filter=FieldFilter("n", "<", 10)).order_by("n")
    with listening(near) as next_snapshot:
        assert next_snapshot() == (["a"], [("ADDED", "a")])
        limits.document("b").set({"n": 0})
        assert next_snapshot() == (["b", "a"], [("ADDED", "b")])
        limits.document("b").update({"n": 5})
        assert next_snapshot() == (["a", "b"], [("MODIFIED", "b")])
        client.document("elsewhere/x").set({"n": 1})
        limits.document("far").update({"n": 98})
        limits.document("a").update({"n": 50})
        assert next_snapshot() == (["b"], [("REMOVED", "a")])
        limits.document("b").delete()
        assert next_snapshot() == ([], [("REMOVED", "b")])


def test_document_snapshots(client: firestore.Client) -> None:
    document = client.document("limits/a")
    document.set({"n": 1})
    with listening(document) as next_snapshot:
        assert next_snapshot() == (["a"], [("ADDED", "a")])
        document.update({"n": 2})
        assert next_snapshot() == (["a"], [("MODIFIED", "a")])
        document.delete()
        assert next_snapshot() == ([], [("REMOVED", "a")])


def test_a_limited_query_moves_up(client: firestore.Client) -> None:
    limits = client.collection("limits")
    for name in "abc":
        limits.document(name).set({"n": 1})
    with listening(limits.order_by("n").limit(2)) as next_snapshot:
        assert next_snapshot()[0] == ["a", "b"]
        limits.document("a").delete()
        assert next_snapshot() == (["b", "c"], [("ADDED", "c"), ("REMOVED", "a")])


def test_a_batch_is_one_snapshot(client: firestore.Client) -> None:
    limits = client.collection("limits")
    with listening(limits) as next_snapshot:
        assert next_snapshot() == ([], [])
        batch = client.batch()
        for name in "abc":
            batch.set(limits.document(name), {"n": 1})
        batch.commit()
        assert next_snapshot() == (["a", "b", "c"], [("ADDED", "a"), ("ADDED", "b"), ("ADDED", "c")])

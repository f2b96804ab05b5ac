"""``read_time`` on every kind of read, and the hour it reaches back."""

import datetime as dt
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import firestore

from sandbox.firestore.tests.servers import connect


@pytest.fixture
def before(client: firestore.Client) -> dt.datetime:
    """Return a moment after which everything has changed: one updated, one deleted, one added."""
    limits = client.collection("limits")
    limits.document("kept").set({"n": 1})
    result = limits.document("gone").set({"n": 2})
    limits.document("gone").collection("history").document("x").set({"n": 3})
    moment: dt.datetime = limits.document("kept").set({"n": 10}).update_time
    time.sleep(0.005)
    assert result.update_time < moment
    limits.document("kept").update({"n": 100})
    limits.document("gone").delete()
    limits.document("gone").collection("history").document("x").delete()
    limits.document("new").set({"n": 4})
    limits.document("newer").set({"n": 5})
    return moment


def _both(client: firestore.Client, moment: dt.datetime, read: Callable[..., Any]) -> tuple[Any, Any]:
    return read(client, read_time=moment), read(client)


def _get(client: firestore.Client, **kwargs: Any) -> Any:
    return client.document("limits/kept").get(**kwargs).to_dict()


def _get_all(client: firestore.Client, **kwargs: Any) -> Any:
    names = [client.document(f"limits/{name}") for name in ("kept", "gone", "new")]
    return {snapshot.id: snapshot.exists for snapshot in client.get_all(names, **kwargs)}


def _query(client: firestore.Client, **kwargs: Any) -> Any:
    return [(found.id, found.get("n")) for found in client.collection("limits").order_by("n").stream(**kwargs)]


def _group(client: firestore.Client, **kwargs: Any) -> Any:
    return [found.id for found in client.collection_group("history").stream(**kwargs)]


def _count(client: firestore.Client, **kwargs: Any) -> Any:
    query = client.collection("limits").count(alias="n")
    return {row.alias: row.value for row in query.get(**kwargs)[0]}


@pytest.mark.parametrize(
    ("read", "then", "now"),
    [
        (_get, {"n": 10}, {"n": 100}),
        (_get_all, {"kept": True, "gone": True, "new": False}, {"kept": True, "gone": False, "new": True}),
        (_query, [("gone", 2), ("kept", 10)], [("new", 4), ("newer", 5), ("kept", 100)]),
        (_group, ["x"], []),
        (_count, {"n": 2}, {"n": 3}),
    ],
)
def test_reads_then_and_now(
    client: firestore.Client, before: dt.datetime, read: Callable[..., Any], then: Any, now: Any
) -> None:
    assert _both(client, before, read) == (then, now)


def test_the_servers_read_time_can_be_read_at_again(client: firestore.Client) -> None:
    document = client.document("limits/a")
    document.set({"n": 1})
    moment = client.document("limits/nobody").get().read_time
    document.set({"n": 2})
    assert document.get(read_time=moment).to_dict() == {"n": 1}


@pytest.mark.parametrize("ahead", [dt.timedelta(seconds=10), dt.timedelta(days=1)])
def test_the_future_is_refused(client: firestore.Client, ahead: dt.timedelta) -> None:
    with pytest.raises(exceptions.InvalidArgument, match="future"):
        client.document("limits/a").get(read_time=dt.datetime.now(dt.UTC) + ahead)


@pytest.mark.parametrize("read", [_get, _get_all, _query, _count])
def test_more_than_an_hour_ago_is_refused(our_client: firestore.Client, read: Callable[..., Any]) -> None:
    # The Java emulator reads at any moment; the real service answers so.
    with pytest.raises(exceptions.FailedPrecondition, match="too old"):
        read(our_client, read_time=dt.datetime.now(dt.UTC) - dt.timedelta(minutes=61))
    read(our_client, read_time=dt.datetime.now(dt.UTC) - dt.timedelta(minutes=59))


def test_a_read_never_sees_half_a_commit(ours: str, project: str) -> None:
    stop = threading.Event()

    def write() -> None:
        client = connect(ours, project)
        version = 0
        while not stop.is_set():
            version += 1
            batch = client.batch()
            for name in range(20):
                batch.set(client.document(f"limits/{name}"), {"version": version})
            batch.commit()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        reader = connect(ours, project)
        moments = []
        for _ in range(40):
            found = list(reader.collection("limits").stream())
            assert len({snapshot.get("version") for snapshot in found}) <= 1
            if found:
                moments.append((found[0].read_time, found[0].get("version")))
        for moment, version in moments[-10:]:
            again = reader.collection("limits").stream(read_time=moment)
            assert {snapshot.get("version") for snapshot in again} == {version}
    finally:
        stop.set()
        writer.join()

"""Collection groups, listings, aggregations, the async client."""

import asyncio
from typing import Any

import pytest
from google.cloud import firestore
from google.cloud.firestore_v1.base_aggregation import AggregationResult

from sandbox.firestore.tests.asking import ids, numbered, where


@pytest.fixture
def histories(client: firestore.Client) -> firestore.Client:
    """Return a client of a database with nested collections named ``history``."""
    for path, version in {"a/1/history/x": 1, "a/2/history/y": 2, "history/z": 3, "a/1/b/2/history/w": 4}.items():
        client.document(path).set({"v": version})
    client.document("a!/1/history/q").set({"v": 5})
    client.document("a/1").set({"v": 9})
    return client


def test_collection_group(histories: firestore.Client) -> None:
    group = histories.collection_group("history")
    paths = [snapshot.reference.path for snapshot in group.stream()]
    assert paths == ["a/1/b/2/history/w", "a/1/history/x", "a/2/history/y", "a!/1/history/q", "history/z"]
    assert ids(group.where(filter=where("v", ">=", 2)).order_by("v", direction="DESCENDING")) == ["q", "w", "z", "y"]
    assert ids(group.order_by("v").limit(2)) == ["x", "y"]
    assert group.count().get()[0][0].value == 5


def test_partitions_cover_a_group_once(our_client: firestore.Client) -> None:
    batch = our_client.batch()
    for at in range(30):
        batch.set(our_client.document(f"a/{at}/history/x"), {"v": at})
    batch.commit()
    partitions = list(our_client.collection_group("history").get_partitions(4))
    assert len(partitions) == 5  # four cursors make five parts
    found = [snapshot.get("v") for partition in partitions for snapshot in partition.query().stream()]
    assert sorted(found) == list(range(30))


def test_collections_of_a_parent(histories: firestore.Client) -> None:
    assert [collection.id for collection in histories.collections()] == ["a", "a!", "history"]
    assert [collection.id for collection in histories.document("a/1").collections()] == ["b", "history"]
    assert list(histories.document("history/z").collections()) == []


def test_list_documents_shows_missing_ones(histories: firestore.Client) -> None:
    assert [document.id for document in histories.collection("a").list_documents(page_size=1)] == ["1", "2"]


def test_list_documents_by_pages(limits: firestore.CollectionReference) -> None:
    assert [document.id for document in limits.list_documents(page_size=7)] == numbered(*range(40))


def test_aggregations(limits: firestore.CollectionReference) -> None:
    assert limits.count().get()[0][0].value == 40
    assert limits.limit(7).count().get()[0][0].value == 7
    query = limits.where(filter=where("team", "==", "team-1"))
    wanted = query.count(alias="n").sum("max", alias="s").avg("max", alias="a")
    assert _values(wanted.get()) == {"n": 10, "s": 90, "a": 9.0}
    with_end = limits.count(alias="n").sum("ends", alias="s")
    assert _values(with_end.get()) == {"n": 4, "s": 60}
    nothing = limits.where(filter=where("team", "==", "nobody")).sum("max", alias="s").avg("max", alias="a")
    assert _values(nothing.get()) == {"s": 0, "a": 0.0}  # the average is null, which the client shows as 0.0


def _values(results: Any) -> dict[str, Any]:
    rows: list[AggregationResult] = results[0]
    return {row.alias: row.value for row in rows}


def test_a_sum_past_64_bits_is_a_double(client: firestore.Client) -> None:
    client.document("n/a").set({"v": 2**63 - 1})
    client.document("n/b").set({"v": 5})
    total = client.collection("n").sum("v", alias="s").get()[0][0].value
    assert isinstance(total, float) and total == float(2**63)


async def _stream(address: str, project: str) -> list[str]:
    client = firestore.AsyncClient(project=project)
    await client.document("limits/a").set({"v": 1})
    found = [snapshot.id async for snapshot in client.collection("limits").order_by("v").stream()]
    total = await client.collection("limits").count().get()
    assert total[0][0].value == len(found)
    return found


def test_async_client(address: str, project: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", address)
    assert asyncio.run(_stream(address, project)) == ["a"]


def test_recursive_delete(histories: firestore.Client) -> None:
    histories.recursive_delete(histories.collection("a"))
    assert [snapshot.get("v") for snapshot in histories.collection_group("history").stream()] == [5, 3]

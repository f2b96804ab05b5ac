"""Collection groups and counts."""

import pytest
from google.cloud import firestore

from sandbox.firestore.tests.asking import ids, where


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


def test_counts(limits: firestore.CollectionReference) -> None:
    assert limits.count().get()[0][0].value == 40
    assert limits.limit(7).count().get()[0][0].value == 7
    team = limits.where(filter=where("team", "==", "team-1"))
    assert [(row.alias, row.value) for row in team.count(alias="n").get()[0]] == [("n", 10)]
    assert limits.where(filter=where("team", "==", "nobody")).count().get()[0][0].value == 0

"""Writing and reading single documents: types, preconditions, masks, server times, what is refused."""

import datetime as dt
import math
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import firestore

from sandbox.firestore.tests.servers import connect

NOW = dt.datetime(2026, 11, 22, 10, 5, 0, 123456, tzinfo=dt.UTC)


def test_every_type_comes_back(client: firestore.Client) -> None:
    limit = client.document("limits/checkout")
    stored = {
        "int": 2**53 + 1,
        "float": 1.5,
        "bool": True,
        "null": None,
        "text": "é😀",
        "bytes": b"\x00\xff",
        "time": NOW,
        "map": {"a": {"b": [1, {"c": 2}]}, "with.dot": 1},
        "ref": limit,
        "geo": firestore.GeoPoint(52.5, -13.4),
        "empty": {"list": [], "map": {}},
    }
    limit.set(stored)
    snapshot = limit.get()
    assert snapshot.to_dict() == stored
    assert snapshot.create_time == snapshot.update_time <= snapshot.read_time


def test_nan_and_infinity_come_back(client: firestore.Client) -> None:
    document = client.document("limits/odd")
    document.set({"nan": math.nan, "low": -math.inf})
    found = document.get().to_dict()
    assert found and math.isnan(found["nan"]) and found["low"] == -math.inf


def test_missing_document(client: firestore.Client) -> None:
    snapshot = client.document("limits/nobody").get()
    assert not snapshot.exists and snapshot.read_time


def test_create_refuses_what_exists(client: firestore.Client) -> None:
    document = client.document("limits/a")
    document.create({"n": 1})
    with pytest.raises(exceptions.Conflict):
        document.create({"n": 2})
    assert document.get().to_dict() == {"n": 1}


def test_update_refuses_what_is_missing(client: firestore.Client) -> None:
    with pytest.raises(exceptions.NotFound):
        client.document("limits/nobody").update({"n": 1})


def test_a_stale_update_time_is_refused(client: firestore.Client) -> None:
    document = client.document("limits/a")
    first = document.set({"n": 1})
    document.set({"n": 2})
    stale = client.write_option(last_update_time=first.update_time)
    with pytest.raises(exceptions.FailedPrecondition):
        document.update({"n": 3}, option=stale)
    with pytest.raises(exceptions.FailedPrecondition):
        document.delete(option=stale)
    current = client.write_option(last_update_time=document.get().update_time)
    document.update({"n": 4}, option=current)
    assert document.get().to_dict() == {"n": 4}


def test_delete_only_what_exists(client: firestore.Client) -> None:
    document = client.document("limits/a")
    document.delete()
    with pytest.raises(exceptions.NotFound):
        document.delete(option=client.write_option(exists=True))


def test_a_write_that_changes_nothing_keeps_update_time(client: firestore.Client) -> None:
    document = client.document("limits/a")
    assert document.set({"n": 1}).update_time == document.set({"n": 1}).update_time
    assert document.set({"n": 1.0}).update_time > document.get().create_time


def test_a_new_life_has_a_new_create_time(client: firestore.Client) -> None:
    document = client.document("limits/a")
    document.set({"n": 1})
    first = document.get().create_time
    document.delete()
    document.set({"n": 1})
    assert document.get().create_time > first


def test_merge_and_field_paths(client: firestore.Client) -> None:
    document = client.document("limits/a")
    document.set({"a": {"x": 1, "y": 1}, "b": 1})
    document.set({"a": {"y": 2}, "c": [1]}, merge=True)
    document.update({"a.z": 3, "b": firestore.DELETE_FIELD, "`odd name`.in": 4})
    assert document.get().to_dict() == {"a": {"x": 1, "y": 2, "z": 3}, "c": [1], "odd name": {"in": 4}}
    document.set({"a": {"x": 9}}, merge=["a"])
    assert document.get().to_dict() == {"a": {"x": 9}, "c": [1], "odd name": {"in": 4}}


def test_a_path_through_a_scalar_replaces_it(client: firestore.Client) -> None:
    document = client.document("limits/a")
    document.set({"a": 5})
    document.update({"a.b": 1})
    assert document.get().to_dict() == {"a": {"b": 1}}
    document.set({"a": 5})
    document.update({"a.b": firestore.DELETE_FIELD})
    assert document.get().to_dict() == {"a": 5}


def test_server_timestamp_precedes_the_commit_and_is_one_for_all(client: firestore.Client) -> None:
    batch = client.batch()
    for name in ("a", "b"):
        batch.set(client.document(f"limits/{name}"), {"updated_at": firestore.SERVER_TIMESTAMP})
    results = batch.commit()
    stamps = {client.document(f"limits/{name}").get().get("updated_at") for name in ("a", "b")}
    assert len(stamps) == 1
    stamp = stamps.pop()
    assert stamp <= results[0].update_time and stamp.microsecond % 1000 == 0


def test_a_batch_is_all_or_nothing(client: firestore.Client) -> None:
    batch = client.batch()
    batch.set(client.document("limits/a"), {"n": 1})
    batch.update(client.document("limits/nobody"), {"n": 1})
    with pytest.raises(exceptions.NotFound):
        batch.commit()
    assert not client.document("limits/a").get().exists


def test_writes_of_a_batch_follow_each_other(client: firestore.Client) -> None:
    document = client.document("limits/a")
    batch = client.batch()
    batch.set(document, {"n": 1})
    batch.update(document, {"n": 2})
    batch.delete(document)
    batch.set(document, {"m": 1})
    batch.commit()
    assert document.get().to_dict() == {"m": 1}


def _nested(depth: int) -> Any:
    return {"m": _nested(depth - 1)} if depth else 1


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        pytest.param("limits/__x__", {}, id="reserved id"),
        pytest.param("limits/.", {}, id="dot id"),
        pytest.param("limits/" + "x" * 1501, {}, id="long id"),
        pytest.param("limits/a", {"__x__": 1}, id="reserved field"),
        pytest.param("limits/a", {"m": {"__x__": 1}}, id="reserved field in a map"),
        pytest.param("limits/a", {"a": [[1]]}, id="array in an array"),
        pytest.param("limits/a", {"a": _nested(21)}, id="too deep"),
        pytest.param("limits/a", {"a": "x" * (1 << 20)}, id="too large"),
    ],
)
def test_refused(client: firestore.Client, path: str, fields: dict[str, Any]) -> None:
    with pytest.raises(exceptions.InvalidArgument):
        client.document(path).set(fields)


def test_the_largest_that_fits(client: firestore.Client) -> None:
    client.document("limits/a").set({"a": "x" * ((1 << 20) - 100)})
    client.document("limits/b").set({"a": _nested(20)})


def test_databases_are_apart(address: str, project: str) -> None:
    named, default = connect(address, project, "ped"), connect(address, project)
    named.document("limits/a").set({"in": "ped"})
    assert not default.document("limits/a").get().exists
    assert [snapshot.id for snapshot in named.collection("limits").stream()] == ["a"]
    assert list(default.collection("limits").stream()) == []


def test_get_all_with_masks_and_missing_ones(client: firestore.Client) -> None:
    client.document("limits/a").set({"x": 1, "m": {"y": 2, "z": 3}})
    names = [client.document(f"limits/{name}") for name in ("a", "nobody", "a")]
    found = {snapshot.id: snapshot.to_dict() for snapshot in client.get_all(names, field_paths=["m.y"])}
    assert found == {"a": {"m": {"y": 2}}, "nobody": None}
    assert client.document("limits/a").get(["x"]).to_dict() == {"x": 1}


def test_a_commit_of_another_database_is_refused(our_client: firestore.Client) -> None:
    batch = our_client.batch()
    batch.set(our_client.document("limits/a"), {})
    batch._write_pbs[0]._pb.update.name = "projects/other/databases/(default)/documents/limits/a"
    with pytest.raises(exceptions.InvalidArgument):
        batch.commit()

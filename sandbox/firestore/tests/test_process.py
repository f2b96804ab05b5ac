"""The stand-in as a process: start, stop, what survives, faults, and what it refuses by name."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter
from google.cloud.firestore_v1.base_vector_query import DistanceMeasure
from google.cloud.firestore_v1.query_profile import ExplainOptions
from google.cloud.firestore_v1.vector import Vector

from sandbox.firestore.tests.servers import connect, stand_in, start_stand_in, stop


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stops_cleanly(number: int, tmp_path: Path) -> None:
    process, address = start_stand_in("--data", str(tmp_path))
    assert address.startswith("127.0.0.1:")
    connect(address, "p").document("limits/a").set({})
    assert stop(process, number) == 0


def test_a_taken_port_is_one_line_and_status_1() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [sys.executable, "-m", "sandbox.firestore", "--port", str(taken.getsockname()[1])]
        run = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert run.returncode == 1 and run.stdout == "" and "cannot listen" in run.stderr


def test_what_was_committed_survives_kill_9(tmp_path: Path) -> None:
    process, address = start_stand_in("--data", str(tmp_path))
    client = connect(address, "p")
    first = client.document("limits/a").set({"n": 1})
    client.document("limits/a").set({"n": 2})
    client.document("limits/b").set({"n": 3})
    client.document("limits/b").delete()
    stop(process, signal.SIGKILL)
    with stand_in("--data", str(tmp_path)) as address:
        client = connect(address, "p")
        limits = client.collection("limits")
        assert [snapshot.to_dict() for snapshot in limits.order_by("n").stream()] == [{"n": 2}]
        assert client.document("limits/a").get(read_time=first.update_time).to_dict() == {"n": 1}
        assert client.document("limits/c").set({}).update_time > first.update_time


def test_without_a_folder_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with stand_in() as address:
        connect(address, "p").document("limits/a").set({"n": 1})
        assert os.listdir(tmp_path)
    assert not os.listdir(tmp_path)


def _call(control: str, method: str, fault: dict[str, Any] | None = None) -> int:
    body = json.dumps(fault).encode() if fault is not None else None
    request = urllib.request.Request(control + "/fault", data=body, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_faults_hit_as_set() -> None:
    process, address = start_stand_in("--control-port", "0")
    try:
        assert process.stdout
        control = process.stdout.readline().split()[1]
        client = connect(address, "p")
        client.document("limits/a").set({"n": 1})
        limits = client.collection("limits")

        assert _call(control, "PUT", {"code": "PERMISSION_DENIED", "methods": ["RunQuery"], "times": 2}) == 200
        assert client.document("limits/a").get().exists
        for _ in range(2):
            with pytest.raises(exceptions.PermissionDenied):
                limits.get(retry=None)
        assert len(limits.get()) == 1

        assert _call(control, "PUT", {"code": "UNAVAILABLE"}) == 200
        with pytest.raises(exceptions.ServiceUnavailable):
            client.document("limits/a").get(retry=None)
        assert _call(control, "DELETE") == 200
        assert client.document("limits/a").get().exists

        assert _call(control, "PUT", {"code": "UNAVAILABLE", "methods": ["BatchGetDocuments"], "times": 1}) == 200
        assert client.document("limits/a").get().exists  # the client's own retry gets through

        assert _call(control, "PUT", {"delay_seconds": 0.3, "times": 1}) == 200
        started = time.monotonic()
        assert client.document("limits/a").get().exists
        assert time.monotonic() - started >= 0.3

        assert _call(control, "PUT", {"code": "NONSENSE"}) == 400
        assert _call(control, "PUT", {"codes": "UNAVAILABLE"}) == 400
        assert client.document("limits/a").get().exists
    finally:
        assert stop(process) == 0


def test_what_is_not_implemented_says_so(our_client: firestore.Client) -> None:
    limits = our_client.collection("limits")
    with pytest.raises(exceptions.MethodNotImplemented, match="vector search"):
        limits.find_nearest("v", Vector([1.0]), limit=1, distance_measure=DistanceMeasure.EUCLIDEAN).get()
    with pytest.raises(exceptions.MethodNotImplemented, match="explain"):
        list(limits.stream(explain_options=ExplainOptions(analyze=True)))
    for asked, named in (
        (lambda: list(our_client.collections()), "ListCollectionIds"),
        (lambda: limits.document("a").set({"n": firestore.Increment(1)}), "the transform increment"),
        (lambda: limits.where(filter=FieldFilter("n", "!=", 1)).get(), "the filter NOT_EQUAL"),
        (lambda: limits.where(filter=FieldFilter("n", "==", None)).get(), "unary_filter"),
        (lambda: limits.sum("n").get(), "the aggregation sum"),
        (lambda: our_client.transaction()._begin(), "BeginTransaction"),
    ):
        with pytest.raises(exceptions.MethodNotImplemented, match=named):
            asked()


def test_vectors_are_kept_between_arrays_and_maps(our_client: firestore.Client) -> None:
    values = our_client.collection("values")
    for name, value in (("d", {"a": 1}), ("c", Vector([0.5, -1.0])), ("b", Vector([2.0])), ("a", [9])):
        values.document(name).set({"v": value})
    found = list(values.order_by("v").stream())
    assert [(one.id, one.get("v")) for one in found][1:3] == [("b", Vector([2.0])), ("c", Vector([0.5, -1.0]))]
    assert [one.id for one in found] == ["a", "b", "c", "d"]
    with pytest.raises(exceptions.InvalidArgument, match="must be a vector"):
        values.document("e").set({"v": {"__type__": "other"}})


def test_readers_go_on_while_a_large_batch_is_written(ours: str, project: str) -> None:
    writer = connect(ours, project)
    writer.document("limits/first").set({"n": -1})
    done = threading.Event()

    def write() -> None:
        batch = writer.batch()
        for at in range(3000):
            batch.set(writer.document(f"limits/{at}"), {"n": at, "text": "x" * 100})
        batch.commit()
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    reader, seen = connect(ours, project), set()
    while not done.is_set():
        seen.add(reader.collection("limits").count().get()[0][0].value)
    thread.join()
    assert seen <= {1, 3001} and 1 in seen

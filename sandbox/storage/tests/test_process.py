"""The stand-in as a process, plain HTTP, and Airflow's hook."""

import gzip
import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from google.cloud import storage

from sandbox.storage.tests.conftest import connect, start, stop

ROWS = b'{"replicas": 3}\n' * 50


def _http(address: str, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    return response.status, dict(response.headers), response.read()


def test_buckets_named_at_start_are_there(client: storage.Client) -> None:
    assert client.bucket("given").exists() and not client.bucket("not-given").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stops_cleanly(number: int) -> None:
    process, address = start()
    assert address.startswith("http://127.0.0.1:")
    assert stop(process, number) == 0


def test_a_taken_port_is_one_line_and_status_1() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [sys.executable, "-m", "sandbox.storage", "--port", str(taken.getsockname()[1])]
        run = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert run.returncode == 1 and run.stdout == "" and "cannot listen" in run.stderr


def test_objects_in_a_folder_survive_a_restart(tmp_path: Path) -> None:
    process, address = start("--data", str(tmp_path), "--bucket", "kept")
    connect(address).bucket("kept").blob("a/b").upload_from_string("before")
    assert stop(process) == 0
    process, address = start("--data", str(tmp_path), "--bucket", "kept")
    assert connect(address).bucket("kept").blob("a/b").download_as_text() == "before"
    connect(address).bucket("kept").blob("a/c").upload_from_string("later")
    time.sleep(1.2)  # the index is written twice a second
    stop(process, signal.SIGKILL)
    process, address = start("--data", str(tmp_path))
    assert connect(address).bucket("kept").blob("a/c").download_as_text() == "later"
    assert stop(process) == 0


def test_plain_http_upload_and_download(address: str, bucket: storage.Bucket) -> None:
    packed = gzip.compress(ROWS)
    name = "obs/hour=2026112210/eu-1.1.ndjson.gz"
    upload = f"/upload/storage/v1/b/{bucket.name}/o?uploadType=media&name={quote(name, safe='')}"
    status, _, body = _http(address, "POST", upload, packed, Content_Type="application/gzip")
    assert status == 200 and json.loads(body)["size"] == str(len(packed))
    media = f"/storage/v1/b/{bucket.name}/o/{quote(name, safe='')}?alt=media"
    status, headers, body = _http(address, "GET", media)
    assert (status, body) == (200, packed) and "Content-Encoding" not in headers
    status, _, _ = _http(address, "POST", upload + "&ifGenerationMatch=0", packed)
    assert status == 412


@pytest.mark.parametrize("how", ["header", "parameter"])
def test_plain_http_upload_with_a_content_encoding(address: str, bucket: storage.Bucket, how: str) -> None:
    packed = gzip.compress(ROWS)
    upload = f"/upload/storage/v1/b/{bucket.name}/o?uploadType=media&name=rows"
    headers = {"Content_Type": "application/x-ndjson"} | ({"Content_Encoding": "gzip"} if how == "header" else {})
    status, _, body = _http(
        address, "POST", upload + ("&contentEncoding=gzip" if how == "parameter" else ""), packed, **headers
    )
    resource = json.loads(body)
    assert status == 200 and resource["contentEncoding"] == "gzip"
    assert resource["contentType"] == "application/x-ndjson" and resource["size"] == str(len(packed))
    media = f"/storage/v1/b/{bucket.name}/o/rows?alt=media"
    _, answered, body = _http(address, "GET", media, Accept_Encoding="gzip")
    assert answered["Content-Encoding"] == "gzip" and body == packed
    _, answered, body = _http(address, "GET", media)
    assert "Content-Encoding" not in answered and body == ROWS


def test_an_idle_connection_keeps_nobody_waiting(address: str, client: storage.Client) -> None:
    host, port = urlsplit(address).netloc.split(":")
    with socket.create_connection((host, int(port))) as idle:
        idle.sendall(b"POST /upload/storage/v1/b/given/o?uploadType=media&name=x HTTP/1.1\r\nContent-Length: 9\r\n\r\n")
        client.bucket("given").blob("other").upload_from_string("not blocked", timeout=5, retry=None)


def test_airflows_hook(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {"project": "demo", "is_anonymous": True}
    connection = {"conn_type": "google_cloud_platform", "extra": extra}
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", json.dumps(connection))
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", address)
    from airflow.providers.google.cloud.hooks.gcs import GCSHook  # slow to import, and only this test needs it

    hook = GCSHook()
    hook.upload("given", "hook/a.json", data=b'{"a": 1}', mime_type="application/json")
    (tmp_path / "b.txt").write_text("from a file")
    hook.upload("given", "hook/b.txt", filename=str(tmp_path / "b.txt"))
    assert hook.list("given", prefix="hook/") == ["hook/a.json", "hook/b.txt"]
    assert hook.list("given", match_glob="hook/*.json") == ["hook/a.json"]
    assert hook.download("given", "hook/a.json") == b'{"a": 1}'
    assert hook.exists("given", "hook/b.txt") and not hook.exists("given", "hook/c")
    hook.delete("given", "hook/a.json")
    assert hook.list("given", prefix="hook/") == ["hook/b.txt"]

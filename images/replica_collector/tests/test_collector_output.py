"""Objects: where they are, that they are whole, and what happens when storage has a bad day."""

import base64
import email
import gzip
import hashlib
import importlib.util
import json
import os
import resource
import signal
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from collector_api_server import ApiServer, Behaviour, Exchange, serving
from collector_harness import MANIFEST, Collect

from replica_collector import __main__ as command
from replica_collector.credentials import Anonymous, StaticToken
from replica_collector.errors import OutputError
from replica_collector.gcs import BucketOutput
from replica_collector.output import FolderOutput
from replica_collector.spool import Spool

DATA = "obs/hour=2026010110/20260101T100500Z/eu-1.try-1.ndjson.gz"
TOLD = "manifests/hour=2026010110/20260101T100500Z/eu-1.try-1.ndjson"


def test_a_disk_that_takes_a_part_of_a_write_is_full() -> None:
    """Of the soak: the rest was left out, and the manifest vouched for half an object."""
    spool, before = Spool(), resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
    try:
        with pytest.raises(OutputError, match="cannot write to the temporary folder"):
            spool.write(os.urandom(20_000), 1)
            spool.finish()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
        spool.close()


def test_the_layout_of_a_folder(collect: Collect, tmp_path: Path) -> None:
    collect()
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {DATA, TOLD}
    assert (tmp_path / DATA).stat().st_mode & 0o777 == 0o644


def test_a_folder_that_cannot_be_written_is_status_3(
    collect: Collect, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert collect(output=FolderOutput((tmp_path / "file").as_uri())).status == 3
    assert json.loads(capfd.readouterr().err)["severity"] == "ERROR"


class Bucket:
    """Cloud Storage's JSON API for one bucket: multipart uploads, look-ups, and faults in front of them."""

    def __init__(self, server: ApiServer) -> None:
        self.objects: dict[str, bytes] = {}
        self.uploads: list[str] = []
        self.fault: Behaviour = lambda exchange: None
        self.after: Behaviour = lambda exchange: None
        self.server = server
        server.behaviour = self._answer

    def _answer(self, exchange: Exchange) -> bool:
        if self.fault(exchange):
            return True
        if exchange.handler.command == "GET":
            name = urllib.parse.unquote(exchange.path.removeprefix("/storage/v1/b/replicas/o/"))
            exchange.send(200, self._resource(name)) if name in self.objects else exchange.send(404, {})
            return True
        assert exchange.path == "/upload/storage/v1/b/replicas/o"
        assert exchange.query == {"uploadType": "multipart", "ifGenerationMatch": "0"}
        resource, content = _parts(exchange)
        self.uploads.append(name := resource["name"])
        if name in self.objects:
            exchange.send(412, {"error": {"message": "conditionNotMet"}})
            return True
        assert resource["md5Hash"] == _md5(content)
        self.objects[name] = content
        if not self.after(exchange):
            exchange.send(200, self._resource(name))
        return True

    def _resource(self, name: str) -> dict[str, str]:
        return {"name": name, "size": str(len(self.objects[name])), "md5Hash": _md5(self.objects[name])}


def _md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content).digest()).decode()


def _parts(exchange: Exchange) -> tuple[dict[str, str], bytes]:
    head = f"Content-Type: {exchange.handler.headers['Content-Type']}\r\n\r\n".encode()
    boundary = exchange.handler.headers["Content-Type"].partition("boundary=")[2].encode()
    _, first, second, end = exchange.body.split(b"--" + boundary)
    assert end.strip() == b"--" and email.message_from_bytes(head).is_multipart() is False
    resource = json.loads(first.partition(b"\r\n\r\n")[2])
    return resource, second.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    with serving() as server:
        yield Bucket(server)


def in_bucket(bucket: Bucket, prefix: str = "") -> BucketOutput:
    return BucketOutput(f"gs://replicas{prefix}", Anonymous(), {"STORAGE_EMULATOR_HOST": bucket.server.url})


@pytest.mark.parametrize("prefix", ["", "/some/where"])
def test_data_goes_before_the_manifest(collect: Collect, bucket: Bucket, prefix: str) -> None:
    assert collect(output=in_bucket(bucket, prefix)).status == 0
    folder = f"{prefix[1:]}/" if prefix else ""
    assert bucket.uploads == [folder + DATA, folder + TOLD]
    told = json.loads(bucket.objects[folder + TOLD])
    MANIFEST.validate(told)
    assert told["evidence_object"] == f"gs://replicas/{folder}{DATA}"
    assert bucket.server.connections == 1


def lost(exchange: Exchange) -> bool:
    """The object is stored, but its answer never arrives."""
    exchange.hang_up()
    return True


def test_an_upload_whose_answer_was_lost_is_recognised(collect: Collect, bucket: Bucket) -> None:
    losses = iter([lost, lost])
    bucket.after = lambda exchange: next(losses, lambda _: None)(exchange)
    assert collect(output=in_bucket(bucket)).status == 0
    assert bucket.uploads == [DATA, DATA, TOLD, TOLD]


def test_a_writer_who_may_not_read_trusts_its_own_name(collect: Collect, bucket: Bucket) -> None:
    losses = iter([lost])
    bucket.after = lambda exchange: next(losses, lambda _: None)(exchange)
    bucket.fault = lambda exchange: exchange.handler.command == "GET" and (exchange.send(403, {}) or True)
    assert collect(output=in_bucket(bucket)).status == 0


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_storage_weather_passes(collect: Collect, bucket: Bucket, status: int) -> None:
    bucket.fault = lambda exchange: exchange.count <= 2 and (exchange.send(status, b"", Retry_After="0") or True)
    assert collect(output=in_bucket(bucket)).status == 0
    assert set(bucket.objects) == {DATA, TOLD}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param((403, {"error": {"message": "no storage.objects.create"}}), id="forbidden"),
        pytest.param((404, {}), id="no-bucket"),
        pytest.param((503, b""), id="down"),
        pytest.param((200, b"<html>"), id="garbage"),
        pytest.param((200, {"size": "1", "md5Hash": ""}), id="other-size"),
        pytest.param((200, {"size": "0", "md5Hash": "AAAA"}), id="other-bytes"),
        pytest.param((307, b""), id="redirected"),
    ],
)
def test_without_its_data_object_no_manifest_is_written(collect: Collect, bucket: Bucket, answer: Any) -> None:
    bucket.fault = lambda exchange: exchange.send(*answer, Retry_After="0") or True
    assert collect(output=in_bucket(bucket)).status == 3
    assert bucket.objects == {}


def test_an_attempt_is_never_overwritten(collect: Collect, bucket: Bucket, capfd: pytest.CaptureFixture[str]) -> None:
    bucket.objects[DATA] = b"of another process"
    assert collect(output=in_bucket(bucket)).status == 3
    assert "--attempt" in capfd.readouterr().err
    assert bucket.objects == {DATA: b"of another process"}


def test_the_token_is_sent_to_storage_but_not_to_an_emulator(bucket: Bucket) -> None:
    assert isinstance(in_bucket(bucket)._credential, Anonymous)
    real = BucketOutput("gs://replicas", credential := StaticToken("t"), {})
    assert real._credential is credential and real._endpoint.host == "storage.googleapis.com"
    assert real._endpoint.tls is not None


def test_storage_that_hangs_ends_in_status_3(collect: Collect, bucket: Bucket) -> None:
    bucket.fault = lambda exchange: bucket.server.released.wait(20) or True
    assert collect(output=in_bucket(bucket), output_seconds=0.5).status == 3


@pytest.fixture
def emulator() -> Iterator[str]:
    """The emulator from PyPI, where it is installed."""
    if importlib.util.find_spec("gcp_storage_emulator") is None:
        pytest.skip("gcp-storage-emulator is not installed")
    from gcp_storage_emulator.server import create_server

    server = create_server("127.0.0.1", 0, in_memory=True, default_bucket="replicas")
    server.start()
    while server._api._httpd is None:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server._api._httpd.server_port}"
    finally:
        server.stop()


def test_an_emulator_stores_what_the_official_client_reads(
    emulator: str, api: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = pytest.importorskip("google.cloud.storage")
    from google.auth.credentials import AnonymousCredentials

    monkeypatch.setenv("STORAGE_EMULATOR_HOST", emulator)
    clusters = msgspec.json.encode([api.cluster()]).decode()
    arguments = ["--clusters-json", clusters, "--cycle", "2026-01-01T10:05:00Z", "--attempt", "try-1"]
    assert command.main([*arguments, "--output", "gs://replicas"]) == 0
    client = storage.Client("demo", credentials=AnonymousCredentials())
    told = json.loads(client.bucket("replicas").blob(TOLD).download_as_bytes())
    MANIFEST.validate(told)
    rows = client.bucket("replicas").blob(DATA).download_as_bytes(raw_download=True)
    assert hashlib.sha256(gzip.decompress(rows)).hexdigest() == told["content_sha256"]

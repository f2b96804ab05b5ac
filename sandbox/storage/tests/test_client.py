"""What our code does with objects, through the real google-cloud-storage client."""

import gzip
import io
import threading

import pytest
from google.api_core import exceptions
from google.cloud import storage
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sandbox.storage.tests.conftest import connect

ROWS = b'{"cluster": "eu-1", "replicas": 3}\n' * 200


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
@example(b"")
@example(b"\r\n\r")
@example(b"\n--==boundary\r\n")
@example(gzip.compress(ROWS))
def test_any_bytes_come_back(bucket: storage.Bucket, content: bytes) -> None:
    blob = bucket.blob("some/name.bin")
    blob.upload_from_string(content, content_type="application/octet-stream")
    assert bucket.blob("some/name.bin").download_as_bytes() == content
    assert bucket.get_blob("some/name.bin").size == len(content)


def test_a_resumable_upload_in_chunks(bucket: storage.Bucket) -> None:
    content = bytes(range(256)) * 4096  # 1 MiB
    blob = bucket.blob("large.bin", chunk_size=256 * 1024)
    blob.upload_from_file(io.BytesIO(content), content_type="application/octet-stream")
    assert bucket.blob("large.bin").download_as_bytes() == content
    assert bucket.blob("large.bin").download_as_bytes(start=10, end=19) == content[10:20]


def test_a_gzip_file_is_just_bytes(bucket: storage.Bucket) -> None:
    packed = gzip.compress(ROWS)
    bucket.blob("rows.ndjson.gz").upload_from_string(packed, content_type="application/gzip")
    assert bucket.blob("rows.ndjson.gz").download_as_bytes() == packed


def test_gzip_as_content_encoding(bucket: storage.Bucket) -> None:
    packed = gzip.compress(ROWS)
    blob = bucket.blob("rows.ndjson")
    blob.content_encoding = "gzip"
    blob.upload_from_string(packed, content_type="application/x-ndjson")
    assert bucket.get_blob("rows.ndjson").content_encoding == "gzip"
    assert bucket.blob("rows.ndjson").download_as_bytes() == ROWS
    assert bucket.blob("rows.ndjson").download_as_bytes(raw_download=True) == packed


def test_overwrite_gives_a_new_generation(bucket: storage.Bucket) -> None:
    blob = bucket.blob("a")
    blob.upload_from_string("one")
    first = blob.generation
    blob.upload_from_string("two")
    assert bucket.blob("a").download_as_text() == "two"
    assert bucket.get_blob("a").generation > first


def test_only_if_it_is_not_there_yet(bucket: storage.Bucket) -> None:
    bucket.blob("a").upload_from_string("one", if_generation_match=0)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("a").upload_from_string("two", if_generation_match=0)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("a").delete(if_generation_match=1)
    assert bucket.blob("a").download_as_text() == "one"
    held = bucket.get_blob("a")
    held.upload_from_string("three", if_generation_match=held.generation)
    assert bucket.blob("a").download_as_text() == "three"


def test_listing(client: storage.Client, bucket: storage.Bucket) -> None:
    names = [f"obs/hour=202611221{hour}/{cluster}.{kind}.gz" for hour in (0, 1) for cluster in "ab" for kind in "xy"]
    for name in names:
        bucket.blob(name).upload_from_string("")
    assert [blob.name for blob in client.list_blobs(bucket)] == sorted(names)
    assert [blob.name for blob in client.list_blobs(bucket, prefix="obs/hour=2026112210/")] == sorted(names)[:4]
    globbed = client.list_blobs(bucket, match_glob="obs/*/a.*.gz")
    assert [blob.name for blob in globbed] == [name for name in sorted(names) if "/a." in name]
    folders = client.list_blobs(bucket, prefix="obs/", delimiter="/")
    assert not list(folders)
    assert sorted(folders.prefixes) == ["obs/hour=2026112210/", "obs/hour=2026112211/"]


def test_delete_and_missing(bucket: storage.Bucket) -> None:
    bucket.blob("a").upload_from_string("x")
    bucket.blob("a").delete()
    assert not bucket.blob("a").exists()
    with pytest.raises(exceptions.NotFound):
        bucket.blob("a").delete()
    with pytest.raises(exceptions.NotFound):
        bucket.blob("a").download_as_bytes()


def test_compose_and_copy(bucket: storage.Bucket) -> None:
    parts = [bucket.blob("1"), bucket.blob("2")]
    for part in parts:
        part.upload_from_string(f"part {part.name}\n")
    whole = bucket.blob("whole")
    whole.compose(parts)
    assert bucket.blob("whole").download_as_text() == "part 1\npart 2\n"
    bucket.copy_blob(whole, bucket, "copy")
    assert bucket.blob("copy").download_as_text() == "part 1\npart 2\n"


def test_metadata_comes_back(bucket: storage.Bucket) -> None:
    blob = bucket.blob("a")
    blob.metadata = {"cycle": "2026-11-22T10:05:00Z"}
    blob.upload_from_string("x", content_type="text/plain")
    found = bucket.get_blob("a")
    assert found.metadata == {"cycle": "2026-11-22T10:05:00Z"} and found.content_type == "text/plain"


def test_ten_uploaders_at_once(address: str, bucket: storage.Bucket) -> None:
    failures: list[BaseException] = []

    def upload(worker: int) -> None:
        try:
            mine = connect(address).bucket(bucket.name)
            for at in range(10):
                mine.blob(f"{worker}/{at}").upload_from_string(f"{worker} {at} " * 1000)
        except BaseException as error:  # noqa: BLE001 (a thread's failure must reach the test)
            failures.append(error)

    workers = [threading.Thread(target=upload, args=(worker,)) for worker in range(10)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not failures
    assert len(list(bucket.list_blobs())) == 100
    assert bucket.blob("7/3").download_as_text() == "7 3 " * 1000

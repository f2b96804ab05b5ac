"""What Cloud Storage refuses by right and by retention policy, through the real client."""

import json
import urllib.request
import uuid
from collections.abc import Callable

import pytest
from google.api_core import exceptions
from google.cloud import storage
from google.oauth2.credentials import Credentials

from sandbox.storage.tests.conftest import connect

Become = Callable[..., storage.Bucket]


@pytest.fixture
def become(address: str, bucket: storage.Bucket) -> Become:
    """Return a way to be somebody with few rights."""

    def somebody(*permissions: str, is_condition_first: bool = False) -> storage.Bucket:
        token = uuid.uuid4().hex
        told = {"token": token, "email": "keeper@demo.iam.gserviceaccount.com", "permissions": permissions}
        content = json.dumps(told | {"is_condition_first": is_condition_first}).encode()
        headers = {"Content-Type": "application/json"}
        urllib.request.urlopen(
            urllib.request.Request(f"{address}/control/callers", content, headers, method="PUT"), timeout=10
        ).close()
        options = {"api_endpoint": address}
        client = storage.Client(project="demo", credentials=Credentials(token=token), client_options=options)  # type: ignore[no-untyped-call]
        return client.bucket(bucket.name)

    return somebody


@pytest.mark.parametrize(
    ("is_condition_first", "refusal"), [(False, exceptions.Forbidden), (True, exceptions.PreconditionFailed)]
)
def test_who_may_only_create_can_neither_read_nor_replace(
    bucket: storage.Bucket, become: Become, is_condition_first: bool, refusal: type[Exception]
) -> None:
    creator = become("storage.objects.create", is_condition_first=is_condition_first)
    creator.blob("a").upload_from_string("one", if_generation_match=0)
    with pytest.raises(refusal):
        creator.blob("a").upload_from_string("two", if_generation_match=0)
    with pytest.raises(exceptions.Forbidden, match=r"does not have storage\.objects\.delete access"):
        creator.blob("a").upload_from_string("two")
    for refused in (creator.blob("a").download_as_bytes, creator.blob("a").delete, lambda: list(creator.list_blobs())):
        with pytest.raises(exceptions.Forbidden, match=r"does not have storage\.objects\."):
            refused()
    assert bucket.blob("a").download_as_bytes() == b"one"
    with pytest.raises(exceptions.Forbidden, match=r"storage\.objects\.create"):
        become().blob("b").upload_from_string("one")


def test_nobody_replaces_or_deletes_what_is_kept(address: str) -> None:
    client = connect(address)
    kept = client.bucket(f"kept-{uuid.uuid4().hex[:12]}")
    kept.retention_period = 3600
    kept.create()
    kept.blob("a").upload_from_string("one")
    with pytest.raises(exceptions.Forbidden, match="retention policy") as told:
        kept.blob("a").delete()
    assert told.value.errors[0]["reason"] == "retentionPolicyNotMet"
    # Of an upload the client keeps the words of a refusal alone.
    with pytest.raises(exceptions.Forbidden, match="retention policy"):
        kept.blob("a").upload_from_string("two")
    held = kept.get_blob("a")
    assert held.download_as_bytes() == b"one"
    assert held.retention_expiration_time > held.time_created
    assert [blob.retention_expiration_time for blob in kept.list_blobs()] == [held.retention_expiration_time]

"""Publishing to Firestore and reading from it, over the wire with the real client."""

import datetime as dt
import json
import urllib.request
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from pedwatch.config import Config
from pedwatch.errors import LimitStoreError
from pedwatch.hooks.clients import AsPerson
from pedwatch.limits.document import PedLimit
from pedwatch.limits.document_changes import DocumentChange, plan_changes, write_of
from pedwatch.limits.store.firestore import FirestoreLimits
from tests.conftest import Server
from tests.unit.limits.samples import exemption, limit

NAME = "prod.orders.orders-api"


def publish(store: FirestoreLimits, *limits: PedLimit, withdraw_missing: bool = False) -> Sequence[DocumentChange]:
    """Publish limits as the command does."""
    changes = plan_changes(limits, store.matching(), withdraw_missing=withdraw_missing)
    store.write([write_of(change) for change in changes])
    return changes


@pytest.fixture
def collection(limit_store: FirestoreLimits, config: Config) -> Any:
    """The collection as a person at the console sees it."""
    return AsPerson().firestore(config).collection(config.firestore.collection)


@pytest.fixture
def faults(firestore_server: Server) -> Iterator[Any]:
    """Set a fault on the server; ended after the test."""

    def call(method: str, body: dict[str, Any] | None = None) -> None:
        data = json.dumps(body).encode() if body else b""
        urllib.request.urlopen(urllib.request.Request(f"{firestore_server.control}/fault", data, method=method)).close()

    yield lambda **fault: call("PUT", fault)
    call("DELETE")


def test_what_is_published_is_read_back(limit_store: FirestoreLimits) -> None:
    content = limit(exemptions=[exemption()], selectors={"name": "orders-*"}, effective_from="2026-03-01T00:00:00Z")
    publish(limit_store, content)
    [document] = limit_store.fetch([NAME])
    assert document.limit() == content
    assert (document.version, document.previous_update_time, document.is_withdrawn) == (1, None, False)


def test_publishing_the_same_again_writes_nothing(limit_store: FirestoreLimits) -> None:
    publish(limit_store, limit())
    [before] = limit_store.fetch([NAME])
    assert publish(limit_store, limit()) == []
    assert list(limit_store.fetch([NAME])) == [before]


def test_every_version_is_archived_with_the_commit_that_wrote_it(limit_store: FirestoreLimits) -> None:
    for ceiling in (10, 11, 12):
        publish(limit_store, limit(ceiling))
    at = limit_store.server_time()
    versions = list(limit_store.versions(NAME, None, at))
    assert [version.limit().max_replicas for version in versions] == [10, 11, 12]
    [document] = limit_store.fetch([NAME])
    assert versions[-1].update_time == document.update_time
    assert document.previous_update_time == versions[-2].update_time


def test_a_withdrawn_document_stays_and_says_so(limit_store: FirestoreLimits) -> None:
    publish(limit_store, limit())
    publish(limit_store, withdraw_missing=True)
    [document] = limit_store.fetch([NAME])
    assert document.is_withdrawn
    assert limit_store.count(limit_store.server_time()) == 0
    [again] = publish(limit_store, limit())
    assert again.kind == "added"
    assert [version.version for version in limit_store.versions(NAME, None, limit_store.server_time())] == [1, 2, 3]


def test_two_publishers_cannot_lose_an_update(limit_store: FirestoreLimits) -> None:
    publish(limit_store, limit(10))
    stored = list(limit_store.matching())
    ours, theirs = plan_changes([limit(11)], stored), plan_changes([limit(12)], stored)
    limit_store.write([write_of(change) for change in theirs])
    with pytest.raises(LimitStoreError, match=f"{NAME} was written by somebody else.*limits diff"):
        limit_store.write([write_of(change) for change in ours])
    assert [document.limit().max_replicas for document in limit_store.matching()] == [12]


def test_two_publishers_cannot_both_create(limit_store: FirestoreLimits) -> None:
    ours, theirs = plan_changes([limit(11)], []), plan_changes([limit(12)], [])
    limit_store.write([write_of(change) for change in theirs])
    with pytest.raises(LimitStoreError, match="somebody else"):
        limit_store.write([write_of(change) for change in ours])


def test_an_edit_in_the_console_is_archived_and_mended_by_the_next_publish(
    limit_store: FirestoreLimits, collection: Any
) -> None:
    publish(limit_store, limit(10))
    collection.document(NAME).update({"max_replicas": 99, collection._client.field_path("a note"): "x"})
    [edited] = limit_store.fetch([NAME])
    publish(limit_store, limit(10))
    [document] = limit_store.fetch([NAME])
    assert document.limit().max_replicas == 10
    versions = list(limit_store.versions(NAME, None, limit_store.server_time()))
    assert [version.data["max_replicas"] for version in versions] == [10, 99, 10]
    assert versions[1].update_time == edited.update_time


def test_reads_are_of_one_moment(limit_store: FirestoreLimits) -> None:
    publish(limit_store, limit(10))
    at = limit_store.server_time()
    publish(limit_store, limit(11), limit(5, name="batch"))
    assert [document.limit().max_replicas for document in limit_store.changed(at - dt.timedelta(hours=1), at)] == [10]
    assert (limit_store.count(at), list(limit_store.listing(at))) == (1, [NAME])
    assert [document.limit().max_replicas for document in limit_store.fetch([NAME], at)] == [10]
    assert limit_store.count(limit_store.server_time()) == 2


def test_more_documents_than_a_page_and_a_commit_hold(limit_store: FirestoreLimits) -> None:
    limits = [limit(1, api_id=f"api-{number:04d}") for number in range(1050)]
    publish(limit_store, *limits)
    at = limit_store.server_time()
    names = [content.limit_id for content in limits]
    assert list(limit_store.listing(at)) == names
    assert {document.document_id for document in limit_store.changed(at - dt.timedelta(hours=1), at)} == set(names)
    assert {document.document_id for document in limit_store.fetch(names, at)} == set(names)
    assert limit_store.count(at) == 1050


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("PERMISSION_DENIED", "grant the custom role pedLimitReader"),
        ("UNAUTHENTICATED", "credentials are missing or expired"),
        ("UNAVAILABLE", "not answering"),
        ("RESOURCE_EXHAUSTED", "quota is used up"),
        ("NOT_FOUND", "firestore.database"),
    ],
)
def test_an_error_says_what_to_do(
    limit_store: FirestoreLimits, config: Config, faults: Any, code: str, advice: str
) -> None:
    impatient = FirestoreLimits(AsPerson().firestore(config), config.firestore.collection, patience_seconds=0.1)
    faults(code=code)
    with pytest.raises(LimitStoreError, match=advice):
        impatient.server_time()
    with pytest.raises(LimitStoreError, match=advice):
        list(impatient.matching())


def test_a_short_outage_is_waited_out(limit_store: FirestoreLimits, faults: Any) -> None:
    publish(limit_store, limit(10))
    faults(code="UNAVAILABLE", methods=["RunQuery"], times=2)
    assert [document.document_id for document in limit_store.matching()] == [NAME]

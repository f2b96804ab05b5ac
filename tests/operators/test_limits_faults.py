"""What a sync does when Firestore fails under it: it fails clearly, moves nothing, and the next one catches up."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from pedwatch.errors import LimitStoreError
from pedwatch.hooks.clients import AsPerson
from pedwatch.hooks.limit_store import FirestoreLimits
from tests.conftest import Server
from tests.operators.limit_slice import NAME, Slice, slice_
from tests.unit.limits.samples import limit

__all__ = ["slice_"]


@pytest.fixture
def faults(firestore_server: Server) -> Iterator[Any]:
    """Set a fault on Firestore (or end it, with no arguments); ended after the test."""

    def call(**fault: Any) -> None:
        body = json.dumps(fault).encode() if fault else None
        method = "PUT" if fault else "DELETE"
        urllib.request.urlopen(urllib.request.Request(f"{firestore_server.control}/fault", body, method=method)).close()

    yield call
    call()


def _impatient(slice_: Slice) -> FirestoreLimits:
    client, collection = AsPerson().firestore(slice_.config), slice_.config.firestore.collection
    return FirestoreLimits(client, collection, patience_seconds=0.1, call_seconds=0.3)


@pytest.mark.parametrize(
    ("fault", "advice"),
    [
        ({"code": "PERMISSION_DENIED"}, "What to do: grant roles/datastore"),
        ({"code": "UNAVAILABLE"}, "What to do: Firestore is not answering"),
        ({"delay_seconds": 0.6}, "What to do: Firestore is not answering"),
    ],
    ids=["permission denied", "unavailable", "slow"],
)
@pytest.mark.parametrize("method", ["BatchGetDocuments", "RunQuery", "RunAggregationQuery"])
def test_a_failing_firestore_moves_nothing_and_the_next_sync_catches_up(
    slice_: Slice, faults: Any, fault: dict[str, Any], advice: str, method: str
) -> None:
    slice_.publish(limit(10))
    slice_.sync()
    slice_.publish(limit(11))
    before = slice_.history() | {"runs": slice_.rows("limit_sync_runs")}
    patient, slice_.store = slice_.store, _impatient(slice_)
    faults(**fault, methods=[method])
    with pytest.raises(LimitStoreError, match=advice):
        slice_.sync()
    faults()
    assert slice_.history() | {"runs": slice_.rows("limit_sync_runs")} == before
    slice_.store = patient
    slice_.sync()
    assert slice_.now() == {NAME: 11}


def test_without_its_index_the_archive_of_the_deleted_is_not_looked_for(
    slice_: Slice, faults: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The hourly full sync does not fail for want of an index; it says what it could not do."""
    slice_.publish(limit(10))
    slice_.sync()
    at = slice_.store.server_time()
    faults(code="FAILED_PRECONDITION", methods=["RunQuery"])
    assert list(slice_.store.archived(at, at)) == []
    assert "are not looked for" in caplog.text

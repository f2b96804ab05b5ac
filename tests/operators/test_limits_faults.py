"""What a sync does when Firestore fails under it: it fails clearly, moves nothing, and the next one catches up."""

import datetime as dt
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from pedwatch.alerts import ledger
from pedwatch.alerts.fold import fold_period
from pedwatch.cycles import PERIOD, cycles_between, floor_to_cycle
from pedwatch.errors import LimitStoreError, MassEndError, OtherSourceError
from pedwatch.hooks.clients import AsPerson
from pedwatch.limits.store.firestore import FirestoreLimits
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
        ({"code": "PERMISSION_DENIED"}, "and grant the custom role pedLimitReader"),
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


def test_a_database_that_does_not_exist_is_named_by_its_settings(slice_: Slice, faults: Any) -> None:
    faults(code="NOT_FOUND", methods=["BatchGetDocuments"])
    with pytest.raises(LimitStoreError, match=r"does not exist: check firestore\.project and firestore\.database"):
        slice_.sync()
    assert slice_.rows("limit_sync_runs") == []


def test_limits_that_vanish_end_only_when_that_is_allowed(slice_: Slice) -> None:
    """A refused sync is a row that says why, and counts for nothing else: after 15 minutes the limits are blind."""
    slice_.publish(*(limit(10, name=f"n{number}") for number in range(12)))
    good = slice_.sync()
    assert good is not None
    for number in range(12):
        slice_.documents.document(f"{NAME}.n{number}").delete()
    before = slice_.history() | {"runs": slice_.rows("limit_sync_runs")}
    for _ in range(2):
        with pytest.raises(MassEndError, match="12 of 12 limits would end"):
            slice_.sync("scheduled__refused")
    [refusal] = slice_.rows("limit_sync_refusals")
    assert (refusal["sync_id"], refusal["reason"]) == ("scheduled__refused", "mass_end")
    assert "allow_mass_end" in refusal["message"]
    assert refusal["firestore_database"] == slice_.config.firestore.database
    assert slice_.history() | {"runs": slice_.rows("limit_sync_runs")} == before

    cycle = floor_to_cycle(good.read_time, PERIOD) + dt.timedelta(minutes=25)
    [freshness] = slice_.warehouse.run("limits/known_at.sql", {"cycle": cycle})
    assert freshness["known_at"] == good.read_time
    seen = ledger.from_limits_known(cycle, freshness["known_at"], PERIOD)
    [episode] = fold_period(
        [], [seen], cycles_between(cycle - dt.timedelta(minutes=5), cycle, PERIOD), slice_.config.policy
    )
    assert (episode.subject.kind, episode.state) == ("limits_blind", "firing")

    allowed = slice_.sync(allow_mass_end=True)
    assert allowed and (allowed.ended, slice_.now()) == (12, {})
    slice_.publish(*(limit(10, name=f"n{number}") for number in range(12)))
    slice_.sync()
    assert len(slice_.now()) == 12


def test_limits_that_were_ended_by_mistake_stand_again(slice_: Slice) -> None:
    slice_.publish(limit(10), limit(5, name="batch", effective_from="2026-01-01T00:00:00Z"))
    slice_.sync()
    store, slice_.store = slice_.store, FirestoreLimits(AsPerson().firestore(slice_.config), "empty")
    ended = slice_.sync()
    assert ended and (ended.ended, slice_.now()) == (2, {})
    slice_.store = store
    plan = slice_.sync()
    assert plan and (plan.versions_written, slice_.now()) == (2, {NAME: 10, f"{NAME}.batch": 5})
    assert slice_.as_of(ended.read_time) == {}, "nothing was granted meanwhile: as it was judged"
    before = slice_.history()
    slice_.sync(is_full=True)
    assert slice_.history() == before


def test_limits_are_read_from_elsewhere_only_once_that_is_accepted(slice_: Slice) -> None:
    slice_.publish(limit(10))
    slice_.sync()
    here = slice_.config
    slice_.config = here.model_copy(update={"firestore": here.firestore.model_copy(update={"collection": "others"})})
    with pytest.raises(OtherSourceError, match="collection others"):
        slice_.sync()
    [refusal] = slice_.rows("limit_sync_refusals")
    assert (refusal["reason"], refusal["firestore_collection"]) == ("other_source", "others")
    moved = slice_.sync(accept_source=True)
    assert moved and moved.mode == "full", "as many documents as before are not the same ones"
    assert slice_.sync() is not None
    slice_.config = here
    with pytest.raises(OtherSourceError, match="were last read from collection others"):
        slice_.sync()
    sources = [row["firestore_collection"] for row in slice_.rows("limit_sync_runs")]
    assert sorted(sources) == ["others", "others", "ped_limits"]


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

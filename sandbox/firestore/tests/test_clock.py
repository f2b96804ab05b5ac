"""The server's time can be set, and documents, reads and the hour of ``read_time`` go by it."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from google.api_core import exceptions

from sandbox.firestore.tests.servers import connect, start_stand_in, stop

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SOON = timedelta(minutes=1)


@pytest.fixture
def server() -> Iterator[tuple[str, str]]:
    """Yield the addresses of a stand-in and of its control port."""
    process, address = start_stand_in("--control-port", "0")
    assert process.stdout
    yield address, process.stdout.readline().split()[1]
    stop(process)


def set_clock(control: str, now: object) -> int:
    request = urllib.request.Request(f"{control}/clock", method="PUT", data=json.dumps({"now": now}).encode())
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_time_is_what_it_was_set_to_and_goes_on(server: tuple[str, str]) -> None:
    address, control = server
    document = connect(address, "p").document("limits/a")
    assert set_clock(control, NOON.isoformat()) == 200
    first = document.set({"n": 1}).update_time
    second = document.set({"n": 2}).update_time
    assert NOON <= first < second < NOON + SOON
    assert set_clock(control, (NOON + timedelta(days=1)).isoformat()) == 200
    third = document.set({"n": 3}).update_time
    assert NOON + timedelta(days=1) <= third < NOON + timedelta(days=1) + SOON
    assert document.get().read_time < NOON + timedelta(days=1) + SOON


def test_reads_of_the_past_reach_back_an_hour_of_that_time(server: tuple[str, str]) -> None:
    address, control = server
    document = connect(address, "p").document("limits/a")
    set_clock(control, NOON.isoformat())
    written = document.set({"n": 1}).update_time
    set_clock(control, (NOON + timedelta(minutes=50)).isoformat())
    document.set({"n": 2})
    assert document.get(read_time=written).to_dict() == {"n": 1}
    set_clock(control, (NOON + timedelta(minutes=90)).isoformat())
    with pytest.raises(exceptions.FailedPrecondition, match="too old"):
        document.get(read_time=written)


def test_time_never_goes_back_and_nonsense_is_refused(server: tuple[str, str]) -> None:
    address, control = server
    set_clock(control, NOON.isoformat())
    connect(address, "p").document("limits/a").set({"n": 1})
    assert set_clock(control, (NOON - SOON).isoformat()) == 400
    for nonsense in ("soon", "2026-03-02T12:00:00", 5, None):
        assert set_clock(control, nonsense) == 400
    assert NOON <= connect(address, "p").document("limits/b").set({}).update_time < NOON + SOON

"""Which data objects are to be loaded, and which attempts are lost."""

import datetime as dt
from typing import Any

import pytest

from pedwatch.observations.attempts import StoredObject, attempt_of, lost_objects, to_load

TEN = dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)


def told(uri: str | None, rows: int | None = 3, md5: str | None = "m") -> dict[str, Any]:
    """Return what a manifest says of its data object; one of a failed attempt has none."""
    attempt = {"cycle": TEN, "cluster": "eu", "attempt_id": "a1"}
    return attempt | {"evidence_object": uri, "row_count": rows, "object_md5": md5}


def stored(*uris: str, md5: str = "m") -> list[StoredObject]:
    """Return what the bucket lists."""
    return [StoredObject(uri, md5) for uri in uris]


@pytest.mark.parametrize(
    ("manifests", "objects", "lost"),
    [
        ([], [], []),
        ([told("1"), told("2")], stored("1", "2"), []),
        ([told(None, 0, None), told("1")], stored("1"), []),
        ([told("1")], stored("1", "0-of-a-pod-that-died"), []),
        ([told("1", md5=None)], stored("1"), []),
        ([told("1"), told("2"), told(None)], stored("2"), ["1"]),
        ([told("1"), told("2")], [*stored("1"), *stored("2", md5="other")], ["2"]),
    ],
    ids=[
        "an hour in which nobody delivered",
        "all are there as they were written",
        "a failed attempt has no object",
        "an object without a manifest is no loss",
        "a collector that told no MD5",
        "one is missing",
        "one was changed",
    ],
)
def test_what_is_lost(manifests: list[dict[str, Any]], objects: list[StoredObject], lost: list[str]) -> None:
    found = lost_objects(manifests, objects, {})
    assert sorted(found) == lost
    assert all(f"its data object {uri} is not" in reason and "restore it" in reason for uri, reason in found.items())
    chosen = to_load(manifests, {}, found)
    assert sorted(chosen) == sorted({each["evidence_object"] for each in manifests} - {None, *lost})


def test_what_is_loaded_needs_no_object_and_is_not_loaded_again() -> None:
    manifests = [told("1"), told("2") | {"attempt_id": "a2"}]
    loaded = {attempt_of(manifests[0]): 3}
    assert lost_objects(manifests, stored("2"), loaded) == {}
    assert to_load(manifests, loaded, {}) == {"2": 3}


@pytest.mark.parametrize("rows", [1, 6])
def test_an_attempt_with_other_rows_than_its_manifest_says_counts_for_nothing(rows: int) -> None:
    [reason] = lost_objects([told("1")], stored("1"), {attempt_of(told("1")): rows}).values()
    assert reason == f"{rows} rows of its data object 1 are loaded, and not the 3 it holds"


def test_an_attempt_that_saw_nothing_has_no_rows_to_load() -> None:
    assert to_load([told("1", 0), told(None, 0)], {}, {}) == {}

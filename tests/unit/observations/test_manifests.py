"""Manifests as the collectors write them."""

import datetime as dt
import json
from typing import Any

import pytest

from pedwatch.observations.manifests import (
    MANIFEST_COLUMNS,
    ONLY_IN_MANIFEST,
    UnreadableManifestError,
    is_news,
    lost_attempt,
    parse_manifest,
)

NAME = "gs://bucket/manifests/hour=2026030210/20260302T100500Z/eu.a1.ndjson"


def manifest(**fields: Any) -> dict[str, Any]:
    """Return a manifest of a failed attempt, as JSON values."""
    times = {"cycle": "2026-03-02T10:05:00Z", "started_at": "2026-03-02T10:05:21.5Z", "finished_at": None}
    named = {"cluster": "eu", "environment": "prod", "attempt_id": "a1", "status": "failed", "row_count": 0}
    return dict.fromkeys([*MANIFEST_COLUMNS, *ONLY_IN_MANIFEST]) | times | named | fields


def test_times_become_aware_and_unknown_fields_are_left_out() -> None:
    row = parse_manifest(json.dumps(manifest(schema_version=1)).encode(), NAME)
    assert set(row) == {*MANIFEST_COLUMNS, *ONLY_IN_MANIFEST}
    assert row["cycle"] == dt.datetime(2026, 3, 2, 10, 5, tzinfo=dt.UTC)
    assert row["started_at"].microsecond == 500_000
    assert row["finished_at"] is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        json.dumps({"cycle": "2026-03-02T10:05:00Z"}),
        json.dumps(manifest(cycle="soon")),
        json.dumps(manifest(cycle=5)),
        json.dumps(manifest(cycle="2026-03-02T10:05:00")),
        json.dumps(manifest(cycle="2026-03-02T10:10:00Z")),
        json.dumps(manifest(cycle="0001-01-01T00:00:00+14:00")),
        json.dumps(manifest(cluster="us")),
        json.dumps(manifest(status="fine")),
        json.dumps(manifest(row_count=None)),
        json.dumps(manifest(row_count=2**63)),
        json.dumps(manifest(retries=True)),
        json.dumps(manifest(evidence_object="gs://bucket/obs/hour=2026030210/20260302T100500Z/us.a1.ndjson.gz")),
        "[" * 100_000,
        json.dumps(manifest()).encode("utf-16"),
        b'{"cluster": "\xff"}',
    ],
    ids=[
        "empty",
        "cut off",
        "a list",
        "null",
        "fields missing",
        "no time",
        "a number for a time",
        "a time without an offset",
        "another cycle's",
        "a time over the edge of the calendar",
        "another cluster's",
        "no status",
        "no count",
        "a count that is too large",
        "a truth for a number",
        "another cluster's object",
        "nested without end",
        "UTF-16",
        "a byte that is none of UTF-8",
    ],
)
def test_an_unreadable_manifest_is_named(text: str | bytes) -> None:
    with pytest.raises(UnreadableManifestError, match=NAME):
        parse_manifest(text if isinstance(text, bytes) else text.encode(), NAME)


def test_of_an_unreadable_manifest_its_name_tells_whose_attempt_is_lost() -> None:
    run = lost_attempt(NAME, "UnicodeDecodeError")
    assert run is not None
    assert set(run) == {*MANIFEST_COLUMNS, *ONLY_IN_MANIFEST}
    assert (run["cycle"], run["cluster"], run["status"]) == (
        dt.datetime(2026, 3, 2, 10, 5, tzinfo=dt.UTC),
        "eu",
        "failed",
    )
    assert (run["error_class"], run["attempt_id"], run["evidence_object"]) == ("evidence_lost", None, None)


def test_what_is_recorded_is_not_read_again() -> None:
    name = "gs://b/manifests/hour=2026030210/20260302T100500Z/eu.a1.ndjson"
    place = (dt.datetime(2026, 3, 2, 10, 5, tzinfo=dt.UTC), "eu")
    recorded = [{}, {place: ("complete", "a0")}, {place: ("partial", "a1")}, {place: ("partial", "a0")}]
    assert [is_news(name, each) for each in recorded] == [True, False, False, True]


@pytest.mark.parametrize(
    "name",
    [
        "gs://bucket/manifests/hour=2026030210/notes.txt",
        "gs://bucket/manifests/hour=2026030211/20260302T100500Z/eu.a1.ndjson",
        "gs://bucket/manifests/hour=2026030210/20260302T100501Z/eu.a1.ndjson",
        "gs://bucket/manifests/hour=2026990210/20269902T100500Z/eu.a1.ndjson",
    ],
)
def test_what_is_named_as_no_manifest_is_nobodys(name: str) -> None:
    assert is_news(name, {}), "it is said to be none"
    assert lost_attempt(name, "x") is None

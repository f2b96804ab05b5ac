"""Manifests as the collectors write them."""

import datetime as dt
import json
from typing import Any

import pytest

from pedwatch.observations.manifests import (
    MANIFEST_COLUMNS,
    ONLY_IN_MANIFEST,
    UnreadableManifestError,
    parse_manifest,
)

NAME = "gs://bucket/manifests/hour=2026030210/20260302T100500Z/eu.a1.ndjson"


def manifest(**fields: Any) -> dict[str, Any]:
    """Return a manifest of a failed attempt, as JSON values."""
    times = {"cycle": "2026-03-02T10:05:00Z", "started_at": "2026-03-02T10:05:21.5Z", "finished_at": None}
    named = {"cluster": "eu", "environment": "prod", "attempt_id": "a1", "status": "failed"}
    return dict.fromkeys([*MANIFEST_COLUMNS, *ONLY_IN_MANIFEST]) | times | named | fields


def test_times_become_aware_and_unknown_fields_are_left_out() -> None:
    row = parse_manifest(json.dumps(manifest(schema_version=1)), NAME)
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
    ],
    ids=["empty", "cut off", "a list", "null", "fields missing", "no time", "a number for a time"],
)
def test_an_unreadable_manifest_is_named(text: str) -> None:
    with pytest.raises(UnreadableManifestError, match=NAME):
        parse_manifest(text, NAME)

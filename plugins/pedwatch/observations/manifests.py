"""Reads the collectors' manifests. Pure."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

MANIFEST_COLUMNS: dict[str, str] = {
    "cycle": "TIMESTAMP",
    "cluster": "STRING",
    "environment": "STRING",
    "attempt_id": "STRING",
    "status": "STRING",
    "error_class": "STRING",
    "error_message": "STRING",
    "deployments_listed": "INT64",
    "hpas_listed": "INT64",
    "resource_version_deployments": "STRING",
    "resource_version_hpas": "STRING",
    "is_consistent": "BOOL",
    "started_at": "TIMESTAMP",
    "finished_at": "TIMESTAMP",
    "retries": "INT64",
    "bytes_read": "INT64",
    "collector_version": "STRING",
    "evidence_object": "STRING",
    "row_count": "INT64",
    "content_sha256": "STRING",
}
ONLY_IN_MANIFEST = ("object_md5",)
"""Fields that vouch for the object until it is loaded; no column of ``collection_runs``."""

_TIMES = [column for column, kind in MANIFEST_COLUMNS.items() if kind == "TIMESTAMP"]


class UnreadableManifestError(ValueError):
    """A manifest is not what ``include/schemas/collection_manifest.json`` says; its attempt counts as not reported."""


def parse_manifest(text: str, name: str) -> dict[str, Any]:
    """Read one manifest; times become aware datetimes.

    Raises:
        UnreadableManifestError: names the object and what is wrong with it.
    """
    try:
        document = json.loads(text)
        return read_run({column: document[column] for column in (*MANIFEST_COLUMNS, *ONLY_IN_MANIFEST)})
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableManifestError(f"{name}: {type(error).__name__} {error}") from None


def read_run(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return JSON values of a ``collection_runs`` row with its times as aware datetimes."""
    times = {
        column: dt.datetime.fromisoformat(document[column]) for column in _TIMES if document.get(column) is not None
    }
    return {**document, **times}

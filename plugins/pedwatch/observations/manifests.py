"""Reads the collectors' manifests. Pure."""

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Any

from pedwatch.cycles import SHORTEST, compact, floor_to_cycle, hour_partition

MANIFEST_COLUMNS: dict[str, str] = {
    "cycle": "TIMESTAMP",
    "cluster": "STRING",
    "environment": "STRING",
    "attempt_id": "STRING",
    "status": "STRING",
    "error_class": "STRING",
    "error_message": "STRING",
    "deployments_listed": "INT64",
    "statefulsets_listed": "INT64",
    "rollouts_listed": "INT64",
    "hpas_listed": "INT64",
    "resource_version_deployments": "STRING",
    "resource_version_statefulsets": "STRING",
    "resource_version_rollouts": "STRING",
    "resource_version_hpas": "STRING",
    "not_served": "STRING",
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

EVIDENCE_LOST = "evidence_lost"
"""Error class of an attempt whose manifest, or the object it vouches for, is not what the collector wrote."""
MAX_MESSAGE = 500

_TIMES = [column for column, kind in MANIFEST_COLUMNS.items() if kind == "TIMESTAMP"]


class UnreadableManifestError(ValueError):
    """A manifest is not what ``include/schemas/collection_manifest.json`` says; its attempt is lost."""


_ALWAYS = ("cycle", "cluster", "environment", "attempt_id", "status", "row_count")
_KEPT = ("cycle", "cluster", "environment", "started_at", "finished_at", "retries", "bytes_read", "collector_version")
_STATUSES = ("complete", "partial", "failed")
_TYPES: dict[str, type] = {"STRING": str, "TIMESTAMP": str, "INT64": int, "BOOL": bool}
_NAME = re.compile(
    r"(?P<bucket>gs://[^/]+)/manifests/(?P<place>hour=(?P<hour>\d{10})/(?P<cycle>\d{8}T\d{6}Z)"
    r"/(?P<cluster>[A-Za-z0-9][A-Za-z0-9_-]*)\.(?P<attempt>[A-Za-z0-9][A-Za-z0-9_-]*))\.ndjson"
)


def parse_manifest(raw: bytes, name: str) -> dict[str, Any]:
    """Read one manifest; times become aware datetimes.

    Raises:
        UnreadableManifestError: names the object and what is wrong with it.
    """
    try:
        document = json.loads(raw.decode())
        told = {column: document[column] for column in (*MANIFEST_COLUMNS, *ONLY_IN_MANIFEST)}
        _check_types(told)
        run = read_run(told)
        _check_place(run, name)
        return run
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise UnreadableManifestError(f"{name}: {type(error).__name__} {str(error)[:200]}") from None


def _check_types(told: Mapping[str, Any]) -> None:
    for column, value in told.items():
        expected = _TYPES[MANIFEST_COLUMNS.get(column, "STRING")]
        if value is None and column not in _ALWAYS:
            continue
        if type(value) is not expected or (isinstance(value, int) and not 0 <= value < 2**63):
            raise ValueError(f"{column} is no {expected.__name__}")
    if told["status"] not in _STATUSES:
        raise ValueError("status is none of complete, partial, failed")


def _check_place(run: Mapping[str, Any], name: str) -> None:
    """Hold that a manifest speaks of its own cycle, cluster and object: whoever writes one may write any."""
    place = _NAME.fullmatch(name)
    if place is None:
        raise ValueError("it is not named as a manifest is")
    cycle, own = run["cycle"], f"{place['bucket']}/obs/{place['place']}.ndjson.gz"
    if (place["cycle"], place["hour"]) != (compact(cycle), hour_partition(cycle)):
        raise ValueError(f"cycle {compact(cycle)} is not that of its name")
    if (run["cluster"], run["attempt_id"]) != (place["cluster"], place["attempt"]):
        raise ValueError("cluster and attempt are not those of its name")
    if run["evidence_object"] not in (None, own):
        raise ValueError("evidence_object is not beside it")


def is_news(name: str, recorded: Mapping[tuple[dt.datetime, str], tuple[str, str]]) -> bool:
    """Tell whether a manifest may say what is not recorded: by its name alone, for an hour has twelve of each cluster.

    ``recorded`` are status and attempt by cycle and cluster. Who owns a cycle with a complete attempt, owns it.
    """
    place = _NAME.fullmatch(name)
    try:
        where = (_cycle_in(place["cycle"]), place["cluster"]) if place else None
    except ValueError:
        where = None
    if place is None or where is None:
        return True  # to be named as what it is
    status, attempt = recorded.get(where, ("", ""))
    return status != "complete" and attempt != place["attempt"]


def _cycle_in(text: str) -> dt.datetime:
    return dt.datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)


def lost_attempt(name: str, reason: str) -> dict[str, Any] | None:
    """Return the run of a manifest that cannot be read, as far as its name tells; None where that is no name of one.

    Its environment is not known. It names no attempt, so that no row counts.
    """
    place = _NAME.fullmatch(name)
    if place is None:
        return None
    try:
        cycle = _cycle_in(place["cycle"])
    except ValueError:
        return None
    if place["hour"] != hour_partition(cycle) or cycle != floor_to_cycle(cycle, SHORTEST):
        return None
    return lost_run({"cycle": cycle, "cluster": place["cluster"]}, f"its manifest cannot be read: {reason}")


def lost_run(run: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """Return a run of which nothing can be believed any more."""
    kept = (
        "cycle",
        "cluster",
        "environment",
        "started_at",
        "finished_at",
        "retries",
        "bytes_read",
        "collector_version",
    )
    outcome = {"status": "failed", "error_class": EVIDENCE_LOST, "error_message": reason[:MAX_MESSAGE], "row_count": 0}
    return dict.fromkeys((*MANIFEST_COLUMNS, *ONLY_IN_MANIFEST)) | {key: run.get(key) for key in kept} | outcome


def read_run(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return JSON values of a ``collection_runs`` row with its times as aware datetimes."""
    times = {
        column: dt.datetime.fromisoformat(document[column]) for column in _TIMES if document.get(column) is not None
    }
    if naive := [column for column, moment in times.items() if moment.tzinfo is None]:
        raise ValueError(f"{', '.join(naive)} without an offset")
    return {**document, **times}

"""Whether an hour's objects may replace what was loaded of it before. Pure.

A load replaces the whole hour, so it is refused when it would bring less than the collectors vouch for, or less than
is there. Every objection says what to do; an empty list means that it may go on.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pedwatch.cycles import compact

SHOWN = 3


@dataclass(frozen=True)
class StoredObject:
    """A data object as the bucket holds it; the MD5 in base64."""

    uri: str
    md5: str


def objections(manifests: Sequence[Mapping[str, Any]], objects: Sequence[StoredObject]) -> list[str]:
    """Say what speaks against loading these objects, going by the manifests that vouch for them."""
    stored = {item.uri: item.md5 for item in objects}
    vouched = {told["evidence_object"]: told["object_md5"] for told in manifests if told["evidence_object"]}
    missing = sorted(vouched.keys() - stored.keys())
    changed = sorted(uri for uri, md5 in vouched.items() if md5 and stored.get(uri, md5) != md5)
    found = []
    if missing:
        found.append(
            f"{_some(missing)} named by a manifest and not in the bucket. "
            "Restore what is missing, or delete the manifest if it is lost."
        )
    if changed:
        found.append(
            f"{_some(changed)} not as the collector wrote it (MD5). "
            "Restore it, or delete it together with its manifest: its cluster then counts as not seen."
        )
    return found


def promised_rows(manifests: Iterable[Mapping[str, Any]]) -> Counter[dt.datetime]:
    """Return how many rows of each cycle the manifests vouch for, also those of attempts that do not own it."""
    promised: Counter[dt.datetime] = Counter()
    for told in manifests:
        if told["evidence_object"]:
            promised[told["cycle"]] += told["row_count"]
    return promised


def unvouched(manifests: Iterable[Mapping[str, Any]], objects: Iterable[StoredObject]) -> list[str]:
    """Return the objects that no manifest names: their attempt ended in between; no verdict ever reads their rows."""
    vouched = {told["evidence_object"] for told in manifests}
    return sorted(item.uri for item in objects if item.uri not in vouched)


def would_fall(present: Mapping[dt.datetime, int], coming: Mapping[dt.datetime, int]) -> list[str]:
    """Say for which cycles fewer rows are coming than are loaded, and what to do about it."""
    return [
        f"{rows} rows of cycle {compact(cycle)} are loaded and only {coming.get(cycle, 0)} would be: objects that were "
        "loaded before are gone, with their manifests. Restore them from the bucket's versions or soft-deleted objects."
        for cycle, rows in sorted(present.items())
        if rows > coming.get(cycle, 0)
    ]


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}: {len(names)} data object{'s' if len(names) > 1 else ''}"

"""Whether an hour's objects may replace what was loaded of it before. Pure.

A load replaces the whole hour, so it is refused when it would bring less than is there. An object that is lost costs
its attempt, not the hour; but most of an hour may not be lost. Every objection says what to do; an empty list means
that it may go on.
"""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pedwatch.cycles import compact

SHOWN = 3


@dataclass(frozen=True)
class StoredObject:
    """A data object as the bucket holds it; the MD5 in base64."""

    uri: str
    md5: str


def lost_objects(manifests: Iterable[Mapping[str, Any]], objects: Iterable[StoredObject]) -> dict[str, str]:
    """Return the objects that manifests vouch for and that are not there as they were written, with what to do."""
    stored = {item.uri: item.md5 for item in objects}
    lost = {}
    for told in manifests:
        uri, md5 = told["evidence_object"], told["object_md5"]
        if uri and uri not in stored:
            lost[uri] = f"its data object {uri} is not in the bucket: restore it from the bucket's versions"
        elif uri and md5 and stored[uri] != md5:
            lost[uri] = f"its data object {uri} is not as the collector wrote it (MD5): restore it"
    return lost


def too_much_is_lost(
    present: Mapping[dt.datetime, int], coming: Mapping[dt.datetime, int], lost: Collection[str]
) -> list[str]:
    """Say so where most of what is loaded of an hour would go with lost objects: no single mishap does that."""
    before, after = sum(present.values()), sum(coming.values())
    if not lost or 2 * after >= before:
        return []
    return [
        f"{before} rows are loaded and only {after} would be, because what manifests name is not in the bucket as it "
        f"was written: {_some(sorted(lost))}. Restore them from the bucket's versions or soft-deleted objects."
    ]


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

"""What was seen: which clusters in which cycles; a cycle without any record is a gap, not a pass. Pure.

Why: docs/design.md#d5.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pedwatch.alerts.retirement import RETIRED
from pedwatch.cycles import cycles_of, minutes_of, period_of

COLUMNS = (
    "cycle cycle_minutes cluster environment status error_class error_message attempt_id deployments_listed "
    "statefulsets_listed rollouts_listed hpas_listed not_served is_consistent evidence_object row_count content_sha256"
).split()
"""Columns of coverage.csv."""
NO_RECORD = "no_record"


@dataclass(frozen=True)
class Gap:
    """Neighbouring cycles in which a cluster was not seen whole, for one reason; both ends included."""

    cluster: str
    first_cycle: dt.datetime
    last_cycle: dt.datetime
    cycles: int
    status: str
    error_class: str | None


@dataclass(frozen=True)
class Coverage:
    """How much of what should have been seen was seen, in cycles of clusters."""

    expected: int
    complete: int
    clusters: Mapping[str, tuple[int, int]]
    gaps: tuple[Gap, ...]

    @property
    def percent(self) -> float:
        """Complete of expected, in per cent, rounded down: 99.99 is never shown as 100."""
        return int(10_000 * self.complete / self.expected) / 100 if self.expected else 0.0


def lengths_of(rows: Iterable[Mapping[str, Any]]) -> dict[dt.datetime, dt.timedelta]:
    """Return the length of each cycle that rows of ``collection_runs`` tell of, in order."""
    found: dict[dt.datetime, int] = {}
    for row in rows:
        found[row["cycle"]] = max(row["cycle_minutes"], found.get(row["cycle"], 0))
    return {cycle: period_of(minutes) for cycle, minutes in sorted(found.items())}


def cycles_in(
    lengths: Mapping[dt.datetime, dt.timedelta], start: dt.datetime, end: dt.datetime
) -> dict[dt.datetime, dt.timedelta]:
    """Return the cycles from ``start``, included, to ``end``, excluded, and how long each is.

    Those without a record are as long as the next that has one, behind the last as long as that.
    """
    within = {cycle: length for cycle, length in lengths.items() if start <= cycle < end}
    length = within[max(within)]
    moment = dt.timedelta.resolution
    found: dict[dt.datetime, dt.timedelta] = {}
    for cycle in reversed(cycles_of(within, start - moment, end - moment, length)):
        found[cycle] = length = within.get(cycle, length)
    return dict(sorted(found.items()))


def with_gaps(rows: Iterable[Mapping[str, Any]], start: dt.datetime, end: dt.datetime) -> Iterator[Mapping[str, Any]]:
    """Yield coverage rows in order, and a ``no_record`` row per cluster for every cycle that has none at all.

    Args:
        rows: rows of ``collection_runs``, ordered by cycle and cluster; of retired clusters nothing is expected. Where
            there is none at all, nothing is.
        start: first cycle.
        end: the first moment that no longer counts.
    """
    by_cycle: dict[dt.datetime, list[Mapping[str, Any]]] = {}
    rows = list(rows)
    if not rows:
        return
    for row in rows:
        if row["status"] != RETIRED:
            by_cycle.setdefault(row["cycle"], []).append(row)
    clusters = {row["cluster"]: row["environment"] for found in by_cycle.values() for row in found}
    for cycle, length in cycles_in(lengths_of(rows), start, end).items():
        yield from by_cycle.get(cycle) or (_no_record(cycle, length, *named) for named in sorted(clusters.items()))


def _no_record(cycle: dt.datetime, length: dt.timedelta, cluster: str, environment: str) -> Mapping[str, Any]:
    known = {
        "cycle": cycle,
        "cycle_minutes": minutes_of(length),
        "cluster": cluster,
        "environment": environment,
        "status": NO_RECORD,
    }
    return dict.fromkeys(COLUMNS) | known


def summarise(rows: Iterable[Mapping[str, Any]]) -> Coverage:
    """Sum up what `with_gaps` yields."""
    clusters: dict[str, tuple[int, int]] = {}
    gaps: dict[str, Gap] = {}
    closed: list[Gap] = []
    for row in rows:
        expected, complete = clusters.get(row["cluster"], (0, 0))
        is_complete = row["status"] == "complete"
        clusters[row["cluster"]] = expected + 1, complete + is_complete
        if not is_complete:
            _lengthen(gaps, closed, row)
    found = sorted([*closed, *gaps.values()], key=lambda gap: (gap.first_cycle, gap.cluster))
    return Coverage(
        expected=sum(expected for expected, _ in clusters.values()),
        complete=sum(complete for _, complete in clusters.values()),
        clusters=dict(sorted(clusters.items())),
        gaps=tuple(found),
    )


def _lengthen(gaps: dict[str, Gap], closed: list[Gap], row: Mapping[str, Any]) -> None:
    cluster, cycle, why = row["cluster"], row["cycle"], (row["status"], row["error_class"])
    before = gaps.get(cluster)
    is_next = before is not None and cycle - before.last_cycle <= period_of(row["cycle_minutes"])
    if before and is_next and (before.status, before.error_class) == why:
        gaps[cluster] = Gap(cluster, before.first_cycle, cycle, before.cycles + 1, *why)
        return
    if before:
        closed.append(before)
    gaps[cluster] = Gap(cluster, cycle, cycle, 1, *why)

"""What was seen: which clusters in which cycles; a cycle without any record is a gap, not a pass. Pure.

Why: docs/design.md#d5.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pedwatch.alerts.retirement import RETIRED
from pedwatch.cycles import PERIOD, cycles_between

COLUMNS = (
    "cycle cluster environment status error_class error_message attempt_id deployments_listed "
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


def with_gaps(rows: Iterable[Mapping[str, Any]], start: dt.datetime, end: dt.datetime) -> Iterator[Mapping[str, Any]]:
    """Yield coverage rows in order, and a ``no_record`` row per cluster for every cycle that has none at all.

    Args:
        rows: rows of ``collection_runs``, ordered by cycle and cluster; of retired clusters nothing is expected.
        start: first cycle.
        end: the first moment that no longer counts.
    """
    by_cycle: dict[dt.datetime, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["status"] != RETIRED:
            by_cycle.setdefault(row["cycle"], []).append(row)
    clusters = {row["cluster"]: row["environment"] for found in by_cycle.values() for row in found}
    for cycle in cycles_between(start - PERIOD, end - PERIOD):
        yield from by_cycle.get(cycle) or (_no_record(cycle, *named) for named in sorted(clusters.items()))


def _no_record(cycle: dt.datetime, cluster: str, environment: str) -> Mapping[str, Any]:
    known = {"cycle": cycle, "cluster": cluster, "environment": environment, "status": NO_RECORD}
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
    if before and before.last_cycle == cycle - PERIOD and (before.status, before.error_class) == why:
        gaps[cluster] = Gap(cluster, before.first_cycle, cycle, before.cycles + 1, *why)
        return
    if before:
        closed.append(before)
    gaps[cluster] = Gap(cluster, cycle, cycle, 1, *why)

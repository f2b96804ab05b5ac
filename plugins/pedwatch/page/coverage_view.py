"""The page Coverage: how each cluster was seen, cycle by cycle, and why it was not. Pure; times in UTC."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pedwatch.audit.charts import Scale
from pedwatch.cycles import period_of

Row = Mapping[str, Any]

WIDTH = 720
"""Of a strip, in the units of its SVG."""
NOTHING = "nothing"
"""State of cycles of which there is no record at all: no run came that far."""


@dataclass(frozen=True)
class Stretch:
    """Cycles in a row in which a cluster was seen alike.

    Attributes:
        state: as ``collection_runs.status``, or ``nothing``.
        start: first cycle, UTC.
        end: first moment behind the last.
        cycles: how many.
        reason: why it was not seen completely; None where it was.
        x: where its part of the strip begins.
        width: of that part.
    """

    state: str
    start: dt.datetime
    end: dt.datetime
    cycles: int
    reason: str | None
    x: float
    width: float

    @property
    def is_hole(self) -> bool:
        """Whether less than everything was seen."""
        return self.state not in ("complete", "retired")


@dataclass(frozen=True)
class Strip:
    """A cluster over the period."""

    cluster: str
    environment: str
    stretches: tuple[Stretch, ...]

    @property
    def holes(self) -> tuple[Stretch, ...]:
        """What was not seen."""
        return tuple(stretch for stretch in self.stretches if stretch.is_hole)

    @property
    def percent(self) -> float:
        """Cycles that were seen completely, of those that were expected."""
        expected = sum(stretch.cycles for stretch in self.stretches if stretch.state != "retired")
        seen = sum(stretch.cycles for stretch in self.stretches if stretch.state == "complete")
        return 100 * seen / expected if expected else 100.0


def strips_of(rows: Iterable[Row], start: dt.datetime, end: dt.datetime) -> list[Strip]:
    """Return a strip for each cluster: those with the most holes first.

    Args:
        rows: of ``page/coverage.sql``, by cluster and time.
        start: first moment of the period.
        end: its end; what is recorded before the first and after the last row is no hole of the cluster's.
    """
    x = Scale(start.timestamp(), end.timestamp(), 0, WIDTH)
    found: dict[str, list[Stretch]] = {}
    environments: dict[str, str] = {}
    for row in rows:
        period = period_of(row["cycle_minutes"])
        stretches = found.setdefault(row["cluster"], [])
        environments[row["cluster"]] = row["environment"]
        if stretches and row["first_cycle"] - stretches[-1].end >= period:
            began = stretches[-1].end
            missing = (row["first_cycle"] - began) // period
            stretches.append(_stretch(NOTHING, began, row["first_cycle"], missing, "no run recorded these cycles", x))
        stretches.append(
            _stretch(row["status"], row["first_cycle"], row["last_cycle"] + period, row["cycles"], _reason(row), x)
        )
    strips = [Strip(cluster, environments[cluster], tuple(each)) for cluster, each in found.items()]
    return sorted(strips, key=lambda strip: (strip.percent, strip.cluster))


def _stretch(state: str, start: dt.datetime, end: dt.datetime, cycles: int, reason: str | None, x: Scale) -> Stretch:
    left = x.of(start)
    return Stretch(state, start, end, cycles, reason, left, max(1.0, round(x.of(end) - left, 1)))


def _reason(row: Row) -> str | None:
    if row["status"] == "complete":
        return None
    words = ": ".join(filter(None, (row["error_class"], row["error_message"])))
    return words or "no reason was given"

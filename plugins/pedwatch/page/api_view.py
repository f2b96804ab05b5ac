"""The page of an API: its subjects over a period as lines, for charts. Pure; times in UTC."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pedwatch.audit import charts
from pedwatch.audit.lines import Line, State, Stretch, state_of
from pedwatch.cycles import period_of

Row = Mapping[str, Any]

SPANS = {"24h": dt.timedelta(days=1), "7d": dt.timedelta(days=7), "30d": dt.timedelta(days=30)}
MOST_CHARTS = 12
"""Of an API in more places the page draws those first that were over, and says how many it left out."""


@dataclass(frozen=True)
class Drawn:
    """A subject's line with its chart."""

    line: Line
    chart: charts.Chart


@dataclass(frozen=True)
class Gap:
    """A time of which a chart knows nothing at all: neither audited, nor so young that the ledger was asked."""

    start: dt.datetime
    end: dt.datetime


def lines_of(days: Iterable[Row], ledger: Iterable[Row], start: dt.datetime, end: dt.datetime) -> list[Line]:
    """Return the line of each subject within a period: those that were over first, then by name.

    Args:
        days: rows of ``page/stretches.sql``, by subject and day.
        ledger: rows of ``page/ledger.sql``, by subject and cycle.
        start: what was before it is cut off.
        end: what comes from then on, too.
    """
    lines: dict[str, Line] = {}
    for day in days:
        line = _line(lines, day)
        for run in day["runs"]:
            period = period_of(run["cycle_minutes"])
            began = run["start"]
            _extend(line, Stretch(began, began + run["cycles"] * period, _state(run), _last(run), run["cycles"]))
    for row in ledger:
        line, state = _line(lines, row), state_of(row)
        period = period_of(row["cycle_minutes"])
        _extend(line, Stretch(row["cycle"], row["cycle"] + period, state, row["cycle"]))
    for line in lines.values():
        line.stretches = [cut for stretch in line.stretches if (cut := _cut(stretch, start, end)) is not None]
        line.over_cycles = sum(s.cycles for s in line.stretches if s.state.verdict == "over_limit")
    shown = [line for line in lines.values() if line.stretches]
    return sorted(shown, key=lambda line: (-line.over_cycles, line.subject))


def _line(lines: dict[str, Line], row: Row) -> Line:
    subject = row["subject"]
    if subject not in lines:
        lines[subject] = Line(subject, ("", "", ""))
    return lines[subject]


def _state(run: Row) -> State:
    return State(
        verdict=run["verdict"],
        measured=run["measured"],
        max_replicas=run["max_replicas"],
        ceiling=run["ceiling"],
        exemption_id=run["exemption_id"],
        is_rollout=run["is_rollout"],
        is_blind=run["is_blind"],
        cycle_minutes=run["cycle_minutes"],
    )


def _last(run: Row) -> dt.datetime:
    last: dt.datetime = run["start"] + (run["cycles"] - 1) * period_of(run["cycle_minutes"])
    return last


def _extend(line: Line, stretch: Stretch) -> None:
    """Add a stretch, as one with the last where nothing changed between them: over midnight, or from cycle to cycle."""
    before = line.stretches[-1] if line.stretches else None
    if before is not None and before.end == stretch.start and before.state == stretch.state:
        cycles = before.cycles + stretch.cycles
        line.stretches[-1] = replace(before, end=stretch.end, last=stretch.last, cycles=cycles)
    elif before is None or stretch.start >= before.end:
        line.stretches.append(stretch)


def _cut(stretch: Stretch, start: dt.datetime, end: dt.datetime) -> Stretch | None:
    """Return the part of a stretch that is of the period, by whole cycles; None where none is."""
    period = period_of(stretch.state.cycle_minutes)
    before = max(0, -((stretch.start - start) // period))
    after = max(0, -((end - stretch.end) // period))
    cycles = stretch.cycles - before - after
    if cycles <= 0:
        return None
    began = stretch.start + before * period
    return replace(
        stretch, start=began, end=stretch.end - after * period, last=stretch.last - after * period, cycles=cycles
    )


def draw(lines: Iterable[Line], start: dt.datetime, end: dt.datetime) -> tuple[Drawn, ...]:
    """Draw lines."""
    return tuple(Drawn(line, charts.line_chart(line, start, end)) for line in lines)


def gap_of(start: dt.datetime, audited_until: dt.datetime | None, ledger_start: dt.datetime) -> Gap | None:
    """Return what lies between the last audited day and what the ledger was asked for; None where nothing does."""
    known_until = max(start, audited_until) if audited_until else start
    return Gap(known_until, ledger_start) if known_until < ledger_start else None

"""The geometry of charts: from lines to points of an SVG. Pure; the template puts them into words and marks."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pedwatch.audit.figures import Tally
from pedwatch.audit.lines import Line, Stretch

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 222, 46, 24, 12, 34
# Not strftime's: that speaks the language of the machine.
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_PLOT_WIDTH, _PLOT_HEIGHT = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM


@dataclass(frozen=True)
class Mark:
    """A span of the chart that is marked by a pattern and a word; x and width in pixels."""

    kind: str
    x: float
    width: float
    start: dt.datetime
    end: dt.datetime


@dataclass(frozen=True)
class Tick:
    """A label on an axis; at in pixels."""

    at: float
    label: str


@dataclass(frozen=True)
class Chart:
    """Replicas against the limit, as paths."""

    replicas: str
    limit: str
    ceiling: str
    marks: tuple[Mark, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


def _steps(stretches: Iterable[Stretch], value: Callable[[Stretch], int | None], x: "Scale", y: "Scale") -> str:
    """Return a path that is level within a stretch and broken where there is no value."""
    path: list[str] = []
    drawn_to: dt.datetime | None = None
    for stretch in stretches:
        height = value(stretch)
        if height is None:
            drawn_to = None
            continue
        move = "L" if drawn_to == stretch.start else "M"
        path.append(f"{move}{x.of(stretch.start)} {y.of(height)}H{x.of(stretch.end)}")
        drawn_to = stretch.end
    return "".join(path)


@dataclass(frozen=True)
class Scale:
    """Maps a range of values to pixels, in tenths: the same on every machine."""

    low: float
    high: float
    first: float
    last: float

    def of(self, value: float | dt.datetime) -> float:
        """Return the place of a value."""
        number = value.timestamp() if isinstance(value, dt.datetime) else value
        share = (number - self.low) / (self.high - self.low) if self.high > self.low else 0.0
        return round(self.first + share * (self.last - self.first), 1)


def nice_steps(highest: int, most: int = 5) -> list[int]:
    """Return whole numbers from 0 to at least ``highest``, evenly spaced, not more than ``most`` steps."""
    size = 1
    for size in (factor * 10**power for power in range(9) for factor in (1, 2, 5)):
        if size * most >= highest:
            break
    return list(range(0, max(highest, 1) + size, size))


def time_ticks(start: dt.datetime, end: dt.datetime) -> list[tuple[dt.datetime, str]]:
    """Return moments to label, in UTC: every three hours of a day, days or weeks of a longer period."""
    days = (end - start) / dt.timedelta(days=1)
    step = next((size for size, most in ((3, 1.5), (12, 4), (24, 10), (72, 31), (168, 100)) if days <= most), 24 * 28)
    ticks = []
    moment = start
    while moment <= end:
        day = f"{moment:%d} {_MONTHS[moment.month - 1]}"
        ticks.append((moment, f"{moment:%H:%M}" if step < 24 else day))
        moment += dt.timedelta(hours=step)
    return ticks


def _marks(stretches: Sequence[Stretch], x: Scale) -> list[Mark]:
    kinds: list[tuple[str, Callable[[Stretch], bool]]] = [
        ("blind", lambda s: s.state.is_blind),
        ("exemption", lambda s: s.state.exemption_id is not None),
        ("rollout", lambda s: s.state.is_rollout),
        ("over", lambda s: s.state.verdict == "over_limit"),
    ]
    marks = []
    for kind, applies in kinds:
        spans: list[list[dt.datetime]] = []
        for stretch in stretches:
            if not applies(stretch):
                continue
            if spans and spans[-1][1] == stretch.start:
                spans[-1][1] = stretch.end
            else:
                spans.append([stretch.start, stretch.end])
        marks += [Mark(kind, x.of(a), max(1.0, round(x.of(b) - x.of(a), 1)), a, b) for a, b in spans]
    return marks


def line_chart(line: Line, start: dt.datetime, end: dt.datetime) -> Chart:
    """Draw one subject over the period."""
    states = [stretch.state for stretch in line.stretches]
    highest = max((v or 0 for s in states for v in (s.measured, s.max_replicas, s.ceiling)), default=0)
    steps = nice_steps(highest)
    x = Scale(start.timestamp(), end.timestamp(), LEFT, LEFT + _PLOT_WIDTH)
    y = Scale(0, steps[-1], TOP + _PLOT_HEIGHT, TOP)
    has_own_ceiling = any(s.ceiling != s.max_replicas for s in states)
    return Chart(
        replicas=_steps(line.stretches, lambda s: s.state.measured, x, y),
        limit=_steps(line.stretches, lambda s: s.state.max_replicas, x, y),
        ceiling=_steps(line.stretches, lambda s: s.state.ceiling, x, y) if has_own_ceiling else "",
        marks=tuple(_marks(line.stretches, x)),
        x_ticks=tuple(Tick(x.of(moment), label) for moment, label in time_ticks(start, end)),
        y_ticks=tuple(Tick(y.of(step), str(step)) for step in steps),
    )


@dataclass(frozen=True)
class Bar:
    """One week of the burn-down; pixels."""

    x: float
    width: float
    y: float
    height: float
    label: str
    hours: float


def burn_down(weeks: Mapping[str, Tally]) -> tuple[tuple[Bar, ...], tuple[Tick, ...]]:
    """Draw violation-hours by week; returns bars and the ticks of the vertical axis."""
    ordered = sorted(weeks.items())
    steps = nice_steps(int(max((tally.violation_hours for _, tally in ordered), default=0)) + 1)
    y = Scale(0, steps[-1], TOP + _PLOT_HEIGHT, TOP)
    slot = _PLOT_WIDTH / max(1, len(ordered))
    bars = []
    for number, (week, tally) in enumerate(ordered):
        top = y.of(tally.violation_hours)
        left = round(LEFT + slot * (number + 0.2), 1)
        height = round(TOP + _PLOT_HEIGHT - top, 1)
        bars.append(Bar(left, round(slot * 0.6, 1), top, height, week, tally.violation_hours))
    return tuple(bars), tuple(Tick(y.of(step), str(step)) for step in steps)

"""What a chart is drawn from: per subject, the stretches of cycles in which nothing changed. Pure."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pedwatch.audit.figures import Api, api_of
from pedwatch.audit.judged import Row
from pedwatch.cycles import period_of


@dataclass(frozen=True)
class State:
    """What a subject was like in a cycle."""

    verdict: str
    measured: int | None
    max_replicas: int | None
    ceiling: int | None
    exemption_id: str | None
    is_rollout: bool
    is_blind: bool
    cycle_minutes: int


@dataclass(frozen=True)
class Stretch:
    """Cycles from ``start``, included, to ``end``, excluded, in one state; ``cycles`` of them, ``last`` the last."""

    start: dt.datetime
    end: dt.datetime
    state: State
    last: dt.datetime
    cycles: int = 1


@dataclass
class Line:
    """A subject over time; between stretches nothing was judged."""

    subject: str
    api: Api
    stretches: list[Stretch] = field(default_factory=list)
    over_cycles: int = 0

    def add(self, cycle: dt.datetime, state: State) -> None:
        """Take the next cycle."""
        before = self.stretches[-1] if self.stretches else None
        period = period_of(state.cycle_minutes)
        is_next = before is not None and cycle - before.last <= period
        if before is not None and is_next and before.state == state:
            self.stretches[-1] = Stretch(before.start, cycle + period, state, cycle, before.cycles + 1)
        else:
            if before is not None and is_next:  # where the length of cycles changed, none reaches into the next
                self.stretches[-1] = replace(before, end=cycle)
            self.stretches.append(Stretch(cycle, cycle + period, state, cycle))
        self.over_cycles += state.verdict == "over_limit"


def state_of(row: Row) -> State:
    """Read a verdict."""
    return State(
        verdict=row["verdict"],
        measured=row["measured"],
        max_replicas=row["max_replicas"],
        ceiling=row["ceiling"],
        exemption_id=row["exemption_id"],
        is_rollout=bool(row["surge_allowance"]),
        is_blind=row["verdict"] == "unknown" or bool(row["is_lower_bound"]),
        cycle_minutes=row["cycle_minutes"],
    )


class Lines:
    """The lines of all subjects; asked for those that were over."""

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}

    def add(self, row: Row) -> None:
        """Take one verdict; cycles come in order."""
        line = self._lines.get(row["subject"])
        if line is None:
            line = self._lines[row["subject"]] = Line(row["subject"], api_of(row))
        line.add(row["cycle"], state_of(row))

    def violating(self) -> Mapping[Api, list[Line]]:
        """Return the lines that were over in some cycle, by API."""
        found: dict[Api, list[Line]] = {}
        for line in sorted(self._lines.values(), key=lambda line: (line.api, line.subject)):
            if line.over_cycles:
                found.setdefault(line.api, []).append(line)
        return found

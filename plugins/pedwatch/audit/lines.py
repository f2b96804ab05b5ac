"""What a chart is drawn from: per subject, the stretches of cycles in which nothing changed. Pure."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from pedwatch.audit.figures import Api, api_of
from pedwatch.audit.judged import Row
from pedwatch.cycles import PERIOD


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


@dataclass(frozen=True)
class Stretch:
    """Cycles from ``start``, included, to ``end``, excluded, in one state."""

    start: dt.datetime
    end: dt.datetime
    state: State


@dataclass
class Line:
    """A subject over time; between stretches nothing was judged."""

    subject: str
    api: Api
    stretches: list[Stretch] = field(default_factory=list)
    over_cycles: int = 0

    def add(self, cycle: dt.datetime, state: State) -> None:
        """Take the next cycle."""
        last = self.stretches[-1] if self.stretches else None
        if last is not None and last.end == cycle and last.state == state:
            self.stretches[-1] = Stretch(last.start, cycle + PERIOD, state)
        else:
            self.stretches.append(Stretch(cycle, cycle + PERIOD, state))
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

"""What the judge is given: tables as they are, Slack as it stands, and what was played."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from soak.calendar import MINUTE
from soak.world import World

Row = dict[str, Any]


@dataclass(frozen=True)
class Finding:
    """Something that is not as it must be.

    Attributes:
        kind: which check found it, in one word.
        about: whom or what it concerns.
        text: what is wrong.
        number: cycle that was played, counted from 0; None where it concerns no single one.
        api_id: whose it is, where it is an API's.
    """

    kind: str
    about: str
    text: str
    number: int | None = None
    api_id: str | None = None

    def __str__(self) -> str:
        """Write it as one line."""
        when = "" if self.number is None else f" (cycle {self.number})"
        return f"{self.kind}: {self.about}{when}: {self.text}"


@dataclass(frozen=True)
class Cycle:
    """What the tables hold of one cycle."""

    observations: list[Row]
    verdicts: list[Row]


@dataclass
class Evidence:
    """All that is judged.

    Attributes:
        world: what happened.
        first: the first cycle that was played.
        cycles: the number of the cycle after the last one.
        journal: what was written down meanwhile.
        tables: the small tables, whole: ``collection_runs``, ``episodes``, ``notifications``, ``heartbeats``.
        of_cycle: the large ones, cycle by cycle.
        messages: every message that Slack has, deleted ones included.
        pack_problems: what the product's own verification says of the packs.
        peaks: cycle, task and peak memory in kilobytes of every process.
        stored: cycle, what is counted, and how much there was of it after that cycle.
        left_files: files that tries left behind.
    """

    world: World
    first: int
    cycles: int
    journal: list[Row]
    tables: Mapping[str, list[Row]]
    of_cycle: Callable[[dt.datetime], Cycle]
    messages: list[Row]
    pack_problems: list[str] = field(default_factory=list)
    peaks: list[tuple[int, str, int]] = field(default_factory=list)
    stored: list[tuple[int, str, int]] = field(default_factory=list)
    left_files: list[str] = field(default_factory=list)

    def moments(self) -> Iterator[tuple[int, dt.datetime]]:
        """Yield the cycles that were played."""
        for number in range(self.first, self.cycles):
            yield number, self.world.calendar.moment(number)

    def number_at(self, cycle: dt.datetime) -> int | None:
        """Return which cycle was played at a time; None where none was."""
        return self.world.calendar.number_at(cycle, self.cycles)

    def keep_rows(self) -> None:
        """Read the large tables now, and none of their rows later."""
        read = {cycle: self.of_cycle(cycle) for _, cycle in self.moments()}
        self.of_cycle = read.__getitem__

    def ended(self, dag_id: str) -> dict[dt.datetime, str]:
        """Return how the runs of a DAG ended, by their cycle; the last word where tasks were cleared."""
        return {
            dt.datetime.fromisoformat(line["of"]): line["state"]
            for line in self.journal
            if line["kind"] == "run" and line["dag_id"] == dag_id
        }

    def runs_at(self, cycle: dt.datetime) -> dict[str, Row]:
        """Return the rows of ``collection_runs`` of a cycle, by cluster."""
        if not hasattr(self, "_runs"):
            self._runs: dict[dt.datetime, dict[str, Row]] = {}
            for row in self.tables["collection_runs"]:
                self._runs.setdefault(row["cycle"], {})[row["cluster"]] = row
        return self._runs.get(cycle, {})

    def span(self, number: int) -> dt.timedelta:
        """Return how long a cycle is."""
        return self.world.calendar.minutes(number) * MINUTE

"""A failing soak told again in a minute: the APIs that were concerned, the cycles around, what went wrong in them.

The life of each API follows from the seed and its name, so that a world of few lives as the large one did; what befell
which try stands in the story, as the journal has it. A story is YAML: ``python -m soak --story FILE`` plays it.
"""

import dataclasses
import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from soak.calendar import Calendar
from soak.inhabitants import Size
from soak.judge.evidence import Finding, Row
from soak.scheduler import Mishap
from soak.trouble import Rates, Trouble
from soak.world import World

AROUND = 12
"""Cycles before a finding that are played."""
BEHIND = 3
APIS = 12
_TRY = re.compile(r"^(?P<dag>[^.]+)\.(?P<task>.+)$")


@dataclass(frozen=True)
class Story:
    """What is played again.

    Attributes:
        title: what was found.
        world: the world, of some of its APIs.
        trouble: what goes wrong in it.
        first: its first cycle.
        last: its last one.
    """

    title: str
    world: World
    trouble: Trouble
    first: int
    last: int

    def to_yaml(self) -> str:
        """Write it."""
        told = {name: _short(mishap) for name, mishap in (self.trouble.told or {}).items()}
        document = {
            "title": self.title,
            "seed": self.world.seed,
            "size": dataclasses.asdict(self.world.size),
            "calendar": dataclasses.asdict(self.world.calendar),
            "apis": sorted(self.world.only or ()),
            "cycles": {"first": self.first, "last": self.last},
            "rates": dataclasses.asdict(self.trouble.rates),
            "mishaps": told,
        }
        return yaml.safe_dump(document, sort_keys=False, width=120)

    @classmethod
    def read(cls, path: Path) -> "Story":
        """Read one.

        Raises:
            ValueError: it is none; the message names the file.
        """
        try:
            document = yaml.safe_load(path.read_text(encoding="utf-8"))
            size, calendar = Size(**document["size"]), Calendar(**document["calendar"])
            only = frozenset(document["apis"]) or None
            world = World(document["seed"], size, calendar, only)
            told = {name: Mishap(**fields) for name, fields in document["mishaps"].items()}
            trouble = Trouble(document["seed"], Rates(**document["rates"]), told)
            cycles = document["cycles"]
            return cls(document["title"], world, trouble, cycles["first"], cycles["last"])
        except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
            raise ValueError(f"{path} is no story of a soak: {type(error).__name__}: {error}") from None


def tell(findings: Iterable[Finding], world: World, trouble: Trouble, journal: Iterable[Row]) -> Story:
    """Return the story of what was found first: everything that concerns the same cycles, in few APIs."""
    found = sorted(findings, key=lambda finding: (finding.number is None, finding.number or 0))
    first = found[0].number
    last = world.size.cycles - 1 if first is None else min(world.size.cycles - 1, first + BEHIND)
    begin = max(0, (last if first is None else first) - AROUND)
    named = [finding.api_id for finding in found if finding.api_id]
    apis = list(dict.fromkeys([*named, *(api.api_id for api in world.apis)]))[:APIS]
    told = {}
    for line in journal:
        match = _TRY.match(line.get("task", ""))
        if line["kind"] != "mishap" or match is None:
            continue
        number = world.calendar.number_at(dt.datetime.fromisoformat(line["cycle"]), world.size.cycles)
        if number is not None and begin <= number <= last:
            name = f"{number}|{match['dag']}|{match['task']}|{line['index']}|{line['attempt']}"
            told[name] = Mishap(**line["mishap"])
    smaller = dataclasses.replace(world, only=frozenset(apis))
    return Story(str(found[0]), smaller, dataclasses.replace(trouble, told=told), begin, last)


def _short(mishap: Mishap) -> dict[str, Any]:
    return {name: value for name, value in dataclasses.asdict(mishap).items() if value != getattr(Mishap(), name)}

"""Reads stories over cycles: ``stories/<name>.yaml``, what was seen, cycle by cycle, and what pedwatch made of it.

``limit_history`` and ``policy_history`` are rows as in a case; without them there is the one limit, of ten, and the one
policy of ``cases/defaults.yaml``. ``limit_rejections`` are rows, too. ``cycles`` are told in order, each with

- ``at``: the cycle, ``"10:05"``, or several, ``"10:05 to 10:30"``, in which the same was seen and said;
- ``seen``: rows of ``replica_observations``; ``replicas: 12`` is short for as many asked for, running and up to date;
- ``clusters``: rows of ``collection_runs``; without it one cluster was seen whole;
- ``listed``: clusters as GKE lists them, of which discovery makes those rows: what it does not let collect was not
  seen, the others whole, in the environment it says; ``config``: what changes in the configuration from then on;
- ``params``: parameters of the comparison; without them limits are known as of the cycle;
- ``then``: one row per subject with a verdict or an open episode: columns of ``verdicts``, null in a cycle without one,
  ``episode``, the state of its newest episode, and ``end_reason``. A column that one row names is null in a row that
  does not. Without ``then`` the cycle was observed and nothing judged it, which makes hours short. A cycle that is not
  told was not even observed.

``minutes_matter`` says why a story holds in cycles of five minutes only: for what of it time is counted in minutes.

``told`` lists all messages of the story, ``10:10 first``: that is where a story that must alert nobody says so. A
judged cycle takes a third of a second: where what precedes firing does not matter, sixteen pods of ten fire at once.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

from pedwatch.config import CycleMinutes
from pedwatch.cycles import PERIOD, cycles_between
from tests.sql.case_files import CASES, _load, moment
from tests.sql.discovered_fleets import Fleet

MINUTES = get_args(CycleMinutes)
MINUTES_TOLD = 5
"""Stories are written in cycles of five minutes."""
TEN = moment("10:00")

STORIES = Path(__file__).parent / "stories"
Row = dict[str, Any]

_STORY_KEYS = {"limit_history", "policy_history", "limit_rejections", "cycles", "told", "minutes_matter"}
_CYCLE_KEYS = {"at", "seen", "clusters", "listed", "config", "params", "then"}
_COUNTERS = ("spec_replicas", "status_replicas", "updated_replicas")


@dataclass(frozen=True)
class JudgedCycle:
    """One cycle that was judged: the parameters of its comparison, and what is expected after its fold."""

    cycle: dt.datetime
    params: Row
    expect: list[Row]


@dataclass(frozen=True)
class Story:
    """All rows that were there to be seen, the cycles that were judged, and what was told."""

    name: str
    given: dict[str, list[Row]]
    cycles: list[JudgedCycle]
    told: list[str]
    minutes_matter: str | None = None


def read_stories() -> list[Story]:
    """Read all stories, sorted by name."""
    defaults = _load(CASES / "defaults.yaml")
    return [_read_story(path, defaults) for path in sorted(STORIES.glob("*.yaml"))]


def configured(recorded: int) -> int:
    """Return the ``cycle_minutes`` of a worker that records a cycle of that length: the next one there is."""
    return min(minutes for minutes in MINUTES if minutes >= recorded)


def retimed(story: Story, lengths: list[int]) -> Story:
    """Tell a story of five minutes in other cycles: ``lengths`` are how far apart its marks are, from 10:00 on.

    They are minutes; the last one goes on. All that happens later happens in the same cycle, as far into it. What a
    policy says in minutes becomes as many cycles of the last length.
    """

    def at(moment: dt.datetime) -> dt.datetime:
        if not TEN <= moment < TEN + dt.timedelta(days=30):
            return moment
        number, rest = divmod(moment - TEN, PERIOD)
        taken = [*lengths, *[lengths[-1]] * (number + 1)][: number + 1]
        return TEN + dt.timedelta(minutes=sum(taken[:number])) + rest * taken[number] / MINUTES_TOLD

    def moved(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: moved(item) for name, item in value.items()}
        if isinstance(value, list):
            return [moved(item) for item in value]
        return at(value) if isinstance(value, dt.datetime) else value

    given = moved(story.given)
    for row in given["collection_runs"]:
        row["cycle_minutes"] = ([lengths[0]] + [b - a for a, b in pairwise(_marks(lengths, row["cycle"]))])[-1]
    for row in given["policy_history"]:
        row |= {name: row[name] * lengths[-1] // MINUTES_TOLD for name in ("grace_minutes", "surge_budget_minutes")}
    cycles = [JudgedCycle(at(each.cycle), moved(each.params), moved(each.expect)) for each in story.cycles]
    told = [f"{at(moment(when)):%H:%M} {what}" for when, what in (line.split(" ", 1) for line in story.told)]
    return Story(story.name, given, cycles, told, story.minutes_matter)


def _marks(lengths: list[int], until: dt.datetime) -> list[int]:
    """Return the minutes of the marks from 10:00 to a cycle."""
    wanted = (until - TEN) // dt.timedelta(minutes=1)
    marks = [0]
    while marks[-1] < wanted:
        marks.append(marks[-1] + lengths[min(len(marks) - 1, len(lengths) - 1)])
    return marks


def _read_story(path: Path, defaults: dict[str, Row]) -> Story:
    text = _load(path)
    _require_known(text, _STORY_KEYS, path.name)
    given: dict[str, list[Row]] = {
        table: [{**defaults[table], **row} for row in text.get(table, [{}])]
        for table in ("limit_history", "policy_history")
    }
    given |= {"collection_runs": [], "replica_observations": [], "limit_rejections": text.get("limit_rejections", [])}
    judged = []
    fleet = Fleet()
    for told in text["cycles"]:
        _require_known(told, _CYCLE_KEYS, f"{path.name}, {told['at']}")
        for cycle in _cycles(told["at"]):
            seen = [{**defaults["replica_observations"], **_counted(row)} for row in told.get("seen", [])]
            clusters = told.get("clusters", [] if "listed" in told else [{}])
            if "listed" in told:
                discovered, collected = fleet.cycle(cycle, told["listed"], told.get("config", {}))
                clusters = clusters + discovered
                seen = [
                    {**row, "environment": collected[row["cluster"]]} for row in seen if row["cluster"] in collected
                ]
            given["collection_runs"] += [{**defaults["collection_runs"], "cycle": cycle, **row} for row in clusters]
            given["replica_observations"] += [{**row, "cycle": cycle, "observed_at": cycle} for row in seen]
            if "then" in told:
                params = {**defaults["params"], "cycle": cycle, "known_at": cycle, "computed_at": cycle}
                judged.append(JudgedCycle(cycle, params | told.get("params", {}), told["then"]))
    return Story(path.stem, given, judged, text["told"], text.get("minutes_matter"))


def _cycles(at: Any) -> Iterator[dt.datetime]:
    """Read ``10:05`` (a moment already) or ``10:05 to 10:30``."""
    first, last = map(moment, at.split(" to ")) if isinstance(at, str) else (at, at)
    yield from cycles_between(first - PERIOD, last, PERIOD)


def _counted(row: Row) -> Row:
    row = dict(row)
    replicas = row.pop("replicas", None)
    return row if replicas is None else {**dict.fromkeys(_COUNTERS, replicas), **row}


def _require_known(found: Row, known: set[str], where: str) -> None:
    """A misspelt key would check nothing."""
    unknown = found.keys() - known
    if unknown:
        raise ValueError(f"{where}: unknown {sorted(unknown)}; known are {sorted(known)}")

"""The numbers of an audit: counted per API and known-as, so that every sum can be taken apart. Pure.

Violation-hours are over-cycles × the length of each (docs/design.md#d14); unknown is counted apart, never as within.
"""

import datetime as dt
import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field, fields

from pedwatch.alerts.episodes import Episode
from pedwatch.audit.judged import KNOWN_AS, Judged, KnownAs, Row

Api = tuple[str, str, str]
"""Environment, team and API; the empty text where a workload carries no label."""


@dataclass
class Tally:
    """Counts over subjects and cycles: a subject that is over in three cycles counts three, and all their minutes."""

    judged: int = 0
    over: int = 0
    over_strict: int = 0
    unknown: int = 0
    exempt: int = 0
    over_minutes: int = 0
    strict_minutes: int = 0
    unknown_minutes: int = 0
    replica_minutes_over: int = 0

    def add(self, row: Row) -> None:
        """Count one verdict."""
        minutes = row["cycle_minutes"]
        self.judged += 1
        self.exempt += row["verdict"] == "exempt"
        if row["is_over_strict"]:
            self.over_strict += 1
            self.strict_minutes += minutes
        if row["verdict"] == "unknown":
            self.unknown += 1
            self.unknown_minutes += minutes
        if row["verdict"] == "over_limit":
            self.over += 1
            self.over_minutes += minutes
            self.replica_minutes_over += minutes * max(0, (row["measured"] or 0) - (row["max_replicas"] or 0))

    def __add__(self, other: "Tally") -> "Tally":
        """Return the sum of two."""
        return Tally(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(Tally)))

    @property
    def violation_hours(self) -> float:
        """Over-cycles × the length of each, in hours."""
        return self.over_minutes / 60

    @property
    def strict_hours(self) -> float:
        """The same without allowance, tolerance or exemption."""
        return self.strict_minutes / 60

    @property
    def unknown_hours(self) -> float:
        """Hours in which a subject could not be judged."""
        return self.unknown_minutes / 60

    @property
    def replica_hours_over(self) -> float:
        """Pods above the limit × hours, of verdicts that are over."""
        return self.replica_minutes_over / 60


@dataclass(frozen=True)
class Exemption:
    """An exemption that kept a subject from being over."""

    limit_id: str
    exemption_id: str


@dataclass
class Figures:
    """All counts of a period; ``apis`` by known-as and API, ``weeks`` by known-as and week."""

    apis: dict[KnownAs, dict[Api, Tally]] = field(default_factory=lambda: {name: {} for name in KNOWN_AS})
    weeks: dict[KnownAs, dict[str, Tally]] = field(default_factory=lambda: {name: {} for name in KNOWN_AS})
    exemptions: dict[KnownAs, dict[Exemption, int]] = field(default_factory=lambda: {name: {} for name in KNOWN_AS})
    policy_versions: set[str] = field(default_factory=set)

    def add(self, judged: Judged, week: str) -> None:
        """Count what was said of one subject in one cycle."""
        for known_as in KNOWN_AS:
            row = judged.known(known_as)
            if row is None:
                continue
            self.apis[known_as].setdefault(api_of(row), Tally()).add(row)
            self.weeks[known_as].setdefault(week, Tally()).add(row)
            if row["policy_version"]:
                self.policy_versions.add(row["policy_version"])
            if row["verdict"] == "exempt":
                used = Exemption(row["limit_id"], row["exemption_id"])
                self.exemptions[known_as][used] = self.exemptions[known_as].get(used, 0) + 1

    def total(self, known_as: KnownAs) -> Tally:
        """Return the sum over all APIs."""
        return sum(self.apis[known_as].values(), Tally())

    def tally(self, known_as: KnownAs, api: Api) -> Tally:
        """Return the counts of one API."""
        return self.apis[known_as].get(api, Tally())

    def violating(self, known_as: KnownAs) -> list[Api]:
        """Return the APIs that were over in some cycle."""
        return sorted(api for api, tally in self.apis[known_as].items() if tally.over)

    @property
    def known_apis(self) -> list[Api]:
        """Return every API that any of the three has a verdict of."""
        return sorted({api for tallies in self.apis.values() for api in tallies})


def api_of(row: Row) -> Api:
    """Return whose a row is."""
    return row["environment"], row["team_id"] or "", row["api_id"] or ""


@dataclass(frozen=True)
class Resolution:
    """How problems of a period came and went."""

    fired: int
    resolved: int
    still_open: int
    median_minutes: float | None
    longest_minutes: float | None
    repeat_offenders: tuple[tuple[Api, int], ...]


def _api_of_episode(episode: Episode) -> Api:
    subject = episode.subject
    return subject.environment or "", subject.team_id or "", subject.api_id or ""


def resolution(episodes: Iterable[Episode]) -> Resolution:
    """Sum up episodes over a limit that fired; those that fired twice or more make an API a repeat offender.

    The time to resolve is from the first over cycle to the cycle it was resolved in.
    """
    fired = [e for e in episodes if e.subject.kind == "over_limit" and e.fired_cycle is not None]
    minutes = [(e.resolved_cycle - e.over_since) / dt.timedelta(minutes=1) for e in fired if e.resolved_cycle]
    counts: dict[Api, int] = {}
    for episode in fired:
        api = _api_of_episode(episode)
        counts[api] = counts.get(api, 0) + 1
    repeats = sorted(((api, count) for api, count in counts.items() if count > 1), key=lambda item: (-item[1], item[0]))
    return Resolution(
        fired=len(fired),
        resolved=len(minutes),
        still_open=sum(e.is_open for e in fired),
        median_minutes=statistics.median(minutes) if minutes else None,
        longest_minutes=max(minutes, default=None),
        repeat_offenders=tuple(repeats),
    )

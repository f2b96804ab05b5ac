"""An audit of a period from its sources: one pass over the cycles, oldest first. Pure; holds no verdict longer."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from pedwatch.alerts.episodes import Episode
from pedwatch.audit.coverage import Coverage, cycles_in, lengths_of, summarise, with_gaps
from pedwatch.audit.differences import Difference, Spans, causes_of, difference, difference_row
from pedwatch.audit.figures import Figures
from pedwatch.audit.judged import Judged, KnownAs, Row, by_cycle, side_by_side
from pedwatch.audit.lines import Line, Lines
from pedwatch.audit.period_episodes import EpisodeFold, seed
from pedwatch.audit.policies import PolicyLine
from pedwatch.audit.policy_changes import PolicyChange, policy_changes
from pedwatch.audit.request import AuditRequest
from pedwatch.audit.subject_days import SubjectDays, TakeDay
from pedwatch.config import PolicyConfig
from pedwatch.errors import AuditError

FOLDED: tuple[KnownAs, ...] = ("then", "now")


@dataclass(frozen=True)
class Sources:
    """What an audit is made of. ``then``, ``now`` and ``coverage`` begin at ``begin``, before the period.

    Verdicts are ordered by cycle and subject, coverage by cycle and cluster.
    """

    begin: dt.datetime
    then: Iterable[Row]
    now: Iterable[Row]
    live: Iterable[Row]
    coverage: Sequence[Row]
    limits: Sequence[Row]
    policies: Sequence[Row]
    open_episodes: Sequence[Row]
    inputs_as_of: dt.datetime | None = None
    """When the newest of the above was recorded."""


@dataclass
class Findings:
    """What an audit found."""

    request: AuditRequest
    figures: Figures
    coverage: Coverage
    coverage_rows: list[Row]
    episodes: dict[KnownAs, list[Episode]]
    episode_rows: list[dict[str, Any]]
    differences: list[Difference]
    lines: Mapping[Any, list[Line]]
    limits: list[Row]
    policy_changes: list[PolicyChange]
    verdict_rows: int = 0
    difference_rows: int = 0
    inputs_as_of: dt.datetime | None = None


@dataclass
class _Pass:
    """What grows from cycle to cycle."""

    request: AuditRequest
    folds: dict[KnownAs, EpisodeFold]
    versions: Mapping[tuple[str, int], Row]
    take_verdict: Callable[[Row], None]
    take_difference: Callable[[Row], None]
    days: SubjectDays
    figures: Figures = field(default_factory=Figures)
    spans: Spans = field(default_factory=Spans)
    lines: Lines = field(default_factory=Lines)
    used: set[tuple[str, int]] = field(default_factory=set)
    verdict_rows: int = 0
    difference_rows: int = 0

    def take(self, cycle: dt.datetime, found: list[Judged]) -> None:
        """Take the verdicts of one cycle of the period."""
        week = self.request.week(cycle)
        is_judged_live = any(judged.live for judged in found)
        for judged in found:
            self.figures.add(judged, week)
            counted = judged.known(self.request.counted)
            if counted is not None:
                # When the audit asked is no fact of the verdict, and would make every pack another.
                known_at = counted["limits_known_at"] if self.request.counted == "then" else self.request.known_at
                self.take_verdict({**counted, "limits_known_at": known_at})
                self.lines.add(counted)
                self.days.add(counted)
                self.verdict_rows += 1
            for row in (judged.then, judged.now, judged.live):
                if row is not None and row["limit_id"] is not None and row["limit_version"] is not None:
                    self.used.add((row["limit_id"], row["limit_version"]))
            if causes := causes_of(judged, is_judged_live):
                row = difference_row(judged, causes, self.versions)
                self.take_difference(row)
                self.spans.add(difference(judged, row))
                self.difference_rows += 1


def _in_order(judged: Iterator[Judged], cycles: Iterable[dt.datetime]) -> Iterator[tuple[dt.datetime, list[Judged]]]:
    """Yield every cycle, also those without any verdict."""
    groups = by_cycle(judged)
    waiting = next(groups, None)
    for cycle in cycles:
        while waiting is not None and waiting[0] < cycle:
            waiting = next(groups, None)
        if waiting is not None and waiting[0] == cycle:
            yield waiting
            waiting = next(groups, None)
        else:
            yield cycle, []


def audit_period(
    request: AuditRequest,
    sources: Sources,
    policy: PolicyConfig,
    take_verdict: Callable[[Row], None],
    take_difference: Callable[[Row], None],
    take_day: TakeDay = lambda day, rows, stretches: None,
) -> Findings:
    """Audit a period.

    Args:
        request: what is asked for.
        sources: what was stored.
        policy: for moments that ``policy_history`` does not know.
        take_verdict: called with every counted verdict, in order.
        take_difference: called with every row of differences.csv, in order.
        take_day: called with every day that has verdicts, and what its subjects were like, in order.

    Raises:
        AuditError: the period holds no data at all.
    """
    recorded = [row for row in sources.coverage if request.start <= row["cycle"] < request.end]
    if not recorded:
        raise AuditError(
            f"nothing was recorded from {request.start:%Y-%m-%d %H:%M} to {request.end:%Y-%m-%d %H:%M} UTC: "
            f"collection_runs has no row. Choose a period in which ped_replica_watch ran."
        )
    clusters = _grouped(sources.coverage)
    folds = {known_as: EpisodeFold(seed(row, sources.begin) for row in sources.open_episodes) for known_as in FOLDED}
    versions = {(row["limit_id"], row["version"]): row for row in sources.limits}
    work = _Pass(request, folds, versions, take_verdict, take_difference, SubjectDays(request, take_day))
    line = PolicyLine(sources.policies, policy)
    judged = side_by_side(sources.then, sources.now, sources.live)
    is_counting = False
    for cycle, found in _in_order(judged, cycles_in(lengths_of(sources.coverage), sources.begin, request.end)):
        if cycle >= request.start and not is_counting:
            is_counting = True
            for fold in folds.values():
                fold.begin_counting()
        for known_as, fold in folds.items():
            rows = [row for item in found if (row := item.known(known_as)) is not None]
            fold.cycle(cycle, rows, clusters.get(cycle, []), line.at(cycle))
        if cycle >= request.start:
            work.take(cycle, found)
    work.days.close()
    return _findings(work, sources, recorded)


def _grouped(rows: Iterable[Row]) -> dict[dt.datetime, list[Row]]:
    found: dict[dt.datetime, list[Row]] = {}
    for row in rows:
        found.setdefault(row["cycle"], []).append(row)
    return found


def _findings(work: _Pass, sources: Sources, recorded: Sequence[Row]) -> Findings:
    request = work.request
    episodes = {known_as: fold.episodes_since(request.start) for known_as, fold in work.folds.items()}
    rows = chain.from_iterable(
        (work.folds[known_as].row(episode, known_as) for episode in found) for known_as, found in episodes.items()
    )
    coverage_rows = list(with_gaps(recorded, request.start, request.end))
    used = [row for row in sources.limits if (row["limit_id"], row["version"]) in work.used]
    return Findings(
        request=request,
        figures=work.figures,
        coverage=summarise(coverage_rows),
        coverage_rows=coverage_rows,
        episodes=episodes,
        episode_rows=list(rows),
        differences=list(work.spans),
        lines=work.lines.violating(),
        limits=used,
        policy_changes=policy_changes(sources.policies, request.start, request.end),
        verdict_rows=work.verdict_rows,
        difference_rows=work.difference_rows,
        inputs_as_of=sources.inputs_as_of,
    )

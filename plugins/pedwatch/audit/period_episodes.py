"""Episodes of a period: the one fold, over recomputed verdicts, beginning with what was open before. Pure.

The fold looks back twelve observations or two hours at most, so it begins that long before the period, with the
episodes that were open then. Started so, an episode has the id it has live.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pedwatch.alerts import flapping, ledger
from pedwatch.alerts.episodes import Episode, Memory, Subject
from pedwatch.alerts.fold import fold_period
from pedwatch.alerts.observed import SubjectObservation
from pedwatch.alerts.rekeying import place
from pedwatch.alerts.retirement import retired_in
from pedwatch.audit.judged import Row
from pedwatch.config import PolicyConfig
from pedwatch.cycles import LONGEST, SHORTEST

OBSERVATIONS = 12
"""The most that a policy looks back at."""

LONGEST_WARM_UP = OBSERVATIONS * LONGEST


def warm_up(lengths: Iterable[dt.timedelta]) -> dt.timedelta:
    """Return how long before a period its fold begins.

    Args:
        lengths: of the cycles in the time before it, as far back as ``LONGEST_WARM_UP``.
    """
    return max(flapping.WINDOW, OBSERVATIONS * max(lengths, default=SHORTEST))


_MATTERS = ("over_limit", "exempt")
_TRACED = ("max_replicas", "limit_version", "spec_replicas", "hpa_max_replicas")

COLUMNS = (
    "known_as episode_id kind subject scope environment cluster namespace workload_kind workload_name team_id api_id "
    "limit_id state severity started_cycle over_since fired_cycle resolved_cycle last_cycle over_cycles unknown_cycles "
    "measured max_replicas ceiling limit_version peak_measured peak_cycle offender end_reason previous_episode_id"
).split()
"""Columns of episodes.csv; ``over_cycles`` and ``unknown_cycles`` count those within the period."""


def seed(row: Mapping[str, Any], moment: dt.datetime) -> Episode:
    """Return a live episode as it stood at a moment, from what never changes later: when it began and fired."""
    subject = Subject(
        fingerprint=row["fingerprint"],
        name=row["subject"],
        kind=row["kind"],
        **{name: row[name] for name in ("scope", "environment", "cluster", "team_id", "api_id", "limit_id")},
    )
    has_fired = row["fired_cycle"] is not None and row["fired_cycle"] < moment
    return Episode(
        episode_id=row["episode_id"],
        subject=subject,
        state="firing" if has_fired else "pending",
        started_cycle=row["started_cycle"],
        last_cycle=moment - SHORTEST,
        fired_cycle=row["fired_cycle"] if has_fired else None,
        memory=Memory(window=(True,), over_since=row["started_cycle"]),
    )


class EpisodeFold:
    """Folds cycle after cycle; keeps one line of episodes per subject.

    Args:
        seeds: episodes that were open when the fold begins.
    """

    def __init__(self, seeds: Iterable[Episode]) -> None:
        self._latest = {episode.subject.fingerprint: episode for episode in seeds}
        self._known = {episode.episode_id: episode for episode in self._latest.values()}
        self._before: dict[str, tuple[Any, ...]] = {}
        self._counted: dict[str, tuple[int, int]] = {}

    def cycle(self, cycle: dt.datetime, rows: Iterable[Row], clusters: Iterable[Row], policies: PolicyConfig) -> None:
        """Take one cycle: verdicts of subjects, and how the clusters were seen."""
        clusters = list(clusters)
        observations = [*self._observations(rows), *ledger.from_clusters(clusters, self._latest.values())]
        fingerprints = {item.subject.fingerprint for item in observations}
        concerned = [e for e in self._latest.values() if e.is_open or e.subject.fingerprint in fingerprints]
        retired = retired_in(clusters)
        for episode in fold_period(concerned, observations, [cycle], policies, retired):
            self._forget_old_key(episode)
            self._latest[episode.subject.fingerprint] = episode
            self._known[episode.episode_id] = episode

    def _forget_old_key(self, episode: Episode) -> None:
        """An episode may go on under another key of its limit."""
        before = self._known.get(episode.episode_id, episode).subject.fingerprint
        if before != episode.subject.fingerprint:
            del self._latest[before]

    def _observations(self, rows: Iterable[Row]) -> Iterator[SubjectObservation]:
        yield from ledger.from_verdicts(self._traced(list(rows)), list(self._latest.values()))

    def _traced(self, rows: list[Row]) -> Iterator[dict[str, Any]]:
        going_on = {place(row) for row in rows if row["reason"] in ("limit_rekeyed", "kind_changed")}
        for row in rows:
            fingerprint = row["fingerprint"]
            before = self._before.get(fingerprint, (None,) * len(_TRACED))
            self._before[fingerprint] = tuple(row[name] for name in _TRACED)
            latest = self._latest.get(fingerprint)
            is_going_on = bool(going_on) and place(row) in going_on
            if row["verdict"] in _MATTERS or (latest is not None and latest.is_open) or is_going_on:
                previous = {f"previous_{name}": value for name, value in zip(_TRACED, before, strict=True)}
                yield {**row, **previous}

    def begin_counting(self) -> None:
        """Forget what was counted in the warm-up: the period begins."""
        self._counted = {key: (e.over_cycles, e.unknown_cycles) for key, e in self._known.items()}

    def episodes_since(self, start: dt.datetime) -> list[Episode]:
        """Return the episodes that were open at or after a moment, oldest first."""
        found = [e for e in self._known.values() if (e.resolved_cycle or e.last_cycle) >= start]
        return sorted(found, key=lambda e: (e.started_cycle, e.subject.name))

    def row(self, episode: Episode, known_as: str) -> dict[str, Any]:
        """Return the row of episodes.csv."""
        over, unknown = self._counted.get(episode.episode_id, (0, 0))
        own = {name: getattr(episode, name) for name in COLUMNS if hasattr(episode, name)}
        subject = {name: getattr(episode.subject, name) for name in COLUMNS if hasattr(episode.subject, name)}
        counts = {"over_cycles": episode.over_cycles - over, "unknown_cycles": episode.unknown_cycles - unknown}
        return own | subject | counts | {"known_as": known_as, "subject": episode.subject.name}

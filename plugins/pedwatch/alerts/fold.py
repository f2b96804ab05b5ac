"""Folds all watched subjects cycle after cycle, each by its policy. Pure."""

import datetime as dt
from collections.abc import Iterable, Mapping

from pedwatch.alerts.episode_states import fold
from pedwatch.alerts.episodes import Episode, Subject
from pedwatch.alerts.ledger import RELABELLED, UNACCEPTED
from pedwatch.alerts.observed import Observation, SubjectObservation
from pedwatch.alerts.rekeying import carry_over
from pedwatch.alerts.retirement import NOTHING_RETIRED, Retired
from pedwatch.config import Policy, PolicyConfig

BLIND_POLICY = Policy(
    for_observations=3, window_observations=3, clear_observations=1, gross_ratio=1e9, gross_count=10**6
)
"""Three blind cycles make one alert; the first complete one ends it (docs/design.md#d5)."""

AT_ONCE_POLICY = BLIND_POLICY.model_copy(update={"for_observations": 1, "window_observations": 1})


def policy_of(subject: Subject, policies: PolicyConfig) -> Policy:
    """Return the policy a subject is folded by."""
    if subject.kind == "blind_cluster":
        return BLIND_POLICY
    if subject.kind in ("limits_blind", UNACCEPTED, RELABELLED):
        return AT_ONCE_POLICY
    return policies.for_api(subject.team_id, subject.api_id)


def _unobserved(episode: Episode, cycle: dt.datetime, retired: Retired) -> SubjectObservation:
    """Say of an open episode what there is to say in a cycle that has no observation of its subject."""
    observation = Observation(cycle, "unseen", reason="not_judged")
    if retired.ended(episode.subject):
        limit = {name: getattr(episode, name) for name in ("max_replicas", "ceiling", "limit_version")}
        observation = Observation(cycle, "retired", **limit)
    return SubjectObservation(episode.subject, observation)


def fold_period(
    latest: Iterable[Episode],
    observations: Iterable[SubjectObservation],
    cycles: Iterable[dt.datetime],
    policies: PolicyConfig,
    retired: Mapping[dt.datetime, Retired] | None = None,
) -> list[Episode]:
    """Fold the cycles, oldest first, and return every episode that is new or changed, oldest first.

    A subject with an open episode and no observation in a cycle was not seen in it: that freezes it, unless its cluster
    is ``retired``, which ends it.
    """
    current = {episode.subject.fingerprint: episode for episode in latest}
    by_cycle: dict[dt.datetime, dict[str, SubjectObservation]] = {}
    for item in observations:
        by_cycle.setdefault(item.observation.cycle, {})[item.subject.fingerprint] = item
    changed: dict[str, Episode] = {}
    for cycle in cycles:
        seen = by_cycle.get(cycle, {})
        carry_over(current, seen)
        unseen = [e for e in current.values() if e.is_open and e.subject.fingerprint not in seen]
        gone = (retired or {}).get(cycle, NOTHING_RETIRED)
        items = [*seen.values(), *(_unobserved(e, cycle, gone) for e in unseen)]
        for item in map(gone.known_to, items):
            before = current.get(item.subject.fingerprint)
            after_fold = fold(before, item.subject, item.observation, policy_of(item.subject, policies))
            if after_fold is not None and after_fold != before:
                current[item.subject.fingerprint] = after_fold
                changed[after_fold.episode_id] = after_fold
    return sorted(changed.values(), key=lambda episode: (episode.started_cycle, episode.subject.name))

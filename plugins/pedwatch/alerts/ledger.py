"""Turns ledger rows into observations, and folds all watched subjects cycle after cycle. Pure."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pedwatch.alerts.episodes import Episode, Evidence, Observation, Seen, Subject, fold
from pedwatch.config import Policy, PolicyConfig
from pedwatch.cycles import cycles_between

_SEEN: dict[str, Seen] = {"over_limit": "over", "within_limit": "clean", "exempt": "exempt"}
"""What a verdict counts as; every other verdict freezes an episode (DESIGN D5)."""
_SEEN_BY_REASON: dict[str, Seen] = {"workload_gone": "gone", "scope_changed": "rescoped"}
"""Verdicts that end an episode at once, whatever they measured (DESIGN D4, D5)."""
_PROVEN_IN_PART = "lower_bound_over_ceiling"
"""Reason of an over that stands although not everything was seen."""

BLIND_POLICY = Policy(
    for_observations=3, window_observations=3, clear_observations=1, gross_ratio=1e9, gross_count=10**6
)
"""Three blind cycles make one alert; the first complete one ends it (DESIGN D5)."""

LIMITS_BLIND_POLICY = BLIND_POLICY.model_copy(update={"for_observations": 1, "window_observations": 1})
LIMITS_BLIND_AFTER = dt.timedelta(minutes=15)
PLATFORM_KINDS = ("blind_cluster", "limits_blind")


@dataclass(frozen=True)
class SubjectObservation:
    """One observation and whose it is."""

    subject: Subject
    observation: Observation


def from_verdict(row: Mapping[str, Any]) -> SubjectObservation:
    """Read a row of the live ledger (columns of ``verdicts`` and the ``previous_*`` of alerts/fold_input.sql)."""
    seen = _SEEN_BY_REASON.get(row["reason"]) or _SEEN.get(row["verdict"], "unseen")
    subject = Subject(
        fingerprint=row["fingerprint"],
        name=row["subject"],
        scope=row["scope"],
        environment=row["environment"],
        cluster=row["cluster"],
        namespace=row["namespace"],
        workload_kind=row["workload_kind"],
        workload_name=row["workload_name"],
        api_id=row["api_id"],
        team_id=row["team_id"],
        limit_id=row["limit_id"],
    )
    now = Evidence(row["max_replicas"], row["limit_version"], row["spec_replicas"], row["hpa_max_replicas"])
    before = Evidence(
        row["previous_max_replicas"],
        row["previous_limit_version"],
        row["previous_spec_replicas"],
        row["previous_hpa_max_replicas"],
    )
    observation = Observation(
        cycle=row["cycle"],
        seen=seen,
        reason=row["reason"],
        measured=row["measured"],
        max_replicas=row["max_replicas"],
        ceiling=row["ceiling"],
        limit_version=row["limit_version"],
        offender=row["offender"],
        now=now,
        before=before if before != Evidence() else None,
        is_lower_bound=row["reason"] == _PROVEN_IN_PART,
    )
    return SubjectObservation(subject, observation)


def from_cluster(row: Mapping[str, Any]) -> SubjectObservation:
    """Read a row of ``collection_runs``: a cluster that was not seen whole counts as over, one that was as clean."""
    subject = Subject(
        fingerprint=f"blind/{row['cluster']}",
        name=f"blind/{row['cluster']}",
        kind="blind_cluster",
        environment=row["environment"],
        cluster=row["cluster"],
    )
    seen: Seen = "clean" if row["status"] == "complete" else "over"
    return SubjectObservation(subject, Observation(row["cycle"], seen, offender=row["error_class"]))


def from_limits_known(cycle: dt.datetime, known_at: dt.datetime) -> SubjectObservation:
    """Tell whether the limits a cycle was judged by were too old (DESIGN D11)."""
    subject = Subject(fingerprint="limits_blind", name="limits_blind", kind="limits_blind")
    seen: Seen = "over" if cycle - known_at > LIMITS_BLIND_AFTER else "clean"
    return SubjectObservation(subject, Observation(cycle, seen))


def _missed(cycle: dt.datetime) -> Observation:
    return Observation(cycle, "unseen", reason="not_judged")


def policy_of(subject: Subject, policies: PolicyConfig) -> Policy:
    """Return the policy a subject is folded by."""
    if subject.kind == "blind_cluster":
        return BLIND_POLICY
    if subject.kind == "limits_blind":
        return LIMITS_BLIND_POLICY
    return policies.for_api(subject.team_id, subject.api_id)


def fold_period(
    latest: Iterable[Episode],
    observations: Iterable[SubjectObservation],
    after: dt.datetime,
    until: dt.datetime,
    policies: PolicyConfig,
) -> list[Episode]:
    """Fold all cycles in (after, until] and return every episode that is new or changed, oldest first.

    A subject with an open episode and no observation in a cycle was not seen in it: that freezes it.
    """
    current = {episode.subject.fingerprint: episode for episode in latest}
    by_cycle: dict[dt.datetime, dict[str, SubjectObservation]] = {}
    for item in observations:
        by_cycle.setdefault(item.observation.cycle, {})[item.subject.fingerprint] = item
    changed: dict[str, Episode] = {}
    for cycle in cycles_between(after, until):
        seen = by_cycle.get(cycle, {})
        unseen = [e for e in current.values() if e.is_open and e.subject.fingerprint not in seen]
        items = [*seen.values(), *(SubjectObservation(e.subject, _missed(cycle)) for e in unseen)]
        for item in items:
            before = current.get(item.subject.fingerprint)
            after_fold = fold(before, item.subject, item.observation, policy_of(item.subject, policies))
            if after_fold is not None and after_fold != before:
                current[item.subject.fingerprint] = after_fold
                changed[after_fold.episode_id] = after_fold
    return sorted(changed.values(), key=lambda episode: (episode.started_cycle, episode.subject.name))

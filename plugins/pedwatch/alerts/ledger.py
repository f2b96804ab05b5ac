"""Turns ledger rows into observations, and folds all watched subjects cycle after cycle. Pure."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from pedwatch.alerts.episodes import Episode, Evidence, Observation, Seen, Subject, fold
from pedwatch.config import Policy, PolicyConfig
from pedwatch.cycles import cycles_between
from pedwatch.discovered import ENVIRONMENT as DISCOVERY
from pedwatch.discovered import Unsettled

_SEEN: dict[str, Seen] = {"over_limit": "over", "within_limit": "clean", "exempt": "exempt"}
"""What a verdict counts as; every other verdict freezes an episode (docs/design.md#d5)."""
_SEEN_BY_REASON: dict[str, Seen] = {
    "workload_gone": "gone",
    "scope_changed": "rescoped",
    "environment_changed": "elsewhere",
    "cluster_retired": "retired",
    "kind_changed": "moved",
    "limit_rekeyed": "rekeyed",
    "api_changed": "handed_over",
}
"""Verdicts that end an episode at once, whatever they measured (docs/decisions/0045)."""
_PROVEN_IN_PART = "lower_bound_over_ceiling"
"""Reason of an over that stands although not everything was seen."""

_OF_FEWER = "fewer_clusters"
"""Reason of a sum that is within its limit now that a cluster of it is retired."""

BLIND_POLICY = Policy(
    for_observations=3, window_observations=3, clear_observations=1, gross_ratio=1e9, gross_count=10**6
)
"""Three blind cycles make one alert; the first complete one ends it (docs/design.md#d5)."""

AT_ONCE_POLICY = BLIND_POLICY.model_copy(update={"for_observations": 1, "window_observations": 1})
LIMITS_BLIND_AFTER = dt.timedelta(minutes=15)
UNACCEPTED = "unaccepted_cluster"
RELABELLED = "relabelled"
"""Reason of a verdict, its workload is another API's now, which has no limit; and kind of the platform's alert."""
RETIRED = "retired"
"""Status of a cluster that is retired by name, in ``collection_runs``."""

_UNACCEPTED_CLASSES = get_args(Unsettled)


@dataclass(frozen=True)
class SubjectObservation:
    """One observation and whose it is."""

    subject: Subject
    observation: Observation


@dataclass(frozen=True)
class Retired:
    """What is retired by name in a cycle: clusters by environment, and the environments in which all are."""

    clusters: Mapping[str, tuple[str, ...]]
    environments: frozenset[str]

    def ended(self, subject: Subject) -> bool:
        """Tell whether nothing is expected of a subject any more."""
        if subject.scope == "total":
            return subject.environment in self.environments
        return any(subject.cluster in names for names in self.clusters.values())

    def known_to(self, item: SubjectObservation) -> SubjectObservation:
        """Say of a sum over clusters which of its environment are retired."""
        if item.subject.scope != "total":
            return item
        names = self.clusters.get(item.subject.environment or "", ())
        return replace(item, observation=replace(item.observation, retired_clusters=names))


NOTHING_RETIRED = Retired({}, frozenset())


def retired_in(rows: Iterable[Mapping[str, Any]]) -> dict[dt.datetime, Retired]:
    """Read what is retired in each cycle from rows of ``collection_runs``: cycle, cluster, environment, status."""
    clusters: dict[dt.datetime, dict[str, list[str]]] = {}
    watched: dict[dt.datetime, set[str]] = {}
    for row in rows:
        if row["status"] == RETIRED:
            clusters.setdefault(row["cycle"], {}).setdefault(row["environment"], []).append(row["cluster"])
        else:
            watched.setdefault(row["cycle"], set()).add(row["environment"])
    return {
        cycle: Retired(
            {environment: tuple(sorted(names)) for environment, names in found.items()},
            frozenset(found.keys() - watched.get(cycle, set())),
        )
        for cycle, found in clusters.items()
    }


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
        running=row["running"],
        max_replicas=row["max_replicas"],
        ceiling=row["ceiling"],
        limit_version=row["limit_version"],
        offender=row["offender"],
        now=now,
        before=before if before != Evidence() else None,
        is_lower_bound=row["reason"] == _PROVEN_IN_PART,
        has_exemption=row["exemption_id"] is not None,
        is_of_fewer=row["reason"] == _OF_FEWER,
    )
    return SubjectObservation(subject, observation)


def identity(row: Mapping[str, Any] | Subject) -> tuple[Any, ...]:
    """Return which workload of whose a subject is, whatever key its limit has; of several workloads all but a name."""
    names = ("environment", "cluster", "namespace", "workload_kind", "workload_name", "team_id", "api_id")
    found = row if isinstance(row, Mapping) else vars(row)
    return tuple(found[name] for name in names)


def from_verdicts(rows: Iterable[Mapping[str, Any]], latest: Iterable[Episode]) -> Iterator[SubjectObservation]:
    """Read rows of the ledger, and what they tell the platform: whose labels were changed to an API without a limit.

    Args:
        rows: as ``from_verdict`` reads them, ordered by cycle.
        latest: the newest episode of each subject, for those that are told of already.
    """
    told = {e.subject.name for e in latest if e.subject.kind == RELABELLED and e.is_open}
    for row in rows:
        found = from_verdict(row)
        yield found
        name = f"{RELABELLED}/{found.subject.name}"
        is_relabelled = row["reason"] == RELABELLED
        if is_relabelled or (name in told and found.observation.seen != "unseen"):
            seen: Seen = "over" if is_relabelled else "clean"
            about = replace(found.subject, fingerprint=name, name=name, kind=RELABELLED)
            yield SubjectObservation(about, Observation(row["cycle"], seen, reason=row["reason"]))
            told.add(name)


def from_clusters(rows: Iterable[Mapping[str, Any]], latest: Iterable[Episode]) -> list[SubjectObservation]:
    """Read rows of ``collection_runs``, whole cycles of them.

    A cluster that was not seen whole counts as over for its blind alert, one that was as clean. One that waits until
    the configuration accepts where it is counts as over for an alert of its own, and says nothing about being blind; in
    a cycle that has no such row of it, it is clean, if discovery was whole there: else absence proves nothing. Of a
    retired cluster nothing is observed.

    Args:
        rows: cycle, cluster, environment, status, error_class and error_message.
        latest: the newest episode of each subject, for those that wait already.
    """
    cycles: dict[dt.datetime, list[Mapping[str, Any]]] = {}
    for row in rows:
        cycles.setdefault(row["cycle"], []).append(row)
    waiting = {e.subject.name: e.subject for e in latest if e.subject.kind == UNACCEPTED and e.is_open}
    found = []
    for cycle, of_cycle in sorted(cycles.items()):
        gone = {row["cluster"] for row in of_cycle if row["status"] == RETIRED}
        is_waiting = [row for row in of_cycle if row["error_class"] in _UNACCEPTED_CLASSES]
        subjects = {subject.name: subject for subject in (_cluster_subject(UNACCEPTED, row) for row in is_waiting)}
        for row in is_waiting:
            observation = Observation(cycle, "over", offender=row["error_class"], detail=row["error_message"])
            found.append(SubjectObservation(_cluster_subject(UNACCEPTED, row), observation))
        if not any(_leaves_open(row) for row in of_cycle):
            settled = [s for name, s in waiting.items() if name not in subjects and s.cluster not in gone]
            found += [SubjectObservation(subject, Observation(cycle, "clean")) for subject in settled]
        waiting |= subjects
        for row in of_cycle:
            if row["error_class"] not in _UNACCEPTED_CLASSES and row["status"] != RETIRED:
                seen: Seen = "clean" if row["status"] == "complete" else "over"
                observation = Observation(cycle, seen, offender=row["error_class"])
                found.append(SubjectObservation(_cluster_subject("blind_cluster", row), observation))
    return found


def _leaves_open(row: Mapping[str, Any]) -> bool:
    """Whether a row says that its cycle cannot tell which clusters there are: nobody looked, or not everywhere."""
    nobody_looked = row["error_class"] == "missed_cycle" or row["status"] == "no_record"
    return nobody_looked or (row["environment"] == DISCOVERY and row["status"] != "complete")


def _cluster_subject(kind: str, row: Mapping[str, Any]) -> Subject:
    name = f"{kind.removesuffix('_cluster')}/{row['cluster']}"
    return Subject(fingerprint=name, name=name, kind=kind, environment=row["environment"], cluster=row["cluster"])


def from_limits_known(cycle: dt.datetime, known_at: dt.datetime) -> SubjectObservation:
    """Tell whether the limits a cycle was judged by were too old (docs/design.md#d11)."""
    subject = Subject(fingerprint="limits_blind", name="limits_blind", kind="limits_blind")
    seen: Seen = "over" if cycle - known_at > LIMITS_BLIND_AFTER else "clean"
    return SubjectObservation(subject, Observation(cycle, seen))


def _unobserved(episode: Episode, cycle: dt.datetime, retired: Retired) -> SubjectObservation:
    """Say of an open episode what there is to say in a cycle that has no observation of its subject."""
    observation = Observation(cycle, "unseen", reason="not_judged")
    if retired.ended(episode.subject):
        limit = {name: getattr(episode, name) for name in ("max_replicas", "ceiling", "limit_version")}
        observation = Observation(cycle, "retired", **limit)
    return SubjectObservation(episode.subject, observation)


def policy_of(subject: Subject, policies: PolicyConfig) -> Policy:
    """Return the policy a subject is folded by."""
    if subject.kind == "blind_cluster":
        return BLIND_POLICY
    if subject.kind in ("limits_blind", UNACCEPTED, RELABELLED):
        return AT_ONCE_POLICY
    return policies.for_api(subject.team_id, subject.api_id)


def _carry_over(current: dict[str, Episode], seen: dict[str, SubjectObservation]) -> None:
    """Give the open episodes of limits that were re-keyed to the subjects that go on, where these have none."""
    for key, item in list(seen.items()):
        episode = current.get(key)
        if item.observation.seen != "rekeyed" or episode is None or not episode.is_open:
            continue
        for other, successor in seen.items():
            is_same = successor.subject.kind == item.subject.kind and identity(successor.subject) == identity(
                item.subject
            )
            taken = current.get(other)
            if other != key and is_same and successor.observation.seen != "rekeyed" and not (taken and taken.is_open):
                current[other] = replace(episode, subject=successor.subject)
                del current[key], seen[key]
                break


def fold_period(
    latest: Iterable[Episode],
    observations: Iterable[SubjectObservation],
    after: dt.datetime,
    until: dt.datetime,
    policies: PolicyConfig,
    retired: Mapping[dt.datetime, Retired] | None = None,
) -> list[Episode]:
    """Fold all cycles in (after, until] and return every episode that is new or changed, oldest first.

    A subject with an open episode and no observation in a cycle was not seen in it: that freezes it, unless its cluster
    is ``retired``, which ends it.
    """
    current = {episode.subject.fingerprint: episode for episode in latest}
    by_cycle: dict[dt.datetime, dict[str, SubjectObservation]] = {}
    for item in observations:
        by_cycle.setdefault(item.observation.cycle, {})[item.subject.fingerprint] = item
    changed: dict[str, Episode] = {}
    for cycle in cycles_between(after, until):
        seen = by_cycle.get(cycle, {})
        _carry_over(current, seen)
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

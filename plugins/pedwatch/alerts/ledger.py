"""Reads rows of the ledger, of verdicts and of how clusters were seen, as what was observed of subjects. Pure."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, get_args

from pedwatch.alerts.episodes import Episode, Evidence, Subject
from pedwatch.alerts.observed import Observation, Seen, SubjectObservation
from pedwatch.alerts.retirement import RETIRED
from pedwatch.cluster_names import ENVIRONMENT as DISCOVERY
from pedwatch.cluster_names import Unsettled

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

LIMITS_BLIND_AFTER = dt.timedelta(minutes=15)
"""Limits that are older than this when they are judged by are told; or than three cycles, where those are longer."""
UNACCEPTED = "unaccepted_cluster"
RELABELLED = "relabelled"
"""Reason of a verdict, its workload is another API's now, which has no limit; and kind of the platform's alert."""
_UNACCEPTED_CLASSES = get_args(Unsettled)


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


def from_limits_known(cycle: dt.datetime, known_at: dt.datetime, period: dt.timedelta) -> SubjectObservation:
    """Tell whether the limits a cycle of that length was judged by were too old (docs/design.md#d11)."""
    subject = Subject(fingerprint="limits_blind", name="limits_blind", kind="limits_blind")
    seen: Seen = "over" if cycle - known_at > max(LIMITS_BLIND_AFTER, 3 * period) else "clean"
    return SubjectObservation(subject, Observation(cycle, seen))

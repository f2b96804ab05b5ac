"""What every cycle's verdicts must be: cycle by cycle, workload by workload, in the words of docs/design.md.

Slow on purpose, and written without looking at the SQL: it takes the same tables as lists of rows.
"""

import datetime as dt
import fnmatch
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from tests.oracle.worlds import Row, Tables

SIX_HOURS = dt.timedelta(hours=6)
KINDS = {"deployment": "Deployment", "statefulset": "StatefulSet", "rollout": "Rollout"}
NINETY_DAYS = dt.timedelta(days=90)
ENDED = ("workload_gone", "scope_changed", "environment_changed", "cluster_retired", "limit_rekeyed", "api_changed")


@dataclass
class Workload:
    """One workload in one cycle."""

    environment: str
    cluster: str
    namespace: str
    kind: str
    name: str
    api_id: str | None
    team_id: str | None
    labels: dict[str, str]
    is_label_lost: bool = False
    left_by: str | None = None
    was_owned_by: tuple[str | None, str | None] | None = None
    own: Row | None = None
    autoscalers: list[Row] = field(default_factory=list)
    is_kind_listed: bool = False
    allowance: int = 0
    is_new: bool = False

    @property
    def place(self) -> tuple[str, str, str, str]:
        """Where it is: what it is known by."""
        return self.cluster, self.namespace, self.kind, self.name

    @property
    def owner(self) -> tuple[str | None, str | None]:
        """Whose it says it is."""
        return self.team_id, self.api_id

    @property
    def status(self) -> int | None:
        """What it counts itself; None when it does not say."""
        if self.own is None:
            return None
        is_current = self.own["observed_generation"] == self.own["generation"]
        return 0 if self.own["status_replicas"] is None and is_current else self.own["status_replicas"]

    @property
    def asked(self) -> int | None:
        """What its HPAs count; None where that is stale, or not said."""
        if (self.own is None and self.is_kind_listed) or (self.own and self.own["deleted_at"]):
            return None
        counts = [_asked(h) for h in self.autoscalers]
        return max((count for count in counts if count is not None), default=None)

    @property
    def is_unknown(self) -> bool:
        """Whether nothing counts it."""
        return self.status is None and self.asked is None

    @property
    def counters(self) -> tuple[int, int]:
        """What it says itself, and what its HPA says; nothing is zero."""
        return self.status or 0, self.asked or 0

    @property
    def running(self) -> int | None:
        """What it says itself, after the allowance."""
        return None if self.status is None else self.status - self.allowance

    @property
    def measured(self) -> int:
        """The greater of both, its own after the allowance."""
        status, asked = self.counters
        return max(status - self.allowance, asked)


class Model:
    """Judges worlds cycle after cycle; remembers, as the ledger does, what it said of the cycle before."""

    def __init__(self, tables: Tables, known_at: Callable[[dt.datetime], dt.datetime]) -> None:
        self.tables = tables
        self.known_at = known_at
        self.said: dict[str, Row] = {}

    def judge(self, cycle: dt.datetime) -> list[Row]:
        """Return the verdicts of a cycle: one row per subject."""
        states = {r["cluster"]: r for r in self.tables.collection_runs if r["cycle"] == cycle}
        subjects: dict[str, list[tuple[Workload, Row | None, bool]]] = {}
        for workload in self.workloads(cycle, states):
            limit, is_contested = self.limit_of(workload, cycle)
            former = self.former_limit(workload, cycle)
            if former and not (limit and limit["scope"] == former["scope"] == "workload"):
                is_lost = workload.is_label_lost or not all(workload.owner)
                reason = "api_changed" if limit else "labels_removed" if is_lost else "relabelled"
                left = replace(workload, left_by=reason, was_owned_by=self.members()[workload.place][1])
                subjects.setdefault(_subject(workload, former), []).append((left, former, False))
                if not limit and former["scope"] == "workload":
                    continue
            subjects.setdefault(_subject(workload, limit), []).append((workload, limit, is_contested))
        rows = {name: self.seen(name, members, cycle, states) for name, members in subjects.items()}
        for name, before in self.said.items():
            if name not in rows and before["reason"] not in ENDED:
                row = self.unseen(before, cycle, states, subjects)
                if row is not None:
                    rows[name] = row
        self.said = rows
        return list(rows.values())

    def workloads(self, cycle: dt.datetime, states: dict[str, Row]) -> list[Workload]:
        """Put workloads and HPAs of the attempts that own the cycle together."""
        found: dict[tuple[str, str, str, str], Workload] = {}
        rows = [o for o in self.tables.replica_observations if o["cycle"] == cycle and o["cluster"] in states]
        rows = [o for o in rows if o["attempt_id"] == states[o["cluster"]]["attempt_id"]]
        for row in sorted(rows, key=lambda o: o["resource_type"] == "hpa"):  # the labels of workloads count first
            is_hpa = row["resource_type"] == "hpa"
            kind = row["hpa_target_kind"] if is_hpa else KINDS[row["resource_type"]]
            name = row["hpa_target_name"] if is_hpa else row["name"]
            key = (row["cluster"], row["namespace"], kind, name)
            if key not in found:
                labels = {label["key"]: label["value"] for label in row["labels"]}
                # An empty value is no label.
                environment, api_id, team_id = row["environment"], row["api_id"] or None, row["team_id"] or None
                found[key] = Workload(
                    environment, row["cluster"], row["namespace"], kind, name, api_id, team_id, labels
                )
            if is_hpa:
                found[key].autoscalers.append(row)
                # Whose label the workload lacks is the HPA's to say.
                found[key].api_id = found[key].api_id or row["api_id"] or None
                found[key].team_id = found[key].team_id or row["team_id"] or None
            else:
                found[key].own = row
        for workload in found.values():
            listed = {"Deployment": "deployments_listed", "StatefulSet": "statefulsets_listed"}.get(workload.kind)
            workload.is_kind_listed = bool(listed) and states[workload.cluster][listed] is not None
            self.remember(workload, cycle)
        return list(found.values())

    def sightings(self, workload: Workload, cycle: dt.datetime) -> list[Row]:
        """Every row of a workload of the same name, of whatever kind, in the six hours before."""
        return [
            o
            for o in self.tables.replica_observations
            if o["resource_type"] != "hpa"
            and (o["cluster"], o["namespace"], o["name"]) == (workload.cluster, workload.namespace, workload.name)
            and cycle - SIX_HOURS <= o["cycle"] < cycle
        ]

    def remember(self, workload: Workload, cycle: dt.datetime) -> None:
        """Fill in what the past says: lost labels, whether it is new, what surge is forgiven."""
        past = self.sightings(workload, cycle)
        same = [o for o in past if KINDS[o["resource_type"]] == workload.kind]
        if workload.own and (workload.api_id is None or workload.team_id is None):
            labelled = [o for o in same if o["api_id"] and o["team_id"]]
            if labelled:
                last = max(labelled, key=lambda o: o["cycle"])
                workload.api_id, workload.team_id, workload.is_label_lost = last["api_id"], last["team_id"], True
            else:
                self.recall_labels(workload)
        policy = self.policy(workload.team_id)
        created = workload.own["created_at"] if workload.own else None
        if created is None:
            created = min(h["created_at"] for h in workload.autoscalers)
        first = min([o["cycle"] for o in past], default=cycle)
        workload.is_new = min(created, first) > cycle - dt.timedelta(minutes=policy["grace_minutes"])
        surges = {o["cycle"] for o in same if _surge(o)}
        lengths = {r["cycle"]: r["cycle_minutes"] for r in self.tables.collection_runs}
        if workload.own and sum(lengths[cycle] for cycle in surges) < policy["surge_budget_minutes"]:
            workload.allowance = _surge(workload.own)

    def recall_labels(self, workload: Workload) -> None:
        for before in self.said.values():
            identity = (before["cluster"], before["namespace"], before["workload_name"])
            is_same = identity == (workload.cluster, workload.namespace, workload.name)
            if is_same and before["reason"] == "labels_removed":
                workload.api_id, workload.team_id = before["api_id"], before["team_id"]
                workload.is_label_lost = True

    def policy(self, team_id: str | None) -> Row:
        """The team's policy, else the defaults."""
        own = [p for p in self.tables.policy_history if p["team_id"] is not None and p["team_id"] == team_id]
        return (own or [p for p in self.tables.policy_history if p["team_id"] is None])[0]

    def limits(self, cycle: dt.datetime) -> list[Row]:
        """The limits that held at a cycle, as known when it was judged."""
        known = self.known_at(cycle)
        return [
            row
            for row in self.tables.limit_history
            if row["valid_from"] <= cycle < row["valid_to"]
            and row["recorded_from"] <= known < row["recorded_to"]
            and not row["is_deleted"]
        ]

    def limit_of(self, workload: Workload, cycle: dt.datetime) -> tuple[Row | None, bool]:
        """The limit a workload is judged by, and whether another one wanted it too."""
        takers = [limit for limit in self.limits(cycle) if _takes(limit, workload)]
        if not takers:
            return None, False
        best = min(takers, key=lambda row: (-_specificity(row), row["max_replicas"], row["limit_id"]))
        return best, len(takers) > 1

    def members(self) -> dict[tuple[str, ...], Any]:
        """Return by what the cycle before counted each workload of what was over, and whose it was."""
        return {place: entry for row in self.said.values() for place, entry in (row.get("members") or {}).items()}

    def former_limit(self, workload: Workload, cycle: dt.datetime) -> Row | None:
        """Return the limit that counted a workload, if it says since that it is another API's."""
        limit_id, owner = self.members().get(workload.place, (None, workload.owner))
        if owner == workload.owner:
            return None
        named = [limit for limit in self.limits(cycle) if limit["limit_id"] == limit_id]
        return next((limit for limit in named if _names(limit, workload)), None)

    def is_complete(self, scope: str, cluster: str | None, limit: Row | None, environment: str, states: Any) -> Any:
        """Whether all was seen that a subject could consist of; None when nothing of it is watched."""
        watched = {name: r for name, r in states.items() if r["status"] != "retired"}
        if scope != "total":
            return watched[cluster]["status"] == "complete" if cluster in watched else None
        clusters = [r for r in watched.values() if r["environment"] == environment]
        if limit is not None and limit["scope"] == "total":
            clusters = [r for r in clusters if _glob(limit["selectors"].get("cluster"), r["cluster"])] or clusters
        return all(r["status"] == "complete" for r in clusters) if clusters else None

    def seen(self, name: str, members: list[Any], cycle: dt.datetime, states: dict[str, Row]) -> Row:
        """Judge a subject of which something was seen."""
        workloads = [workload for workload, _, _ in members]
        limit = members[0][1]
        first = workloads[0]
        scope = limit["scope"] if limit else "workload"
        api_id, team_id = (limit["api_id"], limit["team_id"]) if limit else (first.api_id, first.team_id)
        counted = [w for w in workloads if not w.is_label_lost and not w.left_by]
        measured = sum(w.measured for w in counted)
        settled = sum(w.measured for w in counted if not w.is_new)
        left = [w.name for w in workloads if w.is_label_lost or w.left_by]
        lost = [w for w in workloads if (w.is_label_lost or w.left_by) and w.left_by != "api_changed"]
        reasons = [w.left_by or "labels_removed" for w in lost]
        is_complete = bool(self.is_complete(scope, first.cluster, limit, first.environment, states))
        row: Row = {
            "subject": name,
            "scope": scope,
            "environment": first.environment,
            "cluster": None if scope == "total" else first.cluster,
            "namespace": "ns",
            "workload_kind": first.kind if len({w.kind for w in workloads}) == 1 else None,
            "workload_name": first.name if len(workloads) == 1 else max(left, default=None),
            "workload_count": len(workloads),
            "api_id": api_id,
            "team_id": team_id,
            "measured": measured,
            "running": None if any(w.running is None for w in counted) else sum(w.running or 0 for w in counted),
            "limit_id": limit["limit_id"] if limit else None,
            "limit_version": limit["version"] if limit else None,
            "is_contested": any(contested for _, _, contested in members),
            "surge_allowance": sum(w.allowance for w in workloads),
            "is_over_strict": bool(limit) and sum(max(w.counters) for w in counted) > limit["max_replicas"],
            "is_lower_bound": not is_complete or bool(lost) or any(w.is_unknown for w in counted),
            "exemption_id": None,
            "ceiling": None,
        }
        if limit is None:
            return row | self.unlimited(row, cycle, is_complete, bool(lost), states)
        policy = self.policy(team_id)
        base = limit["max_replicas"] + max(
            policy["tolerance_count"], math.floor(limit["max_replicas"] * Decimal(str(policy["tolerance_ratio"])))
        )
        exemption = self.exemption(limit, cycle)
        ceiling: float = base
        if exemption is not None:
            ceiling = math.inf if exemption["max_replicas"] is None else max(base, exemption["max_replicas"])
            row["exemption_id"] = exemption["exemption_id"]
        row["ceiling"] = None if ceiling == math.inf else int(ceiling)
        is_over = measured > base and measured > ceiling
        if measured > base or lost:
            stay = [w for w in workloads if w.left_by != "api_changed"]
            row["members"] = {w.place: (limit["limit_id"], w.was_owned_by or w.owner) for w in stay}
        is_in_grace = all(w.is_new for w in workloads) or (measured > base and settled <= base)
        if is_over and not is_in_grace:
            return row | {
                "verdict": "over_limit",
                "reason": "lower_bound_over_ceiling" if row["is_lower_bound"] else "over_ceiling",
            }
        if not is_complete:
            return row | self.unknown(row["cluster"], states)
        if lost:
            reason = max(reasons)
            return row | {"verdict": "no_limit" if reason == "relabelled" else "unlabelled", "reason": reason}
        unknown = [w for w in counted if w.is_unknown]
        if unknown:
            stale = any(w.own is None for w in unknown)
            return row | {"verdict": "unknown", "reason": "hpa_is_stale" if stale else "count_not_written"}
        if is_in_grace:
            return row | {"verdict": "in_grace", "reason": "new_workload"}
        if measured > base:
            return row | {"verdict": "exempt", "reason": "exemption"}
        if len(left) > len(lost):
            return row | {"verdict": "within_limit", "reason": "api_changed"}
        status = sum(w.counters[0] for w in workloads)
        is_forgiven = row["surge_allowance"] > 0 and status > base
        reason = "fewer_clusters" if scope == "total" and self.lost_a_cluster(limit, states) else "within_ceiling"
        return row | {"verdict": "within_limit", "reason": "surge_forgiven" if is_forgiven else reason}

    def lost_a_cluster(self, limit: Row, states: dict[str, Row]) -> bool:
        """Whether a cluster that a total could count in was retired lately."""
        return any(
            r["error_class"] == "watched_lately"
            and r["environment"] == limit["environment"]
            and _glob(limit["selectors"].get("cluster"), r["cluster"])
            for r in states.values()
        )

    def is_retired(self, scope: str, cluster: str | None, environment: str, states: dict[str, Row]) -> bool:
        """Whether nothing is expected of a subject any more: its cluster, or all of its environment, was retired."""
        concerned = [
            r
            for r in states.values()
            if r["environment"] == environment and (scope == "total" or r["cluster"] == cluster)
        ]
        return bool(concerned) and all(r["status"] == "retired" for r in concerned)

    def unlimited(self, row: Row, cycle: dt.datetime, is_complete: bool, is_lost: bool, states: Any) -> Row:
        """Judge a workload that no limit takes."""
        if not is_complete:
            return self.unknown(row["cluster"], states)
        if is_lost:
            return {"verdict": "unlabelled", "reason": "labels_removed"}
        if row["api_id"] is None or row["team_id"] is None:
            return {"verdict": "unlabelled", "reason": "labels_missing"}
        document = f"{row['environment']}.{row['team_id']}.{row['api_id']}"
        known = self.known_at(cycle)
        for rejection in self.tables.limit_rejections:
            is_seen = rejection["first_seen"] <= known and (rejection["is_current"] or known <= rejection["last_seen"])
            if rejection["document_id"] == document and is_seen and not rejection["has_previous_limit"]:
                return {"verdict": "invalid_limit", "reason": "document_rejected"}
        return {"verdict": "no_limit", "reason": "no_limit_matches"}

    def exemption(self, limit: Row, cycle: dt.datetime) -> Row | None:
        """The exemption that counts: approved from outside the team, ticketed, at most 90 days; the highest of them."""
        approvers = next(p for p in self.tables.policy_history if p["team_id"] is None)["approvers"]
        allowed = {a["approver"] for a in approvers if a["team_id"] != limit["team_id"]}
        valid = [
            e
            for e in limit["exemptions"]
            if e["starts_at"] <= cycle < e["ends_at"]
            and e["ends_at"] - e["starts_at"] <= NINETY_DAYS
            and e["approver"] in allowed
            and e["ticket"]
        ]
        return min(valid, key=lambda e: (-_height(e), e["exemption_id"])) if valid else None

    def unknown(self, cluster: str | None, states: dict[str, Row]) -> Row:
        """Say that it could not be seen, and what the cluster was."""
        status = f"cluster_{states[cluster]['status']}" if cluster else "cluster_incomplete"
        return {"verdict": "unknown", "reason": status}

    def unseen(self, before: Row, cycle: dt.datetime, states: dict[str, Row], subjects: dict[str, Any]) -> Row | None:
        """Say what became of a subject of which nothing was seen; None when there is nothing to say."""
        limit = next((row for row in self.limits(cycle) if row["limit_id"] == before["limit_id"]), None)
        environment, cluster = before["environment"], before["cluster"]
        is_complete = self.is_complete(before["scope"], cluster, limit, environment, states)
        is_retired = self.is_retired(before["scope"], cluster, environment, states)
        if is_complete is None and not is_retired:
            return None
        row = {
            **before,
            "measured": None,
            "running": None,
            "workload_count": 0,
            "is_lower_bound": False,
            "is_over_strict": False,
            "is_contested": False,
            "surge_allowance": 0,
            "exemption_id": None,
            "members": None,
            "limit_version": limit["version"] if limit else None,
            "ceiling": limit["max_replicas"] if limit else None,
        }
        if is_retired:
            return row | {"verdict": "within_limit", "reason": "cluster_retired"} if before["limit_id"] else None
        if not is_complete:
            return row | self.unknown(cluster, states) | {"is_lower_bound": True, "members": before.get("members")}
        if before["limit_id"] is None:
            return None
        if cluster in states and states[cluster]["environment"] != environment:
            return row | {"verdict": "within_limit", "reason": "environment_changed"}
        if limit is not None and limit["scope"] != before["scope"]:
            return row | {"verdict": "within_limit", "reason": "scope_changed"}
        # Its one workload is still there: another API's without a limit, or held against another key of its limit.
        is_of_another = False
        if before["scope"] == "cluster":
            place = (cluster, before["workload_kind"], before["workload_name"])
            owner = (before["api_id"], before["team_id"])
            for members in subjects.values():
                workload, taken_by, _ = members[0]
                alone = len(members) == 1 and (workload.cluster, workload.kind, workload.name) == place
                held = (taken_by or {}).get("scope") != "total"
                if not alone or not held or (taken_by is None and None in (workload.api_id, workload.team_id)):
                    continue
                whose = (taken_by["api_id"], taken_by["team_id"]) if taken_by else (workload.api_id, workload.team_id)
                if taken_by is None and whose != owner:
                    return row | {"verdict": "no_limit", "reason": "relabelled"}
                if taken_by is not None and whose != owner:
                    is_of_another = True
                if taken_by is not None and whose == owner and taken_by["limit_id"] != before["limit_id"]:
                    return row | {"verdict": "within_limit", "reason": "limit_rekeyed"}
        runs_on = [
            workload
            for members in subjects.values()
            for workload, taken_by, _ in members
            if taken_by is None
            and (workload.environment, workload.api_id, workload.team_id)
            == (environment, before["api_id"], before["team_id"])
            and cluster in (None, workload.cluster)
        ]
        if is_of_another:
            return row | {"verdict": "within_limit", "reason": "api_changed"}
        if limit is None and runs_on:
            return row | {"verdict": "no_limit", "reason": "limit_withdrawn"}
        # Its one workload is still there, and the limit takes it no more.
        known = (before["workload_kind"], before["workload_name"])
        if before["scope"] == "cluster" and known in [(workload.kind, workload.name) for workload in runs_on]:
            return row | {"verdict": "no_limit", "reason": "no_limit_matches"}
        return row | {"verdict": "within_limit", "reason": "workload_gone", "measured": 0}


def _subject(workload: Workload, limit: Row | None) -> str:
    scope = limit["scope"] if limit else "workload"
    if limit and scope == "cluster":
        return f"cluster/{limit['limit_id']}/{workload.cluster}"
    if limit and scope == "total":
        return f"total/{limit['limit_id']}"
    place = (workload.environment, workload.cluster, workload.namespace, workload.kind, workload.name)
    return "workload/" + "/".join(place)


def _glob(pattern: str | None, value: str) -> bool:
    return pattern is None or fnmatch.fnmatchcase(value, pattern)


def _specificity(limit: Row) -> int:
    selectors = limit["selectors"]
    return sum(selectors.get(key) is not None for key in ("cluster", "namespace", "kind", "name")) + len(
        selectors["labels"]
    )


def _takes(limit: Row, workload: Workload) -> bool:
    selectors = limit["selectors"]
    if limit["environment"] != workload.environment:
        return False
    is_unlabelled = workload.api_id is None or workload.team_id is None
    if is_unlabelled:
        if selectors.get("namespace") is None and selectors.get("name") is None:
            return False
    elif (limit["api_id"], limit["team_id"]) != (workload.api_id, workload.team_id):
        return False
    return _names(limit, workload) and all(
        workload.labels.get(label["key"]) and _glob(label["value"], workload.labels[label["key"]])
        for label in selectors["labels"]
    )


def _names(limit: Row, workload: Workload) -> bool:
    values = dict(zip(("cluster", "namespace", "kind", "name"), workload.place, strict=True))
    return limit["environment"] == workload.environment and all(
        _glob(limit["selectors"].get(key), value) for key, value in values.items()
    )


def _asked(row: Row) -> int | None:
    if row["hpa_able_to_scale"] == "False" and row["hpa_able_to_scale_reason"] == "FailedGetScale":
        return None
    current: int | None = row["hpa_current_replicas"]
    return 0 if current is None and row["hpa_able_to_scale"] == "True" else current


def _surge(row: Row) -> int:
    """What is forgiven at most: of a StatefulSet all above what was asked for, of a Deployment what may be surge."""
    above = (row["status_replicas"] or 0) - row["spec_replicas"]
    if above <= 0:
        return 0
    if row["resource_type"] == "statefulset":
        return int(above)
    text = row["max_surge"]
    if text is None or row["status_replicas"] <= row["updated_replicas"]:
        return 0
    most = math.ceil(int(text[:-1]) * row["spec_replicas"] / 100) if text.endswith("%") else int(text)
    return min(most, above)


def _height(exemption: Row) -> float:
    return math.inf if exemption["max_replicas"] is None else exemption["max_replicas"]

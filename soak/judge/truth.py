"""What was so: which pods ran in a cycle and which limits held, in the rows that ``tests/oracle`` judges by.

Nothing here comes from the product's tables but which clusters answered, and when limits were read last.
"""

import datetime as dt
from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Any

from soak.calendar import A_DAY
from soak.judge.evidence import Evidence, Row
from soak.world import World
from tests.oracle.verdicts import KINDS, SIX_HOURS, Model, Workload
from tests.oracle.worlds import Tables, policy_row

TYPES = {kind: resource_type for resource_type, kind in KINDS.items()}
LISTED = {"deployment": "deployments_listed", "statefulset": "statefulsets_listed", "hpa": "hpas_listed"}
APPROVERS: list[Row] = []


def observed(document: Row, cycle: dt.datetime, cluster: str, environment: str) -> list[Row]:
    """Return the rows that a whole listing of a workload is: its own, and its HPA's."""
    labels = {name: document["labels"].get(name) for name in ("api_id", "team_id")}
    created = dt.datetime.fromisoformat(document["created_at"])
    place = {"cycle": cycle, "cluster": cluster, "environment": environment, "namespace": document["namespace"]}
    named = {**place, "name": document["name"], **labels, "labels": [], "created_at": created, "attempt_id": "own"}
    asked = document["spec_replicas"]
    status = document.get("status_replicas", asked)
    kind = document["kind"]
    own = {
        **named,
        "resource_type": TYPES[kind],
        "spec_replicas": asked,
        "status_replicas": status or None,  # a count of zero is not written
        "updated_replicas": document.get("updated_replicas", status),
        "max_surge": "25%" if kind == "Deployment" else None,
        "generation": 1,
        "observed_generation": 1,
        "deleted_at": None,
    }
    hpa = document.get("hpa")
    if hpa is None:
        return [own]
    target = {"hpa_target_kind": kind, "hpa_target_name": document["name"], "hpa_max_replicas": hpa["max"]}
    able = {
        "hpa_current_replicas": hpa["current"] or None,
        "hpa_able_to_scale": "True",
        "hpa_able_to_scale_reason": None,
    }
    return [own, {**named, "resource_type": "hpa", **target, **able}]


class Limits:
    """Which limits held, by what was published and when.

    Args:
        world: who published what.
        published: when, by the number of the cycle that followed.
    """

    def __init__(self, world: World, published: Mapping[int, dt.datetime]) -> None:
        self._acts: dict[str, list[tuple[dt.datetime, Any]]] = defaultdict(list)
        for api in world.apis:
            for act in api.acts:
                if act.at in published:
                    self._acts[act.limit.limit_id].append((published[act.at], act))

    def held(self, cycle: dt.datetime, known_at: dt.datetime) -> list[Row]:
        """Return the limits that held at a cycle, by what was published until they were read."""
        found = []
        for limit_id, acts in self._acts.items():
            line: list[tuple[dt.datetime, Any]] = []
            for at, act in acts:
                if at > known_at or act.kind == "break":
                    continue
                since = at
                if act.kind == "publish" and act.limit.effective_from is not None:
                    since = act.limit.effective_from
                line = [entry for entry in line if entry[0] < since]
                line.append((since, act.limit if act.kind == "publish" else None))
            held = [limit for since, limit in line if since <= cycle]
            if held and held[-1] is not None:
                found.append(_limit_row(limit_id, held[-1]))
        return found


def _limit_row(limit_id: str, limit: Any) -> Row:
    return {
        "limit_id": limit_id,
        "api_id": limit.api_id,
        "team_id": limit.team_id,
        "environment": limit.environment,
        "scope": limit.scope,
        "selectors": {"labels": []},
        "max_replicas": limit.max_replicas,
        "version": None,
        "exemptions": [],
        "is_deleted": False,
    }


class Oracle(Model):
    """The slow model of ``tests/oracle``, with what it looks up for each workload of two thousand kept at hand."""

    def __init__(self, limits: Limits, environments: Mapping[str, str]) -> None:
        policy = policy_row(None, surge_budget_minutes=30, approvers=APPROVERS)
        super().__init__(Tables(policy_history=[policy]), lambda cycle: self._known)
        self._truth, self._environments = limits, environments
        self._known = dt.datetime.min.replace(tzinfo=dt.UTC)
        self._held: list[Row] = []
        self._by_owner: dict[tuple[Any, ...], list[Row]] = {}
        self._past: dict[tuple[str, str, str], deque[Row]] = defaultdict(lambda: deque(maxlen=A_DAY // 4 + 2))
        self._members: tuple[int, dict[Any, Any]] = (0, {})

    def take(self, cycle: dt.datetime, known: dt.datetime, runs: list[Row], rows: list[Row]) -> list[Row]:
        """Judge the next cycle; ``rows`` are those of the clusters that answered."""
        self._known = known
        self._held = self._truth.held(cycle, known)
        self._by_owner = defaultdict(list)
        for limit in self._held:
            self._by_owner[limit["environment"], limit["team_id"], limit["api_id"]].append(limit)
        lengths = {r["cycle"]: r for r in self.tables.collection_runs if cycle - SIX_HOURS <= r["cycle"] < cycle}
        self.tables.collection_runs = [*lengths.values(), *runs]
        self.tables.replica_observations = rows
        found = self.judge(cycle)
        self.keep(rows)
        return found

    def keep(self, rows: list[Row]) -> None:
        """Remember what was seen."""
        for row in rows:
            if row["resource_type"] != "hpa":
                self._past[row["cluster"], row["namespace"], row["name"]].append(row)

    def limits(self, cycle: dt.datetime) -> list[Row]:
        """Return the limits that held."""
        return self._held

    def limit_of(self, workload: Workload, cycle: dt.datetime) -> tuple[Row | None, bool]:
        """Return the limit a workload is judged by; no limit here has selectors."""
        found = self._by_owner.get((workload.environment, workload.team_id, workload.api_id), [])
        return (found[0], len(found) > 1) if found and None not in workload.owner else (None, False)

    def sightings(self, workload: Workload, cycle: dt.datetime) -> list[Row]:
        """Return what was seen of a workload's name in the six hours before."""
        past = self._past.get((workload.cluster, workload.namespace, workload.name), ())
        return [row for row in past if cycle - SIX_HOURS <= row["cycle"] < cycle]

    def members(self) -> dict[tuple[str, ...], Any]:
        """Return by what the cycle before counted each workload; worked out once a cycle."""
        if self._members[0] != id(self.said):
            self._members = (id(self.said), super().members())
        return self._members[1]


def published(evidence: Evidence) -> dict[int, dt.datetime]:
    """Return when limits were acted on, by the cycle that followed."""
    found: dict[int, dt.datetime] = {}
    for line in evidence.journal:
        if line["kind"] == "limit":
            cycle = dt.datetime.fromisoformat(line["cycle"])
            number = evidence.number_at(cycle)
            found[0 if number is None else number] = dt.datetime.fromisoformat(line["at"])
    return found


def rows_of(evidence: Evidence, number: int, cycle: dt.datetime, runs: Mapping[str, Row]) -> list[Row]:
    """Return what is to be seen in a cycle: of the clusters that answered, and the kinds that they listed."""
    found = []
    for cluster, documents in evidence.world.state(number).items():
        run = runs.get(cluster)
        if run is None or run["attempt_id"] is None:
            continue
        for document in documents:
            for row in observed(document, cycle, cluster, run["environment"]):
                if run[LISTED[row["resource_type"]]] is not None:
                    found.append(row | {"attempt_id": run["attempt_id"]})
    return found

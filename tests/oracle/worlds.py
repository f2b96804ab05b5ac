"""Random small worlds: clusters, workloads, limits, outages, rollouts, label changes, late knowledge.

A world lives in an environment of its own, so that many of them can be judged by one statement.
"""

import datetime as dt
import random
from dataclasses import dataclass, field
from typing import Any

START = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
FOREVER = dt.datetime.max.replace(tzinfo=dt.UTC)
LONG_AGO = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)

Row = dict[str, Any]


@dataclass
class Tables:
    """Rows as the tables hold them."""

    collection_runs: list[Row] = field(default_factory=list)
    replica_observations: list[Row] = field(default_factory=list)
    limit_history: list[Row] = field(default_factory=list)
    limit_rejections: list[Row] = field(default_factory=list)
    policy_history: list[Row] = field(default_factory=list)


def known_at(cycle: dt.datetime) -> dt.datetime:
    """When the limits that a live run of a cycle judges by were read."""
    return cycle + MINUTE


def policy_row(team_id: str | None, **settings: Any) -> Row:
    """One row of the policy that every world is judged by."""
    return {
        "policy_version": "p1",
        "valid_from": dt.datetime(1, 1, 1, tzinfo=dt.UTC),
        "valid_to": FOREVER,
        "team_id": team_id,
        "api_id": None,
        "tolerance_count": 0,
        "tolerance_ratio": 0.0,
        "grace_minutes": 10,
        "surge_budget_minutes": 10,
        "for_observations": 2,
        "window_observations": 3,
        "clear_observations": 2,
        "gross_ratio": 1.5,
        "gross_count": 2,
        "critical_ratio": 1.5,
        "approvers": [{"approver": "ana", "team_id": "platform"}],
        **settings,
    }


def build_world(number: int, lengths: dict[dt.datetime, int], random_: random.Random) -> Tables:
    """Make up one world; ``lengths`` are the minutes of its cycles, ``number`` keeps it apart from the others."""
    return _Builder(number, lengths, random_).build()


class _Builder:
    def __init__(self, number: int, lengths: dict[dt.datetime, int], random_: random.Random) -> None:
        self.environment = f"w{number}"
        self.team = f"team-{number}"
        self.cycles = list(lengths)
        self.lengths = lengths
        self.random = random_
        self.clusters = [f"c{number}-{index}" for index in range(random_.choice([1, 1, 2]))]
        self.tables = Tables()

    def build(self) -> Tables:
        if self.chance(0.3):
            row = policy_row(self.team, tolerance_count=self.random.choice([0, 2]), tolerance_ratio=0.2)
            self.tables.policy_history.append(row | {"grace_minutes": self.random.choice([0, 10, 20])})
        for cluster in self.clusters:
            self.collections(cluster)
            for name in self.random.sample(["web", "jobs", "cache"], self.random.choice([1, 2, 2, 3])):
                self.workload(cluster, name)
        for name in self.random.sample(["", ".b", ".c"], self.random.choice([0, 1, 1, 1, 1, 2])):
            self.limit(f"{self.environment}.{self.team}.shop{name}")
        # Another API of theirs, which some of their workloads will say they are, may get a limit, too.
        for api in ["other"] if self.chance(0.2) else []:
            self.limit(f"{self.environment}.{self.team}.{api}", api)
        if self.chance(0.2):
            self.rejection()
        return self.tables

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def collections(self, cluster: str) -> None:
        status = "complete"
        for cycle in self.cycles:
            if self.chance(0.35):
                status = self.random.choice(
                    ["complete", "complete", "complete", "failed", "partial", "absent", "retired"]
                )
            if status == "absent":
                continue
            listed = status == "complete" or (status == "partial" and self.chance(0.5))
            self.tables.collection_runs.append(
                {
                    "cycle": cycle,
                    "cycle_minutes": self.lengths[cycle],
                    "cluster": cluster,
                    "environment": self.environment,
                    "status": status,
                    "error_class": "watched_lately" if status == "retired" and self.chance(0.8) else None,
                    "attempt_id": None if status in ("failed", "retired") else "own",
                    "deployments_listed": 1 if listed else None,
                    "statefulsets_listed": 1 if listed and self.chance(0.7) else None,
                    "recorded_at": cycle,
                }
            )

    def state_of(self, cluster: str, cycle: dt.datetime) -> Row | None:
        found = [r for r in self.tables.collection_runs if r["cluster"] == cluster and r["cycle"] == cycle]
        return found[0] if found else None

    def workload(self, cluster: str, name: str) -> None:
        kind = "StatefulSet" if name == "cache" and self.chance(0.5) else "Deployment"
        labels: tuple[str | None, str | None] = ("shop", self.team)
        tier = "gold" if name == "web" else None
        spec, is_there, rollout = self.random.randint(0, 12), True, 0
        created = LONG_AGO if self.chance(0.7) else self.random.choice(self.cycles) - 3 * MINUTE
        for cycle in self.cycles:
            if self.chance(0.25):
                spec = self.random.choice([0, 1, 4, 5, 6, 8, 9, 10, 11, 12, 15, 20])
            if self.chance(0.12):
                is_there = not is_there
            if self.chance(0.1):
                labels = self.random.choice(
                    [("shop", self.team), ("shop", self.team), (None, None), ("shop", ""), ("other", self.team)]
                )
            if name == "web" and self.chance(0.2):
                tier = self.random.choice(["gold", "silver", "", None])
            rollout = self.random.choice([2, 3]) if self.chance(0.3) else max(rollout - 1, 0)
            state = self.state_of(cluster, cycle)
            if state is None or state["attempt_id"] is None:
                continue
            place = {"cycle": cycle, "cluster": cluster, "name": name, "labels": labels, "created_at": created}
            place["tier"] = [] if tier is None else [{"key": "tier", "value": tier}]
            if is_there and kind == "Deployment" and state["deployments_listed"]:
                self.deployment(place, spec, rollout)
            if is_there and kind == "StatefulSet" and state["statefulsets_listed"]:
                status = spec + (self.random.randint(1, 4) if rollout else 0)
                self.own(place, {"resource_type": "statefulset", "spec_replicas": spec, "status_replicas": status})
            if self.chance(0.5) or kind != "Deployment":
                self.autoscaler(place, kind, spec if is_there else 0)

    def deployment(self, place: Row, spec: int, rollout: int) -> None:
        surge = self.random.randint(1, 4) if rollout else 0
        row = {
            "resource_type": "deployment",
            "spec_replicas": spec,
            "status_replicas": spec + surge,
            "updated_replicas": max(spec - 1, 0) if rollout else spec + surge,
            "max_surge": self.random.choice(["25%", "2", "0", "100%", None]),
            "uid": f"u-{place['name']}",
        }
        self.own(place, row)
        if self.chance(0.05):
            self.own(place, row | {"status_replicas": 99, "attempt_id": "other"})

    def own(self, place: Row, row: Row) -> None:
        """A row of a workload: one that goes, or one whose status is not written yet, now and then."""
        generation = self.random.randint(1, 2)
        row = {"generation": generation, "observed_generation": generation, "updated_replicas": 0, **row}
        row |= {"deleted_at": place["cycle"] if self.chance(0.05) else None, "max_surge": row.get("max_surge")}
        if self.chance(0.08):
            row |= {"status_replicas": None, "observed_generation": self.random.choice([None, 1, 2])}
        self.observation(place, row)

    def autoscaler(self, place: Row, kind: str, spec: int) -> None:
        current = max(spec + self.random.choice([0, 0, 0, -1, 3]), 0)
        row = {
            "resource_type": "hpa",
            "hpa_target_kind": kind,
            "hpa_target_name": place["name"],
            "hpa_current_replicas": current,
            "hpa_max_replicas": 30,
            "hpa_able_to_scale": self.random.choice(["True"] * 8 + ["False", None]),
        }
        row["hpa_able_to_scale_reason"] = "FailedGetScale" if row["hpa_able_to_scale"] == "False" else None
        if self.chance(0.1):
            row["hpa_current_replicas"] = None
        self.observation(place, row)

    def observation(self, place: Row, row: Row) -> None:
        api_id, team_id = place["labels"]
        self.tables.replica_observations.append(
            {
                "cycle": place["cycle"],
                "observed_at": place["cycle"],
                "environment": self.environment,
                "cluster": place["cluster"],
                "namespace": "ns",
                "name": place["name"],
                "api_id": api_id,
                "team_id": team_id,
                "labels": place["tier"],
                "created_at": place["created_at"],
                "attempt_id": "own",
                **row,
            }
        )

    def limit(self, limit_id: str, api_id: str = "shop") -> None:
        """Write one limit's history: versions that follow one another, one of them perhaps known late or early."""
        selectors = self.random.choice(
            [
                *[{}] * 5,
                *[{"labels": [{"key": "tier", "value": "gold"}]}] * 2,
                {"cluster": self.clusters[0]},
                {"name": self.random.choice(["w*", "jobs", "?ache"])},
                {"namespace": "ns"},
                {"labels": [{"key": "tier", "value": self.random.choice(["g*", "*", "silver"])}]},
                {"kind": "Stateful*"},
            ]
        )
        scope = self.random.choice(["cluster", "cluster", "workload", "total"])
        begin, version = LONG_AGO, 1
        recorded = LONG_AGO
        while True:
            # The next version begins in the period, or never; it is learnt at once, or some cycles later.
            nxt = self.random.choice(self.cycles) + 2 * MINUTE if self.chance(0.5) else FOREVER
            nxt = nxt if nxt > begin else FOREVER
            learnt = max(nxt + self.random.choice([0, 0, 12]) * MINUTE, recorded) if nxt != FOREVER else FOREVER
            row = self.limit_row(limit_id, version, scope, selectors) | {
                "api_id": api_id,
                "valid_from": begin,
                "recorded_from": recorded,
            }
            if nxt == FOREVER:
                self.tables.limit_history.append(row | {"valid_to": FOREVER, "recorded_to": FOREVER})
                return
            # Until the next version was known, this one was believed to hold for ever.
            if recorded < learnt:
                self.tables.limit_history.append(row | {"valid_to": FOREVER, "recorded_to": learnt})
            self.tables.limit_history.append(row | {"valid_to": nxt, "recorded_from": learnt, "recorded_to": FOREVER})
            begin, recorded, version = nxt, learnt, version + 1
            scope = self.random.choice([scope, scope, "cluster", "workload"])

    def limit_row(self, limit_id: str, version: int, scope: str, selectors: Row) -> Row:
        return {
            "limit_id": limit_id,
            "api_id": "shop",
            "team_id": self.team,
            "environment": self.environment,
            "scope": scope,
            "selectors": {"labels": [], **selectors},
            "version": version,
            "max_replicas": self.random.choice([0, 5, 8, 9, 10, 12]),
            "exemptions": [self.exemption(index) for index in range(self.random.choice([0, 0, 1, 2]))],
            "document_update_time": LONG_AGO,
            "versions_missing": 0,
            "content_sha256": f"{limit_id}-{version}",
            "is_deleted": version > 1 and self.chance(0.4),
        }

    def exemption(self, index: int) -> Row:
        starts = self.random.choice(self.cycles) - self.random.choice([0, 60]) * MINUTE
        return {
            "exemption_id": f"e{index}",
            "reason": "sale",
            "ticket": self.random.choice(["T-1"] * 7 + [None]),
            "approver": self.random.choice(["ana"] * 7 + ["bob"]),
            "starts_at": starts,
            "ends_at": starts + self.random.choice([15, 60, 600, 600, 600, 200_000]) * MINUTE,
            "max_replicas": self.random.choice([None, 6, 11, 14, 25]),
        }

    def rejection(self) -> None:
        first = self.random.choice(self.cycles)
        self.tables.limit_rejections.append(
            {
                "document_id": f"{self.environment}.{self.team}.{self.random.choice(['shop', 'other'])}",
                "reason": "max_replicas: is missing",
                "content_sha256": "x",
                "first_seen": first,
                "last_seen": first + self.random.choice([7, 1000]) * MINUTE,
                "is_current": self.chance(0.5),
                "has_previous_limit": self.chance(0.2),
            }
        )

"""The world of a soak: what runs in each cluster in each cycle, what is done with limits. Pure, and all of one seed.

The life of an API is drawn from the seed and its own name alone, so that a smaller world of some APIs lives as the
large one: a failing run is told again in a minute. Times are numbers of cycles, counted from 0.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from soak.birth import Birth
from soak.calendar import MINUTE, Calendar
from soak.inhabitants import Act, Api, Cluster, Size, Team, Workload

LONG_AGO = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@dataclass
class World:
    """A world, drawn from a seed.

    Args:
        seed: all of it follows from this and the size.
        size: how large.
        calendar: when its cycles are.
        only: ids of the APIs that are left; None: all.
    """

    seed: int
    size: Size = field(default_factory=Size)
    calendar: Calendar = field(default_factory=Calendar)
    only: frozenset[str] | None = None

    @cached_property
    def clusters(self) -> list[Cluster]:
        """Two thirds of them are prod."""
        return [
            Cluster(f"c{n:02}-{'prod' if n % 3 else 'stage'}", "prod" if n % 3 else "stage")
            for n in range(self.size.clusters)
        ]

    @cached_property
    def teams(self) -> list[Team]:
        """One in seven is not live."""
        return [Team(f"team-{n:02}", f"C0TEAM{n:02}", n % 7 != 6) for n in range(self.size.teams)]

    @cached_property
    def apis(self) -> list[Api]:
        """All APIs, or those that are left."""
        found, workloads, number = [], 0, 0
        while workloads < self.size.workloads:
            api = Birth(self.seed, number, self.size, self.clusters, self.teams, self.before).api()
            workloads, number = workloads + len(api.workloads), number + 1
            found.append(api)
        return [api for api in found if self.only is None or api.api_id in self.only]

    def acts(self, number: int) -> list[Act]:
        """Return what is done with limits before a cycle."""
        return [act for api in self.apis for act in api.acts if act.at == number]

    def state(self, number: int) -> dict[str, list[dict[str, Any]]]:
        """Return what every cluster runs in a cycle, as the Kubernetes stand-in takes it."""
        found: dict[str, list[dict[str, Any]]] = {cluster.name: [] for cluster in self.watched}
        for api in self.apis:
            team = api.team_at(number)
            for workload in api.workloads:
                if document := self.document(workload, api.api_id, team, number):
                    found[workload.cluster].append(document)
        return found

    @cached_property
    def watched(self) -> list[Cluster]:
        """The clusters in which something runs that is left; all of them where nothing was left out."""
        if self.only is None:
            return self.clusters
        used = {workload.cluster for api in self.apis for workload in api.workloads}
        return [cluster for cluster in self.clusters if cluster.name in used]

    @cached_property
    def retired(self) -> str | None:
        """The cluster that is taken away, if one is."""
        last = self.clusters[-1]
        return last.name if self.calendar.retire is not None and last in self.watched else None

    def is_retired(self, cluster: str, number: int) -> bool:
        """Tell whether a cluster is not there any more."""
        return cluster == self.retired and number >= (self.calendar.retire or 0)

    def before(self, number: int) -> dt.datetime:
        """Return a minute before a cycle: when what is new in it came to be."""
        return self.calendar.moment(number) - MINUTE

    def document(self, workload: Workload, api_id: str, team_id: str, number: int) -> dict[str, Any] | None:
        """Return a workload as it is in a cycle, as the Kubernetes stand-in takes it; None where it does not run."""
        return _document(workload, {"api_id": api_id, "team_id": team_id}, number, self.before)


def _document(
    workload: Workload, labels: dict[str, str], number: int, before: Callable[[int], dt.datetime]
) -> dict[str, Any] | None:
    asked, name, surge, created, hpa_extra = workload.replicas, workload.name, 0, LONG_AGO, 0
    for change in workload.changes:
        is_on = change.at <= number < change.at + change.cycles
        if change.kind == "renamed" and number >= change.at:
            name, created = f"{workload.name}-v2", before(change.at)
        elif change.kind == "born" and number < change.at:
            return None
        elif change.kind == "born":
            created = before(change.at)
        elif not is_on:
            if change.kind == "gone" and number >= change.at + change.cycles:
                created = before(change.at + change.cycles)
        elif change.kind == "gone":
            return None
        elif change.kind in ("out", "gross", "blip"):
            asked += change.amount
        elif change.kind == "down":
            asked = max(0, asked - change.amount)
        elif change.kind == "rollout":
            surge = max(1, -(-asked // 4))
        elif change.kind == "unlabelled":
            labels = {}
        elif change.kind == "hpa":
            hpa_extra = change.amount
    document: dict[str, Any] = {
        "namespace": workload.namespace,
        "name": name,
        "kind": workload.kind,
        "labels": labels,
        "spec_replicas": asked,
        "created_at": created.isoformat(),
    }
    if surge and workload.kind == "Deployment":
        document |= {"status_replicas": asked + surge, "updated_replicas": surge, "ready_replicas": asked}
    if workload.has_hpa:
        document["hpa"] = {"min": 1, "max": 50, "current": asked + hpa_extra, "desired": asked + hpa_extra}
    return document

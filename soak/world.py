"""The world of a soak: clusters, teams, APIs and what becomes of each of their workloads. Pure, and all of one seed.

The life of an API is drawn from the seed and its own name alone, so that a smaller world of some APIs lives as the
large one: a failing run is told again in a minute. Times are numbers of cycles, counted from 0.
"""

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from soak.calendar import A_DAY, MINUTE, SHORT, Calendar

LONG_AGO = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
PLATFORM_CHANNEL = "C0PLATFORM"


@dataclass(frozen=True)
class Cluster:
    """A cluster."""

    name: str
    environment: str


@dataclass(frozen=True)
class Team:
    """A team; one that is not live is told of in the platform's channel."""

    team_id: str
    channel: str
    is_live: bool = True


@dataclass(frozen=True)
class Limit:
    """What a team asked to be granted, as it stands in its document."""

    environment: str
    team_id: str
    api_id: str
    max_replicas: int
    scope: str = "cluster"
    effective_from: dt.datetime | None = None

    @property
    def limit_id(self) -> str:
        """The document's id."""
        return f"{self.environment}.{self.team_id}.{self.api_id}"


@dataclass(frozen=True)
class Act:
    """What somebody does with a limit's document between the cycle before ``at`` and that one."""

    at: int
    kind: str
    """publish, withdraw or break."""
    limit: Limit


@dataclass(frozen=True)
class Change:
    """What happens to a workload, from a cycle on, for so many of them."""

    at: int
    cycles: int
    kind: str
    amount: int = 0


@dataclass(frozen=True)
class Workload:
    """A workload and its life."""

    cluster: str
    namespace: str
    kind: str
    name: str
    replicas: int
    has_hpa: bool
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Api:
    """An API: who owns it, where it runs, what it is granted, and when it changes hands."""

    api_id: str
    environment: str
    teams: tuple[tuple[int, str], ...]
    """From which cycle on whose it is."""
    workloads: tuple[Workload, ...]
    acts: tuple[Act, ...]

    def team_at(self, number: int) -> str:
        """Return whose it is in a cycle."""
        return [team for at, team in self.teams if at <= number][-1]


@dataclass(frozen=True)
class Size:
    """How large a world is."""

    clusters: int = 30
    workloads: int = 2_000
    teams: int = 20
    cycles: int = A_DAY
    breaches: float = 0.05
    """Share of the workloads that are over for long, in a day."""


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
            api = _Birth(self, number).api()
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


class _Birth:
    """Draws one API."""

    def __init__(self, world: World, number: int) -> None:
        self.world, self.number = world, number
        self.random = random.Random(f"{world.seed}|api|{number}")
        self.cycles = world.size.cycles

    def chance(self, a_day: float) -> bool:
        """Tell whether something happens that does so in that share of the days."""
        return self.random.random() < a_day * max(1.0, self.cycles / A_DAY)

    def when(self) -> int:
        """Return a cycle, not among the first ones."""
        return self.random.randrange(3, max(4, self.cycles))

    def api(self) -> Api:
        """Draw it."""
        random_, world = self.random, self.world
        api_id = f"svc-{self.number:03}"
        environment = "prod" if random_.random() < 0.7 else "stage"
        clusters = [c.name for c in world.clusters if c.environment == environment] or [world.clusters[0].name]
        environment = next(c.environment for c in world.clusters if c.name == clusters[0])
        team = random_.choice(world.teams).team_id
        chosen = random_.sample(clusters, min(len(clusters), random_.choice([1, 1, 2, 3, 4])))
        scope = random_.choice(["cluster"] * 6 + ["workload", "total"])
        workloads, sums = [], []
        for cluster in chosen:
            here = [self.workload(cluster, n) for n in range(random_.choice([1, 1, 2]))]
            workloads += here
            sums.append(sum(w.replicas for w in here))
        granted = {"cluster": max(sums), "workload": max(w.replicas for w in workloads), "total": sum(sums)}[scope]
        granted += random_.choice([0, 1, 2])
        workloads = [replace(w, changes=self.changes(granted)) for w in workloads]
        teams = [(0, team)]
        if len(world.teams) > 1 and self.chance(0.02):
            teams.append((self.when(), random_.choice([t.team_id for t in world.teams if t.team_id != team])))
        acts = self.acts(Limit(environment, team, api_id, granted, scope), teams)
        return Api(api_id, environment, tuple(teams), tuple(workloads), tuple(acts))

    def workload(self, cluster: str, number: int) -> Workload:
        """Draw a workload; now and then one that is called as others are, elsewhere."""
        random_ = self.random
        namespace = f"ns-{self.number % 40:02}"
        role = ("api", "worker")[number]
        name = f"api-{number}" if random_.random() < 0.1 else f"svc-{self.number:03}-{role}"
        if name.startswith("api-"):
            namespace = f"ns-{self.number:03}"
        kind = "StatefulSet" if random_.random() < 0.1 else "Deployment"
        return Workload(cluster, namespace, kind, name, random_.choice([2, 3, 4, 5, 6, 8, 12]), random_.random() < 0.3)

    def changes(self, granted: int) -> tuple[Change, ...]:
        """Draw what happens to a workload."""
        random_, found = self.random, []
        more = granted + random_.randint(1, 3)
        breaches = self.world.size.breaches
        if self.chance(breaches):
            found.append(Change(self.when(), random_.randint(3, 40), "out", more))
        if self.chance(breaches / 4):
            found.append(Change(self.when(), random_.randint(2, 12), "gross", 2 * granted + 4))
        if self.chance(0.04):
            found.append(Change(self.when(), 1, "blip", granted // 3 + 1))
        if self.chance(0.6):
            found.append(Change(self.when(), random_.randint(1, 4), "rollout"))
        if self.chance(0.05):
            found.append(Change(self.when(), random_.randint(2, 60), "down", 2))
        if self.chance(0.03):
            found.append(Change(self.when(), random_.randint(1, 20), "gone"))
        if self.chance(0.02):
            found.append(Change(self.when(), self.cycles, "renamed"))
        if self.chance(0.02):
            found.append(Change(self.when(), self.cycles, "born"))
        if self.chance(0.015):
            found.append(Change(self.when(), random_.randint(1, 9), "unlabelled"))
        if self.chance(0.02):
            found.append(Change(self.when(), random_.randint(1, 9), "hpa", granted))
        return tuple(sorted(found, key=lambda change: change.at))

    def acts(self, limit: Limit, teams: list[tuple[int, str]]) -> list[Act]:
        """Draw what is done with its document."""
        random_ = self.random
        if self.number % 25 == 24:
            return []  # nobody ever asked for a limit
        found = [Act(0, "publish", limit)]
        for at, team in teams[1:]:
            found += [Act(at, "withdraw", limit), Act(at, "publish", limit := replace(limit, team_id=team))]
        last = found[-1].at
        for kind, a_day in (("raise", 0.03), ("lower", 0.02), ("dated", 0.02), ("broken", 0.015), ("gone", 0.01)):
            at = self.when()
            if not self.chance(a_day) or at <= last:
                continue
            last = at
            if kind == "raise":
                limit = replace(limit, max_replicas=limit.max_replicas + random_.randint(2, 12), effective_from=None)
            elif kind == "lower":
                limit = replace(limit, max_replicas=max(1, limit.max_replicas - 2), effective_from=None)
            elif kind == "dated":
                since = self.world.before(at) - random_.randint(1, 24) * SHORT * MINUTE
                limit = replace(limit, max_replicas=limit.max_replicas + 1, effective_from=since)
            found.append(Act(at, {"broken": "break", "gone": "withdraw"}.get(kind, "publish"), limit))
            if kind in ("broken", "gone"):
                back = at + random_.randint(2, 30)
                limit = replace(limit, effective_from=None)
                found.append(Act(back, "publish", limit))
                last = back
        return sorted(found, key=lambda act: act.at)

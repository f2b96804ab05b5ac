"""Draws an API of a world: where it runs, what it is granted, and what becomes of its workloads. Pure."""

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import replace

from soak.calendar import A_DAY, MINUTE, SHORT
from soak.inhabitants import Act, Api, Change, Cluster, Limit, Size, Team, Workload


class Birth:
    """Draws one API: its life is of the seed and its own name alone.

    Args:
        seed: of the world.
        number: of the API.
        size: of the world.
        clusters: where it may run.
        teams: whose it may be.
        before: when what is new in a cycle came to be.
    """

    def __init__(
        self,
        seed: int,
        number: int,
        size: Size,
        clusters: list[Cluster],
        teams: list[Team],
        before: Callable[[int], dt.datetime],
    ) -> None:
        self.number, self.size, self.clusters, self.teams, self.before = number, size, clusters, teams, before
        self.random = random.Random(f"{seed}|api|{number}")
        self.cycles = size.cycles

    def chance(self, a_day: float) -> bool:
        """Tell whether something happens that does so in that share of the days."""
        return self.random.random() < a_day * max(1.0, self.cycles / A_DAY)

    def when(self) -> int:
        """Return a cycle, not among the first ones."""
        return self.random.randrange(3, max(4, self.cycles))

    def api(self) -> Api:
        """Draw it."""
        random_ = self.random
        api_id = f"svc-{self.number:03}"
        environment = "prod" if random_.random() < 0.7 else "stage"
        clusters = [c.name for c in self.clusters if c.environment == environment] or [self.clusters[0].name]
        environment = next(c.environment for c in self.clusters if c.name == clusters[0])
        team = random_.choice(self.teams).team_id
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
        if len(self.teams) > 1 and self.chance(0.02):
            teams.append((self.when(), random_.choice([t.team_id for t in self.teams if t.team_id != team])))
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
        breaches = self.size.breaches
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
                since = self.before(at) - random_.randint(1, 24) * SHORT * MINUTE
                limit = replace(limit, max_replicas=limit.max_replicas + 1, effective_from=since)
            found.append(Act(at, {"broken": "break", "gone": "withdraw"}.get(kind, "publish"), limit))
            if kind in ("broken", "gone"):
                back = at + random_.randint(2, 30)
                limit = replace(limit, effective_from=None)
                found.append(Act(back, "publish", limit))
                last = back
        return sorted(found, key=lambda act: act.at)

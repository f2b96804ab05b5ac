"""What a world is made of: clusters, teams, limits, and APIs with the lives of their workloads. Plain values.

Times are numbers of cycles, counted from 0.
"""

import datetime as dt
from dataclasses import dataclass

from soak.calendar import A_DAY

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

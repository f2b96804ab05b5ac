"""The whole of ``include/config/pedwatch.yaml``, and what is wrong with one in words."""

import datetime as dt
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from pedwatch.config.clusters import Cluster, Collector, Discovery
from pedwatch.config.kinds_of_text import Strict
from pedwatch.config.policy import PolicyConfig
from pedwatch.config.routing import Slack
from pedwatch.config.services import Connections, CostGuard, Firestore, LabelKeys, LimitsSync
from pedwatch.cycles import period_of
from pedwatch.spelling import unknown_key


class Config(Strict):
    """The whole of ``include/config/pedwatch.yaml``."""

    project: str
    dataset: str = Field(default="ped_watch", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    location: str = "EU"
    bucket: str = Field(min_length=3, description="Bucket of observations and audits, without gs://")
    report_timezone: str = "UTC"
    cycle_minutes: Literal[1, 5, 10, 15, 30, 60] = Field(
        default=5,
        description="Minutes from one look at the clusters to the next, and from one sync of limits to the next: 5, "
        "10, 15, 30 or 60; 1 for up to 20 clusters that are all named. It may be changed: "
        "docs/runbooks/the-length-of-a-cycle-changes.md",
    )
    label_keys: LabelKeys = Field(default_factory=LabelKeys)
    connections: Connections = Field(default_factory=Connections)
    firestore: Firestore
    limits_sync: LimitsSync = Field(
        default_factory=LimitsSync, description="When a sync of limits refuses what Firestore lists"
    )
    cost_guard: CostGuard = Field(default_factory=CostGuard, description="What a query may bill at most")
    collector: Collector
    clusters: list[Cluster] = Field(default_factory=list)
    discovery: Discovery = Field(default_factory=Discovery, description="Clusters that GKE lists are watched too")
    retired_clusters: list[str] = Field(default_factory=list)
    policy: PolicyConfig = Field(default_factory=PolicyConfig)
    slack: Slack

    @field_validator("report_timezone")
    @classmethod
    def _timezone_is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{name!r} is no IANA time zone such as UTC or Europe/Berlin") from None
        return name

    @model_validator(mode="after")
    def _cluster_names_are_unique(self) -> "Config":
        names = [cluster.name for cluster in self.clusters]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"clusters: {', '.join(twice)} listed twice; identity includes the cluster name")
        if not names and not self.discovery.projects:
            raise ValueError("nothing would be watched: name clusters, or projects in discovery")
        return self

    @model_validator(mode="after")
    def _accepted_clusters_are_discovered(self) -> "Config":
        names = {entry.name for entry in self.discovery.accept}
        for where, others in (
            ("clusters", [cluster.name for cluster in self.clusters]),
            ("retired_clusters", self.retired_clusters),
        ):
            if both := sorted(names & set(others)):
                raise ValueError(f"discovery.accept: {', '.join(both)} is in {where} too; it can be in one of them")
        return self

    @property
    def period(self) -> dt.timedelta:
        """The length of a cycle."""
        return period_of(self.cycle_minutes)

    def cluster(self, name: str) -> Cluster:
        """Return a configured cluster by name; KeyError when there is none."""
        return {cluster.name: cluster for cluster in self.clusters}[name]


def describe_errors(errors: list[Any]) -> str:
    """Put pydantic's errors into lines of ``field: what is wrong``."""
    lines = []
    for error in errors:
        path = ".".join(str(part) for part in error["loc"]) or "(document)"
        is_unknown = error["type"] == "extra_forbidden"
        message = unknown_key(Config, error["loc"]) if is_unknown else error["msg"].removeprefix("Value error, ")
        lines.append(f"  {path}: {message}")
    return "\n".join(lines)

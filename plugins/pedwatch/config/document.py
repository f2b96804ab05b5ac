"""The whole of ``include/config/pedwatch.yaml``."""

import datetime as dt
import hashlib
import json
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationInfo, field_validator, model_validator

from pedwatch.config.clusters import Cluster, Collector, Discovery
from pedwatch.config.kinds_of_text import DATASET, PATTERNS, BucketName, ClusterName, CycleMinutes, Strict, Text
from pedwatch.config.policy import PolicyConfig
from pedwatch.config.retention import Retention
from pedwatch.config.routing import Slack
from pedwatch.config.services import Connections, CostGuard, EvidenceHeads, Firestore, LabelKeys, LimitsSync
from pedwatch.cycles import period_of
from pedwatch.written.problems import Shape, refuse


class Config(Strict):
    """The whole of ``include/config/pedwatch.yaml``."""

    project: Text
    dataset: str = Field(default="ped_watch", pattern=DATASET)
    location: Text = "EU"
    bucket: BucketName = Field(description="Bucket of observations and audits: its name alone, without gs:// or folder")
    report_timezone: str = "UTC"
    cycle_minutes: CycleMinutes = Field(
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
    evidence_heads: EvidenceHeads = Field(
        default_factory=EvidenceHeads, description="Where the heads of evidence are kept besides Slack"
    )
    cost_guard: CostGuard = Field(default_factory=CostGuard, description="What a query may bill at most")
    retention: Retention = Field(default_factory=Retention, description="How long what is kept is kept")
    collector: Collector
    clusters: list[Cluster] = Field(default_factory=list)
    discovery: Discovery = Field(default_factory=Discovery, description="Clusters that GKE lists are watched too")
    retired_clusters: list[ClusterName] = Field(default_factory=list)
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

    @field_validator("clusters")
    @classmethod
    def _cluster_names_are_unique(cls, clusters: list[Cluster]) -> list[Cluster]:
        names = [cluster.name for cluster in clusters]
        refuse(
            ((index, "name"), f"{name!r} is the name of clusters[{names.index(name)}] too; a name is one cluster's")
            for index, name in enumerate(names)
            if names.index(name) != index
        )
        return clusters

    @field_validator("discovery")
    @classmethod
    def _accepted_clusters_are_discovered(cls, discovery: Discovery, info: ValidationInfo) -> Discovery:
        named = {cluster.name for cluster in info.data.get("clusters", ())}
        refuse(
            (("accept", index, "name"), f"{entry.name!r} is in clusters too; it can be in one of them")
            for index, entry in enumerate(discovery.accept)
            if entry.name in named
        )
        return discovery

    @field_validator("retired_clusters")
    @classmethod
    def _retired_clusters_are_not_watched(cls, retired: list[str], info: ValidationInfo) -> list[str]:
        discovery = info.data.get("discovery")
        watched = {cluster.name: "clusters" for cluster in info.data.get("clusters", ())}
        watched |= {entry.name: "discovery.accept" for entry in (discovery.accept if discovery else ())}
        refuse(
            ((index,), f"{name!r} is in {watched[name]} too; it can be in one of them")
            for index, name in enumerate(retired)
            if name in watched
        )
        return retired

    @model_validator(mode="after")
    def _something_is_watched(self) -> "Config":
        if not self.clusters and not self.discovery.projects:
            raise ValueError("nothing would be watched: name clusters, or projects in discovery")
        return self

    @property
    def period(self) -> dt.timedelta:
        """The length of a cycle."""
        return period_of(self.cycle_minutes)

    @property
    def suppressed_teams(self) -> list[str]:
        """The teams that are told nothing, sorted."""
        return sorted(team_id for team_id, route in self.slack.teams.items() if route.mode == "suppressed")

    @property
    def policy_version(self) -> str:
        """First 12 hex digits of the hash of all that weakens detection: what each verdict names."""
        weakening = self.policy.model_dump(mode="json") | {
            "retired_clusters": sorted(self.retired_clusters),
            "suppressed_teams": self.suppressed_teams,
        }
        return hashlib.sha256(json.dumps(weakening, sort_keys=True).encode()).hexdigest()[:12]

    def cluster(self, name: str) -> Cluster:
        """Return a configured cluster by name; KeyError when there is none."""
        return {cluster.name: cluster for cluster in self.clusters}[name]


SHAPE = Shape(Config, PATTERNS)
"""How its mistakes are told."""

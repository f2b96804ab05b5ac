"""The whole of a scenario file; `sandbox.scenario.cross_checks` holds what needs more than one field."""

import datetime as dt
from typing import Any

from pydantic import Field, field_validator

from pedwatch.config import ChannelId, LabelValue, Mode, PolicyConfig
from sandbox.scenario.events import Step
from sandbox.scenario.expectations import Backfill, Expectations
from sandbox.scenario.fields import CYCLE_LENGTH, Model, Moment, Name
from sandbox.scenario.workloads import Workload

RESERVED_CLUSTER = "composer"


class Channel(Model):
    """A Slack channel."""

    id: ChannelId
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=80)


class Cluster(Model):
    """A target cluster."""

    name: Name
    environment: Name

    @field_validator("name")
    @classmethod
    def _is_not_the_pod_cluster(cls, value: str) -> str:
        if value == RESERVED_CLUSTER:
            raise ValueError(f"{value!r} is the cluster the collector's pods run in: take another name")
        return value


class Team(Model):
    """A team, its channel, and whether it is live there."""

    team_id: LabelValue
    channel: Channel
    mention: str | None = Field(default=None, pattern=r"^<[!@].+>$", description="e.g. <!subteam^S0ORDERS>")
    mode: Mode = Field(
        default="platform",
        description="platform: told in the platform's channel; canary: to the canary channel; team: live; "
        "suppressed: shadow",
    )


class Scenario(Model):
    """A small world, what happens to it cycle by cycle, and what is expected."""

    name: Name
    description: str
    start: Moment = Field(description="The first cycle: an aware time on a five-minute mark")
    cycles: int = Field(ge=1, le=288, description="How many cycles are played, five minutes apart")
    clusters: list[Cluster] = Field(min_length=1)
    teams: list[Team] = Field(default_factory=list)
    platform_channel: Channel
    canary_channel: Channel | None = None
    policy: PolicyConfig = Field(default_factory=PolicyConfig, description="As `policy` in pedwatch.yaml")
    limits: list[dict[str, Any]] = Field(default_factory=list, description="PED documents as teams write them")
    workloads: list[Workload] = Field(default_factory=list)
    timeline: list[Step] = Field(default_factory=list)
    expect: Expectations = Field(default_factory=Expectations)
    backfill: Backfill | None = Field(default=None, description="The last act; none when omitted")

    @field_validator("start")
    @classmethod
    def _start_is_on_the_grid(cls, value: dt.datetime) -> dt.datetime:
        if value.timestamp() % CYCLE_LENGTH.total_seconds():
            raise ValueError(f"{value.isoformat()} is not on a five-minute mark")
        return value.astimezone(dt.UTC)

    def cycle_time(self, number: int) -> dt.datetime:
        """Return the time of a cycle, counted from 1."""
        return self.start + (number - 1) * CYCLE_LENGTH

    def channels(self) -> dict[str, str]:
        """Return channel id → name."""
        listed = [self.platform_channel, *([self.canary_channel] if self.canary_channel else [])]
        return {channel.id: channel.name for channel in [*listed, *(team.channel for team in self.teams)]}

    def cluster_names(self) -> list[str]:
        """Return the names of the target clusters."""
        return [cluster.name for cluster in self.clusters]

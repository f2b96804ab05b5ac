"""The whole of a scenario file; `sandbox.scenario.cross_checks` holds what needs more than one field."""

import datetime as dt
from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from pedwatch.config import ChannelId, CycleMinutes, LabelValue, Mode, PolicyConfig
from pedwatch.cycles import floor_to_cycle, period_of
from sandbox.scenario.events import Step
from sandbox.scenario.expectations import Backfill, Expectations
from sandbox.scenario.fields import Model, Moment, Name
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
    cycle_minutes: CycleMinutes = Field(default=5, description="As in pedwatch.yaml: from one cycle to the next")
    start: Moment = Field(description="The first cycle: an aware time on a mark of cycle_minutes")
    cycles: int = Field(ge=1, le=288, description="How many cycles are played")
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
    def _start_is_on_the_grid(cls, value: dt.datetime, others: ValidationInfo) -> dt.datetime:
        minutes = others.data.get("cycle_minutes", 1)
        if value != floor_to_cycle(value, period_of(minutes)):
            raise ValueError(f"{value.isoformat()} is not on a mark of cycle_minutes, {minutes}")
        return value.astimezone(dt.UTC)

    @property
    def period(self) -> dt.timedelta:
        """The length of a cycle."""
        return period_of(self.cycle_minutes)

    def cycle_time(self, number: int) -> dt.datetime:
        """Return the time of a cycle, counted from 1."""
        return self.start + (number - 1) * self.period

    def channels(self) -> dict[str, str]:
        """Return channel id → name."""
        listed = [self.platform_channel, *([self.canary_channel] if self.canary_channel else [])]
        return {channel.id: channel.name for channel in [*listed, *(team.channel for team in self.teams)]}

    def cluster_names(self) -> list[str]:
        """Return the names of the target clusters."""
        return [cluster.name for cluster in self.clusters]

"""Who hears of what: channels, copies, reminders, the digest."""

import string
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from pedwatch.config.kinds_of_text import (
    COPY_TARGET,
    MENTION,
    ChannelId,
    HttpAddress,
    LabelValue,
    Strict,
)
from pedwatch.written.problems import refuse

_LINK_NAMES = ("project", "location", "environment", "cluster", "namespace", "kind", "name")
Destination = Literal["team", "canary", "suppressed"]
Mode = Literal["platform", "canary", "team", "suppressed"]
CopyTarget = Annotated[
    str,
    Field(
        pattern=COPY_TARGET,
        description="`mailto:<address>`, or `webhook:<Airflow connection>` for Alertmanager's JSON",
    ),
]


class TeamRoute(Strict):
    """Where a team's alerts go."""

    channel: ChannelId
    mention: str | None = Field(default=None, pattern=MENTION, description="e.g. <!subteam^S0ORDERS>")
    mode: Mode = Field(
        default="platform",
        description="`platform`: in the platform's channel, as a team that is not named; `canary`: in the canary "
        "channel; `team`: live, in its own; `suppressed`: recorded, told nowhere",
    )
    also: list[CopyTarget] = Field(
        default_factory=list,
        description="Copies while `mode` is team: `mailto:<address>`, or `webhook:<Airflow connection>` for "
        "Alertmanager's JSON",
    )


class Slack(Strict):
    """Routing of alerts; what is of a team that is not named, or not live, is told in the platform's channel."""

    platform_channel: ChannelId
    platform_also: list[CopyTarget] = Field(
        default_factory=list, description="Copies of what the platform's channel is told, as in `also` of a team"
    )
    canary_channel: ChannelId | None = None
    on_ambiguous: Literal["resend", "hold"] = Field(
        default="hold",
        description="Where a channel cannot be read back and a message may have been posted: post it again, or let the "
        "platform's channel know",
    )
    storm_above: int = Field(
        default=10, ge=1, description="More new episodes of one team in one cycle than this are told in one message"
    )
    clusters_above: int = Field(
        default=3,
        ge=1,
        description="More clusters than this that go dark in one cycle for one cause are told in one message",
    )
    contact: str = Field(
        default="the platform team",
        min_length=1,
        max_length=100,
        description='Whom messages tell teams to ask: "ask the platform team for more"',
    )
    help_url: HttpAddress | None = Field(
        default=None, description="Page that tells teams what a PED limit is; linked from what they are told"
    )
    request_url: HttpAddress | None = Field(
        default=None, description='Where a team asks for a higher limit or an exemption; linked as "Ask for more"'
    )
    reminder_hours: list[Annotated[float, Field(gt=0)]] = Field(
        default_factory=lambda: [4.0, 24.0, 168.0],
        description="Hours after it fired at which an episode is told again in its thread; then as often as the last "
        "one is long. Empty: never",
    )
    digest_hour: int = Field(default=8, ge=0, le=23, description="Hour of the digest on weekdays, in report_timezone")
    workload_link: str | None = Field(
        default="https://console.cloud.google.com/kubernetes/{kind}/{location}/{cluster}/{namespace}/{name}/overview"
        "?project={project}",
        description="Address of a workload's page; may name {project}, {location}, {environment}, {cluster}, "
        "{namespace}, {kind}, {name}. With {location} only workloads get a link whose cluster was discovered, or has a "
        "location in `clusters`",
    )
    teams: dict[LabelValue, TeamRoute] = Field(default_factory=dict)

    @property
    def channels(self) -> set[str]:
        """All channels that are named here: the platform's, the canary's, each team's."""
        named = {self.platform_channel, self.canary_channel, *(team.channel for team in self.teams.values())}
        return {channel for channel in named if channel is not None}

    @field_validator("reminder_hours")
    @classmethod
    def _reminders_back_off(cls, hours: list[float]) -> list[float]:
        if hours != sorted(set(hours)):
            raise ValueError(f"{hours} must rise, each later than the one before: write {sorted(set(hours))}")
        return hours

    @field_validator("workload_link")
    @classmethod
    def _workload_link_can_be_filled(cls, link: str | None) -> str | None:
        try:
            names = {name for _, name, _, _ in string.Formatter().parse(link or "") if name is not None}
        except ValueError as error:  # a brace that nothing closes
            raise ValueError(f"{link!r} cannot be filled: {error}; known are {', '.join(_LINK_NAMES)}") from None
        if unknown := sorted(names - set(_LINK_NAMES)):
            raise ValueError(f"{{{unknown[0]}}} is not known; known are {', '.join(_LINK_NAMES)}")
        return link

    @field_validator("teams")
    @classmethod
    def _canary_has_a_channel(cls, teams: dict[str, TeamRoute], info: ValidationInfo) -> dict[str, TeamRoute]:
        if info.data.get("canary_channel", "wrong") is None:
            refuse(
                ((team_id, "mode"), "is canary, and there is no channel for it: set slack.canary_channel")
                for team_id, route in teams.items()
                if route.mode == "canary"
            )
        return teams

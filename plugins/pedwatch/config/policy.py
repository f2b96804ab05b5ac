"""The policy: what counts as over, for whom, and who may grant an exemption.

Like all that weakens detection it is with the platform team, never in a PED file (docs/design.md#d10). Retired clusters
and teams that are told nothing stand elsewhere in the configuration; `Config.policy_version` counts them in.
"""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from pedwatch.config.kinds_of_text import LabelValue, Strict, Text
from pedwatch.written.problems import refuse
from pedwatch.written.yaml_text import Location

Advisory = Literal["hpa_max_over_limit", "hpa_max_differs", "sudden_change", "near_limit", "orphan_limit", "contested"]
"""Rules that advise and never page; all are off until they are listed (docs/design.md#d1)."""


class PolicyOverride(Strict):
    """Detection settings; what is omitted comes from the next wider level (API, team, defaults)."""

    tolerance_count: int | None = Field(default=None, ge=0)
    tolerance_ratio: float | None = Field(default=None, ge=0, le=1)
    grace_minutes: int | None = Field(default=None, ge=0, le=360)
    surge_budget_minutes: int | None = Field(default=None, ge=0, le=360)
    for_observations: int | None = Field(default=None, ge=1, le=12)
    window_observations: int | None = Field(default=None, ge=1, le=12)
    clear_observations: int | None = Field(default=None, ge=1, le=12)
    gross_ratio: float | None = Field(default=None, gt=1)
    gross_count: int | None = Field(default=None, ge=1)
    critical_ratio: float | None = Field(default=None, ge=1)

    @field_validator("tolerance_ratio")
    @classmethod
    def _is_a_decimal(cls, ratio: float | None) -> float | None:
        """BigQuery's decimals have nine places; a share that needs more would be rounded, perhaps up."""
        if ratio is not None and ratio != round(ratio, 9):
            raise ValueError(f"{ratio} is too fine: write at most nine decimal places, such as {round(ratio, 4)}")
        return ratio


class Policy(Strict):
    """The detection settings in force for one API (docs/design.md#alerts gives the defaults)."""

    tolerance_count: int = 0
    tolerance_ratio: float = 0.0
    grace_minutes: int = 10
    surge_budget_minutes: int = 30
    for_observations: int = 2
    window_observations: int = 3
    clear_observations: int = 2
    gross_ratio: float = 1.5
    gross_count: int = 2
    critical_ratio: float = 1.5

    @model_validator(mode="after")
    def _window_holds_the_count(self) -> "Policy":
        if self.for_observations > self.window_observations:
            raise ValueError(
                f"for_observations ({self.for_observations}) can never be reached within "
                f"window_observations ({self.window_observations}): raise the window or lower the count"
            )
        return self


class TeamPolicy(PolicyOverride):
    """Overrides for one team, and for single APIs of it."""

    apis: dict[LabelValue, PolicyOverride] = Field(default_factory=dict)


class Approver(Strict):
    """Somebody whose approval makes an exemption count."""

    id: Text
    team_id: LabelValue


class PolicyConfig(Strict):
    """The policy: defaults, per team, per API, and who may approve exemptions."""

    defaults: PolicyOverride = Field(default_factory=PolicyOverride)
    teams: dict[LabelValue, TeamPolicy] = Field(default_factory=dict)
    approvers: list[Approver] = Field(default_factory=list)
    advisories: list[Advisory] = Field(default_factory=list, description="Advisory rules that the digest reports")

    @field_validator("approvers")
    @classmethod
    def _an_approver_stands_there_once(cls, approvers: list[Approver]) -> list[Approver]:
        """Of one in two teams, the second team would count, and exemptions of the first could be self-made."""
        names = [approver.id for approver in approvers]
        refuse(
            (
                (index, "id"),
                f"{name!r} is approvers[{names.index(name)}] already; an approver has one team",
            )
            for index, name in enumerate(names)
            if names.index(name) != index
        )
        return approvers

    @model_validator(mode="after")
    def _every_level_is_valid(self) -> "PolicyConfig":
        refuse(self._contradictions())
        return self

    def _contradictions(self) -> Iterator[tuple[Location, str]]:
        """Find the levels whose own settings do not go together with what they inherit."""
        levels: list[tuple[Location, str | None, str | None, PolicyOverride]] = [
            (("defaults",), None, None, self.defaults)
        ]
        for team_id, team in self.teams.items():
            levels.append((("teams", team_id), team_id, None, team))
            levels += [(("teams", team_id, "apis", name), team_id, name, own) for name, own in team.apis.items()]
        for at, owner, api, level in levels:
            setting = "window_observations" if level.for_observations is None else "for_observations"
            if getattr(level, setting) is None:
                continue  # whoever it inherits both from is told
            try:
                self.for_api(owner, api)
            except ValidationError as error:
                yield (*at, setting), str(error.errors()[0]["msg"]).removeprefix("Value error, ")

    def for_api(self, team_id: str | None, api_id: str | None) -> Policy:
        """Return the merged policy of an API: its own settings, else its team's, else the defaults."""
        merged = self.defaults.model_dump(exclude_none=True)
        team = self.teams.get(team_id) if team_id else None
        if team is not None:
            merged |= team.model_dump(exclude_none=True, exclude={"apis"})
            if api_id in team.apis:
                merged |= team.apis[api_id].model_dump(exclude_none=True)
        return Policy.model_validate(merged)

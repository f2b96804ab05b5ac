"""What runs in the clusters when the scenario begins."""

import re
from typing import Literal

from pydantic import Field, field_validator, model_validator

from sandbox.scenario.fields import Count, Model, Moment, Name, Names, ObjectName, Surge

_PERCENT = re.compile(r"\d{1,3}%")


class Autoscaler(Model):
    """A HorizontalPodAutoscaler on the workload."""

    min: int = Field(default=1, ge=0, description="minReplicas")
    max: int = Field(ge=1, description="maxReplicas: evidence only, never paged on")
    current: Count | None = Field(default=None, description="status.currentReplicas; the workload's spec when omitted")
    desired: Count | None = Field(default=None, description="status.desiredReplicas; current when omitted")
    name: ObjectName | None = Field(default=None, description="The workload's name when omitted")
    target_kind: str | None = Field(default=None, description="Kind it scales; the workload's when omitted")
    target_name: ObjectName | None = Field(default=None, description="Name it scales; the workload's when omitted")

    @model_validator(mode="after")
    def _min_is_not_above_max(self) -> "Autoscaler":
        if self.min > self.max:
            raise ValueError(f"min ({self.min}) is above max ({self.max})")
        return self


class Workload(Model):
    """A workload; given several clusters it is the same thing once in each."""

    cluster: Names = Field(description="Name of the cluster it runs in, or a list of names")
    namespace: Name
    name: ObjectName
    kind: Literal["Deployment", "StatefulSet", "ReplicaSet", "Rollout"] = Field(
        default="Deployment", description="A ReplicaSet is not listed, and exists as the target of an HPA"
    )
    api: str | None = Field(default=None, description="Value of the label api_id; no such label when omitted")
    team: str | None = Field(default=None, description="Value of the label team_id; no such label when omitted")
    labels: dict[str, str] = Field(default_factory=dict, description="Further labels")
    replicas: Count = Field(default=1, description="Pods asked for, and running")
    max_surge: Surge = "25%"
    created_at: Moment | None = Field(default=None, description="90 days before the start when omitted")
    hpa: Autoscaler | None = None

    @field_validator("max_surge")
    @classmethod
    def _surge_is_a_count_or_a_share(cls, value: int | str) -> int | str:
        if isinstance(value, str) and not _PERCENT.fullmatch(value):
            raise ValueError(f"{value!r} is neither a number of pods nor a percentage such as 25%")
        return value

    @property
    def references(self) -> list[str]:
        """Name the workload as events do, once for each of its clusters."""
        return [f"{cluster}/{self.namespace}/{self.name}" for cluster in self.cluster]

    @property
    def all_labels(self) -> dict[str, str]:
        """All labels, those of identity included."""
        identity = {"api_id": self.api, "team_id": self.team}
        return {key: value for key, value in identity.items() if value is not None} | self.labels

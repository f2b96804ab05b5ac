"""What a scenario says about a cluster: workloads and their autoscalers, checked field by field."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Positive = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
Namespace = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
ObjectName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$")]
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_LABEL_KEY = re.compile(r"([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")

API_VERSIONS = {
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "ReplicaSet": "apps/v1",
    "Rollout": "argoproj.io/v1alpha1",
}


STRATEGIES = {
    "Deployment": ("RollingUpdate", "Recreate"),
    "StatefulSet": ("RollingUpdate", "OnDelete"),
    "Rollout": ("Canary", "BlueGreen"),
}
"""How each kind replaces its pods; the first is what it does unless told otherwise."""


class Autoscaler(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One HorizontalPodAutoscaler; it bears the workload's name and targets it unless told otherwise."""

    max: Positive
    min: Count = 1
    name: ObjectName | None = None
    current: Count | None = None
    desired: Count | None = None
    is_able_to_scale: bool = True
    target_api_version: str | None = None
    target_kind: str | None = None
    target_name: ObjectName | None = None
    last_scale_at: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse what the API server would refuse."""
        if self.max < self.min:
            raise ValueError(f"max ({self.max}) must not be less than min ({self.min})")


class Workload(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One workload of a cluster. Those of a kind that is not listed exist as targets of an HPA."""

    namespace: Namespace
    name: ObjectName
    kind: str = "Deployment"
    labels: dict[str, str] = {}
    spec_replicas: Count = 1
    status_replicas: Count | None = None
    updated_replicas: Count | None = None
    ready_replicas: Count | None = None
    available_replicas: Count | None = None
    max_surge: Count | Annotated[str, msgspec.Meta(pattern=r"^(100|[1-9]?[0-9])%$")] = "25%"
    paused: bool = False
    strategy: str | None = None
    terminating_replicas: Count = 0
    is_past_deadline: bool = False
    workload_ref: str | None = None
    scale_down: Literal["never", "onsuccess", "progressively"] | None = None
    deleted_at: datetime | None = None
    generation: Positive | None = None
    observed_generation: Count | None = None
    created_at: datetime | None = None
    incarnation: Positive | None = None
    hpa: Autoscaler | None = None

    def __post_init__(self) -> None:
        """Refuse what the API server would refuse."""
        for key, value in self.labels.items():
            if not _LABEL_KEY.fullmatch(key) or not _LABEL_VALUE.fullmatch(value):
                raise ValueError(f"labels: {key}={value!r} is not a valid label")
        if self.strategy is not None and self.strategy not in STRATEGIES.get(self.kind, ()):
            raise ValueError(f"strategy: a {self.kind} has none named {self.strategy!r}")
        if self.kind == "HorizontalPodAutoscaler" and self.hpa is None:
            raise ValueError("hpa: is required when kind is HorizontalPodAutoscaler")

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what identifies the workload within its cluster."""
        return self.namespace, self.kind, self.name


class ClusterState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything a target cluster runs; setting it replaces all that was there."""

    workloads: tuple[Workload, ...]

    def __post_init__(self) -> None:
        """Refuse two objects of one name."""
        seen: set[tuple[str, ...]] = set()
        for index, workload in enumerate(self.workloads):
            names: list[tuple[str, ...]] = [("workload", *workload.key)]
            if workload.hpa:
                names.append(("hpa", workload.namespace, workload.hpa.name or workload.name))
            for name in names:
                if name in seen:
                    raise ValueError(f"workloads[{index}]: second {name[0]} named {'/'.join(name[1:])}")
                seen.add(name)


def _utc(value: datetime | None, field: str) -> datetime | None:
    if value is not None and value.tzinfo is None:
        raise ValueError(f"{field}: needs a time zone, such as 2026-11-02T10:00:00Z")
    return value


def parse_state(document: Any) -> ClusterState:
    """Return the state a JSON document describes; ValueError names the field that is wrong."""
    state = msgspec.convert(document, ClusterState)
    for index, workload in enumerate(state.workloads):
        _utc(workload.created_at, f"$.workloads[{index}].created_at")
        _utc(workload.deleted_at, f"$.workloads[{index}].deleted_at")
        if workload.hpa:
            _utc(workload.hpa.last_scale_at, f"$.workloads[{index}].hpa.last_scale_at")
    return state

"""The few fields of Kubernetes objects that are read; everything else is skipped while parsing.

The API server omits counts that are zero, hence the defaults; where zero and "never written" would be judged otherwise,
an absent one stays None. Fields it always fills in carry its documented default.
"""

from datetime import datetime
from typing import Annotated, Generic, TypeVar

from msgspec import Meta, Raw, Struct

LabelsT = TypeVar("LabelsT")

Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Generation = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Surge = Count | Annotated[str, Meta(pattern=r"^[0-9]+%?$")]
Name = Annotated[str, Meta(min_length=1)]
Moment = Annotated[datetime, Meta(tz=True)]

DEFAULT_MAX_SURGE = "25%"


class ObjectMeta(Struct, Generic[LabelsT], rename="camel", gc=False):
    """Identity of an object, and whether it is on its way out."""

    name: Name
    namespace: Name
    uid: str = ""
    generation: Generation = 0
    creation_timestamp: Moment | None = None
    deletion_timestamp: Moment | None = None
    labels: LabelsT | None = None


class Condition(Struct, gc=False):
    """What a controller says of an object: ``True``, ``False`` or ``Unknown``, and why."""

    type: str
    status: str
    reason: str | None = None


class RollingUpdate(Struct, rename="camel", gc=False):
    """How far a rollout may overshoot: a count or a percentage."""

    max_surge: Surge = DEFAULT_MAX_SURGE


class Strategy(Struct, rename="camel", gc=False, frozen=True):
    """``RollingUpdate`` or ``Recreate``."""

    type: str = "RollingUpdate"
    rolling_update: RollingUpdate | None = None


class DeploymentSpec(Struct, rename="camel", gc=False):
    """What was asked for."""

    replicas: Count = 1
    paused: bool = False
    strategy: Strategy = Strategy()


class DeploymentStatus(Struct, rename="camel", gc=False, frozen=True):
    """What runs; its conditions are decoded only where one of them can matter."""

    observed_generation: Generation | None = None
    replicas: Count | None = None
    updated_replicas: Count = 0
    ready_replicas: Count = 0
    available_replicas: Count = 0
    unavailable_replicas: Count = 0
    terminating_replicas: Count | None = None
    conditions: Raw = Raw()


class Deployment(Struct, Generic[LabelsT], gc=False):
    """``apps/v1`` Deployment."""

    metadata: ObjectMeta[LabelsT]
    spec: DeploymentSpec
    status: DeploymentStatus = DeploymentStatus()


class UpdateStrategy(Struct, gc=False, frozen=True):
    """``RollingUpdate`` or ``OnDelete``."""

    type: str = "RollingUpdate"


class StatefulSetSpec(Struct, rename="camel", gc=False):
    """What was asked for."""

    replicas: Count = 1
    update_strategy: UpdateStrategy = UpdateStrategy()


class StatefulSetStatus(Struct, rename="camel", gc=False, frozen=True):
    """What stands, stopping pods included.

    ``currentReplicas`` is not read: it leaves out what stops, but pods of a third revision as well.
    """

    observed_generation: Generation | None = None
    replicas: Count | None = None
    updated_replicas: Count = 0
    ready_replicas: Count = 0
    available_replicas: Count = 0


class StatefulSet(Struct, Generic[LabelsT], gc=False):
    """``apps/v1`` StatefulSet."""

    metadata: ObjectMeta[LabelsT]
    spec: StatefulSetSpec
    status: StatefulSetStatus = StatefulSetStatus()


class Canary(Struct, rename="camel", gc=False):
    """A canary's surge; the controller takes 25 % without writing it into the object."""

    max_surge: Surge | None = None


class BlueGreen(Struct, gc=False):
    """A second colour; nothing of it is read but that it is there."""


class RolloutStrategy(Struct, rename="camel", gc=False, frozen=True):
    """One of the two."""

    canary: Canary | None = None
    blue_green: BlueGreen | None = None


class WorkloadRef(Struct, rename="camel", gc=False):
    """The workload whose template a Rollout takes over; without ``scaleDown`` it is left running."""

    kind: str
    name: str
    scale_down: str | None = None


class RolloutSpec(Struct, rename="camel", gc=False):
    """What was asked for."""

    replicas: Count | None = None
    paused: bool = False
    strategy: RolloutStrategy = RolloutStrategy()
    workload_ref: WorkloadRef | None = None


class RolloutStatus(Struct, rename="camel", gc=False, frozen=True):
    """What runs, of both colours. ``HPAReplicas`` is not read: it is the active one alone."""

    observed_generation: str | int | None = None  # text, and in old versions a hash
    replicas: Count | None = None
    updated_replicas: Count = 0
    ready_replicas: Count = 0
    available_replicas: Count = 0
    conditions: Raw = Raw()


class Rollout(Struct, Generic[LabelsT], gc=False):
    """``argoproj.io/v1alpha1`` Rollout, of Argo Rollouts."""

    metadata: ObjectMeta[LabelsT]
    spec: RolloutSpec
    status: RolloutStatus = RolloutStatus()


class ScaleTargetRef(Struct, rename="camel", gc=False):
    """What an HPA scales; old objects may lack the group."""

    kind: str
    name: str
    api_version: str | None = None


class HpaSpec(Struct, rename="camel", gc=False):
    """The bounds its owners chose."""

    scale_target_ref: ScaleTargetRef
    max_replicas: Count
    min_replicas: Count = 1


class HpaStatus(Struct, rename="camel", frozen=True):
    """What the autoscaler saw and wants; its conditions alone tell whether that is of now."""

    current_replicas: Count | None = None
    desired_replicas: Count = 0
    conditions: tuple[Condition, ...] | None = None


class Hpa(Struct, Generic[LabelsT]):
    """``autoscaling/v2`` HorizontalPodAutoscaler."""

    metadata: ObjectMeta[LabelsT]
    spec: HpaSpec
    status: HpaStatus = HpaStatus()

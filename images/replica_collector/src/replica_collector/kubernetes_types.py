"""The few fields of Kubernetes lists that are read; everything else is skipped while parsing.

The API server omits counts that are zero, hence the defaults. Fields it always fills in carry its documented default.
"""

import functools
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta, Struct

LabelsT = TypeVar("LabelsT")

Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Generation = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Surge = Count | Annotated[str, Meta(pattern=r"^[0-9]+%?$")]
Moment = Annotated[datetime, Meta(tz=True)]

DEFAULT_MAX_SURGE = "25%"


class ObjectMeta(Struct, Generic[LabelsT], rename="camel"):
    """Identity of an object."""

    name: str
    namespace: str
    uid: str = ""
    generation: Generation = 0
    creation_timestamp: Moment | None = None
    labels: LabelsT | None = None


class RollingUpdate(Struct, rename="camel"):
    """How far a rollout may overshoot: a count or a percentage."""

    max_surge: Surge = DEFAULT_MAX_SURGE


class Strategy(Struct, rename="camel"):
    """``RollingUpdate`` or ``Recreate``."""

    type: str = "RollingUpdate"
    rolling_update: RollingUpdate | None = None


class DeploymentSpec(Struct, rename="camel"):
    """What was asked for."""

    replicas: Count = 1
    paused: bool = False
    strategy: Strategy = msgspec.field(default_factory=Strategy)


class DeploymentStatus(Struct, rename="camel"):
    """What runs."""

    observed_generation: Generation = 0
    replicas: Count = 0
    updated_replicas: Count = 0
    ready_replicas: Count = 0
    available_replicas: Count = 0
    unavailable_replicas: Count = 0


class Deployment(Struct, Generic[LabelsT]):
    """``apps/v1`` Deployment."""

    metadata: ObjectMeta[LabelsT]
    spec: DeploymentSpec
    status: DeploymentStatus = msgspec.field(default_factory=DeploymentStatus)


class ScaleTargetRef(Struct):
    """What an HPA scales; not always a Deployment."""

    kind: str
    name: str


class HpaSpec(Struct, rename="camel"):
    """The bounds its owners chose."""

    scale_target_ref: ScaleTargetRef
    max_replicas: Count
    min_replicas: Count = 1


class HpaStatus(Struct, rename="camel"):
    """What the autoscaler saw and wants; desired 0 while it initialises."""

    current_replicas: Count = 0
    desired_replicas: Count = 0


class Hpa(Struct, Generic[LabelsT]):
    """``autoscaling/v2`` HorizontalPodAutoscaler."""

    metadata: ObjectMeta[LabelsT]
    spec: HpaSpec
    status: HpaStatus = msgspec.field(default_factory=HpaStatus)


class ListMeta(Struct, rename={"continue_token": "continue", "resource_version": "resourceVersion"}):
    """Where the list stands and where it goes on."""

    continue_token: str = ""
    resource_version: str = ""


class DeploymentList(Struct, Generic[LabelsT]):
    """A page of Deployments; ``items`` has no default, so that an answer without them is not taken for an empty one."""

    kind: str
    metadata: ListMeta
    items: list[Deployment[LabelsT]] | None


class HpaList(Struct, Generic[LabelsT]):
    """A page of HPAs."""

    kind: str
    metadata: ListMeta
    items: list[Hpa[LabelsT]] | None


class RawList(Struct):
    """A page of any kind, its objects undecoded: where one of them is not what it should be, the others are."""

    kind: str
    metadata: ListMeta
    items: list[msgspec.Raw] | None


class _RawMeta(Struct):
    name: Any = None
    namespace: Any = None


class RawObject(Struct):
    """Of an object that cannot be decoded what it may still be known by."""

    metadata: _RawMeta = msgspec.field(default_factory=_RawMeta)


class Status(Struct):
    """How the API server says no; a 410 carries the token of an inconsistent continuation."""

    metadata: ListMeta = msgspec.field(default_factory=ListMeta)
    reason: str = ""
    message: str = ""


class Kind(Struct, frozen=True):
    """One of the two listings: its row type, its path, and how a page is decoded."""

    resource_type: str
    list_kind: str
    group_version: str
    plural: str
    decoder: Any

    def path(self, namespace: str | None) -> str:
        """The collection's path, of one namespace or of all."""
        scope = f"namespaces/{namespace}/" if namespace else ""
        return f"/apis/{self.group_version}/{scope}{self.plural}"


def labels_type(api_id_key: str, team_id_key: str, also: Sequence[str] = ()) -> type[Struct]:
    """The two labels that identify an API and those also asked for; no other label is ever parsed."""
    keys = {"api_id": api_id_key, "team_id": team_id_key} | {f"also_{place}": key for place, key in enumerate(also)}
    return msgspec.defstruct("Labels", [(name, str | None, None) for name in keys], rename=keys)


@functools.cache  # all clusters of a batch share the decoders
def kinds(api_id_key: str, team_id_key: str, also: tuple[str, ...] = ()) -> tuple[Kind, Kind]:
    """The two listings of a cluster, in the order they are read; ``also`` names further label keys."""
    labels: Any = labels_type(api_id_key, team_id_key, also)
    return (
        Kind("deployment", "DeploymentList", "apps/v1", "deployments", msgspec.json.Decoder(DeploymentList[labels])),
        Kind(
            "hpa",
            "HorizontalPodAutoscalerList",
            "autoscaling/v2",
            "horizontalpodautoscalers",
            msgspec.json.Decoder(HpaList[labels]),
        ),
    )


RAW_LIST_DECODER = msgspec.json.Decoder(RawList)
RAW_OBJECT_DECODER = msgspec.json.Decoder(RawObject)
STATUS_DECODER = msgspec.json.Decoder(Status)

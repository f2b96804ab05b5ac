"""Pages of Kubernetes lists, typed or raw, and how the API server says no."""

from typing import Any, Generic

import msgspec
from msgspec import Struct

from replica_collector.kubernetes_objects import Deployment, Hpa, LabelsT, Rollout, StatefulSet


class ListMeta(Struct, rename={"continue_token": "continue", "resource_version": "resourceVersion"}):
    """Where the list stands and where it goes on."""

    continue_token: str = ""
    resource_version: str = ""


class Page(Struct, Generic[LabelsT]):
    """A page of a list; ``items`` has no default, so that an answer without them is not taken for an empty one."""

    kind: str
    metadata: ListMeta


class DeploymentList(Page[LabelsT], Generic[LabelsT]):
    """A page of Deployments."""

    items: list[Deployment[LabelsT]] | None


class StatefulSetList(Page[LabelsT], Generic[LabelsT]):
    """A page of StatefulSets."""

    items: list[StatefulSet[LabelsT]] | None


class RolloutList(Page[LabelsT], Generic[LabelsT]):
    """A page of Rollouts."""

    items: list[Rollout[LabelsT]] | None


class HpaList(Page[LabelsT], Generic[LabelsT]):
    """A page of HPAs."""

    items: list[Hpa[LabelsT]] | None


class RawList(Struct):
    """A page of any kind, its objects undecoded: where one of them is not what it should be, the others are."""

    kind: str
    metadata: ListMeta
    items: list[msgspec.Raw] | None


class _RawMeta(Struct, frozen=True):
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


RAW_LIST_DECODER = msgspec.json.Decoder(RawList)
RAW_OBJECT_DECODER = msgspec.json.Decoder(RawObject)
STATUS_DECODER = msgspec.json.Decoder(Status)

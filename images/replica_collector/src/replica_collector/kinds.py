"""The kinds that are listed: where each is served, what a page of it is, and how it is decoded."""

import functools
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from replica_collector.kubernetes_pages import DeploymentList, HpaList, RolloutList, StatefulSetList

_APPS, _ARGO, _AUTOSCALING = "apps/v1", "argoproj.io/v1alpha1", "autoscaling/v2"
_SERVED: dict[str, tuple[str, str, str, Any]] = {
    "deployment": ("DeploymentList", _APPS, "deployments", DeploymentList),
    "statefulset": ("StatefulSetList", _APPS, "statefulsets", StatefulSetList),
    "rollout": ("RolloutList", _ARGO, "rollouts", RolloutList),
    "hpa": ("HorizontalPodAutoscalerList", _AUTOSCALING, "horizontalpodautoscalers", HpaList),
}
WORKLOADS = ("deployment", "statefulset", "rollout")
"""What can be asked for; HPAs are listed always."""


class Kind(Struct, frozen=True):
    """A listing: its row type, its path, and how a page is decoded.

    ``is_optional``: its API group is not Kubernetes' own, so that a cluster may well not serve it.
    """

    resource_type: str
    list_kind: str
    group_version: str
    plural: str
    decoder: Any
    is_optional: bool

    def path(self, namespace: str | None) -> str:
        """The collection's path, of one namespace or of all."""
        scope = f"namespaces/{namespace}/" if namespace else ""
        return f"/apis/{self.group_version}/{scope}{self.plural}"


def labels_type(api_id_key: str, team_id_key: str, also: Sequence[str] = ()) -> type[Struct]:
    """The two labels that identify an API and those also asked for; no other label is ever parsed."""
    keys = {"api_id": api_id_key, "team_id": team_id_key} | {f"also_{place}": key for place, key in enumerate(also)}
    return msgspec.defstruct("Labels", [(name, str | None, None) for name in keys], rename=keys)


@functools.cache  # all clusters of a batch share the decoders
def kinds(
    api_id_key: str, team_id_key: str, also: tuple[str, ...] = (), workloads: tuple[str, ...] = WORKLOADS
) -> tuple[Kind, ...]:
    """The listings of a cluster, in the order they are read: HPAs last. ``also`` names further label keys."""
    labels: Any = labels_type(api_id_key, team_id_key, also)
    found = []
    for resource_type in (*workloads, "hpa"):
        list_kind, group_version, plural, page = _SERVED[resource_type]
        decoder = msgspec.json.Decoder(page[labels])
        found.append(Kind(resource_type, list_kind, group_version, plural, decoder, group_version == _ARGO))
    return tuple(found)

"""Which collector pod takes which clusters. Pure."""

from collections.abc import Sequence
from typing import Any

from pedwatch.config import Cluster

KUBECONFIG_PATH = "/etc/pedwatch/kubeconfig/config"
"""Where a pod finds the kubeconfig that ``collector.kubeconfig_secret`` holds."""

BATCH = "PEDWATCH_BATCH"
"""Environment variable of a pod that says in short which clusters it lists."""

CLOSES_AT = "PEDWATCH_CLOSES_AT"
"""Environment variable of a pod that says when that is, as an ISO time."""


def batch_clusters(clusters: Sequence[Cluster], max_pods: int) -> list[list[Cluster]]:
    """Spread clusters over at most ``max_pods`` pods: one each while they suffice, else batches of equal size.

    200 synchronous pods do not fit into a cycle (docs/design.md#cycles). The order is stable, so that a
    batch keeps its clusters from cycle to cycle.
    """
    pods = min(len(clusters), max_pods)
    return [list(clusters[index::pods]) for index in range(pods)]


def collector_target(cluster: Cluster, kubeconfig_path: str | None) -> dict[str, Any]:
    """Return a cluster as the collector's ``--clusters-json`` wants it."""
    target: dict[str, Any] = {"name": cluster.name, "environment": cluster.environment, "auth": cluster.auth}
    optional = {"endpoint": cluster.endpoint, "ca_data": cluster.ca_data, "token_file": cluster.token_file}
    target |= {key: value for key, value in optional.items() if value is not None}
    if cluster.auth == "kubeconfig":
        target |= {"kubeconfig": kubeconfig_path, "context": cluster.context or cluster.name}
    return target

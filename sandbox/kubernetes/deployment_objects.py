"""Rendering a Deployment as an API server would return it, a page of YAML around six counts that matter."""

from sandbox.kubernetes.object_metadata import (
    Object,
    digest_of,
    filler,
    filler_time,
    managed_fields,
    metadata,
    without_zeros,
)
from sandbox.kubernetes.snapshots import Item
from sandbox.kubernetes.workloads import STRATEGIES, Workload

_TEMPLATE = filler("pod_template")
_CONTAINER = _TEMPLATE["spec"]["containers"][0]
MANAGED_FIELDS = managed_fields("workload")


def pod_template(workload: Workload, digest: str, labels: dict[str, str]) -> Object:
    """Return the template of a workload's pods."""
    team = workload.labels.get("team_id", "platform")
    image = f"europe-docker.pkg.dev/acme-prod/{team}/{workload.name}@sha256:{digest}"
    annotations = _TEMPLATE["metadata"]["annotations"] | {"checksum/config": digest}
    return {
        "metadata": {"labels": labels, "annotations": annotations},
        "spec": _TEMPLATE["spec"] | {"containers": [_CONTAINER | {"image": image}]},
    }


def _deployment_status(workload: Workload, digest: str) -> Object:
    if not workload.observed_generation:
        return {}  # no controller has looked at it yet
    status, available, asked = workload.status_replicas or 0, workload.available_replicas or 0, workload.spec_replicas
    # In Recreate's gap there is no ReplicaSet that wants any.
    wanted = 0 if workload.strategy == "Recreate" and not status else asked
    counts = without_zeros(
        {
            "observedGeneration": workload.observed_generation,
            "replicas": status,
            "updatedReplicas": workload.updated_replicas,
            "readyReplicas": workload.ready_replicas,
            "availableReplicas": available,
            "unavailableReplicas": max(status, wanted, available) - available,
        }
    )
    counts["terminatingReplicas"] = workload.terminating_replicas  # sent also when it is zero, as no other count is
    is_available = available >= asked - asked // 4
    is_rolled_out = status == workload.updated_replicas == asked == available
    replica_set = f'ReplicaSet "{workload.name}-{digest[:10]}"'
    at = filler_time(digest[2])
    if workload.paused:
        progress = ("Unknown", "DeploymentPaused", "Deployment is paused")
    elif workload.is_past_deadline:
        progress = ("False", "ProgressDeadlineExceeded", f"{replica_set} has timed out progressing.")
    elif is_rolled_out:
        progress = ("True", "NewReplicaSetAvailable", f"{replica_set} has successfully progressed.")
    else:
        progress = ("True", "ReplicaSetUpdated", f"{replica_set} is progressing.")
    reason = "MinimumReplicasAvailable" if is_available else "MinimumReplicasUnavailable"
    message = f"Deployment {'has' if is_available else 'does not have'} minimum availability."
    conditions = [
        {
            "type": kind,
            "status": value,
            "lastUpdateTime": at,
            "lastTransitionTime": at,
            "reason": why,
            "message": text,
        }
        for kind, (value, why, text) in {
            "Available": (str(is_available), reason, message),
            "Progressing": progress,
        }.items()
    ]
    return {**counts, "conditions": conditions}


def deployment(item: Item) -> Object:
    """Render a Deployment."""
    workload = item.workload
    digest = digest_of(item.uid)
    selector = {"app.kubernetes.io/instance": workload.name}
    annotations = {
        "deployment.kubernetes.io/revision": str(1 + int(digest[3:5], 16)),
        "meta.helm.sh/release-name": workload.name,
        "meta.helm.sh/release-namespace": workload.namespace,
    }
    meta = metadata(item, workload.name, item.uid, MANAGED_FIELDS, annotations)
    meta["generation"] = workload.generation
    strategy: Object = {"type": workload.strategy or STRATEGIES["Deployment"][0]}
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = {"maxUnavailable": "25%", "maxSurge": workload.max_surge}
    spec: Object = {
        "replicas": workload.spec_replicas,
        "selector": {"matchLabels": selector},
        "template": pod_template(workload, digest, workload.labels | selector),
        "strategy": strategy,
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
    }
    if workload.paused:
        spec["paused"] = True
    return {"metadata": meta, "spec": spec, "status": _deployment_status(workload, digest)}

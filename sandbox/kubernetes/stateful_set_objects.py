"""Rendering a StatefulSet as an API server would return it."""

from sandbox.kubernetes.deployment_objects import MANAGED_FIELDS, pod_template
from sandbox.kubernetes.object_metadata import Object, digest_of, metadata, without_zeros
from sandbox.kubernetes.snapshots import Item
from sandbox.kubernetes.workloads import STRATEGIES


def stateful_set(item: Item) -> Object:
    """Render a StatefulSet: ``replicas`` counts its stopping pods too, and is written also when it is zero."""
    workload = item.workload
    digest = digest_of(item.uid)
    selector = {"app.kubernetes.io/instance": workload.name}
    meta = metadata(item, workload.name, item.uid, MANAGED_FIELDS, {})
    meta["generation"] = workload.generation
    kind = workload.strategy or STRATEGIES["StatefulSet"][0]
    strategy: Object = {"type": kind, **({"rollingUpdate": {"partition": 0}} if kind == "RollingUpdate" else {})}
    spec = {
        "replicas": workload.spec_replicas,
        "selector": {"matchLabels": selector},
        "template": pod_template(workload, digest, workload.labels | selector),
        "serviceName": workload.name,
        "podManagementPolicy": "OrderedReady",
        "updateStrategy": strategy,
        "revisionHistoryLimit": 10,
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
    }
    status, updated = workload.status_replicas or 0, workload.updated_replicas or 0
    is_rolled_out = updated >= status - workload.terminating_replicas
    counts = without_zeros(
        {
            "observedGeneration": workload.observed_generation,
            "readyReplicas": workload.ready_replicas,
            "currentReplicas": updated if is_rolled_out else status - updated - workload.terminating_replicas,
            "updatedReplicas": updated,
        }
    )
    revision = f"{workload.name}-{digest[:10]}"
    counted: Object = {**counts, "replicas": status, "availableReplicas": workload.available_replicas or 0}
    if workload.observed_generation:
        counted |= {"currentRevision": revision, "collisionCount": 0}
        counted["updateRevision"] = revision if is_rolled_out else f"{workload.name}-{digest[10:20]}"
    return {"metadata": meta, "spec": spec, "status": counted}

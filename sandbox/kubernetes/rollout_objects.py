"""Rendering a Rollout of Argo as an API server would return it: an object of a CRD, whose defaults are not written."""

from sandbox.kubernetes.deployment_objects import MANAGED_FIELDS, pod_template
from sandbox.kubernetes.kinds import ROLLOUT
from sandbox.kubernetes.object_metadata import Object, digest_of, filler_time, metadata, without_zeros
from sandbox.kubernetes.snapshots import Item
from sandbox.kubernetes.workloads import STRATEGIES, Workload


def _spec(workload: Workload, digest: str) -> Object:
    name = workload.name
    spec: Object = {"replicas": workload.spec_replicas}
    if workload.workload_ref:
        reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": workload.workload_ref}
        spec["workloadRef"] = {**reference, **({"scaleDown": workload.scale_down} if workload.scale_down else {})}
    else:
        selector = {"app.kubernetes.io/instance": name}
        spec["selector"] = {"matchLabels": selector}
        spec["template"] = pod_template(workload, digest, workload.labels | selector)
    if (workload.strategy or STRATEGIES["Rollout"][0]) == "BlueGreen":
        spec["strategy"] = {"blueGreen": {"activeService": f"{name}-active", "previewService": f"{name}-preview"}}
    else:
        # 25 % is what the controller takes where nothing is written.
        surge = {} if workload.max_surge == "25%" else {"maxSurge": workload.max_surge}
        spec["strategy"] = {"canary": {**surge, "steps": [{"setWeight": 20}, {"pause": {}}]}}
    if workload.paused:
        spec["paused"] = True
    return spec


def _status(workload: Workload, digest: str) -> Object:
    if not workload.observed_generation:
        return {}
    status, updated = workload.status_replicas or 0, workload.updated_replicas or 0
    is_blue_green = workload.strategy == "BlueGreen"
    counts = without_zeros(
        {
            # Of both colours the active one alone, and so are those that are ready.
            "HPAReplicas": workload.spec_replicas if is_blue_green else status,
            "replicas": status,
            "updatedReplicas": updated,
            "readyReplicas": workload.ready_replicas,
            "availableReplicas": workload.available_replicas,
        }
    )
    progress = ("True", "ReplicaSetUpdated" if status > updated else "NewReplicaSetAvailable")
    if workload.is_past_deadline:
        progress = ("False", "ProgressDeadlineExceeded")
    at = filler_time(digest[2])
    condition = {"type": "Progressing", "status": progress[0], "reason": progress[1], "message": progress[1]}
    return {
        **counts,
        "blueGreen": {},
        "canary": {},
        "conditions": [condition | {"lastTransitionTime": at, "lastUpdateTime": at}],
        "currentPodHash": digest[:10],
        "observedGeneration": str(workload.observed_generation),
        "phase": "Degraded" if workload.is_past_deadline else "Progressing" if status > updated else "Healthy",
        "selector": f"app.kubernetes.io/instance={workload.name}",
        "stableRS": digest[:10],
    }


def rollout(item: Item) -> Object:
    """Render a Rollout; as every object of a CRD it carries its kind also in a list."""
    workload = item.workload
    digest = digest_of(item.uid)
    meta = metadata(item, workload.name, item.uid, MANAGED_FIELDS, {})
    meta["generation"] = workload.generation
    named = {"apiVersion": ROLLOUT.api_version, "kind": ROLLOUT.kind}
    return {**named, "metadata": meta, "spec": _spec(workload, digest), "status": _status(workload, digest)}

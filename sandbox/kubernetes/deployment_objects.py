"""Rendering a Deployment as an API server would return it, a page of YAML around six counts that matter."""

import msgspec

from sandbox.kubernetes.managed_fields import deployment_fields
from sandbox.kubernetes.object_metadata import Object, digest_of, filler_time, metadata, without_zeros
from sandbox.kubernetes.snapshots import Item
from sandbox.kubernetes.workloads import STRATEGIES, Workload

_VARIABLES = tuple(
    f"{subject}_{what}"
    for subject in ("ORDERS", "PAYMENTS", "SEARCH", "LEDGER")
    for what in ("URL", "TIMEOUT_MS", "POOL_SIZE", "REGION")
)
_ANNOTATIONS = ("checksum/config", "kubectl.kubernetes.io/restartedAt", "prometheus.io/port", "prometheus.io/scrape")


def _probe(path: str) -> Object:
    return {
        "httpGet": {"path": path, "port": "http", "scheme": "HTTP"},
        "initialDelaySeconds": 5,
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }


_CONTAINER: Object = {
    "ports": [
        {"name": "http", "containerPort": 8080, "protocol": "TCP"},
        {"name": "metrics", "containerPort": 9090, "protocol": "TCP"},
    ],
    "resources": {"limits": {"cpu": "2", "memory": "1Gi"}, "requests": {"cpu": "250m", "memory": "512Mi"}},
    "volumeMounts": [{"name": "config", "readOnly": True, "mountPath": "/etc/config"}],
    "livenessProbe": _probe("/healthz"),
    "readinessProbe": _probe("/readyz"),
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "imagePullPolicy": "IfNotPresent",
    "securityContext": {
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
    },
}


def pod_template(workload: Workload, digest: str, labels: dict[str, str], variables: tuple[str, ...]) -> Object:
    """Return the template of a workload's pods."""
    name, namespace = workload.name, workload.namespace
    env = []
    for position, variable in enumerate(variables):
        piece = digest[position * 3 : position * 3 + 6]
        is_url = variable.endswith("_URL")
        value = (
            f"https://{variable[:-4].lower()}.{namespace}.svc.cluster.local/{piece}" if is_url else str(int(piece, 16))
        )
        env.append({"name": variable, "value": value})
    team = workload.labels.get("team_id", "platform")
    image = f"europe-docker.pkg.dev/acme-prod/{team}/{name}@sha256:{digest}"
    spread = {
        "maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app.kubernetes.io/instance": name}},
    }
    annotations = dict(zip(_ANNOTATIONS, (digest, filler_time(digest[1]), "9090", "true"), strict=True))
    return {
        "metadata": {"labels": labels, "annotations": annotations},
        "spec": {
            "volumes": [{"name": "config", "configMap": {"name": f"{name}-config", "defaultMode": 420}}],
            "containers": [{"name": "app", "image": image, "env": env, **_CONTAINER}],
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst",
            "serviceAccountName": name,
            "serviceAccount": name,
            "securityContext": {},
            "schedulerName": "default-scheduler",
            "topologySpreadConstraints": [spread],
        },
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


def variables_of(digest: str) -> tuple[str, ...]:
    """Return the names of the variables of a container, as a digest has it."""
    start = int(digest[0], 16)
    return tuple(_VARIABLES[(start + step) % 16] for step in range(8 + start % 6))


def template_fields(workload: Workload, digest: str) -> msgspec.Raw:
    """Return the ``managedFields`` of a workload with such a template."""
    labels, variables = tuple(workload.labels), variables_of(digest)
    return deployment_fields(labels, _ANNOTATIONS, "app", variables, filler_time(digest[0]))


def deployment(item: Item) -> Object:
    """Render a Deployment."""
    workload = item.workload
    digest = digest_of(item.uid)
    selector = {"app.kubernetes.io/instance": workload.name}
    variables = variables_of(digest)
    managed = template_fields(workload, digest)
    annotations = {
        "deployment.kubernetes.io/revision": str(1 + int(digest[3:5], 16)),
        "meta.helm.sh/release-name": workload.name,
        "meta.helm.sh/release-namespace": workload.namespace,
    }
    meta = metadata(item, workload.name, item.uid, managed, annotations)
    meta["generation"] = workload.generation
    strategy: Object = {"type": workload.strategy or STRATEGIES["Deployment"][0]}
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = {"maxUnavailable": "25%", "maxSurge": workload.max_surge}
    spec: Object = {
        "replicas": workload.spec_replicas,
        "selector": {"matchLabels": selector},
        "template": pod_template(workload, digest, workload.labels | selector, variables),
        "strategy": strategy,
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
    }
    if workload.paused:
        spec["paused"] = True
    return {"metadata": meta, "spec": spec, "status": _deployment_status(workload, digest)}

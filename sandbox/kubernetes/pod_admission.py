"""The way of a pod through an API server, from what was sent to what is kept: defaults, admission, validation."""

import secrets
import uuid
from typing import Any

from sandbox.kubernetes.clusters import COMPOSER_NAMESPACE, DEFAULT_ACCOUNT, Cluster
from sandbox.kubernetes.kinds import POD
from sandbox.kubernetes.pod_security import refusal, violations
from sandbox.kubernetes.pod_status import now
from sandbox.kubernetes.pod_validation import validate
from sandbox.kubernetes.status import ApiFailure, require_own_namespace

Object = dict[str, Any]
_RANDOM = "bcdfghjklmnpqrstvwxz2456789"  # no vowels, so that no word comes of it
_SPEC: Object = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
    "enableServiceLinks": True,
    "preemptionPolicy": "PreemptLowerPriority",
    "priority": 0,
}
_CONTAINER: Object = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}


def admit(cluster: Cluster, sent: Object, namespace: str) -> Object:
    """Return a pod as an API server accepts it.

    Raises:
        ApiFailure: 400 another namespace than the address has; 404 no such namespace; 403 no such service account, or
            Pod Security; 422 what validation finds.
    """
    metadata, spec = sent.get("metadata") or {}, sent.get("spec") or {}
    require_own_namespace(metadata, namespace)
    _set_defaults(metadata, spec)
    cluster.require_namespace(namespace)
    _require_account(metadata, spec, namespace)
    pod: Object = {"metadata": metadata, "spec": spec, "status": {"phase": "Pending", "qosClass": "BestEffort"}}
    validate(pod)
    if namespace == COMPOSER_NAMESPACE and (found := violations(spec)):
        raise _forbidden(metadata, refusal(found))
    metadata.update(namespace=namespace, uid=str(uuid.uuid4()), creationTimestamp=now())
    return pod


def _set_defaults(metadata: Object, spec: Object) -> None:
    if metadata.get("generateName") and not metadata.get("name"):
        metadata["name"] = metadata["generateName"] + "".join(secrets.choice(_RANDOM) for _ in range(5))
    for field, value in _SPEC.items():
        spec.setdefault(field, value)
    spec.setdefault("securityContext", {})
    for container in spec.get("containers") or []:
        for field, value in _CONTAINER.items():
            container.setdefault(field, value)
        container.setdefault("resources", {})
        _, _, tag = container.get("image", "").rpartition("/")[2].partition(":")
        container.setdefault("imagePullPolicy", "Always" if tag in ("", "latest") else "IfNotPresent")


def _require_account(metadata: Object, spec: Object, namespace: str) -> None:
    """Every namespace has its ``default`` service account, and here no other."""
    name = spec.get("serviceAccountName") or spec.get("serviceAccount") or DEFAULT_ACCOUNT
    if name != DEFAULT_ACCOUNT:
        reason = f'error looking up service account {namespace}/{name}: serviceaccount "{name}" not found'
        raise _forbidden(metadata, reason)
    spec["serviceAccountName"] = spec["serviceAccount"] = name


def _forbidden(metadata: Object, reason: str) -> ApiFailure:
    name = metadata.get("name", "")
    details = {"name": name, "kind": POD.plural}
    return ApiFailure(403, "Forbidden", f'{POD.plural} "{name}" is forbidden: {reason}', details=details)

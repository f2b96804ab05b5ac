"""The ``managedFields`` of rendered objects: a third of a real list's bytes, and worth nothing to its reader.

They depend only on label keys and variable names, so the encoded text is built once for each combination.
"""

from functools import lru_cache
from typing import Any

import msgspec

Fields = dict[str, Any]
_CONDITION: Fields = {
    f"f:{name}": {} for name in ("lastTransitionTime", "lastUpdateTime", "message", "reason", "status", "type")
}


def _leaves(*names: str) -> Fields:
    return {f"f:{name}": {} for name in names}


def _owned(*names: str) -> Fields:
    """Return a map of which both the map itself and the named members are owned."""
    return {".": {}, **_leaves(*names)}


def _keyed(key: str, value: str, fields: Fields) -> Fields:
    return {f'k:{{"{key}":"{value}"}}': fields}


def _port(number: int) -> Fields:
    return {f'k:{{"containerPort":{number},"protocol":"TCP"}}': _owned("containerPort", "name", "protocol")}


def _probe() -> Fields:
    timing = ("failureThreshold", "initialDelaySeconds", "periodSeconds", "successThreshold", "timeoutSeconds")
    return {**_owned(*timing), "f:httpGet": _owned("path", "port", "scheme")}


def _container(name: str, variables: tuple[str, ...]) -> Fields:
    env: Fields = {".": {}}
    for variable in variables:
        env |= _keyed("name", variable, _owned("name", "value"))
    security = {
        **_owned("allowPrivilegeEscalation", "readOnlyRootFilesystem", "runAsNonRoot"),
        "f:capabilities": _owned("drop"),
    }
    plain = ("image", "imagePullPolicy", "name", "terminationMessagePath", "terminationMessagePolicy")
    return _keyed(
        "name",
        name,
        {
            **_owned(*plain),
            "f:env": env,
            "f:livenessProbe": _probe(),
            "f:ports": {".": {}, **_port(8080), **_port(9090)},
            "f:readinessProbe": _probe(),
            "f:resources": {".": {}, "f:limits": _owned("cpu", "memory"), "f:requests": _owned("cpu", "memory")},
            "f:securityContext": security,
            "f:volumeMounts": {".": {}, **_keyed("mountPath", "/etc/config", _owned("mountPath", "name", "readOnly"))},
        },
    )


def _conditions(*types: str) -> Fields:
    return {".": {}, **{f'k:{{"type":"{name}"}}': {".": {}, **_CONDITION} for name in types}}


def _entry(manager: str, api_version: str, at: str, fields: Fields, subresource: str = "") -> Fields:
    return {
        "manager": manager,
        "operation": "Update",
        "apiVersion": api_version,
        "time": at,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
        **({"subresource": subresource} if subresource else {}),
    }


@lru_cache(maxsize=4096)
def deployment_fields(
    labels: tuple[str, ...], annotations: tuple[str, ...], container: str, variables: tuple[str, ...], at: str
) -> msgspec.Raw:
    """Return the encoded ``managedFields`` of a Deployment that Helm installed and the controller keeps."""
    pod_settings = (
        "dnsPolicy restartPolicy schedulerName securityContext serviceAccount serviceAccountName "
        "terminationGracePeriodSeconds topologySpreadConstraints"
    )
    volume = _keyed("name", "config", {**_owned("name"), "f:configMap": _owned("defaultMode", "name")})
    template = {
        "f:metadata": {"f:annotations": _owned(*annotations), "f:labels": _owned(*labels)},
        "f:spec": {
            "f:containers": _container(container, variables),
            **_leaves(*pod_settings.split()),
            "f:volumes": {".": {}, **volume},
        },
    }
    release = ("meta.helm.sh/release-name", "meta.helm.sh/release-namespace")
    installed = {
        "f:metadata": {"f:annotations": _owned(*release), "f:labels": _owned(*labels)},
        "f:spec": {
            **_leaves("progressDeadlineSeconds", "replicas", "revisionHistoryLimit", "selector"),
            "f:strategy": {"f:rollingUpdate": _owned("maxSurge", "maxUnavailable"), "f:type": {}},
            "f:template": template,
        },
    }
    counts = ("availableReplicas", "observedGeneration", "readyReplicas", "replicas", "updatedReplicas")
    kept = {
        "f:metadata": {"f:annotations": _leaves("deployment.kubernetes.io/revision")},
        "f:status": {**_leaves(*counts), "f:conditions": _conditions("Available", "Progressing")},
    }
    entries = [
        _entry("helm", "apps/v1", at, installed),
        _entry("kube-controller-manager", "apps/v1", at, kept, "status"),
    ]
    return msgspec.Raw(msgspec.json.encode(entries))


@lru_cache(maxsize=4096)
def autoscaler_fields(labels: tuple[str, ...], at: str) -> msgspec.Raw:
    """Return the encoded ``managedFields`` of an HPA that was applied with kubectl and is kept by the controller."""
    scaling = _leaves("policies", "selectPolicy", "stabilizationWindowSeconds")
    applied = {
        "f:metadata": {
            "f:annotations": _owned("kubectl.kubernetes.io/last-applied-configuration"),
            "f:labels": _owned(*labels),
        },
        "f:spec": {
            "f:behavior": {"f:scaleDown": scaling, "f:scaleUp": scaling},
            **_leaves("maxReplicas", "metrics", "minReplicas", "scaleTargetRef"),
        },
    }
    kept = {
        "f:status": {
            "f:conditions": _conditions("AbleToScale", "ScalingActive", "ScalingLimited"),
            **_leaves("currentMetrics", "currentReplicas", "desiredReplicas", "lastScaleTime"),
        }
    }
    entries = [
        _entry("kubectl-client-side-apply", "autoscaling/v2", at, applied),
        _entry("kube-controller-manager", "autoscaling/v2", at, kept, "status"),
    ]
    return msgspec.Raw(msgspec.json.encode(entries))

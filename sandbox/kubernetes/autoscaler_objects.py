"""Rendering a HorizontalPodAutoscaler as an API server would return it."""

import msgspec

from sandbox.kubernetes.kinds import AUTOSCALER
from sandbox.kubernetes.object_metadata import (
    Object,
    digest_of,
    filler,
    filler_time,
    managed_fields,
    metadata,
    timestamp,
    without_zeros,
)
from sandbox.kubernetes.snapshots import Item, autoscaler_of
from sandbox.kubernetes.workloads import API_VERSIONS

_SPEC = filler("autoscaler_spec")
_MANAGED_FIELDS = managed_fields("autoscaler")


def _used(name: str, percent: int, average: str) -> Object:
    return {
        "type": "Resource",
        "resource": {"name": name, "current": {"averageUtilization": percent, "averageValue": average}},
    }


def _autoscaler_status(item: Item, digest: str) -> Object:
    hpa = autoscaler_of(item)
    at = filler_time(digest[2])
    counts: Object = {**without_zeros({"currentReplicas": hpa.current}), "desiredReplicas": hpa.desired}
    if not hpa.is_able_to_scale:  # what it wrote before stays, and nothing is written again
        return {
            **counts,
            "currentMetrics": None,
            "conditions": [_condition("AbleToScale", "False", "FailedGetScale", at)],
        }
    if hpa.current == 0:
        return {
            **counts,
            "currentMetrics": None,
            "conditions": [
                _condition("AbleToScale", "True", "SucceededGetScale", at),
                _condition("ScalingActive", "False", "ScalingDisabled", at),
            ],
        }
    if not hpa.desired:  # not computed yet: what a new HPA looks like until its first sync
        return {
            **counts,
            "currentMetrics": None,
            "conditions": [_condition("AbleToScale", "True", "SucceededGetScale", at)],
        }
    limited = ("True", "TooManyReplicas") if hpa.desired >= hpa.max else ("False", "DesiredWithinRange")
    return {
        "lastScaleTime": timestamp(hpa.last_scale_at) if hpa.last_scale_at else at,
        **counts,
        "currentMetrics": [
            _used("cpu", int(digest[6:8], 16) % 90, f"{int(digest[4:7], 16)}m"),
            _used("memory", int(digest[8:10], 16) % 90, str(int(digest[10:17], 16))),
        ],
        "conditions": [
            _condition("AbleToScale", "True", "ReadyForNewScale", at),
            _condition("ScalingActive", "True", "ValidMetricFound", at),
            _condition("ScalingLimited", *limited, at),
        ],
    }


_CONDITION_TEXT = {
    "SucceededGetScale": "the HPA controller was able to read the target's current scale",
    "FailedGetScale": "the HPA controller was unable to get the target's current scale",
    "ScalingDisabled": "scaling is disabled since the replica count of the target is zero",
    "ReadyForNewScale": "nothing stands in the way of a new scale: size and recommendation agree",
    "ValidMetricFound": "a replica count was computed from cpu utilization (percentage of the request)",
    "TooManyReplicas": "the desired replica count is capped at the maximum",
    "DesiredWithinRange": "the desired replica count lies between minimum and maximum",
}


def _condition(kind: str, value: str, reason: str, at: str) -> Object:
    return {
        "type": kind,
        "status": value,
        "lastTransitionTime": at,
        "reason": reason,
        "message": _CONDITION_TEXT[reason],
    }


def autoscaler(item: Item) -> Object:
    """Render a HorizontalPodAutoscaler."""
    hpa, workload = autoscaler_of(item), item.workload
    digest = digest_of(item.hpa_uid)
    target: Object = {"kind": hpa.target_kind, "name": hpa.target_name}
    if version := hpa.target_api_version or API_VERSIONS.get(hpa.target_kind or ""):
        target["apiVersion"] = version
    spec = {
        "scaleTargetRef": target,
        "minReplicas": hpa.min,
        "maxReplicas": hpa.max,
        **_SPEC,
    }
    applied = {
        "apiVersion": AUTOSCALER.api_version,
        "kind": AUTOSCALER.kind,
        "metadata": {"annotations": {}, "labels": workload.labels, "name": hpa.name, "namespace": workload.namespace},
        "spec": spec,
    }
    annotations = {
        "kubectl.kubernetes.io/last-applied-configuration": msgspec.json.encode(applied).decode() + "\n",
    }
    meta = metadata(item, hpa.name or "", item.hpa_uid, _MANAGED_FIELDS, annotations)
    return {"metadata": meta, "spec": spec, "status": _autoscaler_status(item, digest)}

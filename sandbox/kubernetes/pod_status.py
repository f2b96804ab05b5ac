"""The status of a pod, as a kubelet reports it: phase, conditions, containers."""

from datetime import UTC, datetime
from typing import Any

from sandbox.kubernetes.object_metadata import timestamp

Object = dict[str, Any]


def now() -> str:
    """Return the time as Kubernetes writes it."""
    return timestamp(datetime.now(UTC))


def waiting(container: Object) -> Object:
    """Return the status of a container that is about to be made."""
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "ready": False,
        "started": False,
        "restartCount": 0,
        "state": {"waiting": {"reason": "ContainerCreating"}},
    }


def statuses(status: Object) -> list[Object]:
    """Return the containers' statuses; there are none until the kubelet has reported."""
    found: list[Object] = status.get("containerStatuses", [])
    return found


def is_over(status: Object) -> bool:
    """Return whether every container has ended."""
    return bool(statuses(status)) and all("terminated" in one["state"] for one in statuses(status))


def set_condition(status: Object, kind: str, value: bool, reason: str = "") -> None:
    """Set one condition; it counts as changed now."""
    others = [condition for condition in status.get("conditions", []) if condition["type"] != kind]
    changed = {"type": kind, "status": str(value), "lastProbeTime": None, "lastTransitionTime": now()}
    status["conditions"] = [*others, {**changed, **({"reason": reason} if reason else {})}]


def set_phase(status: Object) -> None:
    """Set the phase that follows from the containers."""
    states = [one["state"] for one in statuses(status)]
    if is_over(status):
        failed = any(state["terminated"]["exitCode"] for state in states)
        status["phase"] = "Failed" if failed else "Succeeded"
        set_condition(status, "Ready", False, "PodCompleted")
        set_condition(status, "ContainersReady", False, "PodCompleted")
    elif any("running" in state or "terminated" in state for state in states):
        status["phase"] = "Running"

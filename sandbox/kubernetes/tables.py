"""Server-side tables: the columns that ``kubectl get`` prints for each kind."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sandbox.kubernetes.kinds import (
    AUTOSCALER,
    CONFIG_MAP,
    DEPLOYMENT,
    EVENT,
    NAMESPACE,
    POD,
    ROLLOUT,
    SECRET,
    SERVICE_ACCOUNT,
    STATEFUL_SET,
    Kind,
)

Object = dict[str, Any]
WIDE = 1  # a column of this priority is shown by ``-o wide`` only
NONE = "<none>"


@dataclass(frozen=True)
class Column:
    """One column: its heading and the function that fills a cell."""

    name: str
    cell: Callable[[Object], Any]
    type: str = "string"
    priority: int = 0

    def definition(self) -> Object:
        """Return the column as a Table announces it."""
        return {
            "name": self.name,
            "type": self.type,
            "format": "name" if self.name == "Name" else "",
            "description": self.name,
            "priority": self.priority,
        }


def age(created_at: str, now: datetime | None = None) -> str:
    """Return a time span the way kubectl shortens it: two units while young, one when old."""
    seconds = int(((now or datetime.now(UTC)) - datetime.fromisoformat(created_at)).total_seconds())
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{max(seconds, 0)}s"
    if minutes < 10:
        return f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    return f"{days}d" if days < 730 else f"{days // 365}y{days % 365}d"


def _pairs(labels: dict[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in labels.items()) or NONE


def _targets(hpa: Object) -> str:
    used = {m["resource"]["name"]: m["resource"]["current"] for m in hpa["status"]["currentMetrics"] or []}
    shown = []
    for metric in hpa["spec"]["metrics"]:
        name, target = metric["resource"]["name"], metric["resource"]["target"]["averageUtilization"]
        current = f"{used[name]['averageUtilization']}%" if name in used else "<unknown>"
        shown.append(f"{name}: {current}/{target}%")
    return ", ".join(shown)


def _reference(hpa: Object) -> str:
    return "{kind}/{name}".format(**hpa["spec"]["scaleTargetRef"])


def _containers(obj: Object, field: str) -> str:
    return ",".join(container[field] for container in obj["spec"]["template"]["spec"]["containers"])


def _ready_containers(pod: Object) -> str:
    statuses = pod["status"].get("containerStatuses", [])
    return f"{sum(status['ready'] for status in statuses)}/{len(pod['spec']['containers'])}"


def _pod_status(pod: Object) -> str:
    """Return the word kubectl shows: the reason that matters most, else the phase."""
    if "deletionTimestamp" in pod["metadata"]:
        return "Terminating"
    for status in pod["status"].get("containerStatuses", []):
        for state in ("waiting", "terminated"):
            if reason := status["state"].get(state, {}).get("reason"):
                return str(reason)
    return str(pod["status"].get("reason") or pod["status"]["phase"])


def _event_object(event: Object) -> str:
    involved = event["involvedObject"]
    return f"{involved['kind'].lower()}/{involved['name']}"


_NAME = Column("Name", lambda obj: obj["metadata"]["name"])
_AGE = Column("Age", lambda obj: age(obj["metadata"]["creationTimestamp"]))
_DATA = Column("Data", lambda obj: len(obj.get("data") or {}) + len(obj.get("binaryData") or {}), "integer")

COLUMNS: dict[Kind, tuple[Column, ...]] = {
    DEPLOYMENT: (
        _NAME,
        Column("Ready", lambda obj: f"{obj['status'].get('readyReplicas', 0)}/{obj['spec']['replicas']}"),
        Column("Up-to-date", lambda obj: obj["status"].get("updatedReplicas", 0), "integer"),
        Column("Available", lambda obj: obj["status"].get("availableReplicas", 0), "integer"),
        _AGE,
        Column("Containers", lambda obj: _containers(obj, "name"), priority=WIDE),
        Column("Images", lambda obj: _containers(obj, "image"), priority=WIDE),
        Column("Selector", lambda obj: _pairs(obj["spec"]["selector"]["matchLabels"]), priority=WIDE),
    ),
    STATEFUL_SET: (
        _NAME,
        Column("Ready", lambda obj: f"{obj['status'].get('readyReplicas', 0)}/{obj['spec']['replicas']}"),
        _AGE,
        Column("Containers", lambda obj: _containers(obj, "name"), priority=WIDE),
        Column("Images", lambda obj: _containers(obj, "image"), priority=WIDE),
    ),
    ROLLOUT: (
        _NAME,
        Column("Desired", lambda obj: obj["spec"]["replicas"], "integer"),
        Column("Current", lambda obj: obj["status"].get("replicas", 0), "integer"),
        Column("Up-to-date", lambda obj: obj["status"].get("updatedReplicas", 0), "integer"),
        Column("Available", lambda obj: obj["status"].get("availableReplicas", 0), "integer"),
        _AGE,
    ),
    AUTOSCALER: (
        _NAME,
        Column("Reference", _reference),
        Column("Targets", _targets),
        Column("MinPods", lambda obj: str(obj["spec"]["minReplicas"])),
        Column("MaxPods", lambda obj: obj["spec"]["maxReplicas"], "integer"),
        Column("Replicas", lambda obj: obj["status"].get("currentReplicas", 0), "integer"),
        _AGE,
    ),
    POD: (
        _NAME,
        Column("Ready", _ready_containers),
        Column("Status", _pod_status),
        Column("Restarts", lambda obj: "0"),
        _AGE,
        Column("IP", lambda obj: obj["status"].get("podIP", NONE), priority=WIDE),
        Column("Node", lambda obj: obj["spec"].get("nodeName", NONE), priority=WIDE),
    ),
    SECRET: (_NAME, Column("Type", lambda obj: obj["type"]), _DATA, _AGE),
    CONFIG_MAP: (_NAME, _DATA, _AGE),
    SERVICE_ACCOUNT: (_NAME, _AGE),
    NAMESPACE: (_NAME, Column("Status", lambda obj: obj["status"]["phase"]), _AGE),
    EVENT: (
        Column("Last Seen", lambda obj: age(obj["lastTimestamp"])),
        Column("Type", lambda obj: obj["type"]),
        Column("Reason", lambda obj: obj["reason"]),
        Column("Object", _event_object),
        Column("Message", lambda obj: obj["message"]),
        Column("Name", lambda obj: obj["metadata"]["name"], priority=WIDE),
    ),
}


def metadata_only(kind: Kind, obj: Object) -> Object:
    """Return an object without spec and status."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


def table(kind: Kind, objects: list[Object], list_metadata: Object, include: str) -> Object:
    """Return the Table of some objects; ``include`` says what each row carries: None, Metadata or Object."""
    columns = COLUMNS[kind]
    carried: dict[str, Callable[[Object], Object | None]] = {
        "None": lambda obj: None,
        "Object": lambda obj: {"kind": kind.kind, "apiVersion": kind.api_version, **obj},
    }
    carry = carried.get(include) or partial(metadata_only, kind)
    rows = [{"cells": [column.cell(obj) for column in columns], "object": carry(obj)} for obj in objects]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": list_metadata,
        "columnDefinitions": [column.definition() for column in columns],
        "rows": rows,
    }

"""Rows equal, column by column, to what ``kubectl get … -A -o json`` says of the same objects."""

import json
import os
import shutil
import subprocess
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from collector_harness import ROW, Collect
from test_collector_sandbox import NAMES, Sandbox, process, sandbox

from replica_collector.kinds import WORKLOADS as KINDS

__all__ = ["process", "sandbox"]

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")

ALSO = ("tier", "zone")
WORKLOADS: list[dict[str, Any]] = [
    {
        "namespace": "shop",
        "name": "orders",
        "labels": {"api_id": "orders", "team_id": "core", "tier": "gold", "unasked": "x"},
        "spec_replicas": 8,
        "status_replicas": 10,
        "updated_replicas": 2,
        "ready_replicas": 7,
        "available_replicas": 6,
        "generation": 12,
        "observed_generation": 11,
        "created_at": "2025-11-05T06:07:08+02:00",
        "hpa": {"max": 12, "min": 2, "current": 8, "desired": 9},
    },
    {"namespace": "shop", "name": "counted", "max_surge": 3, "paused": True, "labels": {"zone": "", "tier": "b"}},
    {"namespace": "pay", "name": "asleep", "spec_replicas": 0},
    {"namespace": "pay", "name": "young", "spec_replicas": 4, "status_replicas": 0, "hpa": {"max": 9, "desired": 0}},
    {"namespace": "pay", "name": "db", "kind": "StatefulSet", "hpa": {"max": 3, "current": 1, "desired": 1}},
    {
        "namespace": "pay",
        "name": "stuck",
        "is_past_deadline": True,
        "terminating_replicas": 2,
        "observed_generation": 0,
    },
    {
        "namespace": "web",
        "name": "colours",
        "kind": "Rollout",
        "strategy": "BlueGreen",
        "status_replicas": 2,
        "workload_ref": "asleep",
        "scale_down": "onsuccess",
        "deleted_at": "2026-01-01T10:00:00Z",
        "is_past_deadline": True,
        "hpa": {"max": 3, "is_able_to_scale": False},
    },
]
CONDITIONS = (("hpa_able_to_scale", "AbleToScale"), ("hpa_scaling_active", "ScalingActive"))


def kubectl(folder: Path, home: Path) -> list[dict[str, Any]]:
    """What kubectl prints, object by object."""
    command = ["kubectl", "--kubeconfig", str(folder / "all.yaml"), "--context", NAMES[0]]
    command += ["get", "deployments,statefulsets,rollouts,horizontalpodautoscalers.v2.autoscaling", "-A", "-o", "json"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    done = subprocess.run(command, capture_output=True, timeout=30, env=environment, check=True)
    items: list[dict[str, Any]] = json.loads(done.stdout)["items"]
    return items


def of_metadata(item: dict[str, Any]) -> dict[str, Any]:
    """The columns that all kinds have, by the API's documentation of ObjectMeta."""
    meta = item["metadata"]
    labels = meta.get("labels", {})
    times = {
        name: f"{datetime.fromisoformat(meta[key]).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        for name, key in (("created_at", "creationTimestamp"), ("deleted_at", "deletionTimestamp"))
        if key in meta
    }
    return {
        "namespace": meta["namespace"],
        "name": meta["name"],
        "uid": meta["uid"],
        "api_id": labels.get("api_id"),
        "team_id": labels.get("team_id"),
        "labels": [{"key": key, "value": labels[key]} for key in ALSO if key in labels] or None,
        **times,
    }


def of_workload(item: dict[str, Any]) -> dict[str, Any]:
    """A workload's columns; the API server leaves out counts that are zero."""
    spec, status = item["spec"], item.get("status", {})
    is_late = {"Progressing", "False", "ProgressDeadlineExceeded"}
    return {
        "resource_type": item["kind"].lower(),
        "generation": item["metadata"]["generation"],
        "observed_generation": int(status["observedGeneration"]) if "observedGeneration" in status else None,
        "spec_replicas": spec["replicas"],
        "status_replicas": status.get("replicas"),
        "updated_replicas": status.get("updatedReplicas", 0),
        "ready_replicas": status.get("readyReplicas", 0),
        "available_replicas": status.get("availableReplicas", 0),
        "paused": spec.get("paused", False),
        "is_past_deadline": any(is_late <= {c["type"], c["status"], c["reason"]} for c in status.get("conditions", [])),
    }


def of_deployment(item: dict[str, Any]) -> dict[str, Any]:
    """A Deployment's columns."""
    strategy, status = item["spec"]["strategy"], item.get("status", {})
    return of_workload(item) | {
        "unavailable_replicas": status.get("unavailableReplicas", 0),
        "terminating_replicas": status.get("terminatingReplicas"),
        "strategy": strategy["type"],
        "max_surge": str(strategy["rollingUpdate"]["maxSurge"]),
    }


def of_stateful_set(item: dict[str, Any]) -> dict[str, Any]:
    """A StatefulSet's columns."""
    strategy = {"strategy": item["spec"]["updateStrategy"]["type"]}
    return of_workload(item) | strategy | {"paused": None, "is_past_deadline": None}


def of_rollout(item: dict[str, Any]) -> dict[str, Any]:
    """A Rollout's columns, of a blue-green one that takes a Deployment over."""
    taken = item["spec"]["workloadRef"]
    return of_workload(item) | {
        "strategy": "BlueGreen" if "blueGreen" in item["spec"]["strategy"] else None,
        "workload_ref_kind": taken["kind"],
        "workload_ref_name": taken["name"],
        "workload_ref_scale_down": taken["scaleDown"],
    }


def of_hpa(item: dict[str, Any]) -> dict[str, Any]:
    """An HPA's columns."""
    spec, status = item["spec"], item.get("status", {})
    said = {condition["type"]: condition for condition in status.get("conditions", [])}
    return {
        "resource_type": "hpa",
        "hpa_target_api_version": spec["scaleTargetRef"]["apiVersion"],
        "hpa_target_kind": spec["scaleTargetRef"]["kind"],
        "hpa_target_name": spec["scaleTargetRef"]["name"],
        "hpa_min_replicas": spec["minReplicas"],
        "hpa_max_replicas": spec["maxReplicas"],
        "hpa_current_replicas": status.get("currentReplicas"),
        "hpa_desired_replicas": status.get("desiredReplicas", 0),
        **{name: said[kind]["status"] for name, kind in CONDITIONS if kind in said},
        **{f"{name}_reason": said[kind]["reason"] for name, kind in CONDITIONS if kind in said},
    }


OF_KIND = {
    "Deployment": of_deployment,
    "StatefulSet": of_stateful_set,
    "Rollout": of_rollout,
    "HorizontalPodAutoscaler": of_hpa,
}


#: What a row says of its collection; the object knows nothing of it.
OF_THE_ATTEMPT = {"cycle", "observed_at", "environment", "cluster", "attempt_id"}


def test_every_column_says_what_kubectl_says(sandbox: Sandbox, collect: Collect, tmp_path: Path) -> None:
    sandbox.holds(*WORKLOADS)
    rows = collect(sandbox.cluster(), page_size=2, label_also=ALSO, kinds=KINDS).rows
    items = kubectl(sandbox.folder, tmp_path)
    assert Counter(item["kind"] for item in items) == {
        "Deployment": 5,
        "StatefulSet": 1,
        "Rollout": 1,
        "HorizontalPodAutoscaler": 4,
    }
    every_column = dict.fromkeys(ROW.schema["properties"])
    expected = [every_column | of_metadata(item) | OF_KIND[item["kind"]](item) for item in items]
    told = [every_column | row | dict.fromkeys(OF_THE_ATTEMPT) for row in rows]
    assert told == expected
    # The comparison is worth nothing where all are empty: every column has a value somewhere.
    filled = {name for row in told for name, value in row.items() if value not in (None, [])}
    assert filled == every_column.keys() - OF_THE_ATTEMPT

"""Rows equal, column by column, to what ``kubectl get deploy,hpa -A -o json`` says of the same objects."""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from collector_harness import ROW, Collect
from test_collector_sandbox import NAMES, Sandbox, process, sandbox

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
]


def kubectl(folder: Path, home: Path) -> list[dict[str, Any]]:
    """What kubectl prints, object by object."""
    command = ["kubectl", "--kubeconfig", str(folder / "all.yaml"), "--context", NAMES[0]]
    command += ["get", "deployments.v1.apps,horizontalpodautoscalers.v2.autoscaling", "-A", "-o", "json"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    done = subprocess.run(command, capture_output=True, timeout=30, env=environment, check=True)
    items: list[dict[str, Any]] = json.loads(done.stdout)["items"]
    return items


def of_metadata(item: dict[str, Any]) -> dict[str, Any]:
    """The columns that both kinds have, by the API's documentation of ObjectMeta."""
    meta = item["metadata"]
    labels = meta.get("labels", {})
    created = datetime.fromisoformat(meta["creationTimestamp"]).astimezone(UTC)
    return {
        "namespace": meta["namespace"],
        "name": meta["name"],
        "uid": meta["uid"],
        "api_id": labels.get("api_id"),
        "team_id": labels.get("team_id"),
        "labels": [{"key": key, "value": labels[key]} for key in ALSO if key in labels],
        "created_at": created.isoformat().replace("+00:00", "Z"),
    }


def of_deployment(item: dict[str, Any]) -> dict[str, Any]:
    """A Deployment's columns; the API server leaves out counts that are zero."""
    spec, status = item["spec"], item.get("status", {})
    strategy = spec["strategy"]
    surge = str(strategy["rollingUpdate"]["maxSurge"]) if strategy["type"] == "RollingUpdate" else None
    return {
        "resource_type": "deployment",
        "generation": item["metadata"]["generation"],
        "observed_generation": status.get("observedGeneration", 0),
        "spec_replicas": spec["replicas"],
        "status_replicas": status.get("replicas", 0),
        "updated_replicas": status.get("updatedReplicas", 0),
        "ready_replicas": status.get("readyReplicas", 0),
        "available_replicas": status.get("availableReplicas", 0),
        "unavailable_replicas": status.get("unavailableReplicas", 0),
        "max_surge": surge,
        "paused": spec.get("paused", False),
    }


def of_hpa(item: dict[str, Any]) -> dict[str, Any]:
    """An HPA's columns."""
    spec, status = item["spec"], item.get("status", {})
    return {
        "resource_type": "hpa",
        "hpa_target_kind": spec["scaleTargetRef"]["kind"],
        "hpa_target_name": spec["scaleTargetRef"]["name"],
        "hpa_min_replicas": spec["minReplicas"],
        "hpa_max_replicas": spec["maxReplicas"],
        "hpa_current_replicas": status.get("currentReplicas", 0),
        "hpa_desired_replicas": status.get("desiredReplicas", 0),
    }


#: What a row says of its collection; the object knows nothing of it.
OF_THE_ATTEMPT = {"cycle", "observed_at", "environment", "cluster", "attempt_id"}


def test_every_column_says_what_kubectl_says(sandbox: Sandbox, collect: Collect, tmp_path: Path) -> None:
    sandbox.holds(*WORKLOADS)
    rows = collect(sandbox.cluster(), page_size=2, label_also=ALSO).rows
    items = kubectl(sandbox.folder, tmp_path)
    assert [item["kind"] for item in items] == ["Deployment"] * 4 + ["HorizontalPodAutoscaler"] * 3
    every_column = dict.fromkeys(ROW.schema["properties"])
    expected = [
        every_column | of_metadata(item) | (of_deployment(item) if item["kind"] == "Deployment" else of_hpa(item))
        for item in items
    ]
    told = [{name: None if name in OF_THE_ATTEMPT else value for name, value in row.items()} for row in rows]
    assert told == expected
    # The comparison is worth nothing where all are empty: every column has a value somewhere.
    filled = {name for row in told for name, value in row.items() if value not in (None, [])}
    assert filled == every_column.keys() - OF_THE_ATTEMPT

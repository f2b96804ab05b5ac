"""kubectl itself, where it is installed: what it lists as JSON, and what it is refused."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.kubernetes.tests.servers import Cluster

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")

Kubectl = Callable[..., str]


@pytest.fixture
def kubectl(cluster: Cluster, tmp_path: Path) -> Kubectl:
    """Runs kubectl in a fresh cluster and returns what it prints."""
    base = ["kubectl", "--kubeconfig", str(cluster.folder / "all.yaml"), "--context", cluster.name]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}  # its discovery cache lives below HOME

    def run(*arguments: str, stdin: str | None = None, fails: bool = False) -> str:
        command = [*base, *arguments]
        ended = subprocess.run(
            command, input=stdin, capture_output=True, text=True, timeout=30, env=environment, check=False
        )
        assert (ended.returncode != 0) is fails, ended.stderr
        return ended.stderr if fails else ended.stdout

    return run


@pytest.fixture
def shop(cluster: Cluster) -> Cluster:
    """A cluster in the midst of a rollout."""
    rolling = {
        "spec_replicas": 3,
        "status_replicas": 4,
        "updated_replicas": 1,
        "ready_replicas": 2,
        "available_replicas": 2,
    }
    cluster.set_state(
        {"namespace": "shop", "name": "cart", "labels": {"api_id": "cart"}, "hpa": {"min": 2, "max": 9}, **rolling},
        {"namespace": "pay", "name": "asleep", "spec_replicas": 0},
        {"namespace": "pay", "name": "db", "kind": "StatefulSet", "hpa": {"max": 3, "current": 1, "desired": 1}},
    )
    return cluster


def test_json_and_chunks(shop: Cluster, kubectl: Kubectl) -> None:
    found = json.loads(kubectl("get", "deploy,hpa", "-A", "-o", "json", "--chunk-size=1"))
    kinds = [(item["kind"], item["metadata"]["name"]) for item in found["items"]]
    assert kinds == [
        ("Deployment", "asleep"),
        ("Deployment", "cart"),
        ("HorizontalPodAutoscaler", "db"),
        ("HorizontalPodAutoscaler", "cart"),
    ]


def test_workloads_cannot_be_changed(shop: Cluster, kubectl: Kubectl) -> None:
    assert "MethodNotAllowed" in kubectl("scale", "deploy/cart", "-n", "shop", "--replicas=9", fails=True)
    assert "NotFound" in kubectl("get", "deploy", "nobody", fails=True)

"""kubectl itself, where it is installed: the tables it prints and the objects it makes."""

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


def _rows(printed: str) -> list[list[str]]:
    return [line.split() for line in printed.splitlines() if line]


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


def test_get_deploy_and_hpa_of_all_namespaces(shop: Cluster, kubectl: Kubectl) -> None:
    rows = _rows(kubectl("get", "deploy,hpa", "-A"))
    assert rows[0] == ["NAMESPACE", "NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert rows[1][:5] == ["pay", "deployment.apps/asleep", "0/0", "0", "0"]
    assert rows[2][:5] == ["shop", "deployment.apps/cart", "2/3", "1", "2"]
    assert rows[3] == ["NAMESPACE", "NAME", "REFERENCE", "TARGETS", "MINPODS", "MAXPODS", "REPLICAS", "AGE"]
    db, cart = rows[4], rows[5]
    assert db[:3] == ["pay", "horizontalpodautoscaler.autoscaling/db", "StatefulSet/db"] and db[-4:-1] == [
        "1",
        "3",
        "1",
    ]
    assert cart[2] == "Deployment/cart" and "%/70%," in " ".join(cart) and cart[-4:-1] == ["2", "9", "3"]


def test_wide_shows_images(shop: Cluster, kubectl: Kubectl) -> None:
    header, row = _rows(kubectl("get", "deploy", "-n", "shop", "-o", "wide"))
    assert header[-3:] == ["CONTAINERS", "IMAGES", "SELECTOR"]
    assert row[-3] == "app" and "@sha256:" in row[-2] and row[-1] == "app.kubernetes.io/instance=cart"


def test_json_and_chunks(shop: Cluster, kubectl: Kubectl) -> None:
    found = json.loads(kubectl("get", "deploy,hpa", "-A", "-o", "json", "--chunk-size=1"))
    kinds = [(item["kind"], item["metadata"]["name"]) for item in found["items"]]
    assert kinds == [
        ("Deployment", "asleep"),
        ("Deployment", "cart"),
        ("HorizontalPodAutoscaler", "db"),
        ("HorizontalPodAutoscaler", "cart"),
    ]


def test_selectors_sorting_and_labels(shop: Cluster, kubectl: Kubectl) -> None:
    assert kubectl("get", "deploy", "-A", "-l", "api_id=cart", "-o", "name") == "deployment.apps/cart\n"
    labelled = _rows(kubectl("get", "deploy", "-A", "-L", "api_id", "--sort-by=.metadata.name"))
    assert [row[1] for row in labelled[1:]] == ["asleep", "cart"] and labelled[2][-1] == "cart"


def test_namespaces_and_resources(shop: Cluster, kubectl: Kubectl) -> None:
    assert {"default", "pay", "shop"} <= {row[0] for row in _rows(kubectl("get", "ns"))}
    assert "horizontalpodautoscalers" in kubectl("api-resources")
    assert "v1.36" in kubectl("version")


def test_workloads_cannot_be_changed(shop: Cluster, kubectl: Kubectl) -> None:
    assert "MethodNotAllowed" in kubectl("scale", "deploy/cart", "-n", "shop", "--replicas=9", fails=True)
    assert "NotFound" in kubectl("get", "deploy", "nobody", fails=True)


def test_create_secret_generic_and_mount_it(cluster: Cluster, kubectl: Kubectl, tmp_path: Path) -> None:
    source = tmp_path / "all.yaml"
    source.write_text("clusters: []\n")
    kubectl("create", "secret", "generic", "kubeconfigs", f"--from-file={source}", "--from-literal=mode=ro")
    assert _rows(kubectl("get", "secret"))[1][:3] == ["kubeconfigs", "Opaque", "2"]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "reader"},
        "spec": {
            "restartPolicy": "Never",
            "volumes": [{"name": "k", "secret": {"secretName": "kubeconfigs"}}],
            "containers": [
                {
                    "name": "base",
                    "image": "pedwatch/shell:1",
                    "args": ["cat /k/all.yaml /k/mode"],
                    "volumeMounts": [{"name": "k", "mountPath": "/k"}],
                }
            ],
        },
    }
    kubectl("create", "-f", "-", stdin=json.dumps(pod))
    kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/reader", "--timeout=20s")
    assert kubectl("logs", "reader") == "clusters: []\nro\n"
    assert _rows(kubectl("get", "pods"))[1][:4] == ["reader", "0/1", "Completed", "0"]
    kubectl("delete", "pod", "reader")
    assert "No resources found" in kubectl("get", "pods") or kubectl("get", "pods", "-o", "name") == ""


def test_apply_config_map_twice(cluster: Cluster, kubectl: Kubectl) -> None:
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"mode": "dark"}}
    assert "created" in kubectl("apply", "-f", "-", stdin=json.dumps(document))
    document["data"] = {"mode": "light"}
    assert "configured" in kubectl("apply", "-f", "-", stdin=json.dumps(document))
    assert kubectl("get", "cm", "settings", "-o", "jsonpath={.data.mode}") == "light"

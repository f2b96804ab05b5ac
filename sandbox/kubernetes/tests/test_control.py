"""The control API: what it refuses and in which words; counters; state files."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from sandbox.kubernetes.control import ControlError
from sandbox.kubernetes.tests.servers import Cluster, Server, start_server

CART = {"namespace": "shop", "name": "cart"}


@pytest.mark.parametrize(
    ("workloads", "named"),
    [
        pytest.param([{"name": "cart"}], r"namespace.*\$.workloads\[0\]", id="required"),
        pytest.param([CART | {"replicas": 3}], r"replicas.*\$.workloads\[0\]", id="unknown field"),
        pytest.param([CART | {"spec_replicas": -1}], r"\$.workloads\[0\].spec_replicas", id="negative"),
        pytest.param([CART | {"spec_replicas": "3"}], r"\$.workloads\[0\].spec_replicas", id="text for a number"),
        pytest.param([CART | {"max_surge": "a lot"}], r"\$.workloads\[0\].max_surge", id="surge"),
        pytest.param([CART | {"name": "Cart"}], r"\$.workloads\[0\].name", id="name"),
        pytest.param([CART | {"labels": {"api_id": "a b"}}], "labels: api_id", id="label"),
        pytest.param([CART | {"created_at": "yesterday"}], r"\$.workloads\[0\].created_at", id="time"),
        pytest.param([CART | {"created_at": "2026-01-01T00:00:00"}], r"created_at: needs a time zone", id="zone"),
        pytest.param([CART | {"hpa": {"min": 3}}], r"max.*\$.workloads\[0\].hpa", id="hpa without max"),
        pytest.param([CART | {"hpa": {"min": 3, "max": 2}}], r"max \(2\).*hpa", id="hpa upside down"),
        pytest.param([CART, CART], r"workloads\[1\]: second workload named shop/Deployment/cart", id="twice"),
        pytest.param(
            [CART | {"hpa": {"max": 2}}, {"namespace": "shop", "name": "b", "hpa": {"max": 2, "name": "cart"}}],
            "second hpa named shop/cart",
            id="hpa twice",
        ),
        pytest.param([CART | {"kind": "HorizontalPodAutoscaler"}], "hpa: is required", id="bare hpa"),
    ],
)
def test_a_wrong_state_is_named_and_changes_nothing(cluster: Cluster, workloads: list[Any], named: str) -> None:
    cluster.set_state({"namespace": "shop", "name": "before"})
    with pytest.raises(ControlError, match=named):
        cluster.set_state(*workloads)
    listed = client.AppsV1Api(cluster.api_client()).list_deployment_for_all_namespaces().items
    assert [item.metadata.name for item in listed] == ["before"]


@pytest.mark.parametrize("name", ["all", "Upper", "../etc", "", "composer"])
def test_names_that_cannot_be_clusters(server: Server, name: str) -> None:
    with pytest.raises(ControlError, match="name: "):
        server.control.add_cluster(name)


def test_unknown_clusters_are_named(server: Server) -> None:
    with pytest.raises(ControlError, match="no cluster 'nowhere'"):
        server.control.set_state("nowhere", [])


def test_calls_are_counted_by_route(cluster: Cluster) -> None:
    apps = client.AppsV1Api(cluster.api_client())
    apps.list_deployment_for_all_namespaces()
    apps.list_deployment_for_all_namespaces()
    apps.list_namespaced_deployment("shop")
    counted = cluster.control.calls(cluster.name)
    assert counted["GET /apis/apps/v1/deployments"] == 2
    assert counted["GET /apis/apps/v1/namespaces/{namespace}/deployments"] == 1


def test_clusters_are_described(cluster: Cluster) -> None:
    cluster.set_state(CART | {"hpa": {"max": 2}})
    cluster.set_fault("hang", only="hpa")
    described = next(c for c in cluster.control.clusters() if c["name"] == cluster.name)
    assert (described["deployments"], described["hpas"]) == (1, 1)
    assert described["server"] == cluster.server and described["fault"]["only"] == "hpa"


def test_a_state_file_fills_clusters_at_the_start(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    filled = {"workloads": [CART], "fault": {"kind": "forbidden", "only": "hpa"}}
    state.write_text(json.dumps({"clusters": {"eu-prod-1": filled}}))
    server = start_server(tmp_path / "kube", "--state", str(state))
    try:
        api = server.cluster("eu-prod-1").api_client()
        assert len(client.AppsV1Api(api).list_deployment_for_all_namespaces().items) == 1
        with pytest.raises(client.ApiException):
            client.AutoscalingV2Api(api).list_horizontal_pod_autoscaler_for_all_namespaces()
    finally:
        assert server.stop() == 0


@pytest.mark.parametrize(
    ("state", "named"),
    [
        ('{"clusters": {"eu": {"workloads": [{"name": "x"}]}}}', "namespace"),
        ('{"clusters": {"eu": {"workload": []}}}', "workload"),
        ("not json", "malformed"),
    ],
)
def test_a_wrong_state_file_is_one_line_on_stderr(tmp_path: Path, state: str, named: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(state)
    command = [sys.executable, "-m", "sandbox.kubernetes", "--kubeconfig", str(tmp_path / "k"), "--state", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 1 and named in ended.stderr and len(ended.stderr.splitlines()) == 1

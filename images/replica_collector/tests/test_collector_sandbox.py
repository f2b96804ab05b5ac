"""Against the sandbox's Kubernetes: a real process, kubeconfigs, clusters below a path, and its own idea of faults."""

import json
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from collector_harness import Collect

from replica_collector.clusters import Cluster

pytest.importorskip("sandbox.kubernetes.__main__", reason="the sandbox is only there in the repository's environment")

NAMES = ("eu-prod-1", "eu-prod-2")


class Sandbox:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        control = json.loads((folder / "control.json").read_text())
        self._url, self._token = control["url"], control["token"]
        self._tls = ssl.create_default_context(cafile=control["ca_file"])

    def cluster(self, name: str = NAMES[0]) -> Cluster:
        return Cluster(name, "prod", auth="kubeconfig", kubeconfig=str(self.folder / "all.yaml"), context=name)

    def nobody(self) -> Cluster:
        """The first cluster, for whoever brings no token."""
        ca_file = str(self.folder / "ca.pem")
        return Cluster(NAMES[0], "prod", endpoint=f"{self._url}/clusters/{NAMES[0]}", auth="none", ca_file=ca_file)

    def control(self, method: str, path: str, body: Any = None, name: str = NAMES[0]) -> None:
        request = urllib.request.Request(
            f"{self._url}/control/clusters/{name}/{path}",
            json.dumps(body).encode() if body is not None else None,
            {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
            method=method,
        )
        urllib.request.urlopen(request, timeout=10, context=self._tls).close()

    def holds(self, *workloads: dict[str, Any], name: str = NAMES[0]) -> None:
        self.control("PUT", "state", {"workloads": list(workloads)}, name)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("kubeconfig")
    command = [sys.executable, "-m", "sandbox.kubernetes", "--kubeconfig", str(folder)]
    for name in NAMES:
        command += ["--cluster", name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout and process.stdout.readline().startswith("ready ")
            yield folder
        finally:
            process.terminate()


@pytest.fixture
def sandbox(process: Path) -> Iterator[Sandbox]:
    sandbox = Sandbox(process)
    workloads = [
        {"namespace": "shop", "name": f"api-{number:02}", "spec_replicas": number, "hpa": {"max": 30}}
        for number in range(25)
    ]
    for name in NAMES:
        sandbox.holds(*workloads, name=name)
        sandbox.control("DELETE", "fault", name=name)
    yield sandbox
    sandbox.control("DELETE", "fault")


def test_what_the_cluster_holds_is_what_the_rows_say(sandbox: Sandbox, collect: Collect) -> None:
    sandbox.holds(
        {
            "namespace": "shop",
            "name": "orders",
            "labels": {"api_id": "orders", "team_id": "core"},
            "spec_replicas": 8,
            "status_replicas": 10,
            "updated_replicas": 2,
            "max_surge": "25%",
            "hpa": {"max": 12, "min": 2, "current": 8, "desired": 9},
        },
        {
            "namespace": "shop",
            "name": "ledger",
            "kind": "StatefulSet",
            "hpa": {"max": 4, "name": "ledger", "target_kind": "StatefulSet", "target_name": "ledger"},
        },
    )
    collected = collect(sandbox.cluster())
    assert collected.manifest["status"] == "complete"
    rows = {(row["resource_type"], row["name"]): row for row in collected.rows}
    orders = rows["deployment", "orders"]
    assert {name: orders[name] for name in ("api_id", "team_id", "max_surge", "paused")} == {
        "api_id": "orders",
        "team_id": "core",
        "max_surge": "25%",
        "paused": False,
    }
    assert [orders[f"{name}_replicas"] for name in ("spec", "status", "updated")] == [8, 10, 2]
    hpas = {row["hpa_target_name"]: row for row in rows.values() if row["resource_type"] == "hpa"}
    assert hpas["ledger"]["hpa_target_kind"] == "StatefulSet"
    bounds = [hpas["orders"][f"hpa_{name}_replicas"] for name in ("min", "max", "current", "desired")]
    assert bounds == [2, 12, 8, 9]


@pytest.mark.parametrize("is_gzip", [True, False])
def test_two_clusters_below_their_paths(sandbox: Sandbox, collect: Collect, is_gzip: bool) -> None:
    """Their pages come in chunks, as a real API server's: nobody knows a length beforehand."""
    collected = collect(*(sandbox.cluster(name) for name in NAMES), is_gzip=is_gzip, page_size=500)
    assert {told["status"] for told in collected.manifests.values()} == {"complete"}
    assert len(collected.rows) == 2 * (25 + 25)


@pytest.mark.parametrize(
    ("fault", "status", "error_class"),
    [
        ({"kind": "unreachable"}, "failed", "unreachable"),
        ({"kind": "hang"}, "failed", "timeout"),
        ({"kind": "slow_loris", "seconds": 0.05}, "failed", "timeout"),
        ({"kind": "unauthorized"}, "failed", "unauthenticated"),
        ({"kind": "forbidden"}, "failed", "forbidden"),
        ({"kind": "forbidden", "only": "hpa"}, "partial", "forbidden"),
        ({"kind": "not_found"}, "failed", "api_missing"),
        ({"kind": "throttled", "retry_after": 60}, "failed", "throttled"),
        ({"kind": "throttled", "retry_after": 0, "times": 3}, "complete", None),
        ({"kind": "unavailable"}, "failed", "server_error"),
        ({"kind": "server_error", "times": 2}, "complete", None),
        ({"kind": "redirect"}, "failed", "redirected"),
        ({"kind": "garbage"}, "failed", "bad_payload"),
        ({"kind": "wrong_shape"}, "failed", "bad_payload"),
        ({"kind": "cut_body"}, "failed", "unreachable"),
        ({"kind": "cut_body", "after": 1, "times": 2}, "complete", None),
        ({"kind": "expired_continue", "times": 1}, "complete", None),
        ({"kind": "endless_continue"}, "failed", None),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else None,
)
def test_a_fault(
    sandbox: Sandbox, collect: Collect, fault: dict[str, Any], status: str, error_class: str | None
) -> None:
    sandbox.control("PUT", "fault", fault)
    collected = collect(sandbox.cluster(), budget_seconds=1.5)
    told = collected.manifest
    assert told["status"] == status
    if fault["kind"] == "endless_continue":
        assert told["error_class"] in ("bad_payload", "timeout")
    else:
        assert told["error_class"] == error_class
    assert len(collected.rows) == told["row_count"] == {"complete": 50, "partial": 25, "failed": 0}[status]


@pytest.mark.parametrize("is_let_in", [True, False], ids=["403 to system:anonymous", "401"])
def test_a_request_without_a_token_is_unauthenticated(sandbox: Sandbox, collect: Collect, is_let_in: bool) -> None:
    sandbox.control("PUT", "anonymous", {"let_in": is_let_in})
    told = collect(sandbox.nobody()).manifest
    sandbox.control("PUT", "anonymous", {"let_in": True})
    assert (told["status"], told["error_class"]) == ("failed", "unauthenticated")
    assert told["error_message"].count("HTTP") == 1, "another kind would meet the same fate, and is not asked for"
    assert ("system:anonymous" in told["error_message"]) is is_let_in


def test_a_group_that_is_not_served_is_said(sandbox: Sandbox, collect: Collect) -> None:
    sandbox.control("PUT", "fault", {"kind": "not_found", "only": "hpa"})
    told = collect(sandbox.cluster()).manifest
    assert (told["status"], told["error_class"]) == ("partial", "api_missing")
    assert told["error_message"] == "hpas: HTTP 404: there is no such API"


def test_a_continuation_that_always_expires_ends_inconsistent_but_whole(sandbox: Sandbox, collect: Collect) -> None:
    sandbox.control("PUT", "fault", {"kind": "expired_continue"})
    collected = collect(sandbox.cluster())
    assert (collected.manifest["status"], collected.manifest["is_consistent"]) == ("complete", False)
    assert len({(row["resource_type"], row["name"]) for row in collected.rows}) == len(collected.rows) == 50


def test_a_kubeconfig_left_behind_by_a_rotation_is_unauthenticated(sandbox: Sandbox, collect: Collect) -> None:
    sandbox.control("POST", "rotate-token", {"write_kubeconfig": False}, name=NAMES[1])
    assert collect(sandbox.cluster(NAMES[1])).manifest["error_class"] == "unauthenticated"
    sandbox.control("POST", "rotate-token", {}, name=NAMES[1])

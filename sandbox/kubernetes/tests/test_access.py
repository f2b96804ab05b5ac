"""Who may come in: the port starts processes, so every request needs its cluster's token."""

import http.client
import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from sandbox.kubernetes.control import ControlClient, ControlError
from sandbox.kubernetes.tests.servers import Cluster, Server

PATHS = ("/version", "/api", "/apis/apps/v1/deployments", "/api/v1/namespaces/default/pods", "/nowhere")


def _status(cluster: Cluster, url: str, token: str | None, method: str = "GET") -> tuple[int, dict[str, object]]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    try:
        request = urllib.request.Request(url, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=10, context=cluster.tls) as answer:
            return answer.status, {}
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.mark.parametrize("path", PATHS)
def test_an_unknown_token_is_401(cluster: Cluster, path: str) -> None:
    code, body = _status(cluster, cluster.server + path, "wrong")
    assert (code, body["kind"], body["reason"]) == (401, "Status", "Unauthorized")


@pytest.mark.parametrize("token", [None, ""])
@pytest.mark.parametrize(
    ("path", "said"),
    [
        (
            "/apis/apps/v1/deployments",
            'deployments.apps is forbidden: User "system:anonymous" cannot list resource "deployments" in API group '
            '"apps" at the cluster scope',
        ),
        (
            "/api/v1/namespaces/default/pods",
            'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" in the namespace '
            '"default"',
        ),
        (
            "/api/v1/namespaces/default/pods/x/log",
            'pods "x" is forbidden: User "system:anonymous" cannot get resource "pods/log" in API group "" in the '
            'namespace "default"',
        ),
        ("/apis", 'forbidden: User "system:anonymous" cannot get path "/apis"'),
        ("/nowhere", 'forbidden: User "system:anonymous" cannot get path "/nowhere"'),
    ],
)
def test_without_a_token_one_is_nobody(cluster: Cluster, path: str, said: str, token: str | None) -> None:
    code, body = _status(cluster, cluster.server + path, token)
    assert (code, body["reason"], body["message"]) == (403, "Forbidden", said)


def test_everyone_may_see_what_a_cluster_is(cluster: Cluster) -> None:
    assert _status(cluster, cluster.server + "/version", None)[0] == 200
    assert _status(cluster, cluster.server + "/livez", None)[0] == 200


def test_a_token_opens_its_own_cluster_only(cluster: Cluster, server: Server) -> None:
    assert _status(cluster, cluster.server + "/version", cluster.token)[0] == 200
    assert _status(cluster, server.cluster("composer").server + "/version", cluster.token)[0] == 401
    assert (
        _status(
            cluster, cluster.server + "/version", json.loads((server.folder / "control.json").read_text())["token"]
        )[0]
        == 401
    )


def test_unknown_clusters_and_paths(cluster: Cluster, server: Server) -> None:
    assert _status(cluster, f"{server.url}/clusters/nowhere/version", cluster.token)[0] == 404


@pytest.mark.parametrize("path", ["/apis/batch/v1/jobs", "/apis/argoproj.io/v1alpha1/rollouts", "/nope"])
def test_a_group_that_is_not_served_is_a_404_in_plain_text(cluster: Cluster, path: str) -> None:
    request = urllib.request.Request(cluster.server + path, headers={"Authorization": f"Bearer {cluster.token}"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10, context=cluster.tls)
    assert refused.value.code == 404 and refused.value.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert refused.value.read() == b"404 page not found\n"


@pytest.mark.parametrize("path", ["/apis/apps/v2/deployments", "/apis/apps/v1/daemonsets", "/api/v1/nodes"])
def test_a_version_or_resource_that_is_not_served_is_a_status(cluster: Cluster, path: str) -> None:
    code, body = _status(cluster, cluster.server + path, cluster.token)
    assert (code, body["reason"], body["details"]) == (404, "NotFound", {})


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_workloads_can_only_be_read(cluster: Cluster, method: str) -> None:
    code, body = _status(
        cluster, f"{cluster.server}/apis/apps/v1/namespaces/shop/deployments/cart", cluster.token, method
    )
    assert (code, body["kind"], body["reason"]) == (405, "Status", "MethodNotAllowed")


def test_files_are_for_their_owner_only(cluster: Cluster, server: Server) -> None:
    assert server.folder.stat().st_mode & 0o777 == 0o700
    modes = {path.name: path.stat().st_mode & 0o777 for path in server.folder.iterdir() if path.is_file()}
    assert {
        "all.yaml",
        "ca.pem",
        "server.pem",
        "server.key",
        "control.json",
        "composer.yaml",
        f"{cluster.name}.yaml",
    } <= set(modes)
    assert set(modes.values()) == {0o600}


def test_all_yaml_has_a_context_for_every_cluster(cluster: Cluster, server: Server) -> None:
    cluster.set_state({"namespace": "shop", "name": "cart"})
    contexts, _ = config.list_kube_config_contexts(str(server.folder / "all.yaml"))
    assert {"composer", cluster.name} <= {context["name"] for context in contexts}
    api = config.new_client_from_config(str(server.folder / "all.yaml"), context=cluster.name)
    assert len(client.AppsV1Api(api).list_deployment_for_all_namespaces().items) == 1


def test_a_rotated_token_locks_out_the_old_one(cluster: Cluster) -> None:
    old = cluster.token
    new = cluster.control.rotate_token(cluster.name)
    assert new == cluster.token != old
    assert _status(cluster, cluster.server + "/version", old)[0] == 401
    assert _status(cluster, cluster.server + "/version", new)[0] == 200


def test_a_rotation_can_leave_the_kubeconfig_stale(cluster: Cluster) -> None:
    cluster.control.rotate_token(cluster.name, write_kubeconfig=False)
    with pytest.raises(ApiException) as raised:
        client.AppsV1Api(cluster.api_client()).list_deployment_for_all_namespaces()
    assert raised.value.status == 401


def test_the_control_api_needs_its_own_token(cluster: Cluster, server: Server, tmp_path: Path) -> None:
    stolen = tmp_path / "control.json"
    access = json.loads((server.folder / "control.json").read_text())
    stolen.write_text(json.dumps(access | {"token": cluster.token}))
    with pytest.raises(ControlError, match="needs the token"):
        ControlClient(stolen).set_state(cluster.name, [])


def test_only_loopback_is_listened_on(server: Server) -> None:
    port = int(server.url.rpartition(":")[2])
    addresses = {
        line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"
    }
    assert {address for address in addresses if address.endswith(f":{port:04X}")} == {f"0100007F:{port:04X}"}


def test_nothing_is_answered_without_tls(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", int(server.url.rpartition(":")[2]), timeout=5)
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        connection.request("GET", "/version")
        connection.getresponse()

"""No process outlives its pod or the server, however either of them ends."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client
from urllib3.exceptions import HTTPError

from sandbox.kubernetes.tests.servers import Server, start_server

# A container that starts a child of its own, and one that escapes into a session of its own.
# ($$$$ is $$ to the shell: Kubernetes halves it.)
FAMILY = """
trap '' TERM INT
echo $$$$ > {folder}/main
sleep 300 & echo $! > {folder}/child
setsid sh -c 'trap "" TERM INT; echo $$$$ > {folder}/escaped; while true; do sleep 300; done' &
while true; do sleep 0.2; done
"""
NAMES = ("main", "child", "escaped")


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _wait_for_family(folder: Path) -> list[int]:
    end = time.monotonic() + 15
    while True:
        texts = [(folder / name).read_text() if (folder / name).exists() else "" for name in NAMES]
        if all(texts):
            return [int(text) for text in texts]
        assert time.monotonic() < end, "the container did not start"
        time.sleep(0.05)


def _wait_for_end(pids: list[int]) -> None:
    end = time.monotonic() + 15
    while left := [pid for pid in pids if _alive(pid)]:
        assert time.monotonic() < end, f"still alive: {left}"
        time.sleep(0.05)


@pytest.fixture
def own_server(tmp_path: Path, images: Path) -> Iterator[Server]:
    """A server to be killed."""
    server = start_server(tmp_path / "kube", "--cluster", "composer", "--images", str(images))
    yield server
    server.process.kill()
    server.process.wait()


def _start(server: Server, folder: Path, script: str = FAMILY) -> client.CoreV1Api:
    core = client.CoreV1Api(server.cluster("composer").api_client())
    container = {"name": "base", "image": "pedwatch/shell:1", "args": [script.format(folder=folder)]}
    core.create_namespaced_pod(
        "default", {"metadata": {"name": "family"}, "spec": {"restartPolicy": "Never", "containers": [container]}}
    )
    return core


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL], ids=lambda how: how.name)
def test_the_end_of_the_server_ends_everything(own_server: Server, tmp_path: Path, how: signal.Signals) -> None:
    _start(own_server, tmp_path)
    family = _wait_for_family(tmp_path)
    assert all(_alive(pid) for pid in family)
    status = own_server.stop(how)
    assert status == (-signal.SIGKILL if how == signal.SIGKILL else 0)
    _wait_for_end(family)
    (left,) = [len(list(pods.iterdir())) for pods in [own_server.folder / "pods"] if pods.exists()] or [0]
    assert left == (1 if how == signal.SIGKILL else 0)  # a killed server's files go when the next one starts
    again = start_server(own_server.folder, "--cluster", "composer")
    assert list((own_server.folder / "pods").iterdir()) == []
    assert again.stop() == 0


def test_the_end_of_a_leash_ends_its_container(own_server: Server, tmp_path: Path) -> None:
    _start(own_server, tmp_path)
    family = _wait_for_family(tmp_path)
    leash = int(Path(f"/proc/{family[0]}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(leash, signal.SIGKILL)
    _wait_for_end(family[:1])
    assert own_server.stop() == 0
    for pid in family[1:]:  # nobody is left to know of these two: the one case that is not covered
        if _alive(pid):
            os.kill(pid, signal.SIGKILL)


def test_the_end_of_a_container_ends_what_it_left_running(own_server: Server, tmp_path: Path) -> None:
    script = FAMILY.replace("while true; do sleep 0.2; done\n", "sleep 0.5; exit 0\n")
    core = _start(own_server, tmp_path, script)
    family = _wait_for_family(tmp_path)
    _wait_for_end(family)
    end = time.monotonic() + 15
    while core.read_namespaced_pod("family", "default").status.phase != "Succeeded":
        assert time.monotonic() < end
        time.sleep(0.05)
    assert own_server.stop() == 0


def test_deleting_the_pod_ends_everything(own_server: Server, tmp_path: Path) -> None:
    core = _start(own_server, tmp_path)
    family = _wait_for_family(tmp_path)
    core.delete_namespaced_pod("family", "default", grace_period_seconds=0)
    assert core.list_namespaced_pod("default").items == []
    _wait_for_end(family)
    assert own_server.stop() == 0


def test_a_deadline_ends_everything(own_server: Server, tmp_path: Path) -> None:
    core = client.CoreV1Api(own_server.cluster("composer").api_client())
    container = {"name": "base", "image": "pedwatch/shell:1", "args": [FAMILY.format(folder=tmp_path)]}
    spec = {
        "restartPolicy": "Never",
        "containers": [container],
        "activeDeadlineSeconds": 2,
        "terminationGracePeriodSeconds": 1,
    }
    core.create_namespaced_pod("default", {"metadata": {"name": "family"}, "spec": spec})
    family = _wait_for_family(tmp_path)
    _wait_for_end(family)
    end = time.monotonic() + 15
    while (status := core.read_namespaced_pod("family", "default").status).phase != "Failed":
        assert time.monotonic() < end
        time.sleep(0.05)
    assert status.reason == "DeadlineExceeded"
    assert status.container_statuses[0].state.terminated.exit_code == 137
    assert own_server.stop() == 0


def test_a_waiting_client_does_not_keep_the_server(own_server: Server) -> None:
    """A request hangs when the server is told to stop."""
    cluster = own_server.cluster("composer")
    cluster.set_fault("hang")
    apps = client.AppsV1Api(cluster.api_client())
    refused: list[Exception] = []

    def ask() -> None:
        try:
            apps.list_namespaced_deployment("default")
        except (OSError, HTTPError) as error:
            refused.append(error)

    waiting = threading.Thread(target=ask)
    waiting.start()
    time.sleep(0.5)
    assert waiting.is_alive() and own_server.stop() == 0
    waiting.join(15)
    assert refused

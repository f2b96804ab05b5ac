"""The Pod API beyond what the operator needs: volumes, variables, events, deletion."""

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from sandbox.kubernetes.tests.servers import Cluster

SHELL = "pedwatch/shell:1"
NAMESPACE = "default"


def _pod(name: str, script: str, **spec: Any) -> dict[str, Any]:
    container = {"name": "base", "image": SHELL, "args": [script], **spec.pop("container", {})}
    return {
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"restartPolicy": "Never", "containers": [container], **spec},
    }


def _until(is_done: Callable[[], Any], seconds: float = 15) -> Any:
    end = time.monotonic() + seconds
    while not (found := is_done()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return found


@pytest.fixture
def core(cluster: Cluster) -> client.CoreV1Api:
    """The core API of a fresh cluster."""
    return client.CoreV1Api(cluster.api_client())


def _finish(core: client.CoreV1Api, name: str) -> Any:
    def ended() -> Any:
        pod = core.read_namespaced_pod(name, NAMESPACE)
        return pod if pod.status.phase in ("Succeeded", "Failed") else None

    return _until(ended)


def _run(core: client.CoreV1Api, pod: dict[str, Any]) -> Any:
    """Run a pod to its end."""
    core.create_namespaced_pod(NAMESPACE, pod)
    return _finish(core, pod["metadata"]["name"])


def test_exit_codes_and_last_words(core: client.CoreV1Api) -> None:
    policy = {"terminationMessagePolicy": "FallbackToLogsOnError"}
    pod = _run(core, _pod("fails", "echo no such cluster >&2; exit 7", container=policy))
    ended = pod.status.container_statuses[0].state.terminated
    assert (pod.status.phase, ended.exit_code, ended.reason) == ("Failed", 7, "Error")
    assert ended.message == "no such cluster\n"


def test_variables_and_volumes(core: client.CoreV1Api, tmp_path: Path) -> None:
    core.create_namespaced_secret(NAMESPACE, {"metadata": {"name": "s"}, "stringData": {"a": "A", "b": "B"}})
    env = [
        {"name": "PLAIN", "value": "one"},
        {"name": "BUILT", "value": "$(PLAIN)-two-$$(PLAIN)-$(MISSING)"},
    ]
    volumes = [
        {"name": "scratch", "emptyDir": {}},
        {"name": "some", "secret": {"secretName": "s", "defaultMode": 0o400}},
    ]
    mounts = [{"name": "scratch", "mountPath": "/scratch"}, {"name": "some", "mountPath": "/etc/some/"}]
    script = (
        f"exec > {tmp_path}/told;"
        "echo $BUILT; echo kept > /scratch/x; cat /scratch/x; stat -L -c %a /etc/some/b;"
        "cat /etc/some/a /etc/some/b; echo; echo /database /srv/scratch /scratch-old"
    )
    container = {"env": env, "volumeMounts": mounts}
    _run(core, _pod("volumes", script, volumes=volumes, container=container))
    assert (tmp_path / "told").read_text().splitlines() == [
        "one-two-$(PLAIN)-$(MISSING)",
        "kept",
        "400",
        "AB",
        "/database /srv/scratch /scratch-old",
    ]


def test_a_secret_is_taken_once_and_has_to_be_valid(core: client.CoreV1Api) -> None:
    made = core.create_namespaced_secret(NAMESPACE, {"metadata": {"name": "s"}, "stringData": {"a": "1"}})
    assert made.data == {"a": base64.b64encode(b"1").decode()} and made.type == "Opaque"
    with pytest.raises(ApiException) as raised:
        core.create_namespaced_secret(NAMESPACE, {"metadata": {"name": "s"}})
    assert raised.value.status == 409
    with pytest.raises(ApiException, match="base64"):
        core.create_namespaced_secret(NAMESPACE, {"metadata": {"name": "bad"}, "data": {"a": "%"}})


def test_a_pod_waits_for_its_secret(core: client.CoreV1Api) -> None:
    volumes = [{"name": "s", "secret": {"secretName": "late"}}]
    mounts = {"volumeMounts": [{"name": "s", "mountPath": "/s"}]}
    core.create_namespaced_pod(NAMESPACE, _pod("waits", "cat /s/key", volumes=volumes, container=mounts))

    def mount_failed() -> bool:
        events = core.list_namespaced_event(NAMESPACE, field_selector="involvedObject.name=waits").items
        return any(event.reason == "FailedMount" and "late" in event.message for event in events)

    _until(mount_failed)
    assert core.read_namespaced_pod("waits", NAMESPACE).status.phase == "Pending"
    core.create_namespaced_secret(NAMESPACE, {"metadata": {"name": "late"}, "stringData": {"key": "here"}})
    assert _finish(core, "waits").status.phase == "Succeeded"


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        pytest.param({"container": {"image": "docker.io/none:1"}}, "ErrImagePull", id="image"),
        pytest.param(
            {"container": {"env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "no", "key": "k"}}}]}},
            "CreateContainerConfigError",
            id="variable",
        ),
    ],
)
def test_what_keeps_a_pod_pending(core: client.CoreV1Api, spec: dict[str, Any], reason: str) -> None:
    core.create_namespaced_pod(NAMESPACE, _pod("stuck", "true", **spec))

    def is_told() -> bool:
        status = core.read_namespaced_pod("stuck", NAMESPACE).status
        reasons = [container.state.waiting.reason for container in status.container_statuses or []]
        return status.phase == "Pending" and reasons == [reason]

    _until(is_told)


def test_a_missing_program_is_reported(core: client.CoreV1Api) -> None:
    core.create_namespaced_pod(NAMESPACE, _pod("broken", "", container={"command": ["no-such-program"], "args": []}))
    ended = _finish(core, "broken").status.container_statuses[0].state.terminated
    assert ended.reason == "StartError" and "no-such-program" in ended.message


@pytest.mark.parametrize(
    ("spec", "named"),
    [
        ({"restartPolicy": "Always"}, "restartPolicy"),
        ({"initContainers": [{"name": "i", "image": SHELL}]}, "initContainers"),
    ],
)
def test_what_is_not_implemented_says_so(core: client.CoreV1Api, spec: dict[str, Any], named: str) -> None:
    with pytest.raises(ApiException) as raised:
        core.create_namespaced_pod(NAMESPACE, _pod("odd", "true", **spec))
    assert raised.value.status == 501 and named in raised.value.body


def test_what_is_not_implemented_of_other_verbs_says_so(core: client.CoreV1Api) -> None:
    asked: dict[str, Callable[[], Any]] = {
        "watching pods": lambda: core.list_namespaced_pod(NAMESPACE, watch=True),
        "list of secrets": lambda: core.list_namespaced_secret(NAMESPACE),
        "list of namespaces": core.list_namespace,
        "get of configmaps": lambda: core.read_namespaced_config_map("c", NAMESPACE),
        "get of pods/log": lambda: core.read_namespaced_pod_log("p", NAMESPACE),
        "get of pods/exec": lambda: core.connect_get_namespaced_pod_exec("p", NAMESPACE, command="sh"),
    }
    for named, ask in asked.items():
        with pytest.raises(ApiException) as raised:
            ask()
        assert raised.value.status == 501 and named in raised.value.body


def test_deletion_is_polite_first(core: client.CoreV1Api, tmp_path: Path) -> None:
    script = f"trap 'echo ended > {tmp_path}/politely; exit 0' TERM; touch {tmp_path}/ready;"
    script += "while true; do sleep 0.1; done"
    core.create_namespaced_pod(NAMESPACE, _pod("polite", script))
    _until(lambda: core.read_namespaced_pod("polite", NAMESPACE).status.phase == "Running")
    _until(lambda: (tmp_path / "ready").exists())
    deleted = core.delete_namespaced_pod("polite", NAMESPACE)
    assert deleted.metadata.deletion_timestamp
    _until(lambda: core.list_namespaced_pod(NAMESPACE).items == [])
    assert (tmp_path / "politely").read_text() == "ended\n"


def test_deletion_is_firm_in_the_end(core: client.CoreV1Api, tmp_path: Path) -> None:
    script = f"trap '' TERM; echo $$$$ > {tmp_path}/pid; while true; do sleep 0.1; done"
    core.create_namespaced_pod(NAMESPACE, _pod("stubborn", script, terminationGracePeriodSeconds=1))
    pid = int(_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text()))
    core.delete_namespaced_pod("stubborn", NAMESPACE)
    assert core.read_namespaced_pod("stubborn", NAMESPACE).metadata.deletion_timestamp
    _until(lambda: core.list_namespaced_pod(NAMESPACE).items == [])
    assert not Path(f"/proc/{pid}").exists()


def test_two_pods_of_one_name(core: client.CoreV1Api) -> None:
    core.create_namespaced_pod(NAMESPACE, _pod("once", "true"))
    with pytest.raises(ApiException) as raised:
        core.create_namespaced_pod(NAMESPACE, _pod("once", "true"))
    assert raised.value.status == 409 and json.loads(raised.value.body)["reason"] == "AlreadyExists"

"""The Pod API beyond what the operator needs: volumes, variables, watch, events, exec, deletion."""

import base64
import json
import os
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, watch
from kubernetes.client.exceptions import ApiException
from kubernetes.stream import stream

from sandbox.kubernetes.tests.servers import Cluster, start_server

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


def _run(core: client.CoreV1Api, pod: dict[str, Any]) -> tuple[Any, str]:
    """Run a pod to its end; return it and its log."""
    core.create_namespaced_pod(NAMESPACE, pod)
    name = pod["metadata"]["name"]
    return _finish(core, name), core.read_namespaced_pod_log(name, NAMESPACE)


def test_exit_codes_and_last_words(core: client.CoreV1Api) -> None:
    policy = {"terminationMessagePolicy": "FallbackToLogsOnError"}
    pod, log = _run(core, _pod("fails", "echo no such cluster >&2; exit 7", container=policy))
    ended = pod.status.container_statuses[0].state.terminated
    assert (pod.status.phase, ended.exit_code, ended.reason) == ("Failed", 7, "Error")
    assert log == ended.message == "no such cluster\n"


def test_variables_from_everywhere(core: client.CoreV1Api) -> None:
    core.create_namespaced_secret(NAMESPACE, {"metadata": {"name": "s"}, "stringData": {"token": "hush"}})
    core.create_namespaced_config_map(NAMESPACE, {"metadata": {"name": "c"}, "data": {"REGION": "eu", "mode": "dark"}})
    env = [
        {"name": "PLAIN", "value": "one"},
        {"name": "BUILT", "value": "$(PLAIN)-two-$$(PLAIN)-$(MISSING)"},
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "token"}}},
        {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "mode"}}},
        {"name": "NONE", "valueFrom": {"secretKeyRef": {"name": "absent", "key": "x", "optional": True}}},
        {"name": "APP", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
        {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    ]
    container = {"env": env, "envFrom": [{"prefix": "CM_", "configMapRef": {"name": "c"}}]}
    script = 'echo "$BUILT|$TOKEN|$MODE|${NONE-unset}|$APP|$NAME|$CM_REGION|$(PLAIN)"'
    _, log = _run(core, _pod("variables", script, container=container))
    assert log == "one-two-$(PLAIN)-$(MISSING)|hush|dark|unset|variables|variables|eu|one\n"


def test_volumes_are_folders_at_their_mount_paths(core: client.CoreV1Api, tmp_path: Path) -> None:
    (tmp_path / "on-the-host").write_text("host")
    core.create_namespaced_secret(NAMESPACE, {"metadata": {"name": "s"}, "stringData": {"a": "A", "b": "B"}})
    core.create_namespaced_config_map(NAMESPACE, {"metadata": {"name": "c"}, "data": {"settings": "S"}})
    volumes = [
        {"name": "scratch", "emptyDir": {}},
        {"name": "host", "hostPath": {"path": str(tmp_path)}},
        {
            "name": "some",
            "secret": {"secretName": "s", "items": [{"key": "b", "path": "sub/b.txt"}], "defaultMode": 0o400},
        },
        {"name": "config", "configMap": {"name": "c"}},
    ]
    mounts = [
        {"name": "scratch", "mountPath": "/scratch"},
        {"name": "host", "mountPath": "/data"},
        {"name": "some", "mountPath": "/etc/some/"},
        {"name": "config", "mountPath": "/etc/settings", "subPath": "settings"},
    ]
    script = (
        "echo kept > /scratch/x; cat /scratch/x /data/on-the-host; echo;"
        "ls /etc/some/sub; stat -L -c %a /etc/some/sub/b.txt;"
        "cat /etc/some/sub/b.txt /etc/settings; echo; echo /database /srv/data /data-old"
    )
    _, log = _run(core, _pod("volumes", script, volumes=volumes, container={"volumeMounts": mounts}))
    assert log.splitlines() == ["kept", "host", "b.txt", "400", "BS", "/database /srv/data /data-old"]


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
    with pytest.raises(ApiException) as raised:
        core.read_namespaced_pod_log("stuck", NAMESPACE)
    assert raised.value.status == 400 and "waiting to start" in raised.value.body


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


def test_logs_can_be_followed_from_the_end_and_stamped(core: client.CoreV1Api) -> None:
    core.create_namespaced_pod(NAMESPACE, _pod("talks", "echo one; echo two; sleep 0.5; printf three"))
    _until(lambda: core.read_namespaced_pod("talks", NAMESPACE).status.phase == "Running")
    followed = core.read_namespaced_pod_log("talks", NAMESPACE, follow=True, _preload_content=False)
    assert b"".join(followed.stream()) == b"one\ntwo\nthree\n"
    assert core.read_namespaced_pod_log("talks", NAMESPACE, tail_lines=1) == "three\n"
    stamp, _, text = core.read_namespaced_pod_log("talks", NAMESPACE, timestamps=True).splitlines()[0].partition(" ")
    assert text == "one" and stamp.endswith("Z") and len(stamp) == len("2026-01-01T00:00:00.000000000Z")


def test_nothing_is_ever_executed_by_exec(core: client.CoreV1Api, tmp_path: Path) -> None:
    """Not in a container, not in the sidecar, not through the shell that the operator opens there."""
    witness = tmp_path / "executed"
    sidecar = {"name": "airflow-xcom-sidecar", "image": "alpine", "command": ["sh"]}
    pod = _pod("target", "sleep 30")
    pod["spec"]["containers"].append(sidecar)
    core.create_namespaced_pod(NAMESPACE, pod)
    _until(lambda: core.read_namespaced_pod("target", NAMESPACE).status.phase == "Running")
    command = ["/bin/sh", "-c", f"touch {witness}"]
    for container in ("base", "airflow-xcom-sidecar"):
        options = {"command": command, "container": container, "stdout": True, "stderr": True}
        opened = stream(core.connect_get_namespaced_pod_exec, "target", NAMESPACE, _preload_content=False, **options)
        opened.run_forever(timeout=5)
        assert opened.returncode == 126 and "executes nothing" in opened.read_stderr()
    shell = stream(
        core.connect_get_namespaced_pod_exec,
        "target",
        NAMESPACE,
        command=["/bin/sh"],
        container="airflow-xcom-sidecar",
        stdin=True,
        _preload_content=False,
    )
    shell.write_stdin(f"touch {witness}\n")
    shell.write_stdin(f"touch {witness}; kill -2 $(pgrep -u $(id -u) -f 'sh')\n")
    shell.run_forever(timeout=5)
    assert not witness.exists()
    core.delete_namespaced_pod("target", NAMESPACE, grace_period_seconds=0)


def test_a_watch_tells_the_life_of_a_pod(core: client.CoreV1Api) -> None:
    version = core.list_namespaced_pod(NAMESPACE).metadata.resource_version
    core.create_namespaced_pod(NAMESPACE, _pod("short", "true"))
    _finish(core, "short")
    core.delete_namespaced_pod("short", NAMESPACE)
    seen = []
    for event in watch.Watch().stream(
        core.list_namespaced_pod, NAMESPACE, resource_version=version, label_selector="app=short", timeout_seconds=10
    ):
        seen.append((event["type"], event["object"].status.phase))
        if event["type"] == "DELETED":
            break
    assert seen[0] == ("ADDED", "Pending") and seen[-1] == ("DELETED", "Succeeded")
    assert ("MODIFIED", "Running") in seen


def test_deletion_is_polite_first(core: client.CoreV1Api, tmp_path: Path) -> None:
    script = f"trap 'echo ended > {tmp_path}/politely; exit 0' TERM; echo ready; while true; do sleep 0.1; done"
    core.create_namespaced_pod(NAMESPACE, _pod("polite", script))
    _until(lambda: core.read_namespaced_pod("polite", NAMESPACE).status.phase == "Running")
    _until(lambda: "ready" in core.read_namespaced_pod_log("polite", NAMESPACE))
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


def test_secrets_are_kept_as_kubernetes_keeps_them(core: client.CoreV1Api) -> None:
    made = core.create_namespaced_secret(NAMESPACE, {"metadata": {"name": "s"}, "stringData": {"a": "1"}})
    assert made.data == {"a": base64.b64encode(b"1").decode()} and made.type == "Opaque"
    core.patch_namespaced_secret("s", NAMESPACE, {"stringData": {"b": "2"}, "metadata": {"labels": {"x": "y"}}})
    patched = core.read_namespaced_secret("s", NAMESPACE)
    assert set(patched.data) == {"a", "b"} and patched.metadata.labels == {"x": "y"}
    with pytest.raises(ApiException) as raised:  # the version of before the patch
        core.replace_namespaced_secret("s", NAMESPACE, made)
    assert raised.value.status == 409
    patched.data = {"c": base64.b64encode(b"3").decode()}
    assert set(core.replace_namespaced_secret("s", NAMESPACE, patched).data) == {"c"}
    assert [s.metadata.name for s in core.list_namespaced_secret(NAMESPACE, label_selector="x=y").items] == ["s"]
    core.delete_namespaced_secret("s", NAMESPACE)
    with pytest.raises(ApiException) as raised:
        core.read_namespaced_secret("s", NAMESPACE)
    assert raised.value.status == 404
    with pytest.raises(ApiException, match="base64"):
        core.create_namespaced_secret(NAMESPACE, {"metadata": {"name": "bad"}, "data": {"a": "%"}})


def test_podman_runs_what_the_pod_says(tmp_path: Path, images: Path) -> None:
    """With a stand-in for podman: what it is asked to run, and that secrets are not on its command line."""
    tools = tmp_path / "bin"
    tools.mkdir()
    fake = tools / "podman"
    fake.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\necho "TOKEN is $TOKEN"\n')
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    flags = ("--cluster", "composer", "--backend", "podman", "--images", str(images))
    server = start_server(tmp_path / "kube", *flags, environment=environment)
    try:
        core = client.CoreV1Api(server.cluster("composer").api_client())
        container = {
            "image": "localhost/reader:1",
            "command": ["collect"],
            "env": [{"name": "TOKEN", "value": "hush"}],
            "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}],
        }
        volumes = [{"name": "scratch", "emptyDir": {}}]
        _, log = _run(core, _pod("contained", "--fast", container=container, volumes=volumes))
    finally:
        assert server.stop() == 0
    run, removed = (tmp_path / "calls").read_text().splitlines()
    assert log == "TOKEN is hush\n" and "hush" not in run
    assert run.startswith("--runtime=runc run --rm --pull=never --network=host --name=contained-base --env=TOKEN ")
    assert run.endswith(':/scratch --entrypoint=["collect"] localhost/reader:1 --fast')
    assert removed == "--runtime=runc rm --force --time=0 --ignore contained-base"


def test_many_followers_of_one_log_all_see_its_end(core: client.CoreV1Api) -> None:
    core.create_namespaced_pod(NAMESPACE, _pod("heard", "sleep 0.3; echo done"))
    _until(lambda: core.read_namespaced_pod("heard", NAMESPACE).status.phase == "Running")
    heard: list[str] = []
    listeners = [
        threading.Thread(target=lambda: heard.append(core.read_namespaced_pod_log("heard", NAMESPACE, follow=True)))
        for _ in range(3)
    ]
    for listener in listeners:
        listener.start()
    for listener in listeners:
        listener.join(timeout=10)
    assert heard == ["done\n"] * 3

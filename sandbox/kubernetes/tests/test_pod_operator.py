"""The unmodified KubernetesPodOperator against the local pods."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowException
from kubernetes import client
from kubernetes.client import models as k8s

from sandbox.kubernetes.tests.operators import NAMESPACE, context, operator
from sandbox.kubernetes.tests.servers import Cluster


def _pods(cluster: Cluster) -> list[Any]:
    return client.CoreV1Api(cluster.api_client()).list_namespaced_pod(NAMESPACE).items


def test_a_pod_runs_to_its_end_and_is_gone(cluster: Cluster) -> None:
    task = operator(cluster, "plain", env_vars={"CLUSTER": "eu-1"}, arguments=["--cycle", "10:00"])
    task.execute(context(task))
    assert _pods(cluster) == []


def test_a_failing_pod_fails_the_task(cluster: Cluster) -> None:
    task = operator(cluster, "fails", env_vars={"EXIT_CODE": "3"}, log_pod_spec_on_failure=False)
    with pytest.raises(AirflowException, match="returned a failure"):
        task.execute(context(task))


def test_a_deadline_ends_the_pod(cluster: Cluster) -> None:
    task = operator(
        cluster, "deadline", env_vars={"SECONDS": "60"}, active_deadline_seconds=1, on_finish_action="keep_pod"
    )
    with pytest.raises(AirflowException):
        task.execute(context(task))
    (pod,) = _pods(cluster)
    assert (pod.status.phase, pod.status.reason) == ("Failed", "DeadlineExceeded")


def test_an_unknown_image_fails_the_task_before_its_timeout(cluster: Cluster) -> None:
    task = operator(cluster, "image", image="docker.io/nobody/nothing:1", startup_timeout_seconds=60)
    with pytest.raises(AirflowException, match="nothing:1"):
        task.execute(context(task))


def test_mapped_pods_run_side_by_side(cluster: Cluster) -> None:
    """Each waits for all: in turn, none would ever end."""
    count, together = 4, threading.Barrier(4, timeout=30)

    def run(index: int) -> None:
        task = operator(cluster, "mapped", env_vars={"CLUSTER": f"eu-{index}", "SECONDS": "0.5"})
        original = task.await_pod_completion

        def wait_for_all(pod: Any) -> Any:
            together.wait()
            return original(pod)

        task.await_pod_completion = wait_for_all
        task.execute(context(task, map_index=index))

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(run, range(count)))
    assert not together.broken and _pods(cluster) == []


def test_a_secret_is_mounted_as_files(cluster: Cluster) -> None:
    core = client.CoreV1Api(cluster.api_client())
    core.create_namespaced_secret(
        NAMESPACE, {"metadata": {"name": "kubeconfigs"}, "stringData": {"all.yaml": "contents"}}
    )
    volume = k8s.V1Volume(name="kube", secret=k8s.V1SecretVolumeSource(secret_name="kubeconfigs"))
    mount = k8s.V1VolumeMount(name="kube", mount_path="/etc/kube", read_only=True)
    task = operator(
        cluster,
        "secret",
        volumes=[volume],
        volume_mounts=[mount],
        image="pedwatch/shell:1",
        arguments=["grep contents $KUBECONFIG"],
        env_vars={"KUBECONFIG": "/etc/kube/all.yaml"},
    )
    task.execute(context(task))


def test_a_retry_finds_the_pod_that_still_runs(cluster: Cluster) -> None:
    """Re-attaching: the worker died after it made the pod; the next try must not make a second one."""
    first = operator(cluster, "again", env_vars={"SECONDS": "1"})
    its_context = context(first)
    pod = first.get_or_create_pod(first.build_pod_request_obj(its_context), its_context)
    second = operator(cluster, "again", env_vars={"SECONDS": "1"})
    second.execute(context(second))
    created = cluster.control.calls(cluster.name)["POST /api/v1/namespaces/{namespace}/pods"]
    assert second.pod is not None
    assert created == 1 and pod.metadata.name == second.pod.metadata.name


def test_killing_the_task_deletes_the_pod(cluster: Cluster) -> None:
    task = operator(cluster, "killed", env_vars={"SECONDS": "60"})
    its_context = context(task)
    task.pod = task.pod_request_obj = task.get_or_create_pod(task.build_pod_request_obj(its_context), its_context)
    task.on_kill()
    core = client.CoreV1Api(cluster.api_client())
    assert _wait(lambda: core.list_namespaced_pod(NAMESPACE).items == [])


def _wait(is_done: Callable[[], bool], seconds: float = 15) -> bool:
    pause = threading.Event()
    for _ in range(int(seconds / 0.1)):
        if is_done():
            return True
        pause.wait(0.1)
    return False

"""The collector's pod: its defaults as Airflow sees them, and what a failing one gives away."""

import datetime as dt
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from kubernetes.client import ApiClient, CoreV1Api
from kubernetes.client.exceptions import ApiException
from kubernetes.config import new_client_from_config

from pedwatch import settings
from pedwatch.config import Config
from pedwatch.config.wiring import wiring_of
from pedwatch.operators.collector_pod import CollectorPod
from pedwatch.operators.pod_creation import refusal
from pedwatch.operators.replica_collector import ReplicaCollectorOperator, scheduling, seconds_left
from pedwatch.tasks.plan import collector_environment
from sandbox.environment.servers import COLLECTOR_IMAGE
from sandbox.kubernetes.pod_security import violations
from sandbox.kubernetes.tests.operators import context
from tests.e2e.stand_ins import StandIns
from tests.e2e.watch_run import parse_dag
from tests.e2e.watched_world import World

SECRET = "https://user:hunter2@proxy.example"


def operator(config: Config, monkeypatch: pytest.MonkeyPatch, **environment: str) -> ReplicaCollectorOperator:
    """Return the operator of one pod that has all the time of a collection, under this configuration."""
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    env_vars = collector_environment(config, config.clusters, now, now, "/kube")[0]
    monkeypatch.setattr(settings, "load_config", lambda: config)
    return ReplicaCollectorOperator(task_id="collect", env_vars=env_vars | environment)


def pod_spec(config: Config, **collector: Any) -> dict[str, Any]:
    """Return the spec of a pod as it is sent to the API server."""
    config = config.model_copy(update={"collector": config.collector.model_copy(update=collector)})
    task = CollectorPod(config=config, task_id="collect", env_vars={})
    pod = ApiClient().sanitize_for_serialization(task.build_pod_request_obj({}))
    spec: dict[str, Any] = pod["spec"]
    return spec


def test_a_retry_joins_the_pod_of_a_worker_that_died(make_world: Any) -> None:
    """By the providers' own default, since the argument has another name in newer ones."""
    task = CollectorPod(config=make_world(is_seeded=False).config, task_id="collect", env_vars={})
    assert task.reattach_on_restart is True
    # Seen on a real API server: its log endpoint answered 500, and a pod that had succeeded was failed and deleted.
    assert task.get_logs is False


@pytest.fixture
def pod_config(make_world: Any, stand_ins: StandIns, monkeypatch: pytest.MonkeyPatch) -> Iterator[Config]:
    """A configuration whose pods run on the stand-in, on real time; its clusters answer again afterwards."""
    world: World = make_world(is_seeded=False)
    monkeypatch.delenv("PEDWATCH_CLOCK")
    collector = world.config.collector.model_copy(update={"image": COLLECTOR_IMAGE, "budget_seconds": 5})
    yield world.config.model_copy(update={"collector": collector})
    for cluster in world.config.clusters:
        stand_ins.kubernetes.set_fault(cluster.name, None)


def test_the_scheduler_is_told_what_it_reads_of_a_mapped_task(make_world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world: World = make_world(is_seeded=False)
    collect = parse_dag(str(world.folder / "pedwatch.yaml")).get_task("collect")
    for name, value in scheduling(wiring_of(world.config)).items():
        assert getattr(collect, name) == value, f"{name} is not what the operator's module says"
    assert (collect.retries, collect.retry_delay, collect.pool) == (1, dt.timedelta(seconds=5), "default_pool")
    assert collect.max_active_tis_per_dagrun == world.config.collector.max_pods


def test_the_pool_is_the_configured_one(pod_config: Config) -> None:
    assert scheduling(replace(wiring_of(pod_config), pool="of-its-own"))["pool"] == "of-its-own"


@pytest.mark.parametrize("secret", [None, "target-clusters"], ids=["google", "kubeconfig"])
def test_a_pod_passes_pod_security_and_can_write_nowhere(pod_config: Config, secret: str | None) -> None:
    spec = pod_spec(pod_config, kubeconfig_secret=secret)
    assert violations(spec) == []
    (container,) = spec["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["resources"]["limits"] == {"memory": pod_config.collector.memory}, "a limit on CPU would throttle"
    volumes = [volume["name"] for volume in spec["volumes"]]
    assert volumes == (["scratch", "kubeconfig"] if secret else ["scratch"]), "no XCom sidecar"
    assert spec["automountServiceAccountToken"] is False


def test_a_pod_is_whoever_its_namespace_makes_it(pod_config: Config) -> None:
    assert "serviceAccountName" not in pod_spec(pod_config), "nobody can make one in Composer's namespace"
    elsewhere = pod_spec(pod_config, namespace="pedwatch", service_account_name="collector")
    assert elsewhere["serviceAccountName"] == "collector"


def test_an_api_server_takes_the_pod_in_composers_namespace(pod_config: Config, stand_ins: StandIns) -> None:
    """Strictly read, held to ``restricted``, run as whoever the namespace makes it: by the namespace's own rules."""
    assert pod_config.collector.namespace == "composer-user-workloads"
    pod = CollectorPod(config=pod_config, task_id="collect", env_vars={"A": "b"}).build_pod_request_obj({})
    core = CoreV1Api(new_client_from_config(str(stand_ins.servers.kubeconfigs / "composer.yaml")))
    made = core.create_namespaced_pod(pod.metadata.namespace, pod, dry_run="All", field_validation="Strict")
    assert (made.spec.service_account_name, made.spec.restart_policy) == ("default", "Never")


@pytest.mark.parametrize(
    ("collector", "said", "mend"),
    [
        (
            {"namespace": "composer-user-workload"},
            'HTTP 404: namespaces "composer-user-workload" not found',
            "collector.namespace is composer-user-workload: correct it",
        ),
        (
            {"namespace": "default", "service_account_name": "nobody"},
            'error looking up service account default/nobody: serviceaccount "nobody" not found',
            "take collector.service_account_name out",
        ),
        ({"cpu": "lots"}, "quantities must match the regular expression", "look at collector in pedwatch.yaml"),
    ],
    ids=["a misspelt namespace", "a service account that nobody made", "no quantity"],
)
def test_a_pod_that_no_api_server_takes_fails_with_its_words_and_keeps_its_spec_to_itself(
    pod_config: Config,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    collector: dict[str, Any],
    said: str,
    mend: str,
) -> None:
    config = pod_config.model_copy(update={"collector": pod_config.collector.model_copy(update=collector)})
    task = operator(config, monkeypatch, HTTPS_PROXY=SECRET)
    with pytest.raises(AirflowFailException) as refused:
        task.execute(context(task))
    assert said in str(refused.value) and mend in str(refused.value)
    printed = capfd.readouterr()
    told = f"{refused.getrepr(style='short')} {caplog.text} {printed.out} {printed.err}"
    assert "hunter2" not in told and "clusters_json" not in told.lower()


@pytest.mark.parametrize(
    ("status", "message", "mend"),
    [
        (
            403,
            'pods is forbidden: User "x" cannot create resource "pods" in API group ""',
            "right to create pods in ns",
        ),
        (403, 'pods "x" is forbidden: violates PodSecurity "restricted:latest": seccompProfile', "a policy of the"),
        (403, 'pods "x" is forbidden: exceeded quota: small', "a policy of the namespace ns refuses it"),
        (422, None, "it did not say why"),
    ],
)
def test_each_refusal_says_what_mends_it(status: int, message: str | None, mend: str) -> None:
    assert mend in refusal(status, json.dumps({"message": message}) if message else "<html>", "ns")


def test_a_pod_that_fails_keeps_its_spec_to_itself(
    pod_config: Config,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    task = operator(pod_config, monkeypatch, REPLICA_COLLECTOR_PAGE_SIZE="none", HTTPS_PROXY=SECRET)
    with pytest.raises(Exception, match="returned a failure") as failure:  # whatever class this provider raises
        task.execute(context(task))
    printed = capfd.readouterr()
    told = (
        f"{failure.value!r} {failure.value} {failure.getrepr(style='short')} {caplog.text} {printed.out} {printed.err}"
    )
    assert "--page-size" in told, "what went wrong is told"
    assert "hunter2" not in told
    assert "clusters_json" not in told.lower(), "nor are the clusters' addresses"


def test_a_collection_that_has_closed_starts_no_pod(pod_config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=9)
    task = operator(pod_config, monkeypatch, PEDWATCH_CLOSES_AT=closed.isoformat())
    assert seconds_left(task.env_vars, closed) == 0
    with pytest.raises(AirflowFailException, match="has closed"):
        task.execute(context(task))


def pods(core: CoreV1Api) -> list[Any]:
    """Return the pods in Composer's namespace."""
    return list(core.list_namespaced_pod("composer-user-workloads").items)


@pytest.mark.parametrize("is_refused", [False, True], ids=["its pod is deleted", "the delete is refused"])
def test_a_collector_that_is_told_to_end_fails(
    pod_config: Config, stand_ins: StandIns, monkeypatch: pytest.MonkeyPatch, is_refused: bool
) -> None:
    """A worker that is drained sends SIGTERM; where the pod comes to its end all the same, that passes for success."""
    core = CoreV1Api(new_client_from_config(str(stand_ins.servers.kubeconfigs / "composer.yaml")))
    stand_ins.kubernetes.set_fault(pod_config.clusters[0].name, {"kind": "hang"})
    task = operator(pod_config, monkeypatch)

    def refuse(*_: Any, **__: Any) -> None:
        raise ApiException(status=403)

    def end_it() -> None:
        while not any(pod.status.phase == "Running" for pod in pods(core)):
            time.sleep(0.1)
        task.on_kill()

    if is_refused:
        monkeypatch.setattr(CoreV1Api, "delete_namespaced_pod", refuse)
    ender = threading.Thread(target=end_it, daemon=True)
    ender.start()
    with pytest.raises(AirflowException, match="told to end before its pod was done"):
        task.execute(context(task))
    ender.join(10)
    monkeypatch.undo()
    assert [pod.status.phase for pod in pods(core)] == (["Succeeded"] if is_refused else [])
    for pod in pods(core):
        core.delete_namespaced_pod(pod.metadata.name, pod.metadata.namespace)

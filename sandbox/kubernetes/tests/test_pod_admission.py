"""What an API server refuses of a pod, in its words; what a kubelet has to come for first."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from sandbox.kubernetes.tests.servers import Cluster

COMPOSER = "composer-user-workloads"
Pod = dict[str, Any]
Change = Callable[[Pod], Any]


@pytest.fixture(scope="module")
def cluster(server: Any) -> Cluster:
    """One cluster for all: nothing that is refused leaves anything behind."""
    server.control.add_cluster("admission")
    found: Cluster = server.cluster("admission")
    return found


@pytest.fixture(scope="module")
def core(cluster: Cluster) -> client.CoreV1Api:
    return client.CoreV1Api(cluster.api_client())


def pod(name: str = "one") -> Pod:
    """A pod that every namespace takes."""
    container = {
        "name": "base",
        "image": "pedwatch/shell:1",
        "args": ["true"],
        "env": [{"name": "A", "value": "1"}],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    security = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    spec = {"restartPolicy": "Never", "securityContext": security, "containers": [container]}
    return {"metadata": {"name": name}, "spec": spec}


def refused(core: client.CoreV1Api, given: Pod, namespace: str = "default", **options: Any) -> tuple[int, str, str]:
    """Code, reason and message of the refusal."""
    with pytest.raises(ApiException) as raised:
        core.create_namespaced_pod(namespace, given, **options)
    status = json.loads(raised.value.body)
    assert (status["kind"], status["code"]) == ("Status", raised.value.status)
    return raised.value.status, status["reason"], status["message"]


def changed(change: Change) -> Pod:
    given = pod()
    change(given["spec"]["containers"][0])
    return given


def test_a_namespace_has_to_be_there(core: client.CoreV1Api) -> None:
    missing = (404, "NotFound", 'namespaces "nowhere" not found')
    assert refused(core, pod(), "nowhere") == missing
    with pytest.raises(ApiException) as raised:
        core.create_namespaced_secret("nowhere", {"metadata": {"name": "s"}})
    assert json.loads(raised.value.body)["message"] == missing[2]
    assert core.list_namespaced_pod("nowhere").items == []


def test_the_namespace_of_the_address_counts(core: client.CoreV1Api) -> None:
    given = pod()
    given["metadata"]["namespace"] = "kube-system"
    said = "the namespace of the provided object does not match the namespace sent on the request"
    assert refused(core, given) == (400, "BadRequest", said)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda c: c["env"][0].update(value=5),
            "json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string",
        ),
        (
            lambda c: c.update(args="true"),
            "json: cannot unmarshal string into Go struct field Container.spec.containers.args of type []string",
        ),
        (
            lambda c: c["securityContext"].update(allowPrivilegeEscalation="no"),
            "json: cannot unmarshal string into Go struct field "
            "SecurityContext.spec.containers.securityContext.allowPrivilegeEscalation of type bool",
        ),
    ],
    ids=["a number for text", "text for a list", "text for a switch"],
)
def test_a_value_of_another_type_is_400(core: client.CoreV1Api, change: Change, said: str) -> None:
    prefix = 'Pod in version "v1" cannot be handled as a Pod: '
    assert refused(core, changed(change)) == (400, "BadRequest", prefix + said)


def test_a_quantity_may_be_a_number(core: client.CoreV1Api) -> None:
    given = changed(lambda c: c.update(resources={"limits": {"memory": "64Mi", "cpu": 1}}))
    assert core.create_namespaced_pod("default", given, dry_run="All").spec.containers[0].resources.limits["cpu"] == "1"


def test_an_unknown_field_is_refused_when_asked_to_and_else_dropped(core: client.CoreV1Api) -> None:
    given = changed(lambda c: c.update(imagePullPolice="Always"))
    said = 'cannot be handled as a Pod: strict decoding error: unknown field "spec.containers[0].imagePullPolice"'
    assert refused(core, given, field_validation="Strict")[:2] == (400, "BadRequest")
    assert refused(core, given, field_validation="Strict")[2].endswith(said)
    assert core.create_namespaced_pod("default", given, dry_run="All").spec.containers[0].image_pull_policy


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.pop("image"), 'Pod "one" is invalid: spec.containers[0].image: Required value'),
        (lambda c: c.pop("name"), 'Pod "one" is invalid: spec.containers[0].name: Required value'),
        (
            lambda c: c.update(name="P_2"),
            'Pod "one" is invalid: spec.containers[0].name: Invalid value: "P_2": a lowercase RFC 1123 label must',
        ),
        (
            lambda c: c.update(volumeMounts=[{"name": "gone", "mountPath": "/x"}]),
            'Pod "one" is invalid: spec.containers[0].volumeMounts[0].name: Not found: "gone"',
        ),
        (
            lambda c: [c.pop("image"), c["env"].append({"value": "x"})],
            'Pod "one" is invalid: [spec.containers[0].image: Required value, spec.containers[0].env[1].name: Required',
        ),
    ],
    ids=["no image", "no name", "no label", "no volume", "two at once"],
)
def test_what_no_container_can_be_is_422(core: client.CoreV1Api, change: Change, said: str) -> None:
    code, reason, message = refused(core, changed(change))
    assert (code, reason) == (422, "Invalid") and message.startswith(said)


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({}, "metadata.name: Required value: name or generateName is required"),
        ({"name": "Big"}, 'metadata.name: Invalid value: "Big": a lowercase RFC 1123 subdomain must'),
        ({"name": "one", "labels": {"a": "b c"}}, 'metadata.labels: Invalid value: "b c": a valid label must'),
    ],
)
def test_what_no_pod_can_be_called_is_422(core: client.CoreV1Api, metadata: Pod, said: str) -> None:
    assert said in refused(core, pod() | {"metadata": metadata})[2]


def test_a_dry_run_says_what_would_be_and_keeps_nothing(core: client.CoreV1Api) -> None:
    given = pod("rehearsed")
    del given["spec"]["restartPolicy"]
    told = core.create_namespaced_pod(COMPOSER, given, dry_run="All", field_validation="Strict")
    assert told.metadata.uid and told.spec.restart_policy == "Always", "as Kubernetes has it, said nowhere"
    assert (told.spec.service_account_name, told.spec.containers[0].image_pull_policy) == ("default", "IfNotPresent")
    assert [found.metadata.name for found in core.list_namespaced_pod(COMPOSER).items] == []


def test_a_pod_that_was_accepted_has_no_containers_status_until_a_kubelet_reports(core: client.CoreV1Api) -> None:
    accepted = core.create_namespaced_pod("default", pod("young"))
    assert (accepted.status.container_statuses, accepted.status.conditions) == (None, None)
    assert accepted.status.phase == "Pending"
    core.delete_namespaced_pod("young", "default", grace_period_seconds=0)


def test_a_service_account_has_to_be_there(core: client.CoreV1Api) -> None:
    given = pod()
    given["spec"]["serviceAccountName"] = "collector"
    looked = 'error looking up service account default/collector: serviceaccount "collector" not found'
    assert refused(core, given) == (403, "Forbidden", f'pods "one" is forbidden: {looked}')


def test_composers_namespace_is_held_to_restricted(core: client.CoreV1Api) -> None:
    given = pod()
    del given["spec"]["securityContext"]["seccompProfile"]
    code, reason, message = refused(core, given, COMPOSER)
    assert (code, reason) == (403, "Forbidden")
    assert message == (
        'pods "one" is forbidden: violates PodSecurity "restricted:latest": seccompProfile (container "base": '
        "securityContext.seccompProfile.type)"
    )
    assert core.create_namespaced_pod("default", given, dry_run="All").metadata.uid, "elsewhere nobody asks"


def test_in_composers_namespace_only_three_kinds_can_be_made(core: client.CoreV1Api, cluster: Cluster) -> None:
    with pytest.raises(ApiException) as raised:
        core.create_namespaced_service_account(COMPOSER, {"metadata": {"name": "collector"}})
    said = json.loads(raised.value.body)["message"]
    assert raised.value.status == 403
    assert said.endswith(f'cannot create resource "serviceaccounts" in API group "" in the namespace "{COMPOSER}"')
    with pytest.raises(ApiException) as raised:
        client.BatchV1Api(cluster.api_client()).create_namespaced_job(COMPOSER, {"metadata": {"name": "job"}})
    assert raised.value.status == 403
    core.create_namespaced_secret(COMPOSER, {"metadata": {"name": "s"}})
    with pytest.raises(ApiException, match="does not implement create of configmaps"):
        core.create_namespaced_config_map(COMPOSER, {"metadata": {"name": "c"}})


def test_a_pod_is_what_it_was_made_as(core: client.CoreV1Api) -> None:
    core.create_namespaced_pod("default", pod("kept"))
    core.patch_namespaced_pod("kept", "default", {"metadata": {"labels": {"seen": "yes"}}})
    with pytest.raises(ApiException) as raised:
        core.patch_namespaced_pod("kept", "default", {"spec": {"activeDeadlineSeconds": 5}})
    assert raised.value.status == 422 and "pod updates may not change fields other than" in raised.value.body
    headers = {"Content-Type": "application/json"}
    with pytest.raises(ApiException) as raised:
        core.api_client.call_api(
            "/api/v1/namespaces/default/pods/kept",
            "PATCH",
            header_params=headers,
            body={},
            auth_settings=["BearerToken"],
        )
    assert raised.value.status == 415
    core.delete_namespaced_pod("kept", "default", grace_period_seconds=0)

"""Lists of Deployments and HPAs as the official client sees them: pages, snapshots, selectors, expiry."""

import gzip
import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from sandbox.kubernetes.tests.servers import Cluster


def _workload(namespace: str, name: str, **fields: Any) -> dict[str, Any]:
    return {"namespace": namespace, "name": name, **fields}


def _fill(cluster: Cluster, count: int = 7) -> None:
    cluster.set_state(
        *(_workload("shop", f"api-{n}", labels={"api_id": f"a{n}"}, spec_replicas=n) for n in range(count))
    )


def _names(listed: Any) -> list[str]:
    return [item.metadata.name for item in listed.items]


def _raw(cluster: Cluster, path: str, **headers: str) -> tuple[Any, dict[str, str]]:
    bearer = {"Authorization": f"Bearer {cluster.token}"}
    request = urllib.request.Request(cluster.server + path, headers=bearer | headers)
    with urllib.request.urlopen(request, timeout=10, context=cluster.tls) as response:
        body = response.read()
        if response.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        return json.loads(body), dict(response.headers)


def test_pages_join_to_the_whole_list_and_say_how_much_is_left(cluster: Cluster) -> None:
    _fill(cluster)
    apps = client.AppsV1Api(cluster.api_client())
    first = apps.list_deployment_for_all_namespaces(limit=3)
    second = apps.list_deployment_for_all_namespaces(limit=3, _continue=first.metadata._continue)
    third = apps.list_deployment_for_all_namespaces(limit=3, _continue=second.metadata._continue)
    assert _names(first) + _names(second) + _names(third) == [f"api-{n}" for n in range(7)]
    assert [page.metadata.remaining_item_count for page in (first, second, third)] == [4, 1, None]
    assert not third.metadata._continue
    assert len({page.metadata.resource_version for page in (first, second, third)}) == 1


def test_later_pages_show_the_cluster_as_it_was_at_the_first(cluster: Cluster) -> None:
    _fill(cluster)
    apps = client.AppsV1Api(cluster.api_client())
    first = apps.list_deployment_for_all_namespaces(limit=3)
    cluster.set_state()
    rest = apps.list_deployment_for_all_namespaces(_continue=first.metadata._continue)
    assert _names(rest) == ["api-3", "api-4", "api-5", "api-6"]
    assert apps.list_deployment_for_all_namespaces().items == []


def test_an_expired_token_is_answered_with_one_that_goes_on_inconsistently(cluster: Cluster) -> None:
    _fill(cluster)
    apps = client.AppsV1Api(cluster.api_client())
    first = apps.list_deployment_for_all_namespaces(limit=3)
    cluster.set_state(_workload("shop", "api-0"), _workload("shop", "api-5", spec_replicas=9))
    cluster.set_fault("expired_continue", times=1)
    with pytest.raises(ApiException) as raised:
        apps.list_deployment_for_all_namespaces(limit=3, _continue=first.metadata._continue)
    status = json.loads(raised.value.body)
    assert (raised.value.status, status["reason"]) == (410, "Expired")
    rest = apps.list_deployment_for_all_namespaces(limit=3, _continue=status["metadata"]["continue"])
    assert [(item.metadata.name, item.spec.replicas) for item in rest.items] == [("api-5", 9)]


def test_snapshots_fade(cluster: Cluster) -> None:
    """A real cluster forgets by time; here also when more states were set than it cares to keep."""
    _fill(cluster)
    apps = client.AppsV1Api(cluster.api_client())
    first = apps.list_deployment_for_all_namespaces(limit=3)
    for replicas in range(80):
        cluster.set_state(_workload("shop", "api-0", spec_replicas=replicas))
    with pytest.raises(ApiException) as raised:
        apps.list_deployment_for_all_namespaces(limit=3, _continue=first.metadata._continue)
    assert raised.value.status == 410


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        pytest.param("api_id=a1", ["one"], id="equal"),
        pytest.param("api_id==a1", ["one"], id="double equal"),
        pytest.param("api_id!=a1", ["none", "two"], id="unequal, absence included"),
        pytest.param("api_id in (a1, a2)", ["one", "two"], id="in"),
        pytest.param("api_id notin (a1),team_id", ["two"], id="notin and exists"),
        pytest.param("!api_id", ["none"], id="does not exist"),
    ],
)
def test_label_selectors(cluster: Cluster, selector: str, expected: list[str]) -> None:
    labels = {"one": {"api_id": "a1", "team_id": "t"}, "two": {"api_id": "a2", "team_id": "t"}, "none": {}}
    cluster.set_state(*(_workload("shop", name, labels=chosen, hpa={"max": 3}) for name, chosen in labels.items()))
    api = cluster.api_client()
    found = client.AppsV1Api(api).list_deployment_for_all_namespaces(label_selector=selector)
    assert _names(found) == expected
    scalers = client.AutoscalingV2Api(api).list_horizontal_pod_autoscaler_for_all_namespaces(label_selector=selector)
    assert _names(scalers) == expected


def test_field_selectors_and_namespaces(cluster: Cluster) -> None:
    cluster.set_state(_workload("shop", "cart"), _workload("shop-2", "cart"), _workload("shop", "order"))
    apps = client.AppsV1Api(cluster.api_client())
    assert len(apps.list_deployment_for_all_namespaces(field_selector="metadata.name=cart").items) == 2
    assert _names(apps.list_namespaced_deployment("shop")) == ["cart", "order"]
    assert _names(apps.list_namespaced_deployment("shop", field_selector="metadata.name!=cart")) == ["order"]
    paged = apps.list_namespaced_deployment("shop", limit=1)
    assert paged.metadata.remaining_item_count == 1
    with pytest.raises(ApiException) as raised:
        apps.list_namespaced_deployment("shop", field_selector="spec.replicas=1")
    assert raised.value.status == 400


def test_selected_pages_do_not_claim_to_know_what_remains(cluster: Cluster) -> None:
    _fill(cluster)
    page = client.AppsV1Api(cluster.api_client()).list_deployment_for_all_namespaces(limit=2, label_selector="api_id")
    assert page.metadata._continue and page.metadata.remaining_item_count is None


@pytest.mark.parametrize(
    ("query", "code"),
    [
        pytest.param("limit=some", 400, id="no number"),
        pytest.param("continue=nonsense", 400, id="unreadable token"),
        pytest.param("labelSelector=a+b+c", 400, id="unreadable selector"),
        pytest.param("resourceVersion=99999999", 504, id="version of the future"),
        pytest.param("resourceVersion=1&resourceVersionMatch=Exact", 410, id="version long gone"),
        pytest.param("watch=true", 405, id="watch"),
    ],
)
def test_what_a_list_refuses(cluster: Cluster, query: str, code: int) -> None:
    with pytest.raises(urllib.error.HTTPError) as raised:
        _raw(cluster, f"/apis/apps/v1/deployments?{query}")
    status = json.load(raised.value)
    assert (raised.value.code, status["kind"], status["code"]) == (code, "Status", code)


def test_version_zero_ignores_the_limit(cluster: Cluster) -> None:
    """As a real API server does, which is why a careful collector leaves the version unset."""
    _fill(cluster)
    page = client.AppsV1Api(cluster.api_client()).list_deployment_for_all_namespaces(limit=2, resource_version="0")
    assert len(page.items) == 7


def test_zero_counts_are_omitted(cluster: Cluster) -> None:
    cluster.set_state(_workload("shop", "asleep", spec_replicas=0, hpa={"max": 3}))
    body, _ = _raw(cluster, "/apis/apps/v1/deployments")
    assert body["items"][0]["spec"]["replicas"] == 0
    counts = {"replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas"}
    assert not counts & set(body["items"][0]["status"])
    body, _ = _raw(cluster, "/apis/autoscaling/v2/horizontalpodautoscalers")
    assert body["items"][0]["status"]["desiredReplicas"] == 0
    assert "currentReplicas" not in body["items"][0]["status"]


def test_every_field_of_the_state_arrives(cluster: Cluster) -> None:
    counts = {
        "spec_replicas": 8,
        "status_replicas": 10,
        "updated_replicas": 4,
        "ready_replicas": 7,
        "available_replicas": 6,
    }
    hpa = {"name": "cart-scaler", "min": 2, "max": 20, "current": 8, "desired": 9}
    cluster.set_state(
        _workload(
            "shop",
            "cart",
            labels={"api_id": "cart", "team_id": "shop"},
            max_surge=3,
            paused=True,
            generation=12,
            observed_generation=11,
            created_at="2026-03-01T10:00:00+02:00",
            hpa=hpa,
            **counts,
        )
    )
    api = cluster.api_client()
    cart = client.AppsV1Api(api).read_namespaced_deployment("cart", "shop")
    status, spec, meta = cart.status, cart.spec, cart.metadata
    shown = (status.replicas, status.updated_replicas, status.ready_replicas, status.available_replicas)
    assert (spec.replicas, *shown, status.unavailable_replicas) == (8, 10, 4, 7, 6, 4)
    assert (spec.paused, spec.strategy.rolling_update.max_surge) == (True, 3)
    assert (meta.generation, status.observed_generation) == (12, 11)
    assert meta.labels == {"api_id": "cart", "team_id": "shop"}
    assert meta.creation_timestamp.isoformat() == "2026-03-01T08:00:00+00:00"
    assert meta.managed_fields and spec.template.spec.containers[0].env
    scaler = client.AutoscalingV2Api(api).read_namespaced_horizontal_pod_autoscaler("cart-scaler", "shop")
    assert (scaler.spec.min_replicas, scaler.spec.max_replicas) == (2, 20)
    assert (scaler.status.current_replicas, scaler.status.desired_replicas) == (8, 9)
    target = scaler.spec.scale_target_ref
    assert (target.kind, target.name, target.api_version) == ("Deployment", "cart", "apps/v1")


def test_each_kind_is_listed_by_itself_and_argo_only_where_it_is_installed(cluster: Cluster) -> None:
    api = cluster.api_client()
    rollouts = client.CustomObjectsApi(api)
    with pytest.raises(client.ApiException) as refused:
        rollouts.list_cluster_custom_object("argoproj.io", "v1alpha1", "rollouts")
    assert (refused.value.status, refused.value.body) == (404, "404 page not found\n")
    cluster.set_state(
        _workload("shop", "db", kind="StatefulSet", hpa={"max": 3}),
        _workload("shop", "canary", kind="Rollout", hpa={"max": 5, "name": "canary-hpa"}),
        _workload("shop", "orphan", kind="HorizontalPodAutoscaler", hpa={"max": 2, "target_name": "gone"}),
    )
    assert client.AppsV1Api(api).list_deployment_for_all_namespaces().items == []
    assert [s.metadata.name for s in client.AppsV1Api(api).list_stateful_set_for_all_namespaces().items] == ["db"]
    found = rollouts.list_cluster_custom_object("argoproj.io", "v1alpha1", "rollouts")
    assert (found["kind"], found["metadata"]["continue"]) == ("RolloutList", "")
    assert [(r["kind"], r["metadata"]["name"]) for r in found["items"]] == [("Rollout", "canary")]
    scalers = client.AutoscalingV2Api(api).list_horizontal_pod_autoscaler_for_all_namespaces().items
    targets = [(s.metadata.name, s.spec.scale_target_ref.kind, s.spec.scale_target_ref.name) for s in scalers]
    expected = [("canary-hpa", "Rollout", "canary"), ("db", "StatefulSet", "db"), ("orphan", "Deployment", "gone")]
    assert targets == expected


def test_identity_outlives_changes_but_not_absence(cluster: Cluster) -> None:
    apps = client.AppsV1Api(cluster.api_client())

    def meta() -> Any:
        return apps.read_namespaced_deployment("cart", "shop").metadata

    cluster.set_state(_workload("shop", "cart"))
    first = meta()
    cluster.set_state(_workload("shop", "cart"), _workload("shop", "other"))
    untouched = meta()
    cluster.set_state(_workload("shop", "cart", spec_replicas=2))
    scaled = meta()
    cluster.set_state()
    cluster.set_state(_workload("shop", "cart", spec_replicas=2))
    returned = meta()
    assert (untouched.uid, untouched.resource_version) == (first.uid, first.resource_version)
    assert scaled.uid == first.uid and scaled.resource_version != first.resource_version
    assert (first.generation, scaled.generation) == (1, 2)
    assert returned.uid != first.uid and returned.creation_timestamp > first.creation_timestamp


def test_large_answers_are_packed_when_asked(cluster: Cluster) -> None:
    cluster.set_state(*(_workload("shop", f"api-{n}") for n in range(60)))
    path = "/apis/apps/v1/deployments"
    packed, headers = _raw(cluster, path, **{"Accept-Encoding": "gzip"})
    again, again_headers = _raw(cluster, path, **{"Accept-Encoding": "gzip"})
    plain, plain_headers = _raw(cluster, path)
    assert packed == again == plain
    assert headers["Content-Encoding"] == again_headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain_headers
    for odd in ("gzip;q=1.0", "gzip;q=0", "x-gzip", "GZIP", "*", "br, gzip;q=0.5"):
        assert "Content-Encoding" not in _raw(cluster, path, **{"Accept-Encoding": odd})[1], odd
    for body in (headers, plain_headers):
        assert (body.get("Transfer-Encoding"), body.get("Content-Length")) == ("chunked", None)


def test_small_answers_say_how_long_they_are(cluster: Cluster) -> None:
    headers = _raw(cluster, "/apis/apps/v1/deployments")[1]
    assert "Content-Length" in headers and "Transfer-Encoding" not in headers

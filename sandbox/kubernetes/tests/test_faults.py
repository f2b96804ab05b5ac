"""Each fault as a client of the cluster meets it, and that it ends when it should."""

import http.client
import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

import pytest

from sandbox.kubernetes.control import ControlError
from sandbox.kubernetes.tests.servers import Cluster

DEPLOYMENTS = "/apis/apps/v1/deployments"
HPAS = "/apis/autoscaling/v2/horizontalpodautoscalers"


@pytest.fixture
def filled(cluster: Cluster) -> Cluster:
    """A cluster with five Deployments."""
    cluster.set_state(*({"namespace": "shop", "name": f"api-{n}", "hpa": {"max": 3}} for n in range(5)))
    return cluster


def _get(cluster: Cluster, path: str = DEPLOYMENTS, timeout: float = 10) -> tuple[int, dict[str, str], bytes]:
    address = urlsplit(cluster.server)
    connection = http.client.HTTPSConnection(str(address.hostname), address.port, timeout=timeout, context=cluster.tls)
    try:
        connection.request("GET", address.path + path, headers={"Authorization": f"Bearer {cluster.token}"})
        response = connection.getresponse()
        return response.status, dict(response.headers), response.read()
    finally:
        connection.close()


def _status(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, str]:
    body = json.loads(answer[2])
    assert body["kind"] == "Status" and body["code"] == answer[0]
    return answer[0], body["reason"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("unauthorized", (401, "Unauthorized")),
        ("forbidden", (403, "Forbidden")),
        ("unavailable", (503, "ServiceUnavailable")),
        ("server_error", (500, "InternalError")),
    ],
)
def test_refusals(filled: Cluster, kind: str, expected: tuple[int, str]) -> None:
    filled.set_fault(kind)
    assert _status(_get(filled)) == expected
    assert _status(_get(filled, "/version")) == expected
    filled.control.set_fault(filled.name, None)
    assert _get(filled)[0] == 200


def test_a_refusal_names_who_may_not_do_what(filled: Cluster) -> None:
    filled.set_fault("forbidden")
    said = json.loads(_get(filled, HPAS)[2])["message"]
    assert said.startswith('horizontalpodautoscalers.autoscaling is forbidden: User "')
    assert said.endswith(
        'cannot list resource "horizontalpodautoscalers" in API group "autoscaling" at the cluster scope'
    )


def test_an_api_that_is_not_there_is_plain_text(filled: Cluster) -> None:
    filled.set_fault("not_found")
    status, headers, body = _get(filled)
    assert (status, headers["Content-Type"], body) == (404, "text/plain; charset=utf-8", b"404 page not found\n")


def test_a_fault_can_concern_one_kind_only(filled: Cluster) -> None:
    filled.set_fault("forbidden", only="hpa")
    assert _get(filled, HPAS)[0] == 403
    assert _get(filled, DEPLOYMENTS)[0] == 200


def test_throttling_says_when_to_come_back_and_ends(filled: Cluster) -> None:
    filled.set_fault("throttled", retry_after=7, times=2)
    answers = [_get(filled) for _ in range(3)]
    assert [answer[0] for answer in answers] == [429, 429, 200]
    assert answers[0][1]["Retry-After"] == "7"
    assert answers[0][2] == b"Too many requests, please try again later.\n"


def test_a_fault_can_wait_for_the_second_page(filled: Cluster) -> None:
    filled.set_fault("unavailable", after=1, times=1)
    assert [_get(filled, f"{DEPLOYMENTS}?limit=2")[0] for _ in range(3)] == [200, 503, 200]


def test_unreachable_closes_the_connection(filled: Cluster) -> None:
    filled.set_fault("unreachable")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        _get(filled)


def test_hanging_never_answers(filled: Cluster) -> None:
    filled.set_fault("hang")
    with pytest.raises(socket.timeout):
        _get(filled, timeout=0.5)


def test_slow_answers_late_but_right(filled: Cluster) -> None:
    filled.set_fault("slow", seconds=0.4, times=1)
    begun = time.monotonic()
    assert len(json.loads(_get(filled)[2])["items"]) == 5
    assert time.monotonic() - begun >= 0.4  # not how fast it is, but that it waits at all


def test_slow_loris_dribbles(filled: Cluster) -> None:
    filled.set_fault("slow_loris", seconds=0.2)
    with pytest.raises((socket.timeout, http.client.IncompleteRead)):
        address = urlsplit(filled.server)
        connection = http.client.HTTPSConnection(str(address.hostname), address.port, timeout=2, context=filled.tls)
        connection.request("GET", address.path + DEPLOYMENTS, headers={"Authorization": f"Bearer {filled.token}"})
        response = connection.getresponse()
        assert response.status == 200 and response.read(1) == b"{"
        assert connection.sock is not None
        connection.sock.settimeout(0.1)
        response.read()


def test_a_cut_body_is_shorter_than_announced(filled: Cluster) -> None:
    filled.set_fault("cut_body", times=1)
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        _get(filled)
    assert len(json.loads(_get(filled)[2])["items"]) == 5


def test_garbage_is_a_proxys_page(filled: Cluster) -> None:
    filled.set_fault("garbage")
    status, headers, body = _get(filled)
    assert status == 200 and headers["Content-Type"].startswith("text/html")
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


def test_wrong_shape_is_json_but_no_list(filled: Cluster) -> None:
    filled.set_fault("wrong_shape")
    assert isinstance(json.loads(_get(filled)[2])["items"], str)


def test_whoever_follows_a_redirect_is_seen(filled: Cluster) -> None:
    before = filled.control.redirected()
    filled.set_fault("redirect")
    status, headers, _ = _get(filled)
    assert status == 302
    target = urlsplit(headers["Location"])
    connection = http.client.HTTPSConnection(str(target.hostname), target.port, timeout=5, context=filled.tls)
    connection.request("GET", target.path, headers={"Authorization": "Bearer leaked"})
    assert connection.getresponse().status == 418
    connection.close()
    assert filled.control.redirected()["with credentials"] == before.get("with credentials", 0) + 1


def test_expired_continue_spares_first_pages_and_inconsistent_tokens(filled: Cluster) -> None:
    filled.set_fault("expired_continue")
    first = json.loads(_get(filled, f"{DEPLOYMENTS}?limit=2")[2])
    gone = _get(filled, f"{DEPLOYMENTS}?limit=2&continue={first['metadata']['continue']}")
    assert _status(gone) == (410, "Expired")
    token = json.loads(gone[2])["metadata"]["continue"]
    rest = json.loads(_get(filled, f"{DEPLOYMENTS}?continue={token}")[2])
    assert [item["metadata"]["name"] for item in rest["items"]] == ["api-2", "api-3", "api-4"]


def test_endless_continue_never_comes_to_an_end(filled: Cluster) -> None:
    filled.set_fault("endless_continue")
    token, seen = "", []
    for _ in range(4):
        page = json.loads(_get(filled, f"{DEPLOYMENTS}?limit=2&continue={token}")[2])
        token = page["metadata"]["continue"]
        seen.append([item["metadata"]["name"] for item in page["items"]])
    assert seen == [["api-0", "api-1"]] * 4


def test_pods_are_spared_unless_the_scope_is_all(filled: Cluster) -> None:
    pods = "/api/v1/namespaces/default/pods"
    filled.set_fault("unavailable")
    assert _get(filled, pods)[0] == 200
    filled.set_fault("unavailable", scope="all")
    assert _get(filled, pods)[0] == 503


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ({"kind": "gremlins"}, "gremlins"),
        ({"kind": "slow", "seconds": -1}, r"\$.seconds"),
        ({"kind": "slow", "speed": 1}, "speed"),
        ({"kind": "unavailable", "times": 0}, r"\$.times"),
    ],
)
def test_a_wrong_fault_is_named(filled: Cluster, fault: dict[str, Any], named: str) -> None:
    with pytest.raises(ControlError, match=named):
        filled.control.set_fault(filled.name, fault)

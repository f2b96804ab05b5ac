"""Every fault ends in one outcome, named right; a listing is whole or it is not there."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from collector_api_server import DEPLOYMENTS, HPAS, ApiServer, Behaviour, Exchange, deployment
from collector_harness import Collect

from replica_collector import body, listing
from replica_collector.clusters import Cluster

ALL = 37


def on(path: str, behave: Behaviour) -> Behaviour:
    return lambda exchange: behave(exchange) if exchange.path == path else None


def first(times: int, behave: Behaviour) -> Behaviour:
    """Only the first requests meet the behaviour."""
    return lambda exchange: behave(exchange) if exchange.count <= times else None


def says(code: int, reason: str, **headers: str) -> Behaviour:
    return lambda exchange: exchange.status(code, reason, **headers) or True


def anonymous(exchange: Exchange) -> bool:
    """An API server's words to one whose token did not come along, where anonymous requests are let in."""
    said = (
        'deployments.apps is forbidden: User "system:anonymous" cannot list resource "deployments" in API group "apps"'
    )
    exchange.status(403, "Forbidden", f"{said} at the cluster scope")
    return True


def not_served(exchange: Exchange) -> bool:
    """An API server's words where it does not serve a group at all: no Status."""
    exchange.send(404, b"404 page not found\n", Content_Type="text/plain; charset=utf-8")
    return True


def cut(exchange: Exchange) -> bool:
    exchange.handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n{"kind"')
    exchange.hang_up()
    return True


def cut_chunked(exchange: Exchange) -> bool:
    exchange.handler.wfile.write(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{"kind"')
    exchange.hang_up()
    return True


def cut_gzip(exchange: Exchange) -> bool:
    import gzip

    exchange.send(200, gzip.compress(b'{"kind": "DeploymentList"}' * 99)[:-12], Content_Encoding="gzip")
    return True


def half_close(exchange: Exchange) -> bool:
    """Says nothing and closes, as a load balancer does with an idle connection."""
    exchange.hang_up()
    return True


def sends(status: int, body: Any, **headers: str) -> Behaviour:
    return lambda exchange: exchange.send(status, body, **headers) or True


def not_http(exchange: Exchange) -> bool:
    exchange.handler.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")
    exchange.hang_up()
    return True


def hang(api: ApiServer) -> Behaviour:
    return lambda exchange: api.released.wait(20) or True


def drip(prefix: bytes) -> Callable[[ApiServer], Behaviour]:
    """A byte now and then, for ever: each read succeeds, the whole never does."""

    def behaviour(api: ApiServer) -> Behaviour:
        def behave(exchange: Exchange) -> bool:
            exchange.handler.wfile.write(prefix)
            while not api.released.wait(0.05):
                exchange.handler.wfile.write(b"x")
            return True

        return behave

    return behaviour


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(first(2, says(429, "TooManyRequests", Retry_After="0")), id="throttled"),
        pytest.param(first(3, sends(503, b"upstream connect error")), id="unavailable"),
        pytest.param(first(1, sends(500, b"")), id="server-error"),
        pytest.param(first(2, cut), id="cut-body"),
        pytest.param(first(2, cut_chunked), id="cut-chunk"),
        pytest.param(first(2, cut_gzip), id="cut-gzip"),
        pytest.param(first(2, half_close), id="half-closed"),
        pytest.param(lambda e: half_close(e) if e.count in (2, 4) else None, id="half-closed-between-pages"),
        pytest.param(first(1, not_http), id="not-http"),
    ],
)
def test_weather_passes(api: ApiServer, collect: Collect, behaviour: Behaviour) -> None:
    api.behaviour = behaviour
    collected = collect()
    assert (collected.manifest["status"], len(collected.rows)) == ("complete", ALL)
    assert collected.manifest["retries"] > 0


@pytest.mark.parametrize(
    ("behaviour", "error_class"),
    [
        pytest.param(says(401, "Unauthorized"), "unauthenticated", id="401"),
        pytest.param(says(403, "Forbidden"), "forbidden", id="403"),
        pytest.param(anonymous, "unauthenticated", id="403-to-nobody"),
        pytest.param(not_served, "api_missing", id="404-in-plain-text"),
        pytest.param(says(404, "NotFound"), "api_missing", id="404"),
        pytest.param(says(410, "Expired"), "expired", id="410-on-the-first-page"),
        pytest.param(says(429, "TooManyRequests", Retry_After="0"), "throttled", id="429-for-ever"),
        pytest.param(says(429, "TooManyRequests", Retry_After="3600"), "throttled", id="429-longer-than-the-budget"),
        pytest.param(sends(503, b"upstream"), "server_error", id="503-for-ever"),
        pytest.param(sends(418, b"teapot"), "bad_payload", id="an-answer-that-makes-no-sense"),
        pytest.param(cut, "unreachable", id="always-cut"),
        pytest.param(half_close, "unreachable", id="always-closed"),
        pytest.param(not_http, "bad_payload", id="not-http"),
        pytest.param(sends(200, b"<html>proxy error</html>"), "bad_payload", id="garbage"),
        pytest.param(sends(200, b"\x1f\x8b\x08 no", Content_Encoding="gzip"), "bad_payload", id="garbled-gzip"),
        pytest.param(sends(200, {}), "bad_payload", id="empty-object"),
        pytest.param(
            sends(200, {"kind": "DeploymentList", "metadata": {}}), "bad_payload", id="no-items-is-not-zero-items"
        ),
        pytest.param(
            sends(200, {"kind": "PodList", "metadata": {}, "items": []}), "bad_payload", id="another-kind-of-list"
        ),
        pytest.param(sends(301, b"", Location="https://127.0.0.1:1/"), "redirected", id="moved"),
        pytest.param(sends(307, b"", Location="https://127.0.0.1:1/"), "redirected", id="moved-for-now"),
    ],
)
def test_a_dark_cluster_is_data(api: ApiServer, collect: Collect, behaviour: Behaviour, error_class: str) -> None:
    api.behaviour = behaviour
    collected = collect()
    assert collected.status == 0
    assert (collected.manifest["status"], collected.manifest["error_class"]) == ("failed", error_class)
    assert collected.data_files == []


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(hang, id="never-answers"),
        pytest.param(drip(b""), id="drips-before-the-status"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\nX-Slow: "), id="drips-the-headers"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"), id="drips-the-body"),
    ],
)
def test_the_budget_is_a_wall(api: ApiServer, collect: Collect, behaviour: Callable[[ApiServer], Behaviour]) -> None:
    api.behaviour = behaviour(api)
    collected = collect(budget_seconds=0.6)
    assert (collected.manifest["status"], collected.manifest["error_class"]) == ("failed", "timeout")
    assert "0.6 s" in collected.manifest["error_message"] or "in time" in collected.manifest["error_message"]


def test_a_page_that_hangs_once_is_asked_for_again(api: ApiServer, collect: Collect) -> None:
    api.behaviour = first(1, hang(api))
    assert collect(request_seconds=0.3).manifest["status"] == "complete"


@pytest.mark.parametrize(
    ("endpoint", "error_class"),
    [
        pytest.param("https://127.0.0.1:1", "unreachable", id="refused"),
        pytest.param("https://no-such-host.invalid", "dns", id="no-such-host"),
        pytest.param("ftp://127.0.0.1", "misconfigured", id="not-https"),
        pytest.param("http://127.0.0.1:1", "misconfigured", id="plain-http-on-this-machine"),
        pytest.param("http://localhost:1", "misconfigured", id="plain-http-by-name"),
        pytest.param("https://user:password@127.0.0.1:1", "misconfigured", id="a-password-in-the-address"),
        pytest.param("https://127.0.0.1:port", "misconfigured", id="no-port"),
    ],
)
def test_a_cluster_that_is_not_there(collect: Collect, endpoint: str, error_class: str) -> None:
    collected = collect(Cluster("eu-1", "prod", endpoint=endpoint, auth="none"))
    assert (collected.manifest["status"], collected.manifest["error_class"]) == ("failed", error_class)


@pytest.mark.parametrize(
    ("denied", "listed"),
    [
        pytest.param(HPAS, {"deployments_listed": 25, "hpas_listed": None, "row_count": 25}, id="no-hpas"),
        pytest.param(DEPLOYMENTS, {"deployments_listed": None, "hpas_listed": 12, "row_count": 12}, id="only-hpas"),
    ],
)
def test_forbidden_for_one_kind_is_partial(
    api: ApiServer, collect: Collect, denied: str, listed: dict[str, Any]
) -> None:
    api.behaviour = on(denied, says(403, "Forbidden"))
    collected = collect()
    told = collected.manifest
    assert (told["status"], told["error_class"]) == ("partial", "forbidden")
    assert {name: told[name] for name in listed} == listed
    assert len(collected.rows) == told["row_count"]


def test_half_a_listing_leaves_no_row(api: ApiServer, collect: Collect) -> None:
    """Page 2 of the Deployments fails for good: their page 1 must not be taken for the whole."""
    api.behaviour = lambda e: says(403, "Forbidden")(e) if e.path == DEPLOYMENTS and "continue" in e.query else None
    collected = collect()
    assert {row["resource_type"] for row in collected.rows} == {"hpa"}
    assert collected.manifest["row_count"] == 12


def test_expired_once_starts_over(api: ApiServer, collect: Collect) -> None:
    gone = says(410, "Expired")
    api.behaviour = lambda e: gone(e) if e.count == 2 else None
    collected = collect()
    assert (collected.manifest["status"], collected.manifest["is_consistent"]) == ("complete", True)
    assert len(collected.rows) == ALL and len({row["name"] for row in collected.rows}) == 25


def test_expired_twice_goes_on_inconsistently(api: ApiServer, collect: Collect) -> None:
    def gone(exchange: Exchange) -> bool | None:
        if exchange.query.get("continue") != "10":
            return None
        exchange.status(410, "Expired", cont="10:inconsistent")
        return True

    api.behaviour = gone
    collected = collect()
    assert (collected.manifest["status"], collected.manifest["is_consistent"]) == ("complete", False)
    assert len(collected.rows) == ALL and len({row["name"] for row in collected.rows}) == 25


def test_expired_twice_without_a_way_on_is_expired(api: ApiServer, collect: Collect) -> None:
    api.behaviour = lambda e: says(410, "Expired")(e) if "continue" in e.query else None
    assert collect().manifest["error_class"] == "expired"


def test_a_server_that_goes_in_circles_is_caught(api: ApiServer, collect: Collect) -> None:
    page = {"kind": "DeploymentList", "metadata": {"continue": "again"}, "items": [deployment("d")]}
    api.behaviour = on(DEPLOYMENTS, sends(200, page))
    collected = collect()
    assert (collected.manifest["status"], collected.manifest["error_class"]) == ("partial", "bad_payload")
    assert len(api.exchanges) < 10


def test_pages_beyond_the_memory_bound_are_asked_for_smaller(
    api: ApiServer, collect: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "MAX_BODY_BYTES", 6_000)
    collected = collect()
    assert (collected.manifest["status"], len(collected.rows)) == ("complete", ALL)
    assert {exchange.query["limit"] for exchange in api.exchanges} == {"10", str(10 // listing.SHRINK)}


def test_one_object_beyond_the_memory_bound_is_an_error(
    api: ApiServer, collect: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "MAX_BODY_BYTES", 500)
    assert collect().manifest["error_class"] == "bad_payload"


def test_retry_after_is_honoured(api: ApiServer, collect: Collect) -> None:
    asked: list[float] = []

    def throttle(exchange: Exchange) -> bool | None:
        asked.append(time.monotonic())
        return says(429, "TooManyRequests", Retry_After="1")(exchange) if exchange.count == 1 else None

    api.behaviour = throttle
    assert collect().manifest["status"] == "complete"
    assert asked[1] - asked[0] >= 1.0  # not a speed: the wait that was asked for


@pytest.mark.parametrize("is_gzip", [True, False])
def test_pages_come_over_one_connection_with_no_resource_version(
    api: ApiServer, collect: Collect, is_gzip: bool
) -> None:
    api.is_gzip = is_gzip
    collected = collect()
    assert len(collected.rows) == ALL
    assert api.connections == 1
    assert [exchange.query.get("resourceVersion") for exchange in api.exchanges] == [None] * 5
    assert [exchange.query.get("continue") for exchange in api.exchanges] == [None, "10", "20", None, "10"]


def test_namespaces_are_listed_one_by_one(api: ApiServer, collect: Collect) -> None:
    api.items[DEPLOYMENTS] += [deployment("z", namespace="tools"), deployment("y", namespace="other")]
    collected = collect(namespaces=("shop", "tools"))
    assert collected.manifest["deployments_listed"] == 26
    assert {row["namespace"] for row in collected.rows} == {"shop", "tools"}


def test_a_cluster_with_nothing_in_it_is_complete(api: ApiServer, collect: Collect) -> None:
    api.items = {DEPLOYMENTS: [], HPAS: []}
    collected = collect()
    told = collected.manifest
    assert (told["status"], told["deployments_listed"], told["row_count"]) == ("complete", 0, 0)
    assert len(collected.data_files) == 1 and collected.rows == []

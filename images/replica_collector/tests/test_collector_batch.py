"""Several clusters in one run: each has its own outcome, and none can hold up the others."""

import threading
from typing import Any

import pytest
from collector_api_server import DEPLOYMENTS, ApiServer, deployment
from collector_harness import Collect, Collected

from replica_collector import batch, clusters, spool, turns
from replica_collector import collect as collecting
from replica_collector.clusters import Cluster


def outcomes(collected: Collected) -> dict[str, tuple[str, str | None]]:
    return {name: (told["status"], told["error_class"]) for name, told in collected.manifests.items()}


@pytest.mark.parametrize("parallel", [1, 4])
def test_each_cluster_has_its_own_outcome(api: ApiServer, collect: Collect, parallel: int) -> None:
    entries = [
        api.cluster("eu-1"),
        api.cluster("dark", endpoint="https://127.0.0.1:1"),
        Cluster("odd", "prod", auth="google"),
        api.cluster("eu-2"),
    ]
    collected = collect(*entries, parallel=parallel)
    assert collected.status == 0
    assert outcomes(collected) == {
        "eu-1": ("complete", None),
        "dark": ("failed", "unreachable"),
        "odd": ("failed", "misconfigured"),
        "eu-2": ("complete", None),
    }
    assert {row["cluster"] for row in collected.rows} == {"eu-1", "eu-2"}


def test_the_last_in_the_queue_get_an_outcome_when_the_time_is_up(api: ApiServer, collect: Collect) -> None:
    api.behaviour = lambda exchange: api.released.wait(20) or True
    entries = [api.cluster(name) for name in ("eu-1", "eu-2", "eu-3")]
    collected = collect(*entries, parallel=1, total_seconds=0.5)
    assert outcomes(collected) == dict.fromkeys(("eu-1", "eu-2", "eu-3"), ("failed", "timeout"))


def test_a_call_that_nothing_interrupts_is_left_behind(
    api: ApiServer, collect: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Name resolution knows no deadline; here it comes back long after the manifest was written."""
    reach, come_back, came_back = clusters.reach, threading.Event(), threading.Event()

    def resolve(cluster: Cluster, google: Any) -> Any:
        if cluster.name == "stuck":
            come_back.wait(30)
            came_back.set()
        return reach(cluster, google)

    monkeypatch.setattr(collecting.clusters, "reach", resolve)
    monkeypatch.setattr(batch, "SLACK_SECONDS", 0.2)
    collected = collect(api.cluster("stuck"), api.cluster("eu-1"), budget_seconds=0.5, parallel=1)
    assert outcomes(collected) == {"stuck": ("failed", "timeout"), "eu-1": ("complete", None)}
    come_back.set()
    assert came_back.wait(5)
    for thread in threading.enumerate():
        if thread.name == "stuck":
            thread.join(5)
    assert outcomes(collected)["stuck"] == ("failed", "timeout"), "still the only manifest"


def test_a_fault_of_the_collector_itself_is_an_outcome_too(
    api: ApiServer, collect: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting.clusters, "reach", lambda *_: 1 / 0)
    collected = collect()
    assert outcomes(collected) == {"eu-1": ("failed", "internal")}
    assert "ZeroDivisionError" in collected.manifest["error_message"]


def test_a_full_disk_is_status_3_and_still_an_outcome(
    api: ApiServer, collect: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: spool.Spool, compressed: bytes) -> None:
        raise spool.OutputError("cannot write to the temporary folder: No space left on device")

    monkeypatch.setattr(spool.Spool, "_append", full)
    collected = collect()
    assert collected.status == 3
    assert outcomes(collected) == {"eu-1": ("failed", "internal")}


def test_start_jitter_waits_within_the_budget_and_tries_nobody_after_it(
    api: ApiServer, collect: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[float, float]] = []
    monkeypatch.setattr(collecting.random, "uniform", lambda low, high: asked.append((low, high)) or 99.0)
    collected = collect(start_jitter_seconds=99.0, budget_seconds=0.3)
    assert asked == [(0, 99.0)]
    assert outcomes(collected) == {"eu-1": ("failed", "not_tried")}
    assert api.exchanges == []


def test_who_answered_but_never_had_a_turn_was_not_tried(
    api: ApiServer, collect: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is known of it but that it is there: it is neither unreachable nor slow."""
    monkeypatch.setattr(turns, "MOMENT_SECONDS", 60.0)
    api.behaviour = lambda exchange: exchange.query["limit"] != "1" and (api.released.wait(20) or True)
    collected = collect(api.cluster("eu-1"), api.cluster("eu-2"), parallel=1, total_seconds=0.6)
    assert collected.status == 0
    assert sorted(outcomes(collected).values()) == [("failed", "not_tried"), ("failed", "timeout")]


def test_who_was_knocked_at_is_listed_over_the_same_connection(api: ApiServer, collect: Collect) -> None:
    assert len(collect(api.cluster("eu-1"), api.cluster("eu-2"), parallel=1).rows) == 2 * 37
    assert api.connections == 2
    assert [exchange.query["limit"] for exchange in api.exchanges].count("1") == 2


def test_with_a_turn_for_each_nobody_is_knocked_at(api: ApiServer, collect: Collect) -> None:
    collect(api.cluster("eu-1"), api.cluster("eu-2"), parallel=2)
    assert {exchange.query["limit"] for exchange in api.exchanges} == {"10"}


def test_a_token_refused_at_the_door_is_not_sent_again(api: ApiServer, collect: Collect) -> None:
    api.behaviour = lambda exchange: exchange.status(401, "Unauthorized") or True
    collected = collect(api.cluster("eu-1"), api.cluster("eu-2"), parallel=1)
    assert set(outcomes(collected).values()) == {("failed", "unauthenticated")}
    assert len(api.exchanges) == 2


def test_long_listings_log_their_progress(api: ApiServer, collect: Collect, capfd: pytest.CaptureFixture[str]) -> None:
    api.items[DEPLOYMENTS] = [deployment(f"d{number}") for number in range(50)]
    collect(log_every_pages=2)
    messages = [line for line in capfd.readouterr().err.splitlines() if "after" in line]
    assert ["20 deployments after 2 pages" in messages[0], "40 deployments after 4 pages" in messages[1]] == [True] * 2

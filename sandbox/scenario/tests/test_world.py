"""What each cycle holds after the timeline's events."""

from typing import Any

import pytest

from sandbox.kubernetes.workloads import parse_state
from sandbox.scenario.loading import SHIPPED, load
from sandbox.scenario.running import surge_pods
from sandbox.scenario.tests.minimal import minimal
from sandbox.scenario.world import plan

API = "eu-1/shop/api"


def counts(timeline: list[dict[str, Any]], *columns: str) -> list[tuple[Any, ...]]:
    """Return columns of the one workload, cycle by cycle."""
    plans = plan(minimal(timeline=timeline))
    documents = [cycle.clusters["eu-1"]["workloads"][0] for cycle in plans]
    return [tuple(document.get(column) for column in columns) for document in documents]


def test_values_hold_until_changed() -> None:
    timeline = [{"cycle": 2, "scale": {"workload": API, "replicas": 7}}]
    assert counts(timeline, "spec_replicas") == [(4,), (7,), (7,), (7,)]


def test_a_rollout_stands_above_what_was_asked_for_while_it_lasts() -> None:
    timeline = [{"cycle": 2, "rollout": {"workload": API, "cycles": 2, "max_surge": "50%"}}]
    seen = counts(timeline, "spec_replicas", "status_replicas", "updated_replicas")
    assert seen == [(4, None, None), (4, 6, 2), (4, 6, 4), (4, None, None)]


@pytest.mark.parametrize("surge", [0, 1, "25%", "100%"])
@pytest.mark.parametrize("cycles", [1, 2, 3])
def test_old_pods_still_stand_in_every_cycle_of_a_rollout(surge: int | str, cycles: int) -> None:
    timeline = [{"cycle": 1, "rollout": {"workload": API, "cycles": cycles, "max_surge": surge}}]
    for status, updated in counts(timeline, "status_replicas", "updated_replicas")[:cycles]:
        assert status == 4 + surge_pods(surge, 4)
        assert 0 <= updated < status


@pytest.mark.parametrize(
    ("max_surge", "replicas", "pods"),
    [pytest.param("25%", 1, 1, id="rounded up"), ("25%", 8, 2), ("0%", 8, 0), (3, 1, 3)],
)
def test_surge_is_rounded_up(max_surge: int | str, replicas: int, pods: int) -> None:
    assert surge_pods(max_surge, replicas) == pods


def test_the_hpas_count_can_be_set_against_the_others() -> None:
    timeline = [
        {"cycle": 2, "scale": {"workload": API, "hpa_current": 6}},
        {"cycle": 4, "scale": {"workload": API, "replicas": 5}},
    ]
    documents = [cycle.clusters["eu-1"]["workloads"][0] for cycle in plan(minimal(timeline=timeline))]
    assert [document["hpa"].get("current") for document in documents] == [None, 6, 6, None]
    assert [document["spec_replicas"] for document in documents] == [4, 4, 4, 5]


def test_an_outage_lasts_until_recovery() -> None:
    timeline = [
        {"cycle": 2, "outage": {"cluster": "eu-1", "kind": "throttled", "options": {"retry_after": 2}}},
        {"cycle": 4, "recover": {"cluster": "eu-1"}},
    ]
    faults = [cycle.faults["eu-1"] for cycle in plan(minimal(timeline=timeline))]
    fault = {"kind": "throttled", "retry_after": 2}
    assert faults == [None, fault, fault, None]


def test_workloads_come_and_go() -> None:
    new = {"cluster": "eu-1", "namespace": "shop", "name": "new", "api": "new", "team": "orders"}
    timeline = [
        {"cycle": 2, "create": new},
        {"cycle": 4, "delete": {"workload": "eu-1/shop/new"}},
    ]
    labels = [
        {document["name"]: document["labels"] for document in cycle.clusters["eu-1"]["workloads"]}.get("new")
        for cycle in plan(minimal(timeline=timeline))
    ]
    assert labels == [None, *[{"api_id": "new", "team_id": "orders"}] * 2, None]


def test_repeating() -> None:
    assert [cycle.repeats for cycle in plan(minimal(timeline=[{"cycle": 3, "repeat_cycle": 2}]))] == [0, 0, 2, 0]


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_stand_in_takes_every_state_of_the_shipped_scenarios(path: Any) -> None:
    scenario = load(path)
    for cycle in plan(scenario):
        assert sorted(cycle.clusters) == sorted(scenario.cluster_names())
        for state in cycle.clusters.values():
            parse_state(state)


def test_the_shop_is_as_large_as_promised() -> None:
    scenario = load(SHIPPED / "shop.yaml")
    assert len(scenario.clusters) >= 3
    assert len({cluster.environment for cluster in scenario.clusters}) >= 2
    assert scenario.cycles == 12
    assert sum(len(state["workloads"]) for state in plan(scenario)[0].clusters.values()) >= 24

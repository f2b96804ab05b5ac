"""Clusters that GKE lists, over the wire: the unmodified client against the stand-in of its API."""

import datetime as dt
from base64 import b64decode
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from pedwatch.tasks.replica_watch import FOUND
from tests.e2e.stand_ins import cycle_at
from tests.e2e.watch_run import Run
from tests.e2e.watched_world import World, workload

EU, US = "eu-prod-1", "us-prod-1"
PROD = {"environment": "prod", "ped": "watched"}
Row = dict[str, Any]


@pytest.fixture
def fleet(make_world: Callable[..., World], stand_ins: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    """Nothing configured: both clusters are GKE's to list, and both hold one workload."""
    # Here stands for the public authority that signs Google's certificates.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(stand_ins.servers.kubeconfigs / "ca.pem"))
    address = urlsplit(stand_ins.servers.addresses["kubernetes"])
    discovery = {
        "projects": ["shop"],
        "labels": {"ped": "watched"},
        "auth": "kubeconfig",
        "api_endpoint": f"https://{address.netloc}",
        "timeout_seconds": 2,
    }
    world = make_world(is_seeded=False, clusters=[], discovery=discovery)
    world.holds(EU, workload("orders", 3))
    world.holds(US, workload("sessions", 4))
    lists(world, EU, US)
    world.leaves_limits_alone()
    return world


def lists(world: World, *names: str, **fields: Any) -> None:
    """Let GKE list these clusters."""
    clusters = [{"name": name, "labels": PROD} for name in names]
    world.kubernetes.set_gke_project("shop", {"clusters": clusters} | fields)


def observe(world: World, number: int) -> Run:
    """Run a cycle up to its load."""
    return world.run(number).go(until="load_observations")


def outcomes(world: World, number: int) -> dict[str, tuple[str, str | None]]:
    """Return how each expected cluster, and discovery, went in a cycle."""
    rows = [row for row in world.rows("collection_runs") if row["cycle"] == cycle_at(number)]
    assert len({row["cluster"] for row in rows}) == len(rows)
    return {row["cluster"]: (row["status"], row["error_class"]) for row in rows}


WELL = ("complete", None)


def test_clusters_that_gke_lists_are_collected(fleet: World) -> None:
    observe(fleet, 1)
    assert outcomes(fleet, 1) == {EU: WELL, US: WELL, "discovery_shop": WELL}
    assert {row["environment"] for row in fleet.rows("replica_observations")} == {"prod"}


def test_a_new_cluster_is_collected_in_the_next_cycle(fleet: World) -> None:
    lists(fleet, EU)
    observe(fleet, 1)
    lists(fleet, EU, US)
    observe(fleet, 2)
    assert outcomes(fleet, 1) == {EU: WELL, "discovery_shop": WELL}
    assert outcomes(fleet, 2) == {EU: WELL, US: WELL, "discovery_shop": WELL}


def test_others_are_left_alone(fleet: World) -> None:
    clusters: list[Row] = [
        {"name": EU, "labels": PROD},
        {"name": US, "labels": {"environment": "prod"}},
        {"name": "being-made", "labels": PROD, "status": "PROVISIONING"},
        {"name": "being-deleted", "labels": PROD, "status": "STOPPING"},
    ]
    fleet.kubernetes.set_gke_project("shop", {"clusters": clusters})
    observe(fleet, 1)
    assert set(outcomes(fleet, 1)) == {EU, "discovery_shop"}


@pytest.mark.filterwarnings("ignore:Unrecognized Status enum value")
def test_a_status_that_the_client_does_not_know_is_watched(fleet: World) -> None:
    clusters: list[Row] = [{"name": EU, "labels": PROD}, {"name": US, "labels": PROD, "status": 7}]
    fleet.kubernetes.set_gke_project("shop", {"clusters": clusters})
    observe(fleet, 1)
    assert outcomes(fleet, 1) == {EU: WELL, US: WELL, "discovery_shop": WELL}


def test_a_cluster_that_cannot_be_described_costs_itself_alone(fleet: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """GKE may answer with anything; that it is described wrongly is a fault of ours, and so is provoked here."""
    from pedwatch.observations.intake import gke

    described = gke.describe

    def stumbles_over_one(cluster: Any) -> Row:
        return described(cluster) if cluster.name == EU else described(None)  # type: ignore[arg-type]

    monkeypatch.setattr(gke, "describe", stumbles_over_one)
    observe(fleet, 1)
    assert outcomes(fleet, 1) == {EU: WELL, "discovery_shop": ("partial", "undescribed")}
    [row] = [row for row in fleet.rows("collection_runs") if row["error_class"] == "undescribed"]
    assert f"europe-west1/{US} (AttributeError" in row["error_message"]


def test_a_cluster_that_is_gone_fails_visibly(fleet: World) -> None:
    observe(fleet, 1)
    lists(fleet, EU)
    fleet.kubernetes.set_fault(US, {"kind": "unreachable"})
    observe(fleet, 2)
    assert outcomes(fleet, 2) == {EU: WELL, US: ("failed", "unreachable"), "discovery_shop": WELL}


def test_taking_a_label_off_hides_no_cluster(fleet: World) -> None:
    observe(fleet, 1)
    clusters: list[Row] = [{"name": EU, "labels": PROD}, {"name": US, "labels": {"environment": "prod"}}]
    fleet.kubernetes.set_gke_project("shop", {"clusters": clusters})
    observe(fleet, 2)
    assert outcomes(fleet, 2)[US] == WELL, "asked at its last address for a week"


def test_missing_zones_are_recorded_and_their_clusters_still_collected(fleet: World) -> None:
    observe(fleet, 1)
    lists(fleet, EU, missing_zones=["us-east1-b", "asia-east1-a"])
    observe(fleet, 2)
    assert outcomes(fleet, 2) == {EU: WELL, US: WELL, "discovery_shop": ("partial", "missing_zones")}
    [row] = [row for row in fleet.rows("collection_runs") if row["error_class"] == "missing_zones"]
    assert "asia-east1-a, us-east1-b" in row["error_message"]


@pytest.mark.parametrize(
    ("fault", "error_class", "mend"),
    [
        (
            "forbidden",
            "forbidden",
            "grant Airflow's account the custom role pedClusterLister (container.clusters.list)",
        ),
        ("unauthorized", "unauthenticated", "renew the credentials of the connection that connections.google names"),
        ("unavailable", "server_error", "the next cycle asks again"),
        ("not_found", "api_missing", "correct discovery.projects"),
        ("garbage", "bad_payload", "the next cycle asks again"),
        ("hang", "timeout", "the next cycle asks again"),
    ],
)
def test_discovery_that_fails_stops_nothing(fleet: World, fault: str, error_class: str, mend: str) -> None:
    observe(fleet, 1)
    fleet.kubernetes.set_gke_project("shop", {"fault": fault})
    observe(fleet, 2)
    assert outcomes(fleet, 2) == {EU: WELL, US: WELL, "discovery_shop": ("failed", error_class)}
    [said] = [row["error_message"] for row in fleet.rows("collection_runs") if row["error_class"] == error_class]
    assert said.startswith("the clusters of shop were not listed: ") and mend in said


def test_discovery_that_never_worked_is_said_and_the_configured_are_collected(
    fleet: World, make_world: Callable[..., World]
) -> None:
    discovery = fleet.config.discovery.model_dump()
    configured = [{"name": EU, "environment": "prod", "auth": "kubeconfig"}]
    world = make_world(is_seeded=False, clusters=configured, discovery=discovery)
    world.kubernetes.set_gke_project("shop", {"fault": "forbidden"})
    observe(world, 1)
    assert outcomes(world, 1) == {EU: WELL, "discovery_shop": ("failed", "forbidden")}


def test_where_a_cluster_is_outlasts_the_memory_of_it(fleet: World) -> None:
    observe(fleet, 1)
    fleet.storage.bucket(fleet.config.bucket).blob("discovery/known_clusters").upload_from_string("{")
    moved = {"name": EU, "labels": PROD | {"environment": "dev"}}
    fleet.kubernetes.set_gke_project("shop", {"clusters": [moved, {"name": US, "labels": PROD}]})
    observe(fleet, 2)
    assert outcomes(fleet, 2) == {EU: ("failed", "moved"), US: WELL, "discovery_shop": WELL}
    rows = {row["cluster"]: row for row in fleet.rows("collection_runs") if row["cycle"] == cycle_at(2)}
    assert {(row["environment"], row["project"]) for row in rows.values()} == {("prod", "shop"), ("discovery", None)}
    assert "add to discovery.accept: {name: eu-prod-1, environment: dev" in rows[EU]["error_message"]


def test_a_backfill_discovers_nothing(fleet: World) -> None:
    run = fleet.run(1, "backfill").go(until="plan_cycle")
    assert run.told("plan_cycle", FOUND) == {"clusters": [], "runs": []}


@pytest.mark.parametrize("endpoint", ["private", "public"])
def test_an_address_of_the_cluster_is_known_by_the_authority_that_gke_tells(
    fleet: World, make_world: Callable[..., World], endpoint: str
) -> None:
    discovery = fleet.config.discovery.model_dump() | {"endpoint": "private"}
    world = make_world(is_seeded=False, clusters=[], discovery=discovery)
    clusters: list[Row] = [
        {"name": EU, "labels": PROD, "endpoint": endpoint},
        {"name": US, "labels": PROD, "endpoint": "none"},
    ]
    world.kubernetes.set_gke_project("shop", {"clusters": clusters})
    [found] = [one for one in observe(world, 1).told("plan_cycle", FOUND)["clusters"] if one["name"] == EU]
    assert b64decode(found["ca_data"]) == (fleet.stand_ins.servers.kubeconfigs / "ca.pem").read_bytes()
    assert found["endpoint"].startswith("https://127.0.0.1:"), "GKE lists no scheme"
    assert outcomes(world, 1)[EU] == WELL


def test_after_a_week_it_is_expected_no_longer(fleet: World) -> None:
    observe(fleet, 1)
    lists(fleet, EU)
    run = fleet.run(1)
    later = cycle_at(1) + dt.timedelta(days=7)
    fleet.at(later + dt.timedelta(seconds=20))
    run = Run(later, "scheduled", "later", {}, run.kubeconfig).go(until="plan_cycle")
    assert [cluster["name"] for cluster in run.told("plan_cycle", FOUND)["clusters"]] == [EU]

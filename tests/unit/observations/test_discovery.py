"""Which clusters a cycle expects, from what is configured, what GKE lists and what it listed lately."""

import datetime as dt
from typing import Any

import pytest

from pedwatch.config import Config
from pedwatch.observations.discovery import (
    Found,
    ProjectListing,
    Undescribed,
    discovery_run,
    find,
    run_name,
)
from pedwatch.observations.places import KnownCluster

CYCLE = dt.datetime(2026, 3, 2, 10, 5, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def config(clusters: tuple[str, ...] = (), retired: tuple[str, ...] = (), **discovery: Any) -> Config:
    """Return a configuration with discovery in one project."""
    return Config.model_validate(
        {
            "project": "p",
            "bucket": "evidence",
            "firestore": {"project": "p"},
            "collector": {"image": "i:1"},
            "clusters": [{"name": name, "environment": "prod", "endpoint": "https://own.example"} for name in clusters],
            "retired_clusters": list(retired),
            "discovery": {"projects": ["shop", "example.com:lab"], **discovery},
            "slack": {"platform_channel": "C0PLATFORM"},
        }
    )


def raw(name: str, **fields: Any) -> dict[str, Any]:
    """Return a cluster as GKE describes it."""
    ends = {"dns_endpoint": f"{name}.gke.goog", "private_endpoint": "10.0.0.2", "ca_data": "Q0E="}
    return {"name": name, "location": "europe-west1", "status": "RUNNING", "labels": {}} | ends | fields


def listing(*clusters: dict[str, Any], project: str = "shop", **fields: Any) -> ProjectListing:
    """Return what a project answered."""
    return ProjectListing(project, clusters, **fields)


def names(found: Found) -> list[str]:
    """Return the names of the clusters to collect."""
    return [cluster.name for cluster in found.clusters]


@pytest.mark.parametrize(
    ("wanted", "ends", "endpoint", "ca_data"),
    [
        ("dns", {}, "https://eu.gke.goog", None),
        ("private", {}, "https://10.0.0.2", "Q0E="),
        ("dns", {"dns_endpoint": ""}, "https://10.0.0.2", "Q0E="),
        ("private", {"private_endpoint": ""}, "https://eu.gke.goog", None),
        ("dns", {"dns_endpoint": "", "private_endpoint": ""}, None, "Q0E="),
    ],
    ids=["dns first", "private when wanted", "no dns", "no private one", "none: the collector says misconfigured"],
)
def test_the_address_of_a_cluster(wanted: str, ends: dict[str, str], endpoint: str | None, ca_data: str | None) -> None:
    [cluster] = find(config(endpoint=wanted), [listing(raw("eu", **ends))], [], CYCLE).clusters
    assert (cluster.endpoint, cluster.ca_data, cluster.auth) == (endpoint, ca_data, "google")


@pytest.mark.parametrize(
    ("labels", "environment"),
    [({"env": "prod"}, "prod"), ({"env": "Pre_Prod"}, "pre-prod"), ({}, "unknown"), ({"env": "_"}, "unknown")],
    ids=["its label", "made a name of", "no label", "a label that makes no name"],
)
def test_the_environment_is_a_label_of_the_cluster(labels: dict[str, str], environment: str) -> None:
    [cluster] = find(config(environment_label="env"), [listing(raw("eu", labels=labels))], [], CYCLE).clusters
    assert cluster.environment == environment


def test_configured_discovered_and_remembered_minus_retired() -> None:
    known = find(config(), [listing(raw("gone"), raw("old"), raw("both"))], [], CYCLE - DAY).known
    found = find(config(("own", "both"), ("old",)), [listing(raw("new"), raw("both"))], known, CYCLE)
    assert names(found) == ["both", "gone", "new", "own"]
    both = next(cluster for cluster in found.clusters if cluster.name == "both")
    assert both.endpoint == "https://own.example", "what is configured goes before what is discovered"
    assert "gone is no longer listed by GKE; asked at its last address" in found.notes


def test_a_retired_cluster_is_not_watched() -> None:
    found = find(config(retired=("eu",)), [listing(raw("eu"))], [], CYCLE)
    assert (found.clusters, found.unaccepted) == ([], [])


@pytest.mark.parametrize(("days", "expected"), [(6.99, ["eu"]), (7, [])], ids=["within a week", "after a week"])
def test_for_a_week_it_is_asked_at_its_last_address(days: float, expected: list[str]) -> None:
    known = find(config(), [listing(raw("eu"))], [], CYCLE - days * DAY).known
    assert names(find(config(), [listing()], known, CYCLE)) == expected


def test_what_was_known_outlasts_a_listing_that_failed() -> None:
    known = find(config(), [listing(raw("eu"))], [], CYCLE - 6 * DAY).known
    for silence in (listing(error_class="forbidden", error_message="no"), listing(missing_zones=["europe-west1-b"])):
        found = find(config(), [silence], known, CYCLE)
        assert (names(found), found.notes) == (["eu"], [])
        assert names(find(config(), [listing()], found.known, CYCLE + 6 * DAY)) == ["eu"], "its week begins now"


def test_what_is_remembered_survives_being_written_down() -> None:
    [known] = find(config(), [listing(raw("eu"))], [], CYCLE).known
    assert KnownCluster.model_validate_json(known.model_dump_json()) == known


@pytest.mark.parametrize("status", ["7", "STATUS_UNSPECIFIED", "SUSPENDED"])
def test_a_status_that_is_new_to_us_is_watched_and_noted(status: str) -> None:
    found = find(config(), [listing(raw("eu"), raw("odd", status=status))], [], CYCLE)
    assert names(found) == ["eu", "odd"]
    assert found.notes == [f"shop/europe-west1/odd is watched in status {status}, which pedwatch does not know"]


def test_a_cluster_that_cannot_be_described_costs_itself_alone() -> None:
    listings = [listing(raw("eu"), raw("-no name-")), listing(raw("lab"), project="example.com:lab")]
    found = find(config(("own",)), listings, [], CYCLE)
    assert names(found) == ["eu", "lab", "own"]
    [odd] = found.undescribed
    assert (odd.project, odd.location, odd.name) == ("shop", "europe-west1", "-no name-")
    assert odd.reason.startswith("name: String should match pattern")
    assert (
        "europe-west1/-no name- (name:" in discovery_run(listings[0], found.undescribed, CYCLE, CYCLE)["error_message"]
    )


@pytest.mark.parametrize("naming", ["name", "qualified"])
def test_a_known_cluster_that_cannot_be_described_is_asked_at_its_last_address(naming: str) -> None:
    given = config(names=naming)
    known = find(given, [listing(raw("eu"), raw("gone"))], [], CYCLE - 6 * DAY).known
    answer = listing(undescribed=[Undescribed("shop", "europe-west1", "eu", "why")])
    found = find(given, [answer], known, CYCLE)
    assert [one.listed_at == CYCLE for one in found.known] == [True, False], "the week of eu alone has not begun"
    assert len(found.notes) == 1 and "gone is no longer listed" in found.notes[0]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ("complete", None)),
        ({"missing_zones": ["b", "a"]}, ("partial", "missing_zones")),
        ({"error_class": "forbidden", "error_message": "no", "missing_zones": ["a"]}, ("failed", "forbidden")),
        ({"undescribed": [Undescribed("shop", "a", "odd", "why")]}, ("partial", "undescribed")),
        ({"undescribed": [Undescribed("other", "a", "odd", "why")]}, ("complete", None)),
    ],
    ids=["all well", "zones GKE could not ask", "no answer", "an odd cluster", "an odd one of another project"],
)
def test_how_discovery_went_is_a_row_like_a_clusters(fields: dict[str, Any], expected: tuple[str, str | None]) -> None:
    row = discovery_run(listing(**fields), fields.get("undescribed", ()), CYCLE, CYCLE)
    assert (row["cluster"], row["status"], row["error_class"]) == ("discovery_shop", *expected)
    assert run_name("example.com:lab") == "discovery_example-com-lab"

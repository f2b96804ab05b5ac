"""What a row says of an object."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from collector_api_server import DEPLOYMENTS, HPAS, ApiServer, deployment, hpa
from collector_harness import CYCLE, Collect

from replica_collector.kubernetes_types import kinds
from replica_collector.observations import Provenance, encode
from replica_collector.spool import Spool

HPA_COLUMNS = {
    f"hpa_{name}": None
    for name in (
        "target_kind",
        "target_name",
        "min_replicas",
        "max_replicas",
        "current_replicas",
        "desired_replicas",
    )
}
COUNTS = ("spec", "status", "updated", "ready", "available", "unavailable")
DEPLOYMENT_COLUMNS = {
    **dict.fromkeys(("generation", "observed_generation", "max_surge", "paused")),
    **{f"{name}_replicas": None for name in COUNTS},
}


def identity(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "cycle": "2026-01-01T10:05:00Z",
        "observed_at": row["observed_at"],
        "environment": "prod",
        "cluster": "eu-1",
        "namespace": "shop",
        "attempt_id": "try-1",
    }


def test_a_deployment_becomes_a_row_with_every_column(api: ApiServer, collect: Collect) -> None:
    api.items = {DEPLOYMENTS: [deployment("orders")], HPAS: []}
    (row,) = collect().rows
    assert row == {
        **identity(row),
        **HPA_COLUMNS,
        "resource_type": "deployment",
        "name": "orders",
        "uid": "uid-orders",
        "api_id": "api-orders",
        "team_id": "team-a",
        "labels": [],
        "created_at": "2025-06-01T08:00:00Z",
        "generation": 3,
        "observed_generation": 3,
        "spec_replicas": 3,
        "status_replicas": 4,
        "updated_replicas": 2,
        "ready_replicas": 3,
        "available_replicas": 3,
        "unavailable_replicas": 1,
        "max_surge": "25%",
        "paused": False,
    }


def test_an_hpa_becomes_a_row_with_every_column(api: ApiServer, collect: Collect) -> None:
    api.items = {DEPLOYMENTS: [], HPAS: [hpa("orders")]}
    (row,) = collect().rows
    assert row == {
        **identity(row),
        **DEPLOYMENT_COLUMNS,
        "resource_type": "hpa",
        "name": "orders",
        "uid": "uid-hpa-orders",
        "api_id": "api-orders",
        "team_id": "team-a",
        "labels": [],
        "created_at": "2025-06-01T08:00:01Z",
        "hpa_target_kind": "Deployment",
        "hpa_target_name": "orders",
        "hpa_min_replicas": 2,
        "hpa_max_replicas": 9,
        "hpa_current_replicas": 3,
        "hpa_desired_replicas": 4,
    }


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param(
            deployment("d", status={}),
            {"status_replicas": 0, "updated_replicas": 0, "ready_replicas": 0, "observed_generation": 0},
            id="counts-the-server-omits-are-zero",
        ),
        pytest.param(
            deployment("d", spec__strategy={"type": "Recreate"}), {"max_surge": None}, id="recreate-never-surges"
        ),
        pytest.param(
            deployment("d", spec__strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 3}}),
            {"max_surge": "3"},
            id="a-count-of-surge-is-text",
        ),
        pytest.param(deployment("d", spec__strategy=None), {"max_surge": "25%"}, id="the-api-default-surge"),
        pytest.param(deployment("d", spec__paused=True), {"paused": True}, id="paused"),
        pytest.param(deployment("d", metadata__labels=None), {"api_id": None, "team_id": None}, id="no-labels"),
        pytest.param(
            deployment("d", metadata__labels={"team_id": "t"}), {"api_id": None, "team_id": "t"}, id="half-labelled"
        ),
        pytest.param(
            deployment("d", metadata__deletionTimestamp="2026-01-01T10:04:00Z"),
            {"name": "d", "status_replicas": 4},
            id="one-being-deleted-still-runs-pods",
        ),
        pytest.param(
            deployment("d", metadata__creationTimestamp="2025-06-01T10:00:00+02:00"),
            {"created_at": "2025-06-01T08:00:00Z"},
            id="times-are-utc",
        ),
        pytest.param(
            hpa("h", spec__scaleTargetRef={"kind": "Rollout", "name": "r", "apiVersion": "argoproj.io/v1alpha1"}),
            {"hpa_target_kind": "Rollout", "hpa_target_name": "r"},
            id="an-hpa-of-another-kind-is-kept",
        ),
        pytest.param(
            hpa("h", spec__minReplicas=None, status={}),
            {"hpa_min_replicas": 1, "hpa_current_replicas": 0, "hpa_desired_replicas": 0},
            id="an-hpa-that-initialises",
        ),
    ],
)
def test_a_column(api: ApiServer, collect: Collect, item: dict[str, Any], expected: dict[str, Any]) -> None:
    kind = HPAS if "scaleTargetRef" in item["spec"] else DEPLOYMENTS
    api.items = {DEPLOYMENTS: [], HPAS: [], kind: [item]}
    (row,) = collect().rows
    assert {name: row[name] for name in expected} == expected


def test_only_the_configured_label_keys_are_stored(api: ApiServer, collect: Collect) -> None:
    labels = {"acme.io/api": "orders", "acme.io/team": "core", "api_id": "other", "secret": "s3cr3t"}
    api.items = {DEPLOYMENTS: [deployment("d", metadata__labels=labels)], HPAS: []}
    (row,) = collect(label_api_id="acme.io/api", label_team_id="acme.io/team").rows
    assert (row["api_id"], row["team_id"]) == ("orders", "core")
    assert "s3cr3t" not in str(row) and "other" not in row.values()


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"tier": "web", "acme.io/cost-center": "7", "secret": "s"}, [("acme.io/cost-center", "7"), ("tier", "web")]),
        ({"tier": ""}, [("tier", "")]),
        ({"app": "x"}, []),
        ({}, []),
        (None, []),
    ],
    ids=["those asked for, sorted", "an empty value is a value", "none of them", "no labels", "labels missing"],
)
@pytest.mark.parametrize("kind", [DEPLOYMENTS, HPAS])
def test_further_labels(
    api: ApiServer, collect: Collect, kind: str, labels: dict[str, str] | None, expected: list[tuple[str, str]]
) -> None:
    item = (deployment if kind == DEPLOYMENTS else hpa)("d", metadata__labels=labels)
    api.items = {DEPLOYMENTS: [], HPAS: [], kind: [item]}
    (row,) = collect(label_also=("acme.io/cost-center", "tier")).rows
    assert row["labels"] == [{"key": key, "value": value} for key, value in expected]


def test_every_listed_object_is_one_row_in_the_servers_order(collect: Collect) -> None:
    collected = collect()
    rows, told = collected.rows, collected.manifest
    assert [(row["resource_type"], row["name"]) for row in rows] == [
        *(("deployment", f"d{number:04}") for number in range(25)),
        *(("hpa", f"d{number:04}") for number in range(12)),
    ]
    assert (told["deployments_listed"], told["hpas_listed"], told["row_count"]) == (25, 12, 37)


def test_the_manifest_vouches_for_the_uncompressed_content(collect: Collect) -> None:
    import gzip

    collected = collect()
    (path,) = collected.data_files
    content = gzip.decompress(path.read_bytes())
    assert collected.manifest["content_sha256"] == hashlib.sha256(content).hexdigest()
    place = path.relative_to(collected.folder)
    assert collected.manifest["evidence_object"] == f"{collected.folder.as_uri()}/{place}"


def test_equal_input_gives_equal_bytes() -> None:
    def compressed() -> bytes:
        page = b'{"kind": "DeploymentList", "metadata": {}, "items": [%s]}'
        item = b'{"metadata": {"name": "a", "namespace": "n", "labels": {"api_id": "x"}}, "spec": {}}'
        origin, spool = Provenance(CYCLE, "prod", "eu-1", "try-1"), Spool()
        decoded = kinds("api_id", "team_id")[0].decoder.decode(page % item)
        spool.write(encode(origin.observe(one, datetime(2026, 1, 1, tzinfo=UTC)) for one in decoded.items), 1)
        spool.finish()
        return b"".join(spool.read())

    assert compressed() == compressed()
    assert compressed()[4:8] == b"\0\0\0\0", "the gzip header holds no time"


def test_a_natural_key_names_a_row(api: ApiServer) -> None:
    origin = Provenance(CYCLE, "prod", "eu-1", "try-1")
    page = b'{"kind": "HorizontalPodAutoscalerList", "metadata": {}, "items": [%s]}'
    item = (
        b'{"metadata": {"name": "a", "namespace": "n"},'
        b' "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "b"}, "maxReplicas": 2}}'
    )
    (decoded,) = kinds("api_id", "team_id")[1].decoder.decode(page % item).items
    assert origin.observe(decoded, CYCLE).natural_key() == (CYCLE, "eu-1", "n", "hpa", "a")

"""What a row says of an object."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from collector_api_server import (
    DEPLOYMENTS,
    HPAS,
    ROLLOUTS,
    STATEFUL_SETS,
    ApiServer,
    deployment,
    hpa,
    rollout,
    stateful_set,
)
from collector_harness import CYCLE, Collect

from replica_collector.kinds import WORKLOADS, kinds
from replica_collector.observations import Provenance, encode
from replica_collector.rows import observe
from replica_collector.spool import Spool

STALE = {"type": "AbleToScale", "status": "False", "reason": "FailedGetScale", "message": "-"}
LATE = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
NOBODYS = {"kind": "Deployment", "name": "d"}


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
        "resource_type": "deployment",
        "name": "orders",
        "uid": "uid-orders",
        "api_id": "api-orders",
        "team_id": "team-a",
        "created_at": "2025-06-01T08:00:00Z",
        "generation": 3,
        "observed_generation": 3,
        "spec_replicas": 3,
        "status_replicas": 4,
        "updated_replicas": 2,
        "ready_replicas": 3,
        "available_replicas": 3,
        "unavailable_replicas": 1,
        "strategy": "RollingUpdate",
        "max_surge": "25%",
        "paused": False,
        "is_past_deadline": False,
    }


def test_an_hpa_becomes_a_row_with_every_column(api: ApiServer, collect: Collect) -> None:
    api.items = {DEPLOYMENTS: [], HPAS: [hpa("orders")]}
    (row,) = collect().rows
    assert row == {
        **identity(row),
        "resource_type": "hpa",
        "name": "orders",
        "uid": "uid-hpa-orders",
        "api_id": "api-orders",
        "team_id": "team-a",
        "created_at": "2025-06-01T08:00:01Z",
        "hpa_target_api_version": "apps/v1",
        "hpa_target_kind": "Deployment",
        "hpa_target_name": "orders",
        "hpa_min_replicas": 2,
        "hpa_max_replicas": 9,
        "hpa_current_replicas": 3,
        "hpa_desired_replicas": 4,
        "hpa_able_to_scale": "True",
        "hpa_able_to_scale_reason": "SucceededGetScale",
    }


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param(
            deployment("d", status={}),
            {"status_replicas": None, "updated_replicas": 0, "ready_replicas": 0, "observed_generation": None},
            id="what-a-status-never-said-is-not-zero",
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
            {"name": "d", "status_replicas": 4, "deleted_at": "2026-01-01T10:04:00Z"},
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
            {"hpa_min_replicas": 1, "hpa_current_replicas": None, "hpa_desired_replicas": 0},
            id="an-hpa-that-initialises",
        ),
        pytest.param(
            hpa(
                "h",
                status__conditions=[STALE, {"type": "ScalingActive", "status": "True"}],
                spec__scaleTargetRef=NOBODYS,
            ),
            {
                "hpa_able_to_scale": "False",
                "hpa_able_to_scale_reason": "FailedGetScale",
                "hpa_scaling_active": "True",
                "hpa_scaling_active_reason": None,
                "hpa_target_api_version": None,
            },
            id="an-hpa-whose-target-cannot-be-read",
        ),
        pytest.param(
            deployment("d", status__conditions=[LATE], status__terminatingReplicas=0),
            {"is_past_deadline": True, "terminating_replicas": 0},
            id="a-rollout-past-its-deadline",
        ),
        pytest.param(
            deployment("d", status__conditions=[LATE | {"type": "Other"}, LATE | {"status": "True"}]),
            {"is_past_deadline": False},
            id="another-condition-with-that-word",
        ),
        pytest.param(
            stateful_set("s"),
            {
                "strategy": "OnDelete",
                "status_replicas": 3,
                "updated_replicas": 2,
                "spec_replicas": 1,
                "max_surge": None,
            },
            id="a-stateful-set",
        ),
        pytest.param(
            rollout("r"),
            {"strategy": "BlueGreen", "status_replicas": 10, "observed_generation": 2, "max_surge": None},
            id="a-blue-green-rollout",
        ),
        pytest.param(
            rollout("r", spec__strategy={"canary": {"maxSurge": 2}}, status__observedGeneration="7d9f8c"),
            {"strategy": "Canary", "max_surge": "2", "observed_generation": None},
            id="a-canary-of-an-old-version",
        ),
        pytest.param(
            rollout("r", status__observedGeneration=-1), {"observed_generation": None}, id="a-rollout-of-no-generation"
        ),
        pytest.param(
            rollout("r", status__observedGeneration=2**64 - 1),
            {"observed_generation": None},
            id="a-rollout-of-a-generation-that-no-column-takes",
        ),
        pytest.param(
            rollout("r", spec={"workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}}),
            {"workload_ref_kind": "Deployment", "workload_ref_name": "d", "workload_ref_scale_down": None}
            | {"spec_replicas": 1, "strategy": None},
            id="a-rollout-of-anothers-template",
        ),
    ],
)
def test_a_column(api: ApiServer, collect: Collect, item: dict[str, Any], expected: dict[str, Any]) -> None:
    kind = HPAS if "scaleTargetRef" in item["spec"] else DEPLOYMENTS
    kind = STATEFUL_SETS if "updateStrategy" in item["spec"] else ROLLOUTS if item.get("kind") == "Rollout" else kind
    api.items = {DEPLOYMENTS: [], STATEFUL_SETS: [], HPAS: [], kind: [item]}
    (row,) = collect(kinds=WORKLOADS).rows
    assert {name: row.get(name) for name in expected} == expected


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
    assert row.get("labels", []) == [{"key": key, "value": value} for key, value in expected]


def test_every_listed_object_is_one_row_in_the_servers_order(collect: Collect) -> None:
    collected = collect()
    rows, told = collected.rows, collected.manifest
    assert [(row["resource_type"], row["name"]) for row in rows] == [
        *(("deployment", f"d{number:04}") for number in range(25)),
        *(("hpa", f"d{number:04}") for number in range(12)),
    ]
    assert (told["deployments_listed"], told["hpas_listed"], told["row_count"]) == (25, 12, 37)


def test_compressed_pages_share_a_sheet_and_nothing_of_the_page_before(api: ApiServer, collect: Collect) -> None:
    plain = [row | {"observed_at": None} for row in collect(attempt_id="plain").rows]
    api.is_gzip = True
    both = [row | {"observed_at": None} for row in collect(attempt_id="gzip").rows]
    assert [row for row in both if row["attempt_id"] == "gzip"] == [row | {"attempt_id": "gzip"} for row in plain]


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
        spool.write(encode(observe(origin, decoded.items, datetime(2026, 1, 1, tzinfo=UTC))), 1)
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
    (row,) = observe(origin, kinds("api_id", "team_id")[-1].decoder.decode(page % item).items, CYCLE)
    assert row.natural_key() == (CYCLE, "eu-1", "n", "hpa", "a")

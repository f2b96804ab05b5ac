"""The Kubernetes stand-in says of an object what the real API server said, in every field that the collector reads."""

import json
from typing import Any

import msgspec
import pytest

from replica_collector.kinds import kinds
from replica_collector.observations import Observation, Provenance
from replica_collector.rows import observe
from sandbox.kubernetes import listing
from sandbox.kubernetes.kinds import AUTOSCALER, WORKLOADS
from sandbox.kubernetes.objects import render
from sandbox.kubernetes.snapshots import History
from sandbox.kubernetes.workloads import parse_state
from tests.recordings.scenes import FIRST, SCENES

KINDS = {kind.plural: kind for kind in kinds("app", "team_id")}
ORIGIN = Provenance(FIRST, "prod", "eu-1", "a1")
# What no scenario says, so that the stand-in makes it up.
MADE_UP = {"uid", "created_at", "namespace", "deleted_at", "generation", "observed_generation"}
SILENT = {"hpa_scaling_active", "hpa_scaling_active_reason", "hpa_able_to_scale_reason"}


def said(plural: str, page: bytes) -> dict[str, dict[str, Any]]:
    """What the collector reads of each object of a page, by name."""
    found: list[Observation] = observe(ORIGIN, KINDS[plural].decoder.decode(page).items, FIRST)
    return {
        row.name: {name: getattr(row, name) for name in row.__struct_fields__ if name not in MADE_UP} for row in found
    }


def stand_in(plural: str, workload: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The same of the stand-in's list of that kind, where this is all there is."""
    history = History("eu-1", lambda: 7)
    state = {"workloads": [{"namespace": "shop", **workload}]}
    snapshot = history.replace(parse_state(msgspec.convert(state, Any)))
    (kind,) = (kind for kind in (*WORKLOADS, AUTOSCALER) if kind.plural == plural)
    items = [render(kind, item) for item in snapshot.shelves[kind].items]
    page = {"kind": f"{kind.kind}List", "metadata": {"resourceVersion": "7"}, "items": items}
    return said(plural, msgspec.json.encode(page))


CHECKOUT = {"name": "checkout", "labels": {"app": "checkout"}}
CATALOG = {"name": "catalog", "labels": {"app": "catalog"}, "kind": "Rollout"}
LEDGER = {"name": "ledger", "labels": {"app": "ledger"}, "kind": "StatefulSet"}
GOING = {"status_replicas": 0, "terminating_replicas": 5, "deleted_at": "2026-11-30T07:45:00Z"}
ROLLING = {"status_replicas": 13, "updated_replicas": 5, "ready_replicas": 8, "available_replicas": 8}


@pytest.mark.parametrize(
    ("shot", "workload"),
    [
        ("at-zero/1-zero.deployments", {**CHECKOUT, "spec_replicas": 0}),
        ("deleted-foreground/2-going.deployments", {**CHECKOUT, "spec_replicas": 5, **GOING}),
        (
            "stuck-image/2-past-deadline.deployments",
            {**CHECKOUT, "spec_replicas": 10, **ROLLING, "terminating_replicas": 1, "is_past_deadline": True},
        ),
        (
            "recreate/2-gap.deployments",
            {**CHECKOUT, "strategy": "Recreate", "spec_replicas": 5, "status_replicas": 0, "terminating_replicas": 5},
        ),
        (
            "stateful-down/1-terminating.statefulsets",
            {**LEDGER, "spec_replicas": 1, "status_replicas": 3, "updated_replicas": 2, "available_replicas": 3}
            | {"ready_replicas": 3, "terminating_replicas": 1},
        ),
        (
            "stateful-ondelete/3-end.statefulsets",
            {**LEDGER, "strategy": "OnDelete", "spec_replicas": 3, "status_replicas": 2, "updated_replicas": 1},
        ),
        (
            "rollout-blue-green/1-preview.rollouts",
            {**CATALOG, "strategy": "BlueGreen", "spec_replicas": 5, "status_replicas": 10, "updated_replicas": 5}
            | {"ready_replicas": 5, "available_replicas": 5},
        ),
        (
            "rollout-canary/4-promoting.rollouts",
            {**CATALOG, "spec_replicas": 10, "status_replicas": 11, "updated_replicas": 10}
            | {"ready_replicas": 8, "available_replicas": 8},
        ),
        (
            "rollout-workloadref-default/1-end.rollouts",
            {**CATALOG, "spec_replicas": 1, "workload_ref": "catalog"},
        ),
        (
            "rollout-workloadref-onsuccess/2-end.rollouts",
            {**CATALOG, "spec_replicas": 4, "workload_ref": "catalog", "scale_down": "onsuccess"},
        ),
        (
            "hpa-target-deleted/2-after.horizontalpodautoscalers",
            {**CHECKOUT, "kind": "HorizontalPodAutoscaler"}
            | {"hpa": {"min": 2, "max": 10, "current": 8, "desired": 0, "is_able_to_scale": False}},
        ),
        (
            "hpa-target-at-zero/2-at-zero.horizontalpodautoscalers",
            {**CHECKOUT, "spec_replicas": 0, "hpa": {"min": 2, "max": 10}},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_object_is_as_it_was_recorded(shot: str, workload: dict[str, Any]) -> None:
    plural = shot.rpartition(".")[2]
    recorded = said(plural, (SCENES / f"{shot}.json").read_bytes())
    name = workload["name"]
    found = stand_in(plural, workload)[name]
    wanted = recorded[name]
    if plural == "horizontalpodautoscalers":  # there were no metrics where these were recorded
        assert found["hpa_able_to_scale"] == wanted["hpa_able_to_scale"]
        found, wanted = ({k: v for k, v in row.items() if k not in SILENT} for row in (found, wanted))
    assert found == wanted


def test_an_expired_token_is_refused_in_the_recorded_words() -> None:
    recorded = json.loads((SCENES / "expired-continue-410.json").read_bytes())
    told = listing.ContinueToken(7, "shop/checkout\0").expired().status()
    assert {name: told[name] for name in recorded if name != "metadata"} == {
        name: value for name, value in recorded.items() if name != "metadata"
    }
    assert listing.ContinueToken.decode(told["metadata"]["continue"]).version == listing.INCONSISTENT
    assert listing.ContinueToken.decode(recorded["metadata"]["continue"]).version == listing.INCONSISTENT

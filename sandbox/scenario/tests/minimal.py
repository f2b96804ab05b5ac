"""The smallest scenario, and ways to vary it."""

import copy
from typing import Any

import yaml

from sandbox.scenario.loading import parse
from sandbox.scenario.model import Scenario

DOCUMENT: dict[str, Any] = {
    "name": "minimal",
    "description": "One workload in one cluster.",
    "start": "2026-03-02T10:00:00Z",
    "cycles": 4,
    "clusters": [{"name": "eu-1", "environment": "prod"}],
    "teams": [{"team_id": "orders", "channel": {"id": "C0ORDERS", "name": "orders"}, "mode": "team"}],
    "platform_channel": {"id": "C0PLATFORM", "name": "platform"},
    "limits": [
        {
            "environment": "prod",
            "team_id": "orders",
            "api_id": "api",
            "max_replicas": 4,
            "grant": {"approver": "dana", "ticket": "PED-1"},
        }
    ],
    "workloads": [
        {
            "cluster": "eu-1",
            "namespace": "shop",
            "name": "api",
            "api": "api",
            "team": "orders",
            "replicas": 4,
            "hpa": {"min": 1, "max": 9},
        }
    ],
}


def minimal(**changes: Any) -> Scenario:
    """Return the smallest scenario with some top-level fields replaced."""
    return parse(text(**changes), "minimal.yaml")


def text(**changes: Any) -> str:
    """Return its text."""
    return yaml.safe_dump({**copy.deepcopy(DOCUMENT), **changes}, sort_keys=False)

"""Large clusters for benchmarks."""

import random
from typing import Any

Workload = dict[str, Any]
SUBJECTS = (
    "orders payments search users ledger quotes pricing media feed auth risk geo cart shipping tax loyalty".split()
)
ROLES = ("api", "worker", "gateway", "service")
SIZES = (1, 2, 2, 3, 3, 4, 6, 8, 12, 20, 40)
NAMESPACES = 400
ROLLING_SHARE = 0.04
LABELLED_SHARE = 0.97


def _labels(chance: random.Random, index: int, name: str, subject: str) -> dict[str, str]:
    version = f"v{chance.randrange(1, 9)}.{chance.randrange(30)}.{chance.randrange(20)}"
    labels = {
        "app.kubernetes.io/name": subject,
        "app.kubernetes.io/instance": name,
        "app.kubernetes.io/version": version,
        "app.kubernetes.io/managed-by": "Helm",
        "helm.sh/chart": f"service-{chance.randrange(9)}.{chance.randrange(9)}.0",
        "env": "prod",
        "cost-center": str(chance.randrange(1000, 9999)),
    }
    if chance.random() < LABELLED_SHARE:
        labels |= {"api_id": f"{subject}-{index % 2500:04d}", "team_id": f"team-{index % 120:03d}"}
    return labels


def _workload(chance: random.Random, index: int, namespaces: list[str]) -> Workload:
    subject = chance.choice(SUBJECTS)
    name = f"{subject}-{chance.choice(ROLES)}-{index:05x}"
    asked = chance.choice(SIZES)
    workload: Workload = {
        "namespace": chance.choice(namespaces),
        "name": name,
        "labels": _labels(chance, index, name, subject),
        "spec_replicas": asked,
        "generation": chance.randrange(1, 400),
    }
    if chance.random() < ROLLING_SHARE:
        surge = -(-asked // 4)
        workload |= {"status_replicas": asked + surge, "updated_replicas": surge, "ready_replicas": asked}
    return workload


def synthetic_workloads(
    deployments: int, hpas: int, stateful_sets: int = 0, rollouts: int = 0, seed: int = 7
) -> list[Workload]:
    """Return workloads for ``ControlClient.set_state``, the same ones for the same seed."""
    count = deployments + stateful_sets + rollouts
    if hpas > count:
        raise ValueError(f"{hpas} HPAs need as many workloads to scale, there are {count}")
    chance = random.Random(seed)
    namespaces = [f"{chance.choice(SUBJECTS)}-{number:03d}" for number in range(NAMESPACES)]
    workloads = [_workload(chance, index, namespaces) for index in range(count)]
    for number, workload in enumerate(workloads[deployments:]):
        workload["kind"] = "StatefulSet" if number < stateful_sets else "Rollout"
    for workload in chance.sample(workloads, hpas):
        asked = workload["spec_replicas"]
        workload["hpa"] = {"min": max(1, asked // 2), "max": asked * 3}
    return workloads

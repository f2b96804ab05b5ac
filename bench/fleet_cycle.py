"""Many clusters in one cycle, twenty of them in trouble, each in its own way: what bench/fleet.py measures."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.e2e.stand_ins import StandIns
from tests.e2e.watch_run import Run
from tests.e2e.watched_world import World, workload

STATUSES = ("complete", "partial", "failed")
Row = dict[str, Any]

#: Spread over the clusters: a fault, and the outcome that the cycle shall show.
FAULTS: list[tuple[Row, str, str | None]] = [
    ({"kind": "unreachable"}, "failed", "unreachable"),
    ({"kind": "hang"}, "failed", "timeout"),
    ({"kind": "slow", "seconds": 30}, "failed", "timeout"),
    ({"kind": "slow_loris", "seconds": 0.2}, "failed", "timeout"),
    ({"kind": "unauthorized"}, "failed", "unauthenticated"),
    ({"kind": "forbidden"}, "failed", "forbidden"),
    ({"kind": "forbidden", "only": "hpa"}, "partial", "forbidden"),
    ({"kind": "forbidden", "only": "deployments"}, "partial", "forbidden"),
    ({"kind": "not_found"}, "failed", "api_missing"),
    ({"kind": "throttled", "retry_after": 60}, "failed", "throttled"),
    ({"kind": "throttled", "retry_after": 0, "times": 2}, "complete", None),
    ({"kind": "unavailable"}, "failed", "server_error"),
    ({"kind": "server_error"}, "failed", "server_error"),
    ({"kind": "redirect"}, "failed", "redirected"),
    ({"kind": "garbage"}, "failed", "bad_payload"),
    ({"kind": "wrong_shape"}, "failed", "bad_payload"),
    ({"kind": "cut_body"}, "failed", "unreachable"),
]
#: Told by the configuration instead: what a wrong address does.
ADDRESSES: list[tuple[Row, str]] = [
    ({"auth": "none", "endpoint": "https://nowhere.invalid"}, "dns"),
    ({"auth": "none", "endpoint": "https://{address}"}, "tls"),
    ({"auth": "kubeconfig", "context": "no-such-context"}, "misconfigured"),
]


def collect_side_by_side(run: Run) -> None:
    """Run all pods of a cycle at once, as processes, as the environment's cluster would."""
    pods = run.told("plan_cycle")
    assert len(pods) == 10, "no more pods than max_pods"
    running = []
    for pod in pods:
        given = {name: value for name, value in pod.items() if name != "TMPDIR"}
        command = [sys.executable, "-m", "replica_collector"]
        running.append(subprocess.Popen(command, env={**os.environ, **given}, stderr=subprocess.PIPE, text=True))
    for pod in running:
        _, printed = pod.communicate(timeout=120)
        assert pod.returncode == 0, f"a dark cluster is data, not an exit status: {printed[-3000:]}"
    run.done.append("collect")


def observe_fleet(
    make_world: Callable[..., World], stand_ins: StandIns, size: int, budget_seconds: int
) -> dict[str, float]:
    """Live through one cycle of that many clusters and hold that each is accounted for; returns seconds per step."""
    began = time.perf_counter()
    names = [f"fleet-{number:03}" for number in range(size)]
    clusters: dict[str, Row] = {name: {"name": name, "environment": "prod", "auth": "kubeconfig"} for name in names}
    expected: dict[str, tuple[str, str | None]] = dict.fromkeys(names, ("complete", None))
    for name in names:
        stand_ins.kubernetes.add_cluster(name)
        stand_ins.kubernetes.set_state(name, [workload("orders", 3, hpa={"max": 9}), workload("steady", 2)])
    step = max(1, size // 20)
    for (fault, status, error_class), name in zip(FAULTS, names[::step], strict=False):
        stand_ins.kubernetes.set_fault(name, fault)
        expected[name] = (status, error_class)
    address = stand_ins.servers.addresses["kubernetes"].partition("://")[2]
    for (fields, error_class), name in zip(ADDRESSES, names[:: -2 if size < 200 else -1], strict=False):
        assert expected[name] == ("complete", None)
        clusters[name] |= {key: value.format(address=address) for key, value in fields.items()}
        expected[name] = ("failed", error_class)
    collector = stand_ins.seed.collector.model_dump() | {"budget_seconds": budget_seconds}
    world = make_world(is_seeded=False, clusters=list(clusters.values()), collector=collector)
    world.leaves_limits_alone()
    run = world.run(1)
    run.go(until="plan_cycle")
    prepared = time.perf_counter()
    collect_side_by_side(run)
    collected = time.perf_counter()
    run.go(until="load_observations")
    loaded = time.perf_counter()

    runs = world.rows("collection_runs")
    assert {row["cluster"]: (row["status"], row["error_class"]) for row in runs} == expected
    assert len(runs) == size
    jobs = [job for job in world.warehouse.client.list_jobs(max_results=100) if job.job_type == "load"]
    assert sum(job.destination.dataset_id == world.config.dataset for job in jobs) == 1
    rows = Counter(row["cluster"] for row in world.rows("replica_observations"))
    found = {status: Counter(rows[name] for name, told in expected.items() if told[0] == status) for status in STATUSES}
    assert found["complete"] == {3: size - 19}, "two Deployments and an HPA each"
    assert found["partial"] == {2: 1, 1: 1}, "one without its HPA, one with nothing but it"
    assert found["failed"] == {0: 17}, "no row of a cluster that was not seen"
    told = run.told("load_observations")
    assert (len(told["seen"]), len(told["blind"])) == (size - 19, 19)
    return {"prepare": prepared - began, "collect": collected - prepared, "load": loaded - collected}

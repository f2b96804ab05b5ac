"""What a cycle costs Airflow's workers: real scheduler and LocalExecutor, nothing imported before the fork.

Both DAGs of a cycle are queued at once, as at the end of an interval. The product's clock stands a few seconds behind
it, so that cycles follow one another without waiting. In the last cycle each task waits ten seconds before it
begins, as on a managed Airflow, and a cluster is silent. Beside them a DAG of as many tasks that do nothing.
"""

import datetime as dt
import statistics
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.results import Goal
from bench.scheduled_airflow import FLOOR, HOP_SECONDS, RUN_SECONDS, SYNC, WATCH, Scheduled
from sandbox.demo.stage_setting import set_stage
from sandbox.scenario.model import Scenario

CLUSTERS = ("eu-prod-1", "eu-prod-2")
SERVICES = 10
FIRST = dt.datetime(2026, 3, 2, 10, 5, tzinfo=dt.UTC)
CYCLES = 5
WARM_UP, TELLING, HOPPING = 1, 4, 5
"""The first cycle reads all limits; in the fourth an API runs twice what it was granted."""
CYCLE_SECONDS = 300
FLOOR_TASKS = 8


def scenario() -> Scenario:
    """Return a shop of two clusters in which nothing happens until the last cycle."""
    grant = {"approver": "dana", "ticket": "PED-1"}
    services = [f"service-{number}" for number in range(SERVICES)]
    return Scenario.model_validate(
        {
            "name": "cycle",
            "description": "Steady, until one scales out.",
            "start": FIRST.isoformat(),
            "cycles": CYCLES,
            "clusters": [{"name": name, "environment": "prod"} for name in CLUSTERS],
            "teams": [{"team_id": "orders", "channel": {"id": "C0ORDERS", "name": "orders-alerts"}, "mode": "team"}],
            "platform_channel": {"id": "C0PLATFORM", "name": "ped-platform"},
            "limits": [
                {"environment": "prod", "team_id": "orders", "api_id": name, "max_replicas": 8, "grant": grant}
                for name in services
            ],
            "workloads": [
                {
                    "cluster": cluster,
                    "namespace": "shop",
                    "name": name,
                    "api": name,
                    "team": "orders",
                    "replicas": 6,
                }
                for cluster in CLUSTERS
                for name in services
            ],
            "timeline": [
                {"cycle": TELLING, "scale": {"workload": f"{CLUSTERS[0]}/shop/{services[0]}", "replicas": 16}},
                {"cycle": HOPPING, "outage": {"cluster": CLUSTERS[1], "kind": "hang"}},
            ],
        }
    )


def measure() -> tuple[list[Goal], list[dict[str, Any]]]:
    """Play the cycles and return what they cost."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pedwatch-bench-")))
        stage = stack.enter_context(set_stage(scenario(), folder / "stage"))
        airflow = Scheduled(stage)
        airflow.prepare(FLOOR_TASKS)
        stack.callback(airflow.stop)
        airflow.start()
        rows = []
        for plan in stage.player.plans:
            stage.player.enter(plan)
            if plan.number == HOPPING:
                airflow.let_tasks_wait()
            rows.append({"number": plan.number} | airflow.run((SYNC, WATCH), plan.time))
        floor = airflow.run((FLOOR,), FIRST)
    for row in (*rows, floor):
        # With slow hops a run may be ended by its own timeout: its seconds say so.
        if set(row["states"]) != {"success"} and row.get("number") != HOPPING:
            raise RuntimeError(f"a run failed: {row}")
    return goals(rows, floor), [*rows, floor]


def goals(rows: list[dict[str, Any]], floor: Mapping[str, Any]) -> list[Goal]:
    """Return what cycles may take; seconds are those of a quiet machine with two processors."""
    quiet = [row for row in rows if WARM_UP < row["number"] < TELLING]
    of = {row["number"]: row for row in rows}
    telling, hopping = of[TELLING], of[HOPPING]

    def in_quiet(value: Callable[[dict[str, Any]], float]) -> float:
        return statistics.mean(value(row) for row in quiet)

    def processes(row: dict[str, Any]) -> int:
        return sum(not name.endswith(".collect") for name in row["processes"])

    return [
        Goal("processes of a quiet cycle, collectors apart", in_quiet(processes), 7, "processes"),
        Goal("processes of a cycle that tells, collectors apart", processes(telling), 8, "processes"),
        Goal("worker CPU of a quiet cycle, sync included", in_quiet(lambda row: row["cpu_seconds"]), 9, "s"),
        Goal("worker CPU of a cycle that tells", telling["cpu_seconds"], 10, "s"),
        Goal(f"worker CPU of {FLOOR_TASKS} tasks that do nothing", floor["cpu_seconds"], 1.5, "s"),
        Goal("peak memory of a task's process", max(row["peak_mb"] for row in rows), 320, "MB"),
        Goal("interval end to heartbeat, quiet", in_quiet(lambda row: row["seconds"][WATCH]), 45, "s"),
        Goal("interval end to Slack", telling["seconds_to_slack"] or RUN_SECONDS, 45, "s"),
        Goal(
            "rows loaded for each row observed", in_quiet(lambda row: row["rows_loaded"] / row["rows_observed"]), 1, ""
        ),
        Goal(
            f"share of a cycle with hops of {HOP_SECONDS} s and a silent cluster",
            hopping["seconds"][WATCH] / CYCLE_SECONDS,
            0.6,
            "of five minutes",
        ),
    ]

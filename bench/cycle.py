"""What a cycle costs Airflow's workers: real scheduler and LocalExecutor, nothing imported before the fork.

Both DAGs of a cycle are queued at once, as at the end of an interval. The product's clock stands a few seconds behind
it, so that cycles follow one another without waiting. In the last cycle each task waits ten seconds before it
begins, as on a managed Airflow, and a cluster is silent. Beside them a DAG of as many tasks that do nothing.
"""

import datetime as dt
import json
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import yaml
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from bench import tree
from bench.results import Goal
from bench.scheduled_runs import run_id
from bench.worker_processes import PeakMemory, cpu_seconds
from sandbox.demo.stage_setting import Stage, set_stage
from sandbox.environment.process import LeashedProcess
from sandbox.environment.servers import PROJECT
from sandbox.scenario.gathering import DATASET, Reader
from sandbox.scenario.model import Scenario

CLUSTERS = ("eu-prod-1", "eu-prod-2")
SERVICES = 10
FIRST = dt.datetime(2026, 3, 2, 10, 5, tzinfo=dt.UTC)
CYCLES = 5
WARM_UP, TELLING, HOPPING = 1, 4, 5
"""The first cycle reads all limits; in the fourth an API runs twice what it was granted."""
SYNC, WATCH, FLOOR = "ped_limits_sync", "ped_replica_watch", "floor"
ENDED = ("success", "failed")
RUN_SECONDS = 400
CYCLE_SECONDS = 300
HOP_SECONDS = 10
HOP = f"""
import time
from airflow.sdk import get_parsing_context
if get_parsing_context().task_id:
    time.sleep({HOP_SECONDS})
"""
"""At the end of a DAG file, which every task's process parses before it begins."""
FLOOR_TASKS = 8
FLOOR_DAG = f'''
import datetime as dt
from airflow.sdk import DAG, task

with DAG(dag_id="{FLOOR}", schedule=None, start_date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)):
    before = None
    for number in range({FLOOR_TASKS}):
        one = task(task_id=f"nothing_{{number}}")(lambda: None)()
        if before is not None:
            before >> one
        before = one
'''


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
            "teams": [{"team_id": "orders", "channel": {"id": "C0ORDERS", "name": "orders-alerts"}}],
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


class Scheduled:
    """Airflow with its scheduler over prepared runs of a scenario."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.reader = Reader(stage.player.scenario, stage.servers)
        self.client = bigquery.Client(
            project=PROJECT,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": stage.servers.addresses["bigquery"]},
        )
        self.scheduler: LeashedProcess | None = None

    def prepare(self) -> None:
        """Publish the limits, make the tables and the runs; nothing is scheduled yet."""
        self.stage.player.begin()
        airflow = self.stage.airflow
        runner = airflow.dag_runner()
        try:
            made = runner.run("ped_housekeeping", FIRST - dt.timedelta(days=1))
        finally:
            runner.stop()
        if not made.is_success:
            raise RuntimeError(made.describe())
        folder = self.stage.folder / "dags"
        shutil.copytree(tree.UNDER_TEST / "dags", folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "floor.py").write_text(FLOOR_DAG)
        airflow.dags_folder = folder
        airflow.serialize_dags()
        wanted = [(dag_id, plan.time.isoformat()) for plan in self.stage.player.plans for dag_id in (SYNC, WATCH)]
        wanted.append((FLOOR, FIRST.isoformat()))
        subprocess.run(
            [sys.executable, "-m", "bench.scheduled_runs"],
            input=json.dumps(wanted),
            text=True,
            env=airflow.environment(),
            check=True,
            capture_output=True,
        )

    def start(self) -> None:
        """Start the API server and the scheduler: plainly, where the sandbox's has imported everything before."""
        airflow = self.stage.airflow
        airflow.start(["api-server"])
        command = [sys.executable, "-m", "airflow", "scheduler", "--skip-serve-logs"]
        log = airflow.home / "logs" / "scheduler.log"
        self.scheduler = LeashedProcess("scheduler", command, log, airflow.environment(), stop_signal="INT", grace=15)
        time.sleep(10)

    def let_tasks_wait(self) -> None:
        """From now on every task waits before it begins, and a silent cluster costs what it costs by default."""
        for name in (SYNC, WATCH):
            path = self.stage.airflow.dags_folder / f"{name}.py"
            path.write_text(path.read_text() + HOP)
        config = self.stage.folder / "pedwatch.yaml"
        document = yaml.safe_load(config.read_text())
        del document["collector"]["budget_seconds"]
        config.write_text(yaml.safe_dump(document))

    def stop(self) -> None:
        """Stop the scheduler; the stage stops the rest."""
        if self.scheduler:
            self.scheduler.stop()

    def _database(self, *, writing: bool = False) -> sqlite3.Connection:
        mode = "rw" if writing else "ro"
        return sqlite3.connect(f"file:{self.stage.airflow.database}?mode={mode}", uri=True, timeout=30)

    def run(self, dag_ids: tuple[str, ...], cycle: dt.datetime) -> dict[str, Any]:
        """Queue the runs of a cycle, wait for their ends, and say what they cost."""
        assert self.scheduler
        ids = [run_id(dag_id, cycle) for dag_id in dag_ids]
        marks = ",".join("?" * len(ids))
        known = len(self.reader.raw_messages())
        pid = self.scheduler.pid
        since = dt.datetime.now(dt.UTC)
        before, began = cpu_seconds(pid), time.monotonic()
        ended: dict[str, float] = {}
        to_slack = None
        with closing(self._database(writing=True)) as database, database:
            now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
            database.execute(
                f"UPDATE dag_run SET state = 'queued', queued_at = ?, start_date = NULL, end_date = NULL "
                f"WHERE run_id IN ({marks})",
                (now, *ids),
            )
        with PeakMemory(pid) as memory:
            while len(ended) < len(ids):
                self.scheduler.check_alive("the end of a cycle")
                if time.monotonic() - began > RUN_SECONDS:
                    raise RuntimeError(f"{cycle}: not ended after {RUN_SECONDS} s; see {self.scheduler.log}")
                time.sleep(0.2)
                if to_slack is None and len(self.reader.raw_messages()) > known:
                    to_slack = time.monotonic() - began
                with closing(self._database()) as database:
                    query = f"SELECT run_id, state FROM dag_run WHERE run_id IN ({marks})"
                    states = dict(database.execute(query, ids).fetchall())
                for name, state in states.items():
                    if state in ENDED:
                        ended.setdefault(name, time.monotonic() - began)
        time.sleep(1)
        with closing(self._database()) as database:
            query = f"SELECT dag_id, task_id, map_index, state, pid FROM task_instance WHERE run_id IN ({marks})"
            tasks = database.execute(query, ids).fetchall()
        jobs = (job for job in self.client.list_jobs(min_creation_time=since) if job.job_type == "load")
        loads = [job.output_rows for job in jobs if job.destination.table_id.startswith("replica_observations")]
        counted = f"SELECT COUNT(*) AS n FROM `{DATASET}.replica_observations` WHERE cycle = TIMESTAMP '{cycle}'"
        return {
            "cycle": cycle.isoformat(),
            "rows_loaded": sum(loads),
            "rows_observed": self.reader.query(counted)[0]["n"],
            "states": sorted(states.values()),
            "cpu_seconds": cpu_seconds(pid) - before,
            "seconds_to_slack": to_slack,
            "seconds": {name.split("__")[1]: seconds for name, seconds in ended.items()},
            "processes": sorted(f"{dag}.{name}" for dag, name, _, _, started in tasks if started),
            "peak_mb": memory.peak_mb,
        }


def measure() -> tuple[list[Goal], list[dict[str, Any]]]:
    """Play the cycles and return what they cost."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pedwatch-bench-")))
        stage = stack.enter_context(set_stage(scenario(), folder / "stage"))
        airflow = Scheduled(stage)
        airflow.prepare()
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
        if set(row["states"]) != {"success"}:
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
        Goal("worker CPU of a quiet cycle, sync included", in_quiet(lambda row: row["cpu_seconds"]), 16.6, "s"),
        Goal("worker CPU of a cycle that tells", telling["cpu_seconds"], 20, "s"),
        Goal(f"worker CPU of {FLOOR_TASKS} tasks that do nothing", floor["cpu_seconds"], 16.6, "s"),
        Goal("peak memory of a task's process", max(row["peak_mb"] for row in rows), 320, "MB"),
        Goal("interval end to heartbeat, quiet", in_quiet(lambda row: row["seconds"][WATCH]), 60, "s"),
        Goal("interval end to Slack", telling["seconds_to_slack"] or RUN_SECONDS, 60, "s"),
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

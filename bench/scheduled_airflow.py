"""Airflow with its real scheduler over runs that are queued one cycle after the other, and what each of them costs."""

import datetime as dt
import json
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from typing import Any

import yaml
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from bench import tree
from bench.scheduled_runs import run_id
from bench.worker_processes import PeakMemory, child_of, cpu_seconds
from sandbox.demo.stage_setting import Stage
from sandbox.environment.airflow import Airflow
from sandbox.environment.process import LeashedProcess
from sandbox.environment.servers import PROJECT
from sandbox.scenario.gathering import DATASET, Reader

SYNC, WATCH, FLOOR = "ped_limits_sync", "ped_replica_watch", "floor"
ENDED = ("success", "failed")
RUN_SECONDS = 400
HOP_SECONDS = 10
HOP = f"""
import time
from airflow.sdk import get_parsing_context
if get_parsing_context().task_id:
    time.sleep({HOP_SECONDS})
"""
"""At the end of a DAG file, which every task's process parses before it begins."""
FLOOR_DAG = """
import datetime as dt
from airflow.sdk import DAG, task

with DAG(dag_id="floor", schedule=None, start_date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)):
    before = None
    for number in range({tasks}):
        one = task(task_id="nothing_" + str(number))(lambda: None)()
        if before is not None:
            before >> one
        before = one
"""
"""A DAG of so many tasks, one after the other, that do nothing."""


def plain_scheduler(airflow: Airflow) -> LeashedProcess:
    """Start a scheduler that imported nothing before it forks, where the sandbox's has imported everything."""
    command = [sys.executable, "-m", "airflow", "scheduler", "--skip-serve-logs"]
    log = airflow.home / "logs" / "scheduler.log"
    return LeashedProcess("scheduler", command, log, airflow.environment(), stop_signal="INT", grace=15)


def open_database(airflow: Airflow, *, writing: bool = False) -> sqlite3.Connection:
    """Open Airflow's database beside its scheduler."""
    mode = "rw" if writing else "ro"
    return sqlite3.connect(f"file:{airflow.home / 'airflow.db'}?mode={mode}", uri=True, timeout=30)


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

    def prepare(self, empty_tasks: int) -> None:
        """Publish the limits, make the tables, a DAG of empty tasks, and the runs; nothing is scheduled yet."""
        self.stage.player.begin()
        first = self.stage.player.scenario.start
        airflow = self.stage.airflow
        runner = airflow.dag_runner()
        try:
            made = runner.run("ped_housekeeping", first - dt.timedelta(days=1))
        finally:
            runner.stop()
        if not made.is_success:
            raise RuntimeError(made.describe())
        folder = self.stage.folder / "dags"
        shutil.copytree(tree.UNDER_TEST / "dags", folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / f"{FLOOR}.py").write_text(FLOOR_DAG.format(tasks=empty_tasks))
        airflow.dags_folder = folder
        airflow.serialize_dags()
        wanted = [(dag_id, plan.time.isoformat()) for plan in self.stage.player.plans for dag_id in (SYNC, WATCH)]
        wanted.append((FLOOR, first.isoformat()))
        subprocess.run(
            [sys.executable, "-P", "-m", "bench.scheduled_runs"],
            input=json.dumps(wanted),
            text=True,
            env=airflow.environment(),
            check=True,
            capture_output=True,
        )

    def start(self) -> None:
        """Start the API server and the scheduler."""
        self.stage.airflow.start(["api-server"])
        self.scheduler = plain_scheduler(self.stage.airflow)
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

    def run(self, dag_ids: tuple[str, ...], cycle: dt.datetime) -> dict[str, Any]:
        """Queue the runs of a cycle, wait for their ends, and say what they cost."""
        assert self.scheduler
        ids = [run_id(dag_id, cycle) for dag_id in dag_ids]
        marks = ",".join("?" * len(ids))
        known = len(self.reader.raw_messages())
        pid = child_of(self.scheduler.pid)
        since = dt.datetime.now(dt.UTC)
        before, began = cpu_seconds(pid), time.monotonic()
        ended: dict[str, float] = {}
        to_slack = None
        with closing(open_database(self.stage.airflow, writing=True)) as database, database:
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
                with closing(open_database(self.stage.airflow)) as database:
                    query = f"SELECT run_id, state FROM dag_run WHERE run_id IN ({marks})"
                    states = dict(database.execute(query, ids).fetchall())
                for name, state in states.items():
                    if state in ENDED:
                        ended.setdefault(name, time.monotonic() - began)
        time.sleep(1)
        with closing(open_database(self.stage.airflow)) as database:
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

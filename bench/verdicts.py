"""The comparison at scale, on the BigQuery stand-in as a process of its own: one cycle, one day anew, a long history.

Three worlds, each in a dataset of its own: 100,000 workloads of 1,000 clusters in one cycle; a day of 50,000 workloads
(14.4 million observations), judged anew; one cycle of 1,000 workloads with one day and with 90 days of history behind
it. An API runs one workload in each of its clusters, so that there are as many subjects as workloads.
"""

import datetime as dt
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from bench.cycle_jobs import count_jobs
from bench.results import Goal
from pedwatch import settings, sql
from pedwatch.config import Config
from pedwatch.hooks.warehouse import Warehouse

CYCLE = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)

POLICY = """
INSERT INTO `{d}.policy_history` (policy_version, valid_from, valid_to, tolerance_count, tolerance_ratio, grace_minutes,
  surge_budget_minutes, for_observations, window_observations, clear_observations, gross_ratio, gross_count,
  critical_ratio, approvers)
VALUES ('p1', TIMESTAMP '0001-01-01 00:00:00+00', TIMESTAMP '9999-12-31 23:59:59.999999+00', 0, 0, 10, 30, 2, 3, 2, 1.5,
  2, 1.5, [STRUCT('ana' AS approver, 'platform' AS team_id)])
"""
LIMITS = """
INSERT INTO `{d}.limit_history` (limit_id, api_id, team_id, environment, scope, version, max_replicas, exemptions,
  document_update_time, versions_missing, valid_from, valid_to, recorded_from, recorded_to, content_sha256, is_deleted)
SELECT CONCAT('prod.team-', MOD(i, 100), '.api-', i), CONCAT('api-', i), CONCAT('team-', MOD(i, 100)), 'prod',
  'cluster', 1, 20, NULL, TIMESTAMP '2025-01-01 00:00:00+00', 0, TIMESTAMP '2025-01-01 00:00:00+00',
  TIMESTAMP '9999-12-31 23:59:59.999999+00', TIMESTAMP '2025-01-01 00:00:00+00',
  TIMESTAMP '9999-12-31 23:59:59.999999+00', 'c', FALSE
FROM UNNEST(GENERATE_ARRAY(0, {apis} - 1)) AS i
"""
COLLECTIONS = """
INSERT INTO `{d}.collection_runs` (cycle, {length_column}cluster, environment, status, attempt_id,
  deployments_listed, row_count, recorded_at)
SELECT cycle, {length}CONCAT('c-', c), 'prod', 'complete', 'a', 1, DIV({workloads}, {clusters}), cycle
FROM UNNEST(GENERATE_TIMESTAMP_ARRAY(@first, @last, INTERVAL 5 MINUTE)) AS cycle
CROSS JOIN UNNEST(GENERATE_ARRAY(0, {clusters} - 1)) AS c
"""
OBSERVATIONS = """
INSERT INTO `{d}.replica_observations` (cycle, observed_at, environment, cluster, namespace, resource_type, name,
  api_id, team_id, created_at, spec_replicas, status_replicas, updated_replicas, max_surge, attempt_id)
SELECT cycle, cycle, 'prod', CONCAT('c-', MOD(w + DIV(w, {apis}), {clusters})), CONCAT('ns-', MOD(w, 200)),
  'deployment', CONCAT('workload-', w), CONCAT('api-', MOD(w, {apis})), CONCAT('team-', MOD(MOD(w, {apis}), 100)),
  TIMESTAMP '2025-01-01 00:00:00+00', 8 + MOD(w, 14), 8 + MOD(w, 14) + IF(MOD(w, 97) = 0, 2, 0),
  8 + MOD(w, 14), '25%', 'a'
FROM UNNEST(GENERATE_TIMESTAMP_ARRAY(@first, @last, INTERVAL 5 MINUTE)) AS cycle
CROSS JOIN UNNEST(GENERATE_ARRAY(0, {workloads} - 1)) AS w
"""


class World:
    """One dataset on the stand-in."""

    def __init__(self, address: str, name: str, workloads: int, clusters: int, apis: int) -> None:
        client = bigquery.Client(
            project="bench",
            location="EU",
            credentials=AnonymousCredentials(),
            client_options=ClientOptions(api_endpoint=address),
        )
        self.warehouse = Warehouse(client, _config(name), settings.include_dir() / "sql")
        self.sizes = {"d": f"bench.{name}", "workloads": workloads, "clusters": clusters, "apis": apis}
        self.warehouse.create_dataset()
        for statement in sql.statement_names(settings.include_dir() / "sql"):
            if statement.startswith("ddl/tables/"):
                self.warehouse.write(statement)
        for text in (POLICY, LIMITS):
            self.run(text)

    def run(self, text: str, **parameters: dt.datetime) -> None:
        """Run a statement with the sizes filled in."""
        given = [bigquery.ScalarQueryParameter(name, "TIMESTAMP", value) for name, value in parameters.items()]
        config = bigquery.QueryJobConfig(query_parameters=given)
        self.warehouse.client.query(text.format(**self.sizes), job_config=config).result()

    def observe(self, first: dt.datetime, last: dt.datetime) -> None:
        """Fill in all cycles from ``first`` to ``last``, a day at a time."""
        has_length = "cycle_minutes" in sql.render(
            settings.include_dir() / "sql", "ddl/tables/collection_runs.sql", dataset="d"
        )
        length = ("cycle_minutes, ", "5, ") if has_length else ("", "")  # a base before it was recorded
        while first <= last:
            until = min(first + DAY - dt.timedelta(minutes=5), last)
            self.run(
                COLLECTIONS.replace("{length_column}", length[0]).replace("{length}", length[1]),
                first=first,
                last=until,
            )
            self.run(OBSERVATIONS, first=first, last=until)
            first = until + dt.timedelta(minutes=5)

    def compare(self, cycle: dt.datetime) -> float:
        """Judge one cycle as the DAG does; returns seconds."""
        parameters = {
            "cycle": cycle,
            "known_at": cycle,
            "computed_at": cycle,
            "is_limits_stale": False,
            "origin": "live",
            "run_id": "bench",
        }
        start = time.perf_counter()
        self.warehouse.write("verdicts/compare.sql", parameters)
        return time.perf_counter() - start

    def judge_day(self, day: dt.datetime) -> tuple[float, int]:
        """Judge a day anew; returns seconds and how many verdicts that were."""
        given = {"period_start": day, "period_end": day + DAY, "known_at": None}
        config = bigquery.QueryJobConfig(
            query_parameters=[bigquery.ScalarQueryParameter(name, "TIMESTAMP", at) for name, at in given.items()]
        )
        text = self.warehouse.render("verdicts/judge_period.sql")
        start = time.perf_counter()
        found = self.warehouse.client.query(text, job_config=config).result(page_size=1)
        return time.perf_counter() - start, int(found.total_rows or 0)

    def count(self, table: str) -> int:
        """Rows of a table."""
        return int(self.warehouse.client.get_table(f"{self.sizes['d']}.{table}").num_rows)


def _config(dataset: str) -> Config:
    return Config.model_validate(
        {
            "project": "bench",
            "dataset": dataset,
            "bucket": "bench-bucket",
            "firestore": {"project": "bench"},
            "collector": {"image": "collector:1"},
            "clusters": [{"name": "c-0", "environment": "prod"}],
            "slack": {"platform_channel": "C0PLATFORM"},
        }
    )


def _peak_megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def start_stand_in(folder: str) -> tuple[subprocess.Popen[str], str]:
    """Start BigQuery's stand-in; returns the process and its address."""
    command = [sys.executable, "-m", "sandbox.bigquery", "--port", "0", "--data", folder]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    return server, server.stdout.readline().split()[1]


def measure() -> tuple[list[Goal], list[dict[str, Any]]]:
    """Fill the three worlds and judge in them; count what a cycle of the watch runs."""
    goals: list[Goal] = []
    rows: list[dict[str, Any]] = []
    for part in (_one_cycle, _one_day, _long_history):
        with tempfile.TemporaryDirectory(prefix="pedwatch-bench-") as folder:
            server, address = start_stand_in(folder)
            try:
                found, row = part(address, server.pid)
            finally:
                server.terminate()
                server.wait(timeout=30)
        goals += found
        rows.append(row)
        print(row, flush=True)
    jobs = count_jobs()
    rows.append({"world": "two clusters, a cycle that tells nothing and one that tells something", **jobs})
    goals.append(Goal("statements of a quiet cycle", len(jobs["quiet"]), 6, "statements"))
    return goals, rows


def _one_cycle(address: str, pid: int) -> tuple[list[Goal], dict[str, Any]]:
    world = World(address, "one_cycle", workloads=100_000, clusters=1_000, apis=5_000)
    world.observe(CYCLE, CYCLE)
    seconds = world.compare(CYCLE)
    repeated = world.compare(CYCLE)
    row = {
        "world": "100,000 workloads, 1,000 clusters, 5,000 limits, one cycle",
        "seconds": seconds,
        "seconds_repeated": repeated,
        "verdicts": world.count("verdicts"),
        "peak_megabytes": _peak_megabytes(pid),
    }
    return [Goal("one cycle of 100,000 workloads", seconds, 2.0, "s")], row


def _one_day(address: str, pid: int) -> tuple[list[Goal], dict[str, Any]]:
    world = World(address, "one_day", workloads=50_000, clusters=500, apis=5_000)
    day = CYCLE.replace(hour=0)
    world.observe(day, day + DAY - dt.timedelta(minutes=5))
    observations = world.count("replica_observations")
    seconds, verdicts = world.judge_day(day)
    peak = _peak_megabytes(pid)
    row = {
        "world": "a day of 50,000 workloads, judged anew",
        "observations": observations,
        "seconds": seconds,
        "verdicts": verdicts,
        "peak_megabytes": peak,
    }
    goals = [
        Goal("a day of 50,000 workloads judged anew", seconds, 60.0, "s"),
        Goal("peak memory of the stand-in meanwhile", peak, 4096, "MB"),
    ]
    return goals, row


def _long_history(address: str, pid: int) -> tuple[list[Goal], dict[str, Any]]:
    world = World(address, "long_history", workloads=1_000, clusters=20, apis=200)
    world.observe(CYCLE - DAY, CYCLE + dt.timedelta(hours=1))
    short = [world.compare(CYCLE + minutes) for minutes in _some_minutes(0)]
    world.observe(CYCLE - 90 * DAY, CYCLE - DAY - dt.timedelta(minutes=5))
    observations = world.count("replica_observations")
    long = [world.compare(CYCLE + minutes) for minutes in _some_minutes(25)]
    ratio = statistics.median(long) / statistics.median(short)
    row = {
        "world": "one cycle of 1,000 workloads, one day and 90 days of history behind it",
        "observations": observations,
        "seconds_one_day": short,
        "seconds_90_days": long,
        "peak_megabytes": _peak_megabytes(pid),
    }
    return [Goal("one cycle: 90 days of history over one day", ratio, 1.3, "times")], row


def _some_minutes(first: int) -> list[dt.timedelta]:
    return [dt.timedelta(minutes=first + 5 * index) for index in range(5)]

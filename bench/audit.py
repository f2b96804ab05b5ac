"""A month of evidence packs through Airflow's own backfill, twice: complete, the same bytes, silent, live tables kept.

The month is the shop of tests/operators/stored_days.py: two clusters, five workloads each, 288 cycles a day.
"""

import datetime as dt
import hashlib
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.results import Goal
from pedwatch.config import Config
from pedwatch.hooks import clients
from pedwatch.hooks.warehouse import Warehouse
from sandbox.environment.airflow import BACKFILL, Airflow, BackfillRun
from sandbox.environment.servers import Servers
from sandbox.slack.control import ControlClient
from tests.conftest import create_tables
from tests.e2e.stand_ins import CHANNELS, CLUSTERS, make_config
from tests.operators.stored_days import StoredDays

FIRST, DAYS = dt.date(2026, 3, 2), 30
PATIENCE_SECONDS = 1200
DAG_ID = "ped_replica_audit"
FILES = 11
"""Of a day: those of its pack, and its entry of the chain."""
#: What an audit may write; everything else is live.
OWN_TABLE = "audit_reports"


@dataclass
class Stage:
    """Stored days, and an Airflow that can audit them."""

    warehouse: Warehouse
    config: Config
    servers: Servers
    airflow: Airflow
    days: StoredDays
    seconds: list[float] = field(default_factory=list)

    def backfill(self, *, is_followed: bool = False) -> list[BackfillRun]:
        """Run the backfill over all days and return its runs; wait longer when another one is to follow."""
        last = self.days.end - dt.timedelta(days=1)
        self.airflow.create_backfill(DAG_ID, self.days.start, last)
        try:
            self.airflow.start(BACKFILL)
            started = time.perf_counter()
            runs = self.airflow.wait_for_backfill(PATIENCE_SECONDS)
            self.seconds.append(time.perf_counter() - started)
            if is_followed:
                self._wait_until_it_is_over()
            return runs
        finally:
            self.airflow.stop()

    def _wait_until_it_is_over(self) -> None:
        """Wait for the scheduler to note that the backfill has ended: before that there can be no other."""
        deadline = time.monotonic() + 90
        address = f"file:{self.airflow.home / 'airflow.db'}?mode=ro"
        while time.monotonic() < deadline:
            with closing(sqlite3.connect(address, uri=True, timeout=10)) as connection:
                [(running,)] = connection.execute("SELECT count(*) FROM backfill WHERE completed_at IS NULL")
            if not running:
                return
            time.sleep(0.5)
        raise RuntimeError("the scheduler did not note within 90 s that the backfill has ended")

    def packs(self) -> dict[str, str]:
        """Return the hash of every object below audits/."""
        client = clients.storage_client(self.config, clients.AsPerson())
        blobs = client.list_blobs(self.config.bucket, prefix="audits/")
        return {blob.name: hashlib.sha256(blob.download_as_bytes()).hexdigest() for blob in blobs}

    def checksums(self) -> dict[str, str]:
        """Return a checksum of every table that an audit must leave alone, over all its rows."""
        dataset = f"{self.config.project}.{self.config.dataset}"
        tables = [t.table_id for t in self.warehouse.client.list_tables(dataset) if t.table_type == "TABLE"]
        return {table: self._checksum(f"{dataset}.{table}") for table in tables if table != OWN_TABLE}

    def _checksum(self, table: str) -> str:
        rows = sorted(repr(sorted(row.items())) for row in self.warehouse.client.list_rows(table))
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()

    def slack_calls(self) -> int:
        """Return how often anybody called Slack."""
        return len(ControlClient.from_folder(self.servers.data("slack")).calls())


@contextmanager
def staged(days: int) -> Iterator[Stage]:
    """Start stand-ins and Airflow's database in a folder of their own, with so many stored days."""
    folder = Path(tempfile.mkdtemp(prefix="pedwatch-audit-"))
    with pytest.MonkeyPatch.context() as patch:
        try:
            airflow = Airflow(folder / "airflow", {})
            migration = airflow.begin_migration()
            with Servers(folder / "sandbox", CLUSTERS, CHANNELS) as servers:
                for name, value in servers.client_environment().items():
                    patch.setenv(name, value)
                config = make_config(servers)
                warehouse = clients.warehouse(config, clients.AsPerson())
                create_tables(warehouse)
                clients.storage_client(config, clients.AsPerson()).create_bucket(config.bucket)
                stored = StoredDays(warehouse, FIRST, days)
                stored.write()
                airflow.variables = _variables(folder, servers, config, stored)
                airflow.finish_migration(migration)
                airflow.serialize_dags()
                yield Stage(warehouse, config, servers, airflow, stored)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _variables(folder: Path, servers: Servers, config: Config, stored: StoredDays) -> dict[str, str]:
    file, clock = folder / "pedwatch.yaml", folder / "clock"
    file.write_text(yaml.safe_dump(config.model_dump(mode="json")), encoding="utf-8")
    clock.write_text((stored.learnt_at + dt.timedelta(days=1)).isoformat())
    named = {"PEDWATCH_CONFIG": str(file), "PEDWATCH_CLOCK": str(clock)}
    return {**servers.client_environment(), **servers.connections(), **named}


def compare(stage: Stage, days: int) -> tuple[list[Goal], list[dict[str, Any]]]:
    """Backfill twice and hold what came of it against what has to."""
    before, packs, runs = stage.checksums(), [], []
    for number in range(2):
        runs.append(stage.backfill(is_followed=number == 0))
        packs.append(stage.packs())
    after = stage.checksums()
    failed = [run.run_id for each in runs for run in each if (run.state, run.run_type) != ("success", "backfill")]
    differing = [name for name in packs[0] if packs[1].get(name) != packs[0][name]]
    changed = [table for table in before if after.get(table) != before[table]]
    goals = [
        Goal(f"{days} days by Airflow's backfill", stage.seconds[0], 20.0 * days + 60, "s"),
        Goal("runs of both backfills that did not succeed", len(failed), 0, "runs"),
        Goal("runs that were not executed", 2 * days - sum(len(each) for each in runs), 0, "runs"),
        Goal("files of packs that are missing", days * FILES - len(packs[0]), 0, "files"),
        Goal("files that differ when all is repeated", len(differing) + abs(len(packs[1]) - len(packs[0])), 0, "files"),
        Goal("calls of Slack", stage.slack_calls(), 0, "calls"),
        Goal("live tables that changed", len(changed), 0, "tables"),
    ]
    rows: list[dict[str, Any]] = [
        {"backfill": number, "seconds": round(took, 1), "runs": len(found), "files": len(pack)}
        for number, (took, found, pack) in enumerate(zip(stage.seconds, runs, packs, strict=True), 1)
    ]
    names = {"failed": failed, "differing": differing, "changed": changed, "live_tables": sorted(before)}
    return goals, [*rows, {"days": days, "verdicts_a_day": 2 * 5 * 288, **names}]


def measure() -> tuple[list[Goal], list[dict[str, Any]]]:
    """Audit a month."""
    with staged(DAYS) as stage:
        return compare(stage, DAYS)

"""Airflow for the sandbox: a home of its own, its settings, and its components as leashed processes.

Never run DAGs with `DagRunner` while a scheduler uses the same database.
"""

import datetime as dt
import hashlib
import json
import os
import secrets
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from sandbox.environment.dag_runs import DagRunner
from sandbox.environment.loopback import LOOPBACK, free_port, is_listening
from sandbox.environment.process import LeashedProcess, StartError, stop_all

REPOSITORY = Path(__file__).resolve().parents[2]
BACKFILL = ("api-server", "scheduler")
LIVE = ("api-server", "scheduler", "dag-processor", "triggerer")
_FINISHED = ("success", "failed")
#: ``host:port`` of a PostgreSQL for Airflow's databases, where SQLite is not wanted; `make test-matrix` sets it.
POSTGRES = "SANDBOX_POSTGRES"


@dataclass(frozen=True)
class BackfillRun:
    """One DAG run that a backfill executed, and how many of its task instances have ended."""

    run_id: str
    logical_date: str
    run_type: str
    state: str
    ended_tasks: int = 0


@dataclass
class Airflow:
    """An Airflow installation in a folder.

    Args:
        home: AIRFLOW_HOME: configuration, database, logs.
        variables: what clients and DAGs need: connections, emulator hosts, the product's configuration.
        dags_folder: where the DAG files are.
        port: of the API server; 0 picks a free one.
        is_scheduling: whether the scheduler creates runs by schedule; a backfill needs none.
    """

    home: Path
    variables: Mapping[str, str]
    dags_folder: Path = REPOSITORY / "dags"
    port: int = 0
    is_scheduling: bool = False
    _processes: dict[str, LeashedProcess] = field(default_factory=dict)
    _secrets: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        self._secrets = {
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(48),
            "AIRFLOW__API__SECRET_KEY": secrets.token_urlsafe(32),
        }

    @property
    def database(self) -> str:
        """Where its tables are, as SQLAlchemy writes it: a file in its home, or a database of its own in PostgreSQL."""
        if server := os.environ.get(POSTGRES):
            name = hashlib.sha256(str(self.home.resolve()).encode()).hexdigest()[:16]
            return f"postgresql+psycopg2://postgres@{server}/airflow_{name}"
        return f"sqlite:///{self.home / 'airflow.db'}?timeout=30"

    @property
    def url(self) -> str:
        """Address of the UI and API."""
        return f"http://{LOOPBACK}:{self.port}"

    def environment(self) -> dict[str, str]:
        """Return the whole environment of every Airflow process."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW_", "PEDWATCH_"))}
        inherited.pop("PYTHONDONTWRITEBYTECODE", None)  # it makes every import two to three times slower
        return {**inherited, **self._secrets, **self.shell_variables()}

    def shell_variables(self) -> dict[str, str]:
        """Return what a shell needs to ask this Airflow: all but the secrets its processes know each other by."""
        settings = {
            "CORE__DAGS_FOLDER": str(self.dags_folder),
            "CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__EXECUTOR": "LocalExecutor",
            "CORE__PARALLELISM": "4",
            "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "DATABASE__SQL_ALCHEMY_CONN": self.database,
            "API__HOST": LOOPBACK,
            "API__PORT": str(self.port),
            "API__BASE_URL": self.url,
            "API__WORKERS": "1",
            "LOGGING__BASE_LOG_FOLDER": str(self.home / "logs"),
            "SCHEDULER__USE_JOB_SCHEDULE": str(self.is_scheduling),
            "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "2",
            "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",  # else each task waits a second to be seen as done
            "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",
            "USAGE_DATA_COLLECTION__ENABLED": "False",
        }
        return {
            "AIRFLOW_HOME": str(self.home),
            **{f"AIRFLOW__{name}": value for name, value in settings.items()},
            **self.variables,
        }

    def begin_migration(self) -> LeashedProcess:
        """Start creating the database; wait for it with `finish_migration`."""
        return self._command("db-migrate", [], module="sandbox.environment.airflow_database")

    def finish_migration(self, process: LeashedProcess) -> None:
        """Wait until the database is there; StartError quotes what went wrong."""
        self._finish(process, 120, "creating Airflow's database")

    def dag_runner(self) -> DagRunner:
        """Start the process that runs DAGs one by one."""
        return DagRunner(self.environment(), self.home / "logs" / "dag-runs.log")

    def start(self, components: Iterable[str]) -> None:
        """Start components and wait for the API server to listen."""
        for name in components:
            arguments = ["--skip-serve-logs"] if name in ("scheduler", "triggerer") else []
            self._processes[name] = self._command(name, [name, *arguments], grace=15)
        if "api-server" in self._processes:
            process = self._processes["api-server"]
            process.wait_until(lambda: is_listening(self.port), 120, f"listening on {self.url}")

    def stop(self) -> None:
        """Stop every component."""
        stop_all(list(self._processes.values()))
        self._processes.clear()

    def _command(self, name: str, arguments: list[str], grace: float = 5.0, module: str = "airflow") -> LeashedProcess:
        module = "sandbox.environment.preloaded_airflow" if name == "scheduler" else module
        command = [sys.executable, "-m", module, *arguments]
        log = self.home / "logs" / f"{name}.log"
        return LeashedProcess(f"airflow {name}", command, log, self.environment(), stop_signal="INT", grace=grace)

    def _finish(self, process: LeashedProcess, seconds: float, doing: str) -> None:
        if status := process.wait(seconds):
            raise StartError(f"{doing} failed with status {status}; see {process.log}:\n{process.output()[-2000:]}")

    def serialize_dags(self) -> None:
        """Make the DAGs known to the database, as a DAG processor would; StartError quotes what went wrong."""
        self._finish(self._command("dags-reserialize", ["dags", "reserialize"]), 120, "airflow dags reserialize")

    def create_backfill(self, dag_id: str, first: dt.datetime, last: dt.datetime) -> None:
        """Run ``airflow backfill create`` over logical dates, both ends included.

        It writes to the database by itself: with SQLite do it before a scheduler runs, which would lock it out.

        Raises:
            StartError: the command refused.
        """
        arguments = ["backfill", "create", "--dag-id", dag_id, "--from-date", first.isoformat()]
        arguments += ["--to-date", last.isoformat(), "--reprocess-behavior", "completed", "--max-active-runs", "3"]
        self._finish(self._command("backfill-create", arguments), 120, f"airflow {' '.join(arguments)}")

    def wait_for_backfill(self, seconds: float = 180) -> list[BackfillRun]:
        """Wait until every run of the newest backfill has ended; needs a running scheduler and API server.

        Args:
            seconds: how long no task may end before the wait is given up; a busy machine is slow, not stuck.

        Raises:
            StartError: a component died, or nothing moved for so long.
        """
        deadline, ended = time.monotonic() + seconds, -1
        while True:
            runs = self._backfill_runs()
            if all(run.state in _FINISHED for run in runs):
                return runs
            if (now_ended := sum(run.ended_tasks for run in runs)) != ended:
                deadline, ended = time.monotonic() + seconds, now_ended
            for process in self._processes.values():
                process.check_alive("the end of the backfill")
            if time.monotonic() > deadline:
                states = json.dumps({run.run_id: run.state for run in runs})
                raise StartError(
                    f"no task of the backfill ended in {seconds:.0f} s: {states}; see {self.home / 'logs'}"
                )
            time.sleep(0.5)

    def _backfill_runs(self) -> list[BackfillRun]:
        """Read the runs of the newest backfill; only read, since the scheduler owns the database."""
        query = """
            SELECT d.run_id, d.logical_date, d.run_type, d.state,
                (SELECT count(t.end_date) FROM task_instance AS t WHERE t.dag_id = d.dag_id AND t.run_id = d.run_id)
            FROM backfill_dag_run AS b JOIN dag_run AS d ON d.id = b.dag_run_id
            WHERE b.backfill_id = (SELECT max(id) FROM backfill)
            ORDER BY d.logical_date
        """
        engine = create_engine(self.database, poolclass=NullPool)
        with engine.connect() as connection:
            return [
                BackfillRun(run_id, str(date), kind, state, ended)
                for run_id, date, kind, state, ended in connection.execute(text(query))
            ]

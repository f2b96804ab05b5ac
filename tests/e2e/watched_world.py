"""A small world under watch: two clusters, a clock, and a dataset, a bucket and a Slack history of its own."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from pedwatch.alerts.table_rows import NOTIFICATION_COLUMNS, notification_to_row
from pedwatch.alerts.welcome import WELCOME, row_of
from pedwatch.hooks import clients
from pedwatch.hooks.parameters import Typed
from pedwatch.tasks import plan as planning
from tests.conftest import create_tables
from tests.e2e.stand_ins import CLUSTERS, START, StandIns, cycle_at, drop_dataset, make_config
from tests.e2e.watch_run import Run

LONG_AGO = "2026-01-01T00:00:00Z"
RUN_DELAY = dt.timedelta(seconds=20)
_EVER = "cycle >= TIMESTAMP '2026-01-01 00:00:00+00'"
_ATTEMPT = {"attempt_id", "started_at", "finished_at", "evidence_object", "content_sha256", "bytes_read", "recorded_at"}
_VERSIONS = {f"resource_version_{kind}" for kind in ("deployments", "statefulsets", "rollouts", "hpas")}
_LEASE = {
    "attempts",
    "next_attempt_at",
    "channel_failing_since",
    "lease_owner",
    "lease_expires_at",
    "error",
    "permalink",
}

#: Tables of the watch, and what in them is bookkeeping: who wrote a row, when, in which attempt.
TABLES: dict[str, set[str]] = {
    "collection_runs": _ATTEMPT | _VERSIONS,
    "replica_observations": {"attempt_id", "observed_at", "uid", "generation", "observed_generation"},
    "verdicts": {"computed_at", "run_id"},
    "episodes": {"updated_at"},
    "notifications": _LEASE | {"created_at", "sent_at", "run_id"},
    "fold_cursor": {"updated_at"},
    "heartbeats": {"finished_at", "notifications_sent"},
}
#: Every attempt's rows stay as evidence; those of the attempt that owns the cycle are what is judged.
_OWNED = f"""
    SELECT o.* FROM {{replica_observations}} AS o
    JOIN {{collection_runs}} AS r ON r.cycle = o.cycle AND r.cluster = o.cluster AND r.attempt_id = o.attempt_id
    WHERE o.{_EVER} AND r.{_EVER}
"""
Row = dict[str, Any]


def workload(name: str, replicas: int, api: str | None = None, **fields: Any) -> Row:
    """Return a Deployment of the orders team, as the Kubernetes stand-in takes it."""
    labels = {"api_id": api or name, "team_id": "orders"}
    named = {"namespace": "shop", "name": name, "labels": labels, "spec_replicas": replicas, "created_at": LONG_AGO}
    return named | fields


class World:
    """What one test sees of the stand-ins, and the environment of a worker on them.

    Args:
        stand_ins: the servers.
        folder: keeps configuration and clock.
        patch: sets the environment.
        is_seeded: whether the limits of ``GRANTS`` are there and synced.
        config: fields of the configuration that differ.
    """

    def __init__(
        self, stand_ins: StandIns, folder: Path, patch: pytest.MonkeyPatch, is_seeded: bool = True, **config: Any
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.stand_ins, self.folder, self.patch = stand_ins, folder, patch
        self.config = make_config(stand_ins.servers, **config)
        self.kubernetes, self.slack = stand_ins.kubernetes, stand_ins.slack
        self.slack.reset()
        self.slack.set_rate_limit(False)
        self._set_environment()
        self.warehouse = clients.warehouse(self.config, clients.AsPerson())
        self.storage = clients.storage_client(self.config, clients.AsPerson())
        create_tables(self.warehouse)
        self.storage.create_bucket(self.config.bucket)
        for name in CLUSTERS:
            self.kubernetes.set_fault(name, None)
            self.holds(name)
        if is_seeded:
            self._copy_limits()
        self._greet()

    def _set_environment(self) -> None:
        servers = self.stand_ins.servers
        path = self.folder / "pedwatch.yaml"
        path.write_text(yaml.safe_dump(self.config.model_dump(mode="json")), encoding="utf-8")
        self.set_variables({**servers.client_environment(), **servers.connections(), "PEDWATCH_CONFIG": str(path)})
        self.set_variables({"PEDWATCH_CLOCK": str(self.folder / "clock")})
        self.at(START)

    def _copy_limits(self) -> None:
        for table in ("limit_history", "policy_history", "limit_sync_runs"):
            source, target = f"`{self.stand_ins.seed.dataset}.{table}`", f"`{self.config.dataset}.{table}`"
            self.warehouse.client.query(f"INSERT INTO {target} SELECT * FROM {source}").result()

    def _greet(self) -> None:
        """Let the teams' channels be ones that were welcomed long ago."""
        rows = [replace(row_of(team, self.config, START), status="sent") for team in self.config.slack.teams]
        written = Typed(NOTIFICATION_COLUMNS, [notification_to_row(row) for row in rows])
        self.warehouse.write(
            "alerts/write_notifications.sql",
            {"created_at": START, "run_id": "greeted", "notifications": written},
        )

    def drop(self) -> None:
        """Leave nothing in BigQuery."""
        drop_dataset(self.config, self.warehouse.client)

    def set_variables(self, variables: Mapping[str, str]) -> None:
        """Set environment variables of the worker."""
        for name, value in variables.items():
            self.patch.setenv(name, value)

    def at(self, moment: dt.datetime) -> None:
        """Let it be that moment, for the product and for Slack."""
        self.now = moment
        (self.folder / "clock").write_text(moment.isoformat())
        self.slack.set_clock_offset((moment - dt.datetime.now(dt.UTC)).total_seconds())

    def holds(self, cluster: str, *workloads: Row) -> None:
        """Let a cluster run exactly these."""
        self.kubernetes.set_state(cluster, workloads)

    def leaves_limits_alone(self) -> None:
        """Let runs load without limits: nothing is judged here, and nothing was ever synced."""
        self.patch.setattr(planning, "await_limits", lambda *_: {"known_at": START.isoformat(), "is_stale": True})

    def run(self, number: int, run_type: str = "scheduled", run_id: str | None = None, **params: Any) -> Run:
        """Begin a DAG run for a cycle, at the time its scheduler would."""
        cycle = cycle_at(number)
        self.at(cycle + RUN_DELAY)
        kubeconfig = self.stand_ins.servers.kubeconfigs / "all.yaml"
        return Run(cycle, run_type, run_id or f"{run_type}__{cycle.isoformat()}", params, str(kubeconfig))

    def query(self, text: str) -> list[Row]:
        """Ask this dataset; ``{table}`` stands for a table's full name."""
        names = {table: f"`{self.config.dataset}.{table}`" for table in (*TABLES, "limit_rejections")}
        return [dict(row.items()) for row in self.warehouse.client.query(text.format(**names)).result()]

    def rows(self, table: str) -> list[Row]:
        """Return all rows of a table, in an order of their own."""
        where = "" if table in ("episodes", "fold_cursor") else f" WHERE {_EVER}"
        if table == "notifications":
            where = f" WHERE reason != '{WELCOME}'"
        return sorted(self.query(f"SELECT * FROM {{{table}}}{where}"), key=repr)

    def tables(self) -> dict[str, list[Row]]:
        """Return every table without bookkeeping; a Slack ts becomes the place of that message among those shown."""
        places = self._places()
        found = {}
        for table, bookkeeping in TABLES.items():
            rows = self.query(_OWNED) if table == "replica_observations" else self.rows(table)
            kept = [{name: value for name, value in row.items() if name not in bookkeeping} for row in rows]
            for row in kept:
                row |= {name: places.get(row[name]) for name in ("parent_ts", "message_ts") if row.get(name)}
                if "message" in row:
                    row["message"] = self._nameless(row["message"])
            found[table] = sorted(kept, key=repr)
        return found

    def messages(self) -> list[Row]:
        """Return what Slack shows, in the order of posting; a thread is named by the place of its parent."""
        places = self._places()
        return [
            {
                "channel": message["channel"],
                "text": message["text"],
                # Slack gives each block a new id, and the evidence is in a dataset of this world's own.
                "blocks": json.loads(
                    self._nameless(json.dumps([{**block, "block_id": None} for block in message["blocks"]]))
                ),
                "thread": places.get(message["thread_ts"]) if message["thread_ts"] != message["ts"] else None,
            }
            for message in self._shown()
        ]

    def jobs(self, since: dt.datetime) -> list[str]:
        """Return the query jobs on this dataset since a moment, by label; what a script ran is indented behind it."""
        found: list[str] = []
        client = self.warehouse.client
        for job in reversed(list(client.list_jobs(min_creation_time=since))):
            if job.job_type == "query" and self.config.dataset in job.query:
                found.append(job.labels["pedwatch"])
                found += [f"  {child.statement_type}" for child in reversed(list(client.list_jobs(parent_job=job)))]
        return found

    def texts(self, channel: str | None = None) -> list[str]:
        """Return the texts that Slack shows, of one channel or all."""
        return [message["text"] for message in self._shown() if channel in (None, message["channel"])]

    def _nameless(self, text: str) -> str:
        return text.replace(self.config.dataset, "dataset")

    def _shown(self) -> list[Row]:
        return [message for message in self.slack.messages() if not message.get("deleted")]

    def _places(self) -> dict[str, int]:
        return {message["ts"]: place for place, message in enumerate(self._shown())}

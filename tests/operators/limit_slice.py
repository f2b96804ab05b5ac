"""The whole path of a limit as tests walk it: publish → Firestore → sync → limit_history → limits_as_of."""

import datetime as dt
import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from pedwatch import settings
from pedwatch.config import Config
from pedwatch.hooks.clients import AsPerson
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.limits.document import PedLimit
from pedwatch.limits.document_changes import plan_changes, write_of
from pedwatch.limits.known import LastSync
from pedwatch.limits.learnt import SyncPlan
from pedwatch.limits.store.bigquery import BigQueryLimits
from pedwatch.limits.store.firestore import FirestoreLimits
from pedwatch.tasks.housekeeping import checks
from pedwatch.tasks.limits_sync import sync_limits

NAME = "prod.orders.orders-api"
TABLES = ("limit_history", "limit_rejections", "policy_history")
CHECKS = sorted(name for name in checks(settings.include_dir() / "sql") if name.startswith("checks/limits_"))


class Slice:
    """The whole path of a limit, as one test sees it."""

    def __init__(self, config: Config, store: FirestoreLimits, warehouse: Warehouse) -> None:
        self.config, self.store, self.warehouse = config, store, warehouse
        self.ledger = BigQueryLimits(warehouse)
        self.client = AsPerson().firestore(config)
        self.documents = self.client.collection(config.firestore.collection)
        self.before: LastSync | None = None
        self._runs = itertools.count(1)

    def publish(self, *limits: PedLimit, withdraw_missing: bool = False) -> None:
        """Publish limits as the command does, which goes on counting where an archive stands."""
        stored = list(self.store.matching())
        changes = plan_changes(limits, stored, withdraw_missing=withdraw_missing)
        numbers = self.store.archived_numbers([change.document_id for change in changes])
        counted = [replace(change, archived=numbers.get(change.document_id, 0)) for change in changes]
        self.store.write([write_of(change) for change in counted])

    def sync(self, sync_id: str | None = None, is_full: bool = False, **allowed: Any) -> SyncPlan | None:
        """Sync as the DAG does, whose runs hand on where they stood."""
        name = sync_id or f"scheduled__{next(self._runs)}"
        plan = sync_limits(self.store, self.ledger, self.config, name, is_full, **allowed, before=self.before)
        if plan is not None:
            told = json.dumps(plan.stands(self.config.firestore, self.config.policy_version).to_json())
            self.before = LastSync.from_json(json.loads(told))
        return plan

    def asked(self, since: dt.datetime) -> list[str]:
        """Return the statements that were run since a moment of the wall clock, by label."""
        jobs = reversed(list(self.warehouse.client.list_jobs(min_creation_time=since)))
        return [job.labels["pedwatch"] for job in jobs if self.config.dataset in getattr(job, "query", "")]

    def as_of(self, cycle: dt.datetime, known_at: dt.datetime | None = None) -> dict[str, int]:
        """Return max_replicas by limit, by the rule of limits_as_of.sql."""
        parameters = {"cycle": cycle, "known_at": known_at or self.store.server_time()}
        rows = self.warehouse.run("limits/limits_as_of.sql", parameters)
        assert len({row["limit_id"] for row in rows}) == len(rows)
        return {row["limit_id"]: row["max_replicas"] for row in rows}

    def now(self) -> dict[str, int]:
        """Return the limits in force now."""
        return self.as_of(self.store.server_time())

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return all rows of a table, in an order of their own."""
        job = self.warehouse.client.query(f"SELECT * FROM `{self.config.dataset}.{table}`")
        return sorted((dict(row.items()) for row in job.result()), key=str)

    def history(self) -> dict[str, list[dict[str, Any]]]:
        """Return the tables that a sync without news must not touch."""
        return {table: self.rows(table) for table in TABLES}

    def offences(self) -> list[str]:
        """Return the checks of limits that find something."""
        return [name for name in CHECKS if self.warehouse.run(name)]


@pytest.fixture
def slice_(config: Config, limit_store: FirestoreLimits, warehouse: Warehouse) -> Iterator[Slice]:
    """An empty Firestore and an empty dataset; afterwards the history must pass its own checks."""
    found = Slice(config, limit_store, warehouse)
    yield found
    assert found.offences() == []

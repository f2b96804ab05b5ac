"""The platform's side of a small world: an outbox, a channel, DAGs that fail or finish, and the sync that listens."""

import datetime as dt
import json
from types import SimpleNamespace
from typing import Any, Literal

import pytest

from pedwatch import settings
from pedwatch.config import Config
from pedwatch.cycles import PERIOD, floor_to_cycle
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.tasks import failure_callback, heartbeats, listening
from tests.operators.slack_in_process import Workspace, connect, serve

OF_THE_NEXT = (listening.LISTENED_AT, listening.OPEN_SINCE)
NOW = dt.datetime(2026, 3, 2, 10, 6, tzinfo=dt.UTC)


class Xcom:
    """What runs of a task leave those after them, as Airflow hands it on: JSON, by key."""

    def __init__(self) -> None:
        self.left: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        """Leave something."""
        self.left[key] = json.loads(json.dumps(value))

    def xcom_pull(self, key: str = "return_value", **_: Any) -> Any:
        """Return what was left last."""
        return self.left.get(key)


class Platform:
    """Runs that end, the sync that listens, and the platform's channel.

    Args:
        warehouse: an empty dataset.
        config: names it.
        patch: puts clock, Slack and clients in place.
    """

    def __init__(self, warehouse: Warehouse, config: Config, patch: pytest.MonkeyPatch) -> None:
        self.warehouse, self.config, self.now = warehouse, config, NOW
        self.workspace = Workspace(lambda: self.now.timestamp(), "C0PLATFORM")
        self.calls: list[str] = []
        self._judged: dt.datetime | None = None
        self.xcom = Xcom()
        self.workspace.before = self.calls.append  # type: ignore[assignment]
        connect(patch)
        serve(patch, self.workspace)
        patch.setattr(settings, "load_config", lambda: config)
        patch.setattr(settings, "now", lambda: self.now)
        patch.setattr("pedwatch.hooks.clients.warehouse", lambda config: warehouse)
        patch.setattr("pedwatch.hooks.clients.warehouse_of_any_schema", lambda config: warehouse)
        patch.setattr("time.sleep", lambda seconds: None)

    def fails(
        self,
        run_id: str,
        run_type: str = "scheduled",
        dag_id: str = "ped_replica_watch",
        cycle: dt.datetime | None = None,
        reason: str = "task_failure",
    ) -> None:
        """Let a run of the cycle that is now, or another, end badly; five minutes pass."""
        end = cycle or self.now
        run = SimpleNamespace(dag_id=dag_id, run_id=run_id, run_type=run_type, data_interval_end=end, run_after=end)
        task = SimpleNamespace(task_id="verdicts.compare")
        failure_callback.dag_failed({"dag_run": run, "ti": task, "reason": reason})
        self._pass(cycle)

    def finishes(
        self,
        run_id: str,
        dag_id: str = "ped_replica_watch",
        cycle: dt.datetime | None = None,
        origin: Literal["live", "backfill"] = "live",
    ) -> None:
        """Let a run come to its end; five minutes pass."""
        heartbeats.record(
            self.warehouse,
            dag_id=dag_id,
            run_id=run_id,
            run_type="scheduled",
            origin=origin,
            cycle=floor_to_cycle(cycle or self.now, PERIOD),
        )
        self._pass(cycle)

    def _pass(self, cycle: dt.datetime | None) -> None:
        self.now += dt.timedelta(minutes=5) if cycle is None else dt.timedelta(minutes=1)

    def judges(self, cycle: dt.datetime) -> None:
        """Let a cycle be folded."""
        expected = Typed("TIMESTAMP", self._judged)
        moved = {"cycle": cycle, "computed_at": self.now, "expected_cursor": expected}
        self.warehouse.write("alerts/move_cursor.sql", moved)
        self._judged = max(self._judged or cycle, cycle)

    def listens(self, run_type: str = "scheduled", times: int = 1) -> dict[str, Any]:
        """Let the sync listen; its XCom is what the next one finds. Return what it says that it did, if anything."""
        for _ in range(times):
            before = self.xcom.left.get(listening.LEFT)
            with listening.beside(SimpleNamespace(run_type=run_type), f"sync-{self.now:%H%M}", self.xcom):
                pass
        told = self.xcom.left.get(listening.LEFT)
        return {name: value for name, value in (told or {}).items() if name not in OF_THE_NEXT and told is not before}

    @property
    def left(self) -> dict[str, Any]:
        """What the last run that listened left the next one."""
        found: dict[str, Any] = self.xcom.left[listening.LEFT]
        return found

    def rows(self) -> list[dict[str, Any]]:
        """Return the outbox, in the order of writing."""
        return sorted(self._table("notifications"), key=lambda row: (row["created_at"], row["sequence"]))

    def beats(self) -> list[dict[str, Any]]:
        """Return the heartbeats."""
        return self._table("heartbeats")

    def jobs(self, since: dt.datetime) -> list[str]:
        """Return the labels of the statements that were run since a moment of the wall clock."""
        found = self.warehouse.client.list_jobs(min_creation_time=since)
        return [job.labels["pedwatch"] for job in found if self.config.dataset in getattr(job, "query", "")][::-1]

    def _table(self, name: str) -> list[dict[str, Any]]:
        table = f"{self.config.project}.{self.config.dataset}.{name}"
        return [dict(row.items()) for row in self.warehouse.client.list_rows(table)]

    @property
    def texts(self) -> list[str]:
        """What the channel shows, up to the first full stop."""
        shown = [m for m in self.workspace.store.all_messages() if m.deleted_ts is None]
        return [message.content.text.split(". ")[0] for message in shown]

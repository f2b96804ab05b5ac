"""A failed DAG is told once, until it runs again; its callback never raises."""

import datetime as dt
import logging
from types import SimpleNamespace
from typing import Any

import pytest

from pedwatch import settings
from pedwatch.config import Config
from pedwatch.errors import MassEndError
from pedwatch.hooks.limit_ledger import BigQueryLimits
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.tasks import failed_dags, sender
from tests.operators.slack_in_process import TOKEN, Workspace, connect, serve

NOW = dt.datetime(2026, 3, 2, 10, 6, tzinfo=dt.UTC)


class Played:
    """Runs that end, and the platform's channel."""

    def __init__(self, warehouse: Warehouse, config: Config, patch: pytest.MonkeyPatch) -> None:
        self.now = NOW
        self.workspace = Workspace(lambda: self.now.timestamp(), "C0PLATFORM")
        connect(patch)
        serve(patch, self.workspace)
        patch.setattr(settings, "load_config", lambda: config)
        patch.setattr(settings, "now", lambda: self.now)
        patch.setattr("pedwatch.hooks.clients.warehouse", lambda config: warehouse)
        patch.setattr(sender.time, "sleep", lambda seconds: None)

    def ends(self, callback: Any, run_id: str, run_type: str = "scheduled", dag_id: str = "ped_replica_watch") -> None:
        """Let a run end."""
        self.now += dt.timedelta(minutes=5)
        run = SimpleNamespace(
            dag_id=dag_id, run_id=run_id, run_type=run_type, data_interval_end=self.now, run_after=self.now
        )
        callback({"dag_run": run, "ti": SimpleNamespace(task_id="verdicts.compare")})

    @property
    def texts(self) -> list[str]:
        """What the channel shows, up to the first full stop."""
        shown = [m for m in self.workspace.store.all_messages() if m.deleted_ts is None]
        return [message.content.text.split(". ")[0] for message in shown]


@pytest.fixture
def played(warehouse: Warehouse, config: Config, monkeypatch: pytest.MonkeyPatch) -> Played:
    """An empty outbox and an empty channel."""
    return Played(warehouse, config, monkeypatch)


def test_a_refused_sync_says_why(played: Played, warehouse: Warehouse, config: Config) -> None:
    refusal = MassEndError("200 of 200 limits would end")
    BigQueryLimits(warehouse).record_refusal(refusal, "r1", NOW, config.firestore)
    played.ends(failed_dags.dag_failed, "r1", dag_id="ped_limits_sync")
    assert [text.rpartition(": ")[2] for text in played.texts] == ["200 of 200 limits would end"]


def test_one_message_until_it_runs_again(played: Played) -> None:
    played.ends(failed_dags.dag_succeeded, "r0")
    assert played.texts == []
    for run in ("r1", "r2", "r3"):
        played.ends(failed_dags.dag_failed, run)
    assert played.texts == ["DAG failed: the run of ped_replica_watch for 10:16 UTC failed, in verdicts.compare"]
    played.ends(failed_dags.dag_failed, "r1", dag_id="ped_limits_sync")
    assert len(played.texts) == 2, "another DAG is another message"
    played.ends(failed_dags.dag_succeeded, "r4")
    played.ends(failed_dags.dag_succeeded, "r5")
    parent, _, reply = played.texts
    assert parent.startswith("Resolved: ped_replica_watch runs again after 20 min")
    assert reply.startswith(":large_green_circle: Resolved: ped_replica_watch runs again")
    played.ends(failed_dags.dag_failed, "r6")
    assert len(played.texts) == 4, "a new failure is a new message"


def test_a_cleared_run_that_fails_again_goes_on_in_its_thread(played: Played) -> None:
    for callback in (failed_dags.dag_failed, failed_dags.dag_succeeded, failed_dags.dag_failed):
        played.ends(callback, "r1")
    assert [text.split(":")[0] for text in played.texts if not text.startswith(":")] == ["DAG failed"]
    assert len(played.texts) == 3


@pytest.mark.parametrize("run_type", ["backfill", "manual", "something_new"])
def test_only_scheduled_runs_are_told(played: Played, run_type: str) -> None:
    played.ends(failed_dags.dag_failed, "r1", run_type)
    assert played.texts == []


def test_without_bigquery_there_is_a_line_in_the_log_and_no_error(
    played: Played, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def down(config: Config) -> Warehouse:
        raise ConnectionError(f"503 {TOKEN}")

    monkeypatch.setattr("pedwatch.hooks.clients.warehouse", down)
    monkeypatch.setattr(failed_dags.log, "propagate", True)
    with caplog.at_level(logging.INFO):
        played.ends(failed_dags.dag_failed, "r1")
    assert "pedwatch_dag_failed dag_id=ped_replica_watch run_id=r1" in caplog.text
    assert "pedwatch_dag_callback_failed" in caplog.text and TOKEN not in caplog.text

"""The tasks of the two DAGs of limits, run as Airflow runs them: from connections, with the run's context."""

import datetime as dt
import importlib.util
import json
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import yaml
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from pedwatch.config import Config
from pedwatch.errors import LedgerError
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.limits.store.bigquery import BigQueryLimits
from pedwatch.limits.store.firestore import FirestoreLimits
from pedwatch.tasks import listening
from pedwatch.tasks.limits_publish import Request
from pedwatch.tasks.limits_sync import sync_limits
from tests.operators.test_limits_cli import GOOD

ROOT = Path(__file__).resolve().parents[2]
FORM = {
    "apply": False,
    "skip_invalid": False,
    "withdraw_missing": False,
    "source_repo": None,
    "source_commit": None,
}


def load(name: str, context: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import a DAG file and give its tasks a context."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "dags" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "get_current_context", lambda: {"dag": None, "dag_run": None} | context)
    return module


@pytest.fixture
def airflow(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration file and the Google connection of a sandboxed worker."""
    path = tmp_path / "pedwatch.yaml"
    path.write_text(yaml.safe_dump(config.model_dump(mode="json")), encoding="utf-8")
    monkeypatch.setenv("PEDWATCH_CONFIG", str(path))
    connection = {"conn_type": "google_cloud_platform", "extra": {"project": config.project, "is_anonymous": True}}
    monkeypatch.setenv("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", json.dumps(connection))


def run(kind: str = "scheduled") -> dict[str, Any]:
    """Return the context of a run of the sync."""
    run_id = f"{kind}__2026-03-02T10:05:00+00:00"
    params = {"full": False, "allow_mass_end": False, "accept_source": False}
    ti = SimpleNamespace(xcom_pull=lambda **asked: None, xcom_push=lambda **left: None)
    return {"dag_run": SimpleNamespace(run_type=kind, run_id=run_id), "params": params, "ti": ti}


def test_publish_then_sync(
    airflow: None,
    limit_store: FirestoreLimits,
    warehouse: Warehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "ped").mkdir()
    (tmp_path / "ped" / "orders.yaml").write_text(GOOD, encoding="utf-8")
    form = FORM | {"path": str(tmp_path / "ped")}
    load("ped_limits_publish", {"params": form}, monkeypatch).publish_limits()
    assert capsys.readouterr().out.startswith("dry run: nothing was written; run it again with Apply to publish\n")
    assert list(limit_store.matching()) == []

    load("ped_limits_publish", {"params": form | {"apply": True}}, monkeypatch).publish_limits()
    assert f"limits publish {tmp_path}/ped --apply" in capsys.readouterr().out

    sync = load("ped_limits_sync", run(), monkeypatch)
    summary = sync.sync_limits()
    assert (summary["mode"], summary["changes"], summary["rejections"]) == ("full", 1, 0)
    assert "committed already" in sync.sync_limits()["note"]
    parameters = {"cycle": limit_store.server_time(), "known_at": limit_store.server_time()}
    [row] = warehouse.run("limits/limits_as_of.sql", parameters)
    assert (row["limit_id"], row["max_replicas"], row["source_path"]) == ("prod.orders.orders-api", 12, "orders.yaml")


def test_a_refused_sync_fails_by_name_and_is_allowed_by_its_form(
    airflow: None, limit_store: FirestoreLimits, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = warehouse.config.firestore.model_copy(update={"database": "elsewhere"})
    config = warehouse.config.model_copy(update={"firestore": elsewhere})
    sync_limits(limit_store, BigQueryLimits(warehouse), config, "before")
    context = run()
    sync = load("ped_limits_sync", context, monkeypatch)
    with pytest.raises(AirflowFailException, match=r"OtherSourceError: the limits were last read from .*elsewhere"):
        sync.sync_limits()
    context["params"]["accept_source"] = True
    # All of the new place is read: its count alone may be that of the old one.
    assert sync.sync_limits()["mode"] == "full"


def test_a_backfilled_sync_does_nothing(airflow: None, monkeypatch: pytest.MonkeyPatch) -> None:
    sync = load("ped_limits_sync", run("backfill"), monkeypatch)
    with pytest.raises(AirflowSkipException, match="cannot be read in the past"):
        sync.sync_limits()


QUIET = ["limits-record_sync", "heartbeats-listen", "heartbeats-record_heartbeat"]


class Asked:
    """Statements of this dataset since it was made, oldest first."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse, self.since = warehouse, dt.datetime.now(dt.UTC)

    def labels(self) -> list[str]:
        """Return their labels."""
        jobs = self.warehouse.client.list_jobs(min_creation_time=self.since)
        dataset = self.warehouse.config.dataset
        return [job.labels["pedwatch"] for job in jobs if dataset in getattr(job, "query", "")][::-1]


@pytest.mark.parametrize("broken", ["sync", "listening"])
def test_neither_the_sync_nor_listening_hides_that_the_other_failed(
    airflow: None,
    limit_store: FirestoreLimits,
    warehouse: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
    broken: str,
) -> None:
    context = run()
    context["dag_run"].data_interval_end = context["dag_run"].run_after = dt.datetime.now(dt.UTC)
    sync = load("ped_limits_sync", context, monkeypatch)

    def fails(*_: Any) -> None:
        raise LedgerError("not to be had")

    if broken == "sync":
        monkeypatch.setattr("pedwatch.tasks.limits_sync.sync_limits", fails)
    else:
        monkeypatch.setattr(listening, "rows_to_write", fails)
    asked = Asked(warehouse)
    with pytest.raises(LedgerError, match="not to be had"):
        sync.sync_and_listen(context["dag_run"], sync.dag, context["dag_run"].run_id, context["ti"])
    found = asked.labels()
    assert "heartbeats-listen" in found and "heartbeats-record_heartbeat" not in found
    assert ("limits-commit_sync" in found or "limits-record_sync" in found) == (broken == "listening")


def test_a_request_prints_the_command_that_does_the_same() -> None:
    request = Request("gs://bucket/ped folder", apply=True, withdraw_missing=True, source_commit="abc")
    assert request.command == (
        "python -m pedwatch limits publish 'gs://bucket/ped folder' --apply --withdraw-missing --source-commit abc"
    )


def test_a_quiet_sync_listens_with_one_statement_and_ends_with_another(
    airflow: None, limit_store: FirestoreLimits, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the six of a quiet cycle that is all that five minutes cost: no run is asked about afterwards."""
    first, quiet = run(), run()
    told = json.loads(json.dumps(load("ped_limits_sync", first, monkeypatch).sync_limits()))
    quiet["ti"].xcom_pull = lambda **asked: (
        told if asked["include_prior_dates"] and asked["map_indexes"] == -1 else None
    )
    quiet["dag_run"].run_id = "scheduled__2026-03-02T10:10:00+00:00"
    moment = dt.datetime(2026, 3, 2, 10, 10, tzinfo=dt.UTC)
    quiet["dag_run"].data_interval_end = quiet["dag_run"].run_after = moment
    asked = Asked(warehouse)
    sync = load("ped_limits_sync", quiet, monkeypatch)
    sync.sync_and_listen(quiet["dag_run"], sync.dag, quiet["dag_run"].run_id, quiet["ti"])
    found = asked.labels()
    assert (sorted(found), found[-1]) == (sorted(QUIET), QUIET[-1]), "the heartbeat means that both was done"

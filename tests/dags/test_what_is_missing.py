"""Whatever is missing, all DAGs are there, and a run's first task says all of it; where nothing is, nobody says a word.

That the tasks behind it are not run: ``tests/e2e/test_demo.py``, by Airflow itself.
"""

import datetime as dt
import importlib.metadata
import json
import logging
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pedwatch.config.wiring import WRONG
from pedwatch.tasks import run_start
from tests.dags.conftest import DAGS, ENVIRONMENT, ROOT
from tests.dags.test_policy import DAG_IDS

WATCH = "ped_replica_watch"
CONFIGURATION = ROOT / "include" / "config" / "pedwatch.yaml"
GOOGLE = {"AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": json.dumps({"conn_type": "google_cloud_platform"})}


@pytest.fixture
def parse(
    shipped_configuration: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., dict[str, Any]]:
    """Parse all DAGs, as the DAG processor does, where some variables have another value, or another file counts."""

    def bag(text: str | None = None, **variables: str | None) -> dict[str, Any]:
        from airflow.dag_processing.dagbag import DagBag

        if text is not None:
            (tmp_path / "pedwatch.yaml").write_text(text)
            variables["PEDWATCH_CONFIG"] = str(tmp_path / "pedwatch.yaml")
        for name, value in variables.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)
        found = DagBag(DAGS)
        assert (found.import_errors, sorted(found.dags)) == ({}, DAG_IDS)
        return dict(found.dags)

    return bag


def said(dag: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the first task of a run fails with."""
    from airflow.sdk.exceptions import AirflowFailException

    [first] = [task for task in dag.roots if task.task_id != "nothing_to_say"]
    assert first.pool == "default_pool", "a task of a pool that is missing says nothing"
    run = SimpleNamespace(run_type="scheduled", conf={}, run_id="r", data_interval_start=None, data_interval_end=None)
    context = {"dag_run": run, "dag": dag, "params": dag.params, "run_id": "r", "ti": None, "kubeconfig_path": "/k"}
    function = first.python_callable
    monkeypatch.setitem(function.__globals__, "get_current_context", lambda: context)
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    if dag.dag_id == "ped_limits_sync":  # listens beside it, for which Airflow is asked
        function, names = function.__globals__["sync_limits"], ()
    with pytest.raises(AirflowFailException) as caught:
        function(**{name: context[name] for name in names})
    return str(caught.value)


@pytest.mark.parametrize("variable", sorted(ENVIRONMENT))
def test_a_missing_variable_is_named_with_its_file_and_line(
    parse: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    lines = CONFIGURATION.read_text().splitlines()
    number = next(i for i, line in enumerate(lines, 1) if f"${{{variable}" in line)
    dags = parse(**{variable: None})
    assert all(WRONG in dag.tags for dag in dags.values())
    place = rf"{re.escape(str(CONFIGURATION))}:{number}: [\w.\[\]]+"
    assert re.search(
        rf"nothing was done:\n- {place}: environment variable {variable} is not set", said(dags[WATCH], monkeypatch)
    )


def test_where_nothing_is_set_every_dag_says_all_of_it(
    parse: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for dag in parse(**dict.fromkeys(ENVIRONMENT)).values():
        told = said(dag, monkeypatch)
        assert [name for name in ENVIRONMENT if f"variable {name} is not set" not in told] == []


def test_a_wrong_field_is_named(parse: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    dags = parse(CONFIGURATION.read_text().replace("for_observations: 2", "for_observation: 2"))
    expected = "yaml:44: policy.defaults.for_observation: unknown key; did you mean for_observations?"
    assert expected in said(dags[WATCH], monkeypatch)


def test_all_mistakes_are_said_at_once(parse: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = CONFIGURATION.read_text().replace("${PEDWATCH_BUCKET}", "gs://evidence/x") + "policy: {}\n"
    told = said(parse(wrong)["ped_digest"], monkeypatch)
    assert told.startswith("2 things are missing or wrong, and nothing was done:\n- ")
    assert "yaml:6: bucket: 'gs://evidence/x' is an address: write the bucket's name alone, evidence" in told
    assert re.search(r"yaml:\d+: policy: is written twice, first in line 38: remove one", told)


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("PEDWATCH_CONFIG", "/nowhere.yaml", "no configuration at /nowhere.yaml"),
        ("PEDWATCH_INCLUDE", "/nowhere", "looked for /nowhere/sql. Deploy include/"),
    ],
)
def test_a_file_or_folder_that_is_not_there_is_named(
    parse: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: str
) -> None:
    assert expected in said(parse(**{variable: value})[WATCH], monkeypatch)


TEXT = CONFIGURATION.read_text()
UNSET = TEXT.replace("report_timezone: UTC", "report_timezone: Europe/Berlin\ncycle_minutes: 10")
UNSET = UNSET.replace("${PEDWATCH_BUCKET}", "${NOT_SET}").replace("slack:\n", "slack:\n  digest_hour: 7\n")


@pytest.mark.parametrize(
    ("text", "cycle", "digest"),
    [
        (UNSET, "*/10 * * * *", "0 7 * * 1-5 Europe/Berlin"),
        (UNSET.replace("cycle_minutes: 10", "cycle_minutes: 7"), "*/5 * * * *", "0 7 * * 1-5 Europe/Berlin"),
        (UNSET.replace("cycle_minutes: 10", "cycle_minutes: ${ALSO}"), "*/5 * * * *", "0 7 * * 1-5 Europe/Berlin"),
        (UNSET.replace("Europe/Berlin", "Berlin"), "*/10 * * * *", "0 7 * * 1-5 UTC"),
        (UNSET.replace("digest_hour: 7", "digest_hour: 24"), "*/10 * * * *", "0 8 * * 1-5 Europe/Berlin"),
        (UNSET.replace("slack:\n", "slack: none\nsmack:\n"), "*/10 * * * *", "0 8 * * 1-5 Europe/Berlin"),
        ("{", "*/5 * * * *", "0 8 * * 1-5 UTC"),
        ("- no\n- mapping\n", "*/5 * * * *", "0 8 * * 1-5 UTC"),
        ("", "*/5 * * * *", "0 8 * * 1-5 UTC"),
    ],
    ids=["else", "no length", "unset length", "no zone", "no hour", "no block", "no YAML", "a list", "empty"],
)
def test_a_schedule_is_the_configurations_where_that_says_it_and_else_the_default(
    parse: Callable[..., dict[str, Any]], text: str, cycle: str, digest: str
) -> None:
    dags = parse(text)
    assert all(WRONG in dag.tags for dag in dags.values())
    schedules = {name: dag.schedule for name, dag in dags.items() if dag.schedule}
    assert {schedules[name].expression for name in (WATCH, "ped_limits_sync")} == {cycle}
    found = schedules["ped_digest"]
    assert f"{found.expression} {getattr(found.timezone, 'name', found.timezone)}" == digest
    assert dags[WATCH].dagrun_timeout < dt.timedelta(minutes=int(cycle.split()[0].removeprefix("*/")))


def test_a_pool_that_does_not_exist_is_a_warning_of_airflows_and_stands_in_the_next_runs_log(
    parse: Callable[..., dict[str, Any]], shipped_configuration: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from airflow.dag_processing.dagbag import DagBag

    from pedwatch import settings

    parse(TEXT.replace("collector:\n", "collector:\n  pool: of_its_own\n"))
    warned = DagBag(DAGS, known_pools={"default_pool"}).dag_warnings
    assert [(each.dag_id, each.message) for each in warned] == [
        (WATCH, f"Dag '{WATCH}' references non-existent pools: ['of_its_own']")
    ]
    config = settings.load_config()

    def before(states: dict[str, str]) -> SimpleNamespace:
        run = SimpleNamespace(run_id="r1")
        return SimpleNamespace(get_previous_dagrun=lambda: run, get_task_states=lambda **asked: {"r1": states})

    for states in ({}, {"collect_0": "skipped", "collect_1": "success"}, {"collect_0": "upstream_failed"}):
        run_start.tell_of_waiting_pods(config, WATCH, before(states))
    assert caplog.records == []
    run_start.tell_of_waiting_pods(config, WATCH, before({"collect_0": "skipped", "collect_1": "skipped"}))
    assert "pool of_its_own does not exist, or had no free slot. Create it: airflow pools set of_its_own 10" in (
        caplog.text
    )


def test_packages_and_connections_that_are_missing_are_said_with_what_brings_them(
    parse: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    version = importlib.metadata.version

    def without(name: str) -> str:
        if name in ("google-cloud-firestore", "apache-airflow-providers-slack"):
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(importlib.metadata, "version", without)
    monkeypatch.delenv("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", raising=False)
    for dag_id, dag in parse().items():
        told = said(dag, monkeypatch)
        assert WRONG not in dag.tags, dag_id
        assert told.startswith("4 things are missing or wrong, and nothing was done:\n- package google-cloud-firestore")
        assert "package apache-airflow-providers-slack is not installed: give the environment the PyPI pack" in told
        assert "connection google_cloud_default (BigQuery, Firestore, Cloud Storage) is not there: add the sec" in told
        assert "connection slack_ped (the bot's token) is not there" in told


def test_a_watch_that_cannot_speak_goes_on_and_the_housekeeping_fails_for_it(
    parse: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from pedwatch.config.needs import GOOGLE as SERVICE
    from pedwatch.config.needs import KUBERNETES
    from pedwatch.errors import ConfigurationError
    from pedwatch.tasks import housekeeping

    dag = parse(**GOOGLE)[WATCH]
    monkeypatch.delenv("AIRFLOW_CONN_SLACK_PED", raising=False)
    run = SimpleNamespace(run_type="scheduled", conf={})
    caplog.set_level(logging.INFO, "pedwatch")
    assert run_start.begin(run, dag, SERVICE, KUBERNETES).slack.platform_channel == "C0PLATFORM"
    assert caplog.records == [], "where nothing is missing nobody says a word"
    monkeypatch.setattr("pedwatch.hooks.clients.warehouse", lambda config: None)
    monkeypatch.setattr(housekeeping, "failing_checks", lambda warehouse, names: {})
    monkeypatch.setattr(housekeeping, "warn_of_gaps", lambda warehouse: None)
    with pytest.raises(ConfigurationError, match=r"not all is there that tasks need:\n- connection slack_ped"):
        housekeeping.check_invariants()
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_PED", json.dumps({"conn_type": "slack", "password": "xoxb-x"}))
    housekeeping.check_invariants()


def test_a_secrets_backend_that_does_not_answer_is_not_a_connection_that_is_missing(
    parse: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk import Connection

    from pedwatch import settings
    from pedwatch.config.needs import ALL

    def refuse(name: str) -> None:
        raise PermissionError("403 of the backend, with a token in it")

    parse()
    monkeypatch.setattr(Connection, "get", refuse)
    assert run_start.missing(settings.load_config(), *ALL) == []


def test_a_time_machine_is_refused_where_the_services_are_real(
    shipped_configuration: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pedwatch import settings
    from pedwatch.errors import ConfigurationError

    for name in settings.EMULATOR_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PEDWATCH_CLOCK", "2026-03-02T10:05:00Z")
    with pytest.raises(ConfigurationError, match="PEDWATCH_CLOCK"):
        settings.now()

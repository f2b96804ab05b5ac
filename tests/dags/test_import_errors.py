"""A wrong environment is an import error that a person can act on, in the Airflow UI, before any task runs."""

import re
from pathlib import Path

import pytest

from tests.dags.conftest import DAGS, ENVIRONMENT, ROOT

WATCH = DAGS / "ped_replica_watch.py"
CONFIGURATION = ROOT / "include" / "config" / "pedwatch.yaml"


def import_error(path: Path) -> str:
    """Parse one DAG file as the DAG processor does; what it would show."""
    from airflow.dag_processing.dagbag import DagBag

    errors = DagBag(path).import_errors
    return next(iter(errors.values()), "")


@pytest.mark.parametrize("variable", sorted(ENVIRONMENT))
def test_a_missing_variable_is_named_with_its_file_and_line(
    shipped_configuration: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    lines = CONFIGURATION.read_text().splitlines()
    number = next(i for i, line in enumerate(lines, 1) if f"${{{variable}" in line)
    monkeypatch.delenv(variable)
    error = import_error(WATCH)
    assert re.search(
        rf"{re.escape(str(CONFIGURATION))}:{number}: [\w.\[\]]+: environment variable {variable} is not set", error
    )


def test_a_wrong_field_is_named(
    shipped_configuration: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "pedwatch.yaml"
    path.write_text(CONFIGURATION.read_text().replace("for_observations: 2", "for_observation: 2"))
    monkeypatch.setenv("PEDWATCH_CONFIG", str(path))
    error = import_error(WATCH)
    assert f"{path}:44: policy.defaults.for_observation: unknown key; did you mean for_observations?" in error


def test_all_mistakes_are_in_one_import_error_and_what_needs_no_configuration_is_parsed(
    shipped_configuration: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from airflow.dag_processing.dagbag import DagBag

    path = tmp_path / "pedwatch.yaml"
    wrong = CONFIGURATION.read_text().replace("${PEDWATCH_BUCKET}", "gs://evidence/x") + "policy: {}\n"
    path.write_text(wrong)
    monkeypatch.setenv("PEDWATCH_CONFIG", str(path))
    bag = DagBag(DAGS)
    assert {"ped_limits_publish", "ped_housekeeping"} <= set(bag.dags)
    assert "ped_replica_watch" not in bag.dags
    for error in bag.import_errors.values():
        assert f"{path}:6: bucket: 'gs://evidence/x' is an address: write the bucket's name alone, evidence" in error
        assert re.search(rf"{re.escape(str(path))}:\d+: policy: is written twice, first in line 38: remove one", error)


def test_a_configuration_that_is_not_there_is_named(
    shipped_configuration: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PEDWATCH_CONFIG", str(tmp_path / "nowhere.yaml"))
    assert f"no configuration at {tmp_path / 'nowhere.yaml'}" in import_error(WATCH)


def test_a_forgotten_include_folder_is_named(
    shipped_configuration: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PEDWATCH_INCLUDE", str(tmp_path))
    error = import_error(WATCH)
    assert str(tmp_path / "sql") in error
    assert "Deploy include/" in error


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

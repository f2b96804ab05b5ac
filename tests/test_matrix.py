"""``make test-matrix``: which environments there are, what makes them, and what each is told to test with."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap import matrix
from bootstrap.matrix import NEWEST, NEWEST_RELEASES, PINNED, Environment, MatrixError, commands, selected, split
from sandbox.environment.airflow import POSTGRES, Airflow

ROOT = Path(__file__).resolve().parents[1]
HERE = [
    Environment(kind, version, f"/usr/bin/python{version}") for kind in (PINNED, NEWEST) for version in ("3.11", "3.13")
]


@pytest.mark.parametrize(
    ("only", "names"),
    [
        ("", ["pinned-3.11", "pinned-3.13", "newest-3.11", "newest-3.13"]),
        ("newest", ["newest-3.11", "newest-3.13"]),
        ("newest-3.13, pinned-3.11", ["pinned-3.11", "newest-3.13"]),
    ],
)
def test_only_selects_by_kind_or_by_name(only: str, names: list[str]) -> None:
    assert [one.name for one in selected(HERE, only)] == names


def test_pytest_gets_its_words_in_their_order() -> None:
    assert split(["--only", "newest", "-n", "0", "-q", "tests/dags"]) == ("newest", ["-n", "0", "-q", "tests/dags"])
    assert split(["-k", "collector"]) == ("", ["-k", "collector"])


def test_what_is_not_there_is_named_with_what_is() -> None:
    with pytest.raises(MatrixError, match=r"ONLY=newest-3.12: there is no such environment here; .*newest-3.13"):
        selected(HERE, "pinned newest-3.12")


def test_a_python_that_does_not_run_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "python3.11").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (tmp_path / "python3.12").write_text("#!/bin/sh\nexit 127\n")
    for shim in tmp_path.iterdir():
        shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(matrix, "PYTHONS", (f"{sys.version_info[0]}.{sys.version_info[1]}", "3.10"))
    assert {one.interpreter for one in matrix.found_environments()} <= {sys.executable}
    assert not [one for one in matrix.found_environments() if one.version == "3.10"]


def test_pinned_is_the_lock_and_newest_is_not() -> None:
    pinned = commands(HERE[0], "uv", Path("over.txt"))
    newest = commands(HERE[3], "uv", Path("over.txt"))
    assert pinned[1][1:3] == ["sync", "--locked"]
    assert not any("sync" in command for command in newest)
    (install,) = (command for command in newest if "--overrides" in command)
    assert install[install.index("--python") + 1] == str(HERE[3].python)
    for made in (pinned, newest):
        assert any(matrix.POSTGRES in command for command in made), "a server for Airflow's tables"
        assert any("compose" in command for command in made), "what talks with it"


def test_newest_is_what_is_pinned_and_nothing_else() -> None:
    """An override of a package that nobody asks for would be no override."""
    project = (ROOT / "pyproject.toml").read_text() + (ROOT / "uv.lock").read_text()
    for line in NEWEST_RELEASES:
        assert re.search(rf'"{re.escape(line.partition("==")[0])}["=]', project), line


def test_airflow_has_a_database_for_each_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    one, other = Airflow(tmp_path / "one", {}), Airflow(tmp_path / "other", {})
    monkeypatch.delenv(POSTGRES, raising=False)
    assert one.database == f"sqlite:///{tmp_path}/one/airflow.db?timeout=30"
    monkeypatch.setenv(POSTGRES, "127.0.0.1:5433")
    assert one.database.startswith("postgresql+psycopg2://postgres@127.0.0.1:5433/airflow_")
    assert one.database != other.database
    assert one.environment()["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == one.database


def test_help_says_what_there_is() -> None:
    done = subprocess.run(
        [sys.executable, "bootstrap/matrix.py", "--only", "", "--help"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "ONLY=newest" in done.stdout and "PostgreSQL" in done.stdout

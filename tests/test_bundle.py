"""The bundle is what Composer needs, whole and nothing more."""

from pathlib import Path

import pytest

from deploy import bundle

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[str]]:
    """A bundle and the names of its files."""
    target = tmp_path_factory.mktemp("bundle") / "composer"
    return target, {path.as_posix() for path in bundle.build(target=target)}


def test_every_dag_statement_and_module_ships(shipped: tuple[Path, set[str]]) -> None:
    _, names = shipped
    for folder, destination in bundle.FOLDERS.items():
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".sql", ".yaml", ".json"):
                assert f"{destination}/{path.relative_to(ROOT / folder).as_posix()}" in names


def test_what_keeps_airflow_from_importing_everything_ships(shipped: tuple[Path, set[str]]) -> None:
    _, names = shipped
    assert {"dags/.airflowignore", "plugins/.airflowignore", "requirements.txt"} <= names


def test_nothing_else_ships(shipped: tuple[Path, set[str]]) -> None:
    target, names = shipped
    assert {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()} == names
    assert not [name for name in names if "__pycache__" in name or "sandbox" in name or "test" in name.lower()]


def test_the_same_sources_give_the_same_bundle(tmp_path: Path) -> None:
    prints = [
        bundle.fingerprint(target, bundle.build(target=target)) for target in (tmp_path / "one", tmp_path / "two")
    ]
    assert prints[0] == prints[1]


def test_a_changed_statement_changes_it(tmp_path: Path) -> None:
    files = bundle.build(target=tmp_path)
    before = bundle.fingerprint(tmp_path, files)
    statement = tmp_path / "dags" / "include" / "sql" / "verdicts" / "compare.sql"
    statement.write_text(statement.read_text() + "\n")
    assert bundle.fingerprint(tmp_path, files) != before


def test_an_old_bundle_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "left_over.py").write_text("")
    bundle.build(target=tmp_path)
    assert not (tmp_path / "dags" / "left_over.py").exists()

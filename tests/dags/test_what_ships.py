"""Rules over the sources that ship: who reads the environment, who knows of stand-ins, what parsing a DAG costs."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dags.conftest import DAGS, ROOT

PACKAGE = ROOT / "plugins" / "pedwatch"
SHIPPED = sorted([*DAGS.glob("*.py"), *PACKAGE.rglob("*.py")])
#: They decide by the emulator variables that Google's own clients read; nobody else may know of them.
KNOW_EMULATORS = {PACKAGE / "settings.py", PACKAGE / "hooks" / "clients.py"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_there_is_something_to_look_at() -> None:
    assert len(SHIPPED) > 30


def environment_reads(path: Path) -> Iterator[int]:
    """Lines that reach for the environment, by whatever name ``os`` goes."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv", "putenv", "unsetenv"):
            yield node.lineno
        if (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and {"environ", "environb", "getenv", "putenv"} & {alias.name for alias in node.names}
        ):
            yield node.lineno


@pytest.mark.parametrize("path", SHIPPED, ids=name_of)
def test_only_settings_reads_the_environment(path: Path) -> None:
    found = list(environment_reads(path))
    if path == PACKAGE / "settings.py":
        assert found, "the reads moved: this test looks at the wrong module"
    else:
        assert found == [], f"{name_of(path)}:{found[0] if found else ''} reads the environment: ask pedwatch.settings"


@pytest.mark.parametrize("path", SHIPPED, ids=name_of)
def test_no_branch_knows_about_the_sandbox(path: Path) -> None:
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, (ast.If, ast.IfExp, ast.While, ast.Match)):
            condition = node.subject if isinstance(node, ast.Match) else node.test
            assert not re.search(r"sandbox|demo|local(?:host)?\b|127\.0", ast.unparse(condition), re.IGNORECASE), (
                f"{name_of(path)}:{node.lineno} does one thing here and another on Composer"
            )
    imported = {
        alias.name if isinstance(node, ast.Import) else node.module or ""
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    assert not [module for module in imported if module.split(".")[0] == "sandbox"]


@pytest.mark.parametrize("path", [p for p in SHIPPED if p not in KNOW_EMULATORS], ids=name_of)
def test_emulators_are_known_to_settings_and_clients_only(path: Path) -> None:
    assert "EMULATOR_HOST" not in path.read_text()
    assert "is_emulated" not in path.read_text()


def module_level_imports(path: Path) -> set[str]:
    """Top packages that a module imports when it is imported itself; what only the type checker sees apart."""
    found: set[str] = set()

    def visit(statements: list[ast.stmt]) -> None:
        for node in statements:
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                found.add(node.module or "")
            elif isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
                visit(node.body + node.orelse)
            elif isinstance(node, ast.Try):
                visit(node.body + [s for handler in node.handlers for s in handler.body] + node.orelse)

    visit(ast.parse(path.read_text()).body)
    return found


@pytest.mark.parametrize("path", sorted((PACKAGE / "tasks").glob("*.py")), ids=name_of)
def test_tasks_import_clients_when_they_run(path: Path) -> None:
    heavy = re.compile(r"(?:airflow\.providers|google|grpc|kubernetes|pandas|requests|slack_sdk)(?:\.|$)")
    assert [module for module in module_level_imports(path) if heavy.match(module)] == []

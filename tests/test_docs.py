"""The documentation against the code: what exists is documented, what is documented exists."""

import argparse
import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import reference_pages
from tests.sql.googlesql import DATASET, AnalysisError, analyze

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(
    [*(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")), *DOCS.rglob("*.md")]
)


def text(name: str) -> str:
    return (ROOT / name).read_text()


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("name", sorted(reference_pages.PAGES))
def test_reference_pages_are_what_the_code_says(name: str) -> None:
    assert (DOCS / name).read_text() == reference_pages.PAGES[name](), "run: python -m tests.reference_pages"


@pytest.mark.parametrize("table", reference_pages.table_names())
def test_every_column_is_described(table: str) -> None:
    found = reference_pages.columns(table)
    assert found
    assert [column.name for column in found if not column.description] == []


def test_every_field_of_the_configuration_is_explained() -> None:
    for model in reference_pages.models():
        for name in model.model_fields:
            assert reference_pages.explanation(model, name), f"{model.__name__}.{name}"


def test_explanations_are_of_fields_that_exist() -> None:
    models = {model.__name__: model for model in reference_pages.models()}
    models |= {
        base.__name__: base for model in models.values() for base in model.__mro__ if hasattr(base, "model_fields")
    }
    for key in reference_pages.EXPLAINED:
        model, _, field = key.partition(".")
        assert field in models[model].model_fields, key


def test_every_environment_variable_is_documented() -> None:
    source = text("plugins/pedwatch/settings.py")
    read = set(re.findall(r"environ(?:\.get)?[(\[]\s*\"(\w+)\"", source)) | set(
        re.findall(r"\"(\w+_EMULATOR_HOST)\"", source)
    )
    assert "PEDWATCH_CONFIG" in read
    assert read == set(reference_pages.VARIABLES)


def dag_ids() -> set[str]:
    return {path.stem for path in (ROOT / "dags").glob("*.py")}


@pytest.mark.parametrize("page", ["docs/architecture.md", "CHANGELOG.md"])
def test_every_dag_is_documented(page: str) -> None:
    assert dag_ids() <= set(re.findall(r"`(ped_\w+)`", text(page)))


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_only_dags_that_exist_are_named(path: Path) -> None:
    known = dag_ids() | {"ped_watch", "ped_limit", "ped_limits"}
    assert set(re.findall(r"`(ped_[a-z_]+)`", path.read_text())) <= known


def test_every_verdict_is_documented_and_no_other() -> None:
    column = next(column for column in reference_pages.columns("verdicts") if column.name == "verdict")
    verdicts = set((column.description or "").split(" | "))
    table = text("docs/architecture.md").partition("| verdict | means |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == verdicts
    assert len(verdicts) == 8


def test_every_make_target_is_documented() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", text("Makefile"), re.MULTILINE))
    assert {"demo", "test", "setup"} <= targets
    assert set(re.findall(r"`make ([a-z-]+)`", text("README.md"))) == targets


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_only_make_targets_that_exist_are_named(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", path.read_text(), re.MULTILINE)) <= targets


def subcommands(parser: argparse.ArgumentParser, prefix: str = "") -> Iterator[str]:
    """Every command line that a parser knows, without its options."""
    nested = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not nested and prefix:
        yield prefix
    for action in nested:
        for name, part in action.choices.items():
            yield from subcommands(part, f"{prefix} {name}".strip())


def test_every_command_of_the_command_line_is_documented() -> None:
    from pedwatch.cli import build_parser

    documented = "\n".join(path.read_text() for path in PAGES)
    commands = list(subcommands(build_parser()))
    assert "limits validate" in commands
    for command in commands:
        first, _, last = command.rpartition(" ")
        assert f"pedwatch {command}" in documented or (
            f"pedwatch {first}" in documented and f"`{last}`" in documented
        ), f"python -m pedwatch {command}"


def test_every_stand_in_is_documented() -> None:
    servers = {path.parent.name for path in (ROOT / "sandbox").glob("*/__main__.py")}
    page = text("docs/sandbox.md")
    assert "bigquery" in servers
    assert {name for name in servers if f"sandbox.{name}" not in page and f"make {name}" not in page} - {
        "live"
    } == set()


#: What is built, written in a bucket, or another place than the repository.
ELSEWHERE = re.compile(r"^(?:build|audits|obs|manifests|ped-replicas|\.uv|\.venv)/|^plugins/$")


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_files_that_are_named_exist(path: Path) -> None:
    package = ROOT / "plugins" / "pedwatch"
    roots = (ROOT, package, ROOT / "include" / "sql", ROOT / "include" / "sql" / "verdicts", path.parent)
    for name in re.findall(r"`([\w./-]+(?:\.(?:py|sql|md|yaml|json|rules|txt)|/))`", path.read_text()):
        if not ELSEWHERE.match(name) and name not in OUTPUTS:
            assert any((root / name).exists() for root in roots), f"{name_of(path)} names {name}"


def anchors(path: Path) -> set[str]:
    """The names that a page's headings have in links: lower case, hyphens for spaces, nothing else but words."""
    text_ = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = (re.sub(r"\]\([^)]*\)", "", heading) for heading in re.findall(r"^#+ (.+)$", text_, re.MULTILINE))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_links_lead_to_pages_and_headings_that_exist(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"^```.*?^```", "", path.read_text(), flags=re.M | re.S)):
        if re.match(r"\w+:", target):
            continue
        file, _, heading = target.partition("#")
        page = (path.parent / file).resolve() if file else path
        assert page.exists(), f"{name_of(path)} links to {target}"
        if heading:
            assert heading in anchors(page), f"{name_of(path)} links to {target}"


#: Files that a run writes, and files of a deployment.
OUTPUTS = {
    *("verdicts.csv", "limits.csv", "coverage.csv", "manifest.json", "README.txt", "verify.py", "export.json"),
    *("pedwatch.yaml", "config/pedwatch.yaml", "dags/include/", "scenarios/"),
}


def queries() -> list[tuple[str, str]]:
    found = []
    for path in PAGES:
        for number, query in enumerate(re.findall(r"```sql\n(.*?)```", path.read_text(), re.DOTALL), 1):
            found.append((f"{name_of(path)}, query {number}", query))
    return found


@pytest.mark.parametrize(("where", "query"), queries(), ids=[where for where, _ in queries()])
def test_queries_of_the_pages_run(where: str, query: str) -> None:
    # The catalog knows tables by their whole quoted name.
    analyze(re.sub(r"\bped_watch\.(\w+)", rf"`{DATASET}.\1`", query), None)


def test_a_query_with_a_wrong_column_would_be_noticed() -> None:
    with pytest.raises(AnalysisError):
        analyze(f"SELECT verdikt FROM `{DATASET}.verdicts` WHERE cycle > TIMESTAMP '2026-01-01 00:00:00+00'", None)


def test_every_check_has_its_line_in_the_runbook() -> None:
    page = text("docs/runbooks/an-invariant-does-not-hold.md")
    checks = {path.stem for path in (ROOT / "include" / "sql" / "checks").glob("*.sql")}
    assert checks == set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))


@pytest.mark.parametrize("folder", ["runbooks", "decisions"])
def test_every_page_is_in_its_folders_index(folder: str) -> None:
    index = (DOCS / folder / "README.md").read_text()
    pages = {path.name for path in (DOCS / folder).glob("*.md")} - {"README.md"}
    assert pages == set(re.findall(r"\]\(([\w-]+\.md)\)", index))


def test_every_finding_is_in_the_folders_index_with_what_it_was_seen_with() -> None:
    lines = re.findall(r"^\| `([\w-]+\.sh)` \| .*\d.* \| .+ \|$", text("findings/README.md"), re.MULTILINE)
    assert lines == sorted(path.name for path in (ROOT / "findings").glob("*.sh"))


def defined(tree: ast.AST, prefix: str = "") -> Iterator[str]:
    """Functions and classes of a module, methods behind their class."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield prefix + node.name
            yield from defined(node, f"{prefix}{node.name}.")


def test_the_walk_of_one_value_goes_through_what_is_there() -> None:
    steps = re.findall(r"^\| (\d+) \| `([\w./]+)` \| `([\w.]+)` \| \S.* \|$", text("CONTRIBUTING.md"), re.MULTILINE)
    assert [int(number) for number, _, _ in steps] == list(range(1, len(steps) + 1)) and len(steps) > 20
    for _, file, name in steps:
        path = ROOT / file
        assert path.is_file(), f"the walk in CONTRIBUTING.md names {file}"
        if path.suffix == ".py":
            assert name in set(defined(ast.parse(path.read_text()))), f"{file} has no {name}, as CONTRIBUTING.md says"
        else:
            assert re.search(rf"\b{name}\b", path.read_text()), f"{file} has no {name}, as CONTRIBUTING.md says"


def test_decisions_are_numbered_and_say_what_was_rejected() -> None:
    pages = sorted(path for path in (DOCS / "decisions").glob("*.md") if path.name != "README.md")
    # A number is given when the work begins, so one may be missing for a while; none is given twice.
    assert len({path.name[:4] for path in pages}) == len(pages)
    for path in pages:
        assert path.read_text().startswith(f"# {path.name[:4]} ")
        for part in ("**Decision.**", "**Why.**", "**Rejected.**"):
            assert part in path.read_text(), f"{path.name} lacks {part}"


def test_every_package_of_the_product_is_on_the_map() -> None:
    page = text("docs/architecture.md")
    packages = {path.parent.name for path in (ROOT / "plugins" / "pedwatch").glob("*/__init__.py")} - {"cli"}
    assert {name for name in packages if f"{name}/" not in page} == set()


def test_shipped_modules_say_what_they_are() -> None:
    for path in [*(ROOT / "dags").glob("*.py"), *(ROOT / "plugins").rglob("*.py")]:
        assert ast.get_docstring(ast.parse(path.read_text())), f"{name_of(path)} has no docstring"

"""What every file of ``include/sql`` says of itself, and that a staging table has what it stages."""

import re

import pytest

from pedwatch import ddl, settings, sql
from pedwatch.alerts.table_rows import EPISODE_COLUMNS, NOTIFICATION_COLUMNS
from tests.sql.googlesql import analyze

SQL_ROOT = settings.include_dir() / "sql"
FILES = sorted(path.relative_to(SQL_ROOT).as_posix() for path in SQL_ROOT.rglob("*.sql"))
GRAIN = re.compile(r"\bone (?:row|value)(?: per \w+|[.,;:])", re.IGNORECASE)


def header(text: str) -> str:
    """Return the comment that a file begins with, as one line; empty where it begins otherwise."""
    found = re.match(r"(?:\{%-? (?:from|set) [^%]*%\}\s*)*\{#-?(.*?)-?#\}", text, re.DOTALL)
    if found:
        return " ".join(found[1].split())
    code = re.sub(r"\A(?:\{%-? (?:from|set) [^%]*%\}\s*)+", "", text)
    lines = [*code.splitlines(), ""]
    return " ".join(line[2:].strip() for line in lines[: [line[:2] == "--" for line in lines].index(False)])


@pytest.mark.parametrize("name", FILES)
def test_the_header_says_what_is_one_row(name: str) -> None:
    said = header((SQL_ROOT / name).read_text())
    assert GRAIN.search(said), f"{name}: begin with what it returns, and its grain: One row per …; it says: {said}"


@pytest.mark.parametrize(
    ("staging", "nested", "staged"),
    [
        ("limit_staging", None, "limit_history"),
        ("fold_staging", "episode", "episodes"),
        ("fold_staging", "notification", "notifications"),
    ],
)
def test_a_staging_table_takes_what_its_table_has_and_requires_none(
    staging: str, nested: str | None, staged: str
) -> None:
    into = f"{nested}.*" if nested else "* EXCEPT (sync_id, operation)"
    columns = analyze(f"SELECT {into} FROM `ped_watch.{staging}`", {})
    assert columns == analyze(f"SELECT * FROM `ped_watch.{staged}`", {})
    text = sql.render(SQL_ROOT, f"ddl/tables/{staging}.sql", dataset="d")
    own = [column.name for column in ddl.columns(text) if "NOT NULL" in column.definition]
    assert own == {"limit_staging": ["sync_id", "operation"], "fold_staging": ["fold_id"]}[staging]


def test_what_a_fold_writes_has_the_types_of_its_tables() -> None:
    for written, table in ((EPISODE_COLUMNS, "episodes"), (NOTIFICATION_COLUMNS, "notifications")):
        columns = analyze(f"SELECT * FROM `ped_watch.{table}`", {})
        assert {name: columns[name] for name in written} == written

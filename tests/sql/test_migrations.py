"""Migrations only add, may run again, and lead from schema 1 to the tables of today.

``schema_1.txt`` is what was installed first. While nothing is installed anywhere, it may be written anew with
``python -m tests.sql.test_migrations``; afterwards a change of a table is a migration.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlglot import exp, parse

from pedwatch import ddl, sql
from tests import reference_pages
from tests.operators.test_housekeeping import PAGES
from tests.sql.googlesql import DATASET, SQL_ROOT, analyze

SCHEMA_1 = Path(__file__).with_name("schema_1.txt")
AGAIN = "python -m tests.sql.test_migrations"
MIGRATIONS = [name for name in sql.statement_names(SQL_ROOT) if name.startswith(ddl.MIGRATIONS)]


REFUSED = {
    "a column goes": "ALTER TABLE `d.episodes` DROP COLUMN severity",
    "a column that rows lack is required": "ALTER TABLE `d.episodes` ADD COLUMN IF NOT EXISTS a STRING NOT NULL",
    "it cannot run twice": "ALTER TABLE `d.episodes` ADD COLUMN a STRING",
    "a type changes": "ALTER TABLE `d.episodes` ALTER COLUMN severity SET DATA TYPE STRING",
    "a table is replaced": "CREATE OR REPLACE TABLE `d.episodes` (a INT64)",
    "a table is no file of ddl/tables": "CREATE TABLE IF NOT EXISTS `d.pages` (a INT64)",
    "rows go": "DELETE FROM `d.episodes` WHERE state = 'resolved'",
    "rows go in a MERGE": "MERGE `d.episodes` AS t USING `d.pages` AS p ON t.a = p.a WHEN MATCHED THEN DELETE",
    "rows would come twice": "INSERT INTO `d.pages` (a) VALUES (1)",
    "all rows are written": "UPDATE `d.episodes` SET a = 1 WHERE TRUE",
    "something unknown": "DROP TABLE `d.episodes`",
}


def schema_now() -> dict[str, list[str]]:
    """Return the tables of the DDL: a line that says how each is laid out, and one for each column."""
    found = {}
    for table in reference_pages.table_names():
        columns = reference_pages.columns(table)
        required = {True: " NOT NULL", False: ""}
        lines = [f"{table}.{column.name} {column.type}{required[column.is_required]}" for column in columns]
        found[table] = [f"{table}: {reference_pages.layout(table) or 'as it comes'}", *sorted(lines)]
    return found


def schema_1() -> dict[str, list[str]]:
    """Return the same of what was installed first."""
    found: dict[str, list[str]] = {}
    for line in SCHEMA_1.read_text(encoding="utf-8").splitlines():
        found.setdefault(re.split(r"[.:]", line)[0], []).append(line)
    return found


def added_by(text: str) -> Iterator[tuple[str, str]]:
    """Yield what a migration adds: table, and the line of a column.

    Raises:
        AssertionError: a statement may take something away, or cannot run again.
    """
    for statement in parse(text, read="bigquery"):
        match statement:
            case exp.Alter():
                for action in statement.args["actions"]:
                    assert isinstance(action, exp.ColumnDef), f"{action.sql()}: ALTER TABLE adds columns, nothing else"
                    assert action.args.get("exists"), f"{action.sql()}: ADD COLUMN IF NOT EXISTS may run again"
                    columns = reference_pages.columns_of([action])
                    assert not any(column.is_required for column in columns), "rows that are there have no value"
                    table = statement.this.name
                    yield from ((table, f"{table}.{column.name} {column.type}") for column in columns)
            case exp.Update():
                where = statement.args.get("where")
                assert where and where.find(exp.Is), "UPDATE … WHERE … IS NULL fills in what is not yet there"
            case exp.Merge():
                whens = statement.args["whens"].expressions
                assert all(isinstance(when.args["then"], exp.Insert) for when in whens), "a migration's MERGE inserts"
            case _:
                raise AssertionError(f"{statement and statement.sql()}: takes away, or cannot run again")


def test_what_only_adds_may_be_a_migration() -> None:
    assert list(added_by(";".join(PAGES).replace("{{ dataset }}", "d"))) == [
        ("episodes", "episodes.paged_at TIMESTAMP")
    ]


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_takes_away_or_cannot_run_again_may_not(text: str) -> None:
    with pytest.raises(AssertionError):
        list(added_by(text))


def test_schema_1_and_the_migrations_make_the_tables_of_today() -> None:
    """What a fresh installation creates is what an older one is migrated to; a new table is created in both."""
    expected, now = schema_1(), schema_now()
    for name in MIGRATIONS:
        for table, line in added_by(sql.render(SQL_ROOT, name, dataset=DATASET)):
            expected[table].append(line)
    assert {table: sorted(now.get(table, [])) for table in expected} == {
        table: sorted(lines) for table, lines in expected.items()
    }, "write the next migration (docs/decisions/0040); or, while nothing is installed, " + AGAIN


@pytest.mark.parametrize("table", reference_pages.table_names())
def test_googlesql_takes_every_column_as_one_to_add(table: str) -> None:
    """As the doctor writes it for a column that was dropped."""
    text = sql.render(SQL_ROOT, f"ddl/tables/{table}.sql", dataset=DATASET)
    added = ", ".join(f"ADD COLUMN IF NOT EXISTS {column.addable}" for column in ddl.columns(text))
    assert "NOT NULL" not in added
    analyze(f"ALTER TABLE `{DATASET}.{table}` {added}", {})


def main() -> None:
    """Take the tables of today for those of schema 1."""
    SCHEMA_1.write_text("\n".join(line for lines in schema_now().values() for line in lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

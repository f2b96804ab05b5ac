"""Numbers of the schema: what a build knows, what is pending, and what is too new for it."""

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedwatch import ddl, schema, settings
from pedwatch.errors import ConfigurationError
from pedwatch.schema import Applied, Step

NOON = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)


def applied(*numbers: int) -> list[Applied]:
    return [Applied(number, f"ddl/migrations/{number:04}_more.sql", NOON) for number in numbers]


def known(newest: int) -> list[Step]:
    return [Step(number, f"{number:04}") for number in range(1, newest + 1)]


def folder(root: Path, *names: str) -> Path:
    (root / "ddl" / "migrations").mkdir(parents=True)
    for name in names:
        (root / "ddl" / "migrations" / name).write_text("SELECT 1")
    return root


def test_the_shipped_migrations_are_a_series() -> None:
    numbers = [step.number for step in schema.steps(settings.include_dir() / "sql")]
    assert numbers == list(range(1, len(numbers) + 1))


def test_migrations_are_taken_in_order(tmp_path: Path) -> None:
    found = schema.steps(folder(tmp_path, "0003_limits.sql", "0002_severity.sql"))
    assert [(step.number, step.is_migration) for step in found] == [(1, False), (2, True), (3, True)]
    assert found[1].name == "ddl/migrations/0002_severity.sql"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["0003_late.sql"], "0003_late.sql: the migration after 0001 is named 0002_words.sql"),
        (["0002_one.sql", "0002_two.sql"], "0002_two.sql: the migration after 0002 is named 0003_words.sql"),
        (["2_short.sql"], "the migration after 0001 is named 0002_words.sql"),
        (["0001_first.sql"], "the migration after 0001 is named 0002_words.sql"),
        (["0002-dash.sql"], "the migration after 0001 is named 0002_words.sql"),
    ],
    ids=["a gap", "twice", "no four digits", "the first is no migration", "misspelt"],
)
def test_what_is_no_series_is_refused_by_name(tmp_path: Path, names: list[str], expected: str) -> None:
    with pytest.raises(ConfigurationError, match=expected):
        schema.steps(folder(tmp_path, *names))


@given(st.sets(st.integers(1, 9)), st.integers(1, 9))
def test_what_is_pending_is_what_is_not_recorded_in_order(numbers: set[int], newest: int) -> None:
    found = [step.number for step in schema.pending(known(newest), applied(*numbers))]
    assert found == sorted(set(range(1, newest + 1)) - numbers)


@given(st.sets(st.integers(1, 9)), st.integers(1, 9))
def test_only_a_greater_number_is_newer(numbers: set[int], newest: int) -> None:
    objection = schema.newer("ped_watch", applied(*numbers), known(newest))
    assert (objection is not None) == (max(numbers, default=0) > newest)


def test_a_newer_schema_is_told_with_both_numbers_and_both_ways_out() -> None:
    assert schema.newer("ped_watch", applied(1, 3, 2), known(2)) == (
        "dataset ped_watch has schema 3 (ddl/migrations/0003_more.sql, applied 2026-03-02 12:00 UTC), but this build "
        "knows 2: deploy a build that knows 3; or, to stay with this one, delete the rows above 2 from "
        "ped_watch.schema_version, since migrations only add and the newer build applies them again."
    )


def test_tables_come_before_migrations_and_views_after_them() -> None:
    names = ["alerts/digest.sql", "ddl/views/a.sql", "ddl/migrations/0002_a.sql", "ddl/tables/b.sql"]
    assert ddl.in_order(names) == names[::-1]

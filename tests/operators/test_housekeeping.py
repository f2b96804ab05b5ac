"""The DDL is additive: a table that is there gets the columns it lacks, keeps its rows, and nothing else changes."""

import pytest
from google.cloud.bigquery import SchemaField

from pedwatch import ddl, settings, sql
from pedwatch.hooks import clients
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.tasks import housekeeping
from tests.reference_pages import table_names
from tests.sql.googlesql import analyze

LATER = {
    "limit_history": ["selectors", "version", "exemptions"],
    "episodes": ["severity", "over_cycles"],
    "verdicts": ["is_contested"],
}
"""What tables of an older version may have lacked: a struct, an array of them, and columns that are required now."""


@pytest.fixture
def older(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """A dataset whose tables lack some columns; one of them holds a row."""
    monkeypatch.setattr(settings, "load_config", lambda: warehouse.config)
    monkeypatch.setattr(clients, "warehouse", lambda config: warehouse)
    housekeeping.apply_ddl({"checks_only": False})
    for table, columns in LATER.items():
        for column in columns:
            run(warehouse, f"ALTER TABLE `{warehouse.config.dataset}.{table}` DROP COLUMN {column}")
    run(
        warehouse,
        f"""
        INSERT INTO `{warehouse.config.dataset}.episodes`
          (episode_id, fingerprint, subject, kind, state, is_exempted, is_blind, started_cycle, last_cycle,
           unknown_cycles, fold_state, updated_at)
        VALUES ('e1', 'f1', 's1', 'over_limit', 'firing', FALSE, FALSE, @now, @now, 0, '{{}}', @now)
        """.replace("@now", "TIMESTAMP '2026-03-02 10:00:00+00'"),
    )
    return warehouse


def run(warehouse: Warehouse, text: str) -> None:
    warehouse.client.query(text).result()


def fields(warehouse: Warehouse, table: str) -> dict[str, SchemaField]:
    found = warehouse.client.get_table(f"{warehouse.config.project}.{warehouse.config.dataset}.{table}")
    return {field.name: field for field in found.schema}


def test_columns_that_are_missing_are_added(older: Warehouse, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    before = {table: fields(older, table) for table in table_names()}
    housekeeping.apply_ddl({"checks_only": False})
    for table in table_names():
        after, missing = fields(older, table), LATER.get(table, [])
        assert sorted(after.keys() - before[table].keys()) == sorted(missing)
        assert {name: field for name, field in after.items() if name not in missing} == before[table]
        assert all(after[column].mode != "REQUIRED" and after[column].description for column in missing)
    assert "added to episodes: severity, over_cycles" in caplog.text
    [row] = older.client.list_rows(f"{older.config.project}.{older.config.dataset}.episodes")
    assert (row.episode_id, row.state, row.severity, row.over_cycles) == ("e1", "firing", None, None)


def test_again_nothing_is_added(older: Warehouse, caplog: pytest.LogCaptureFixture) -> None:
    housekeeping.apply_ddl({"checks_only": False})
    caplog.set_level("INFO")
    caplog.clear()
    housekeeping.apply_ddl({"checks_only": False})
    assert "added to" not in caplog.text


def test_a_run_that_only_checks_adds_nothing(older: Warehouse) -> None:
    assert housekeeping.apply_ddl({"checks_only": True}) == []
    assert "severity" not in fields(older, "episodes")


@pytest.mark.parametrize("table", table_names())
def test_googlesql_takes_every_column_as_one_to_add(table: str) -> None:
    text = sql.render(settings.include_dir() / "sql", f"ddl/tables/{table}.sql", dataset="ped_watch")
    added = ", ".join(f"ADD COLUMN IF NOT EXISTS {column.addable}" for column in ddl.columns(text))
    assert "NOT NULL" not in added
    analyze(f"ALTER TABLE `ped_watch.{table}` {added}", {})

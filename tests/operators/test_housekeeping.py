"""ped_housekeeping brings tables to the schema of its build: by numbered scripts, from wherever it was stopped."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pedwatch import settings
from pedwatch.config import Config, Retention
from pedwatch.doctor import stores
from pedwatch.errors import LedgerError, NewerSchemaError
from pedwatch.hooks import applied_schema, clients, kept_tables
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.tasks import housekeeping
from tests.conftest import Server

SHIPPED = settings.include_dir() / "sql"
PAGES = [
    "ALTER TABLE `{{ dataset }}.episodes` ADD COLUMN IF NOT EXISTS paged_at TIMESTAMP OPTIONS (description = 'UTC')",
    "UPDATE `{{ dataset }}.episodes` SET paged_at = fired_cycle WHERE paged_at IS NULL AND fired_cycle IS NOT NULL",
    "MERGE `{{ dataset }}.pages` AS t USING `{{ dataset }}.episodes` AS e ON t.episode_id = e.episode_id"
    " WHEN NOT MATCHED THEN INSERT (episode_id, paged_at) VALUES (e.episode_id, e.paged_at)",
]
"""A migration of every kind of statement that there will be."""
TABLE = "CREATE TABLE IF NOT EXISTS `{{ dataset }}.pages` (episode_id STRING NOT NULL, paged_at TIMESTAMP)"
NOTES = ["ALTER TABLE `{{ dataset }}.episodes` ADD COLUMN IF NOT EXISTS note STRING"]
VIEW = "CREATE OR REPLACE VIEW `{{ dataset }}.paged` AS SELECT episode_id, note FROM `{{ dataset }}.episodes`"
KILLED = "RAISE USING MESSAGE = 'killed'"


class Build:
    """A build of a few tables, with migrations of its own, and a dataset that an earlier build made and filled."""

    def __init__(self, client: Any, config: Config, root: Path) -> None:
        for name in ("ddl/tables/episodes.sql", "ddl/tables/schema_version.sql", "schema/record_step.sql"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(SHIPPED / name, root / name)
        self.warehouse, self.root = Warehouse(client, config, root), root

    def holds(self, name: str, statements: list[str]) -> None:
        """Let the build have a statement, or a script."""
        (self.root / name).parent.mkdir(exist_ok=True)
        (self.root / name).write_text(";\n".join(statements))

    def applies(self) -> list[str]:
        """Run the task."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(settings, "load_config", lambda: self.warehouse.config)
            patch.setattr(clients, "warehouse_of_any_schema", lambda config, source=None: self.warehouse)
            return housekeeping.apply_ddl({"checks_only": False, "take_over": False}, run_id="r1")

    def ask(self, text: str) -> list[dict[str, Any]]:
        """Ask the dataset."""
        asked = self.warehouse.client.query(text.replace("{{ dataset }}", self.warehouse.config.dataset))
        return [dict(row.items()) for row in asked.result()]

    def end(self) -> dict[str, Any]:
        """Return everything in the dataset, but when it was applied."""
        client, dataset = self.warehouse.client, self.warehouse.config.dataset
        tables = {item.table_id: client.get_table(item.reference) for item in client.list_tables(dataset)}
        columns = {name: [field.to_api_repr() for field in table.schema] for name, table in tables.items()}
        rows = {name: self.ask(f"SELECT * FROM `{{{{ dataset }}}}.{name}`") for name in tables}
        for row in rows["schema_version"]:
            row.pop("applied_at")
        return {"columns": columns, "rows": {name: sorted(found, key=repr) for name, found in rows.items()}}


def test_rows_are_kept_as_long_as_the_configuration_says(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(kept: Retention) -> list[str]:
        """Apply the DDL; what differed before, and nothing after it."""
        target = Warehouse(warehouse.client, warehouse.config.model_copy(update={"retention": kept}), SHIPPED)
        monkeypatch.setattr(clients, "warehouse_of_any_schema", lambda config: target)
        monkeypatch.setattr(settings, "load_config", lambda: target.config)
        before = sorted(map(str, kept_tables.differing(target)))
        housekeeping.apply_ddl({"checks_only": False, "take_over": False}, run_id="r1")
        assert stores._kept_finding(target).status == "ok"
        return before

    def days(table: str) -> float:
        return warehouse.client.get_table(warehouse.address(table)).time_partitioning.expiration_ms / 86_400_000

    found = stores._kept_finding(warehouse)
    assert (found.status, found.fix) == ("failed", "run the DAG ped_housekeeping once: it sets them")
    assert "verdicts: for good, 400 wanted" in found.detail
    default = Retention()
    assert run(default) == [f"{name}: for good, {days} wanted" for name, days in sorted(default.tables)]
    assert run(default) == [], "again, nothing"
    longer = default.model_copy(update={"tables": default.tables.model_copy(update={"heartbeats": 500})})
    assert run(longer) == ["heartbeats: 400 days, 500 wanted"]
    assert (days("heartbeats"), days("verdicts"), days("notifications")) == (500, 400, 460)


@pytest.fixture
def make_build(
    bigquery_server: Server,
    make_config: Callable[..., Config],
    tmp_path: Path,
    loopback_only: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[[], Build]]:
    """Return a maker of datasets of schema 1 in which an episode fires, with the build that made them."""
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", bigquery_server.address)
    made: list[Build] = []

    def make() -> Build:
        config = make_config()
        client = clients.warehouse(config, clients.AsPerson()).client
        build = Build(client, config, tmp_path / config.dataset)
        made.append(build)
        build.applies()
        build.ask(
            """
            INSERT INTO `{{ dataset }}.episodes`
              (episode_id, fingerprint, subject, kind, state, is_exempted, is_blind, started_cycle, fired_cycle,
               last_cycle, over_cycles, unknown_cycles, fold_state, updated_at)
            VALUES ('e1', 'f1', 's1', 'over_limit', 'firing', FALSE, FALSE, @now, @now, @now, 1, 0, '{}', @now)
            """.replace("@now", "TIMESTAMP '2026-03-02 10:00:00+00'")
        )
        return build

    yield make
    for build in made:
        build.warehouse.client.delete_dataset(build.warehouse.config.dataset, delete_contents=True)


def migrated(build: Build) -> Build:
    build.holds("ddl/tables/pages.sql", [TABLE])
    build.holds("ddl/migrations/0002_pages.sql", PAGES)
    build.holds("ddl/migrations/0003_notes.sql", NOTES)
    build.holds("ddl/views/paged.sql", [VIEW])
    return build


def test_migrations_come_after_tables_and_before_views_each_once(make_build: Callable[[], Build]) -> None:
    build = make_build()
    before = build.end()
    assert before["rows"]["schema_version"] == [
        {"number": 1, "migration": "ddl/tables", "run_id": "r1", "environment": None}
    ]
    assert build.applies() == ["ddl/tables/episodes.sql", "ddl/tables/schema_version.sql"]
    assert build.end() == before
    migrations = ["ddl/migrations/0002_pages.sql", "ddl/migrations/0003_notes.sql"]
    assert migrated(build).applies()[3:] == [*migrations, "ddl/views/paged.sql"]
    after = build.end()
    recorded = {row["number"]: row["migration"] for row in after["rows"]["schema_version"]}
    assert recorded == dict(enumerate(["ddl/tables", *migrations], 1))
    (page,), (episode,) = after["rows"]["pages"], after["rows"]["episodes"]
    assert page["paged_at"] == episode["paged_at"] == episode["fired_cycle"]
    assert build.applies()[3:] == ["ddl/views/paged.sql"]
    assert build.end() == after


def test_a_migration_killed_at_any_statement_goes_on_to_the_same_end(make_build: Callable[[], Build]) -> None:
    whole = migrated(make_build())
    whole.applies()
    for stop in range(len(PAGES) + 1):  # the last: all was done, and nothing of it was recorded
        build = migrated(make_build())
        build.holds("ddl/migrations/0002_pages.sql", [*PAGES[:stop], KILLED, *PAGES[stop:]])
        with pytest.raises(LedgerError, match=r"0002_pages\.sql: .*killed"):
            build.applies()
        assert [row["number"] for row in build.end()["rows"]["schema_version"]] == [1]
        migrated(build).applies()
        assert build.end() == whole.end(), f"killed before statement {stop + 1}"


def test_what_is_rolled_back_leaves_newer_tables_alone_until_somebody_decides(make_build: Callable[[], Build]) -> None:
    build = migrated(make_build())
    build.applies()
    for path in sorted((build.root / "ddl" / "migrations").iterdir()):
        path.unlink()
    build.holds("ddl/views/paged.sql", [VIEW.replace(", note", "")])
    before = build.end()
    with pytest.raises(NewerSchemaError, match=r"has schema 3 \(ddl/migrations/0003_notes.sql, .* this build knows 1"):
        build.applies()
    assert build.end() == before
    build.ask("DELETE FROM `{{ dataset }}.schema_version` WHERE number > 1")
    build.applies()
    assert "note" not in build.ask("SELECT * FROM `{{ dataset }}.paged`")[0]
    migrated(build).applies()
    assert build.end() == before


def test_a_run_that_only_checks_applies_nothing(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "load_config", lambda: warehouse.config)
    assert housekeeping.apply_ddl({"checks_only": True}) == []
    housekeeping.forget_stretches({"checks_only": True})  # of a table that is not there
    assert applied_schema.applied(warehouse) == []

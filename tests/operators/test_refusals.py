"""What BigQuery refuses is one sentence that names the table and what mends it, and nothing is half written."""

from typing import Any

import pytest
from google.api_core.exceptions import Forbidden

from pedwatch.errors import LedgerError
from pedwatch.hooks.warehouse import Warehouse
from tests.e2e.watched_world import World, workload

HEARTBEAT = {
    "dag_id": "ped_replica_watch",
    "run_id": "r1",
    "run_type": "scheduled",
    "origin": "live",
    "notifications_sent": 0,
}


def drop(warehouse: Warehouse, table: str, column: str) -> None:
    warehouse.client.query(f"ALTER TABLE `{warehouse.config.dataset}.{table}` DROP COLUMN {column}").result()


def test_a_column_that_was_dropped_is_told_with_what_brings_it_back(world: World) -> None:
    world.holds("eu-prod-1", workload("orders", 20))
    dataset = world.config.dataset
    for table, column, until in (
        ("collection_runs", "evidence_object", "load_observations"),
        ("verdicts", "reason", "compare"),
    ):
        drop(world.warehouse, table, column)
        before = world.tables()
        with pytest.raises(LedgerError) as error:
            world.run(1).go(until=until)
        told = str(error.value)
        assert f"table {dataset}.{table} has no column {column}: it was dropped, add it again: ALTER TABLE" in told
        after = world.tables()
        assert {name: rows for name, rows in after.items() if name == table} == {table: before[table]}
        world.warehouse.client.query(told.partition("add it again: ")[2].rstrip(".")).result()
    world.run(1).go()
    assert [row["verdict"] for row in world.rows("verdicts")] == ["over_limit"]


@pytest.mark.parametrize(
    ("said", "grant"),
    [
        (
            "Access Denied: Table p:ped_watch.verdicts: User does not have permission to query table "
            "p:ped_watch.verdicts, or perhaps it does not exist.",
            "roles/bigquery.dataEditor on dataset {dataset}",
        ),
        (
            "Access Denied: Dataset p:ped_watch: Permission bigquery.tables.create denied on dataset p:ped_watch "
            "(or it may not exist).",
            "roles/bigquery.dataEditor on dataset {dataset}",
        ),
        (
            "Access Denied: Project p: User does not have bigquery.jobs.create permission in project p.",
            "roles/bigquery.jobUser on project {project}",
        ),
        (
            "Access Denied: File gs://b/obs/x.ndjson.gz: Access Denied",
            "roles/storage.objectUser on bucket {bucket}",
        ),
    ],
    ids=["table", "dataset", "project", "bucket"],
)
def test_a_missing_right_is_told_with_the_grant(warehouse: Warehouse, said: str, grant: str) -> None:
    error = Forbidden(said, errors=[{"reason": "accessDenied", "message": said}])  # type: ignore[no-untyped-call]
    told = warehouse.explained("verdicts/compare.sql", error)
    config: Any = warehouse.config
    named = grant.format(dataset=config.dataset, project=config.project, bucket=config.bucket)
    assert told.startswith(f"verdicts/compare.sql: {said.rstrip('.')}. Grant {named}")


def test_a_statement_that_is_wrong_itself_is_told_as_bigquery_has_it(warehouse: Warehouse) -> None:
    error = Forbidden("Unrecognized name: nonsense at [1:8]")  # type: ignore[no-untyped-call]
    assert warehouse.explained("x.sql", error) == "x.sql: Unrecognized name: nonsense at [1:8]"


def test_a_table_that_is_missing_is_named(warehouse: Warehouse) -> None:
    name = f"{warehouse.config.dataset}.heartbeats"
    warehouse.client.query(f"DROP TABLE `{name}`").result()
    with pytest.raises(LedgerError, match=rf"Not found: Table .*{name}.* Run the DAG ped_housekeeping once"):
        warehouse.write("heartbeats/listen.sql")

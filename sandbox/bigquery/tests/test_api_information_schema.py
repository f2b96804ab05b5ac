"""INFORMATION_SCHEMA through queries."""

from typing import Any

import pytest
from google.api_core.exceptions import MethodNotImplemented, NotFound
from google.cloud import bigquery
from google.cloud.bigquery import SchemaField

DDL = """
CREATE TABLE `{dataset}.obs` (
  cluster STRING NOT NULL OPTIONS(description='where'), `at` TIMESTAMP, hpa STRUCT<min INT64, max INT64>,
  tags ARRAY<STRING>, share NUMERIC(10, 2), note STRING DEFAULT 'none'
) PARTITION BY TIMESTAMP_TRUNC(`at`, HOUR) CLUSTER BY cluster
OPTIONS(
  require_partition_filter = TRUE, partition_expiration_days = 400, description = 'obs', labels = [('team', 'sre')]
)
"""


@pytest.fixture
def filled(client: bigquery.Client, dataset: str) -> str:
    """Create a table with rows and a view."""
    client.query_and_wait(DDL.format(dataset=dataset))
    rows = [{"cluster": "c", "at": f"2026-01-01 0{hour}:30:00"} for hour in (0, 0, 1)]
    assert client.insert_rows_json(f"{dataset}.obs", rows) == []
    view = bigquery.Table(f"{dataset}.v")
    view.view_query = "SELECT 1 AS one"
    client.create_table(view)
    return dataset


def ask(client: bigquery.Client, sql: str) -> list[tuple[Any, ...]]:
    """Run a query."""
    return [row.values() for row in client.query_and_wait(sql)]


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("table_name, table_type FROM {s}.TABLES ORDER BY 1", [("obs", "BASE TABLE"), ("v", "VIEW")]),
        (
            "column_name, ordinal_position, is_nullable, data_type, is_partitioning_column, "
            "clustering_ordinal_position, column_default FROM {s}.COLUMNS "
            "WHERE table_name = 'obs' ORDER BY ordinal_position",
            [
                ("cluster", 1, "NO", "STRING", "NO", 1, "NULL"),
                ("at", 2, "YES", "TIMESTAMP", "YES", None, "NULL"),
                ("hpa", 3, "YES", "STRUCT<min INT64, max INT64>", "NO", None, "NULL"),
                ("tags", 4, "YES", "ARRAY<STRING>", "NO", None, "NULL"),
                ("share", 5, "YES", "NUMERIC(10, 2)", "NO", None, "NULL"),
                ("note", 6, "YES", "STRING", "NO", None, "'none'"),
            ],
        ),
        (
            "field_path, data_type, description FROM {s}.COLUMN_FIELD_PATHS "
            "WHERE table_name = 'obs' AND column_name IN ('cluster', 'hpa') ORDER BY field_path",
            [
                ("cluster", "STRING", "where"),
                ("hpa", "STRUCT<min INT64, max INT64>", None),
                ("hpa.max", "INT64", None),
                ("hpa.min", "INT64", None),
            ],
        ),
        (
            "option_name, option_type, option_value FROM {s}.TABLE_OPTIONS WHERE table_name = 'obs' ORDER BY 1",
            [
                ("description", "STRING", '"obs"'),
                ("labels", "ARRAY<STRUCT<STRING, STRING>>", '[STRUCT("team", "sre")]'),
                ("partition_expiration_days", "FLOAT64", "400.0"),
                ("require_partition_filter", "BOOL", "true"),
            ],
        ),
        (
            "partition_id, total_rows FROM {s}.PARTITIONS WHERE table_name = 'obs' ORDER BY 1",
            [("2026010100", 2), ("2026010101", 1)],
        ),
        ("view_definition FROM {s}.VIEWS", [("SELECT 1 AS one",)]),
        ("total_rows FROM {s}.TABLE_STORAGE WHERE table_name = 'obs'", [(3,)]),
    ],
)  # fmt: skip
def test_views_of_a_dataset(client: bigquery.Client, filled: str, select: str, expected: list[tuple[Any, ...]]) -> None:
    assert ask(client, "SELECT " + select.format(s=f"`{filled}`.INFORMATION_SCHEMA")) == expected


def test_schemata_and_jobs_of_a_region(client: bigquery.Client, dataset: str) -> None:
    name = dataset.split(".")[1]
    found = ask(client, f"SELECT location FROM `region-us`.INFORMATION_SCHEMA.SCHEMATA WHERE schema_name = '{name}'")
    assert found == [("US",)]
    job = client.query(f"SELECT '{name}'", job_config=bigquery.QueryJobConfig(labels={"k": name}))
    job.result()
    with pytest.raises(NotFound):
        client.query(f"SELECT 1 FROM `{dataset}x.t`", job_id=f"bad_{name}", job_retry=None).result(job_retry=None)
    sql = (
        "SELECT state, statement_type, error_result.reason, end_time >= start_time, labels[OFFSET(0)].value "
        "FROM `region-us`.INFORMATION_SCHEMA.JOBS_BY_PROJECT WHERE job_id = '{}'"
    )
    assert ask(client, sql.format(job.job_id)) == [("DONE", "SELECT", None, True, name)]
    reason = "SELECT error_result.reason FROM `region-us`.INFORMATION_SCHEMA.JOBS WHERE job_id = '{}'"
    assert ask(client, reason.format(f"bad_{name}")) == [("notFound",)]


def test_what_is_not_there(client: bigquery.Client, dataset: str) -> None:
    with pytest.raises(NotFound):
        ask(client, f"SELECT 1 FROM `{dataset}x`.INFORMATION_SCHEMA.TABLES")
    with pytest.raises(MethodNotImplemented, match="STREAMING_TIMELINE"):
        ask(client, "SELECT 1 FROM `region-us`.INFORMATION_SCHEMA.STREAMING_TIMELINE")


def test_an_empty_dataset_has_empty_views(client: bigquery.Client, dataset: str) -> None:
    for view in ("TABLES", "COLUMNS", "PARTITIONS", "TABLE_OPTIONS", "VIEWS"):
        assert ask(client, f"SELECT COUNT(*) FROM `{dataset}.INFORMATION_SCHEMA.{view}`") == [(0,)]


def test_columns_of_tables_made_through_rest(client: bigquery.Client, dataset: str) -> None:
    fields = [SchemaField("r", "RECORD", "REPEATED", fields=[SchemaField("x", "FLOAT"), SchemaField("y", "BOOLEAN")])]
    client.create_table(bigquery.Table(f"{dataset}.t", schema=fields))
    found = ask(client, f"SELECT data_type FROM `{dataset}.INFORMATION_SCHEMA.COLUMNS`")
    assert found == [("ARRAY<STRUCT<x FLOAT64, y BOOL>>",)]


def test_the_ddl_makes_such_a_table_again(client: bigquery.Client, filled: str) -> None:
    """Run what the view shows after dropping the table."""
    sql = f"SELECT ddl FROM `{filled}.INFORMATION_SCHEMA.TABLES` WHERE table_name = 'obs'"
    ((ddl,),) = ask(client, sql)
    before = client.get_table(f"{filled}.obs")
    client.delete_table(before)
    client.query_and_wait(ddl)
    after = client.get_table(f"{filled}.obs")
    assert after.schema == before.schema
    assert after.time_partitioning == before.time_partitioning
    assert (after.clustering_fields, after.labels) == (before.clustering_fields, before.labels)
    assert ask(client, sql) == [(ddl,)]

"""Queries that write their rows to a table."""

import datetime
import decimal
from collections.abc import Callable
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest, Conflict, NotFound
from google.cloud import bigquery
from google.cloud.bigquery import QueryJobConfig, SchemaField, TimePartitioning

Rows = Callable[[str], list[dict[str, Any]]]


def write(client: bigquery.Client, sql: str, table: str, **config: Any) -> bigquery.QueryJob:
    """Run a query into a table; raises what the job ends with."""
    reference = bigquery.TableReference.from_string(table)
    job = client.query(sql, job_config=QueryJobConfig(destination=reference, **config))
    job.result(timeout=30)
    return job


def test_every_type_arrives(client: bigquery.Client, dataset: str, rows: Rows) -> None:
    sql = r"""SELECT 'a"\n' AS s, b'\x00\\' AS b, 1 AS i, CAST('inf' AS FLOAT64) AS f, NUMERIC '1.5' AS n,
        TIMESTAMP '9999-12-31 23:59:59.999999+00' AS ts, DATE '2026-01-01' AS d, TIME '01:02:03' AS t,
        DATETIME '2026-01-01 01:02:03' AS dt, JSON '{"a":"\\"q"}' AS j, ['x'] AS l,
        STRUCT(b'\x01' AS x, [JSON '1'] AS y) AS r, CAST(NULL AS INT64) AS z"""
    job = write(client, sql, f"{dataset}.t")
    assert job.destination.table_id == "t"
    assert rows(f"{dataset}.t") == [
        {
            "s": 'a"\n', "b": b"\x00\\", "i": 1, "f": float("inf"), "n": decimal.Decimal("1.5"),
            "ts": datetime.datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=datetime.UTC),
            "d": datetime.date(2026, 1, 1), "t": datetime.time(1, 2, 3), "dt": datetime.datetime(2026, 1, 1, 1, 2, 3),
            "j": {"a": '"q'}, "l": ["x"], "r": {"x": b"\x01", "y": [1]}, "z": None,
        }
    ]  # fmt: skip
    assert [row["s"] for row in job.result()] == ['a"\n']


def test_dispositions(client: bigquery.Client, dataset: str, rows: Rows) -> None:
    table = f"{dataset}.t"
    with pytest.raises(NotFound):
        write(client, "SELECT 1 AS a", table, create_disposition="CREATE_NEVER")
    write(client, "SELECT 1 AS a", table)
    with pytest.raises(Conflict, match="Already Exists"):
        write(client, "SELECT 2 AS a", table)
    write(client, "SELECT 2 AS a", table, write_disposition="WRITE_APPEND")
    assert [row["a"] for row in rows(table)] == [1, 2]
    write(client, "SELECT 'x' AS b", table, write_disposition="WRITE_TRUNCATE")
    assert rows(table) == [{"b": "x"}]
    with pytest.raises(NotFound, match="Not found: Dataset"):
        write(client, "SELECT 1 AS a", f"{dataset}x.t")


def test_appending_needs_the_same_schema(client: bigquery.Client, dataset: str, rows: Rows) -> None:
    table = f"{dataset}.t"
    write(client, "SELECT 1 AS a, 'x' AS b", table)
    with pytest.raises(BadRequest, match="changed type"):
        write(client, "SELECT 'one' AS a", table, write_disposition="WRITE_APPEND")
    with pytest.raises(BadRequest, match="Cannot add fields"):
        write(client, "SELECT 2 AS a, 'y' AS c", table, write_disposition="WRITE_APPEND")
    write(
        client, "SELECT 2 AS a, 'y' AS c", table, write_disposition="WRITE_APPEND",
        schema_update_options=["ALLOW_FIELD_ADDITION"],
    )  # fmt: skip
    assert rows(table) == [{"a": 1, "b": "x", "c": None}, {"a": 2, "b": None, "c": "y"}]


def test_one_partition(client: bigquery.Client, dataset: str, rows: Rows) -> None:
    table = bigquery.Table(f"{dataset}.t", schema=[SchemaField("at", "TIMESTAMP"), SchemaField("v", "INTEGER")])
    table.time_partitioning = TimePartitioning(type_="HOUR", field="at")
    client.create_table(table)
    for value in (1, 2):
        for hour in (0, 1):
            sql = f"SELECT TIMESTAMP '2026-01-01 0{hour}:10:00+00' AS `at`, {value} AS v"
            write(client, sql, f"{dataset}.t$202601010{hour}", write_disposition="WRITE_TRUNCATE")
    assert [row["v"] for row in rows(f"{dataset}.t")] == [2, 2]
    with pytest.raises(BadRequest, match="different partitions"):
        write(client, sql, f"{dataset}.t$2026010107", write_disposition="WRITE_TRUNCATE")
    assert len(rows(f"{dataset}.t")) == 2


def test_a_new_table_may_be_partitioned_and_clustered(client: bigquery.Client, dataset: str) -> None:
    write(
        client, "SELECT DATE '2026-01-01' AS d, 'x' AS k", f"{dataset}.t",
        time_partitioning=TimePartitioning(type_="MONTH", field="d"), clustering_fields=["k"],
    )  # fmt: skip
    found = client.get_table(f"{dataset}.t")
    assert (found.time_partitioning.type_, found.clustering_fields) == ("MONTH", ["k"])


def test_required_columns_stay_required(client: bigquery.Client, dataset: str) -> None:
    schema = [SchemaField("k", "STRING", "REQUIRED", description="d")]
    client.create_table(bigquery.Table(f"{dataset}.t", schema=schema))
    write(client, "SELECT 'a' AS k", f"{dataset}.t", write_disposition="WRITE_APPEND")
    with pytest.raises(BadRequest, match="NULL"):
        write(client, "SELECT CAST(NULL AS STRING) AS k", f"{dataset}.t", write_disposition="WRITE_APPEND")
    (field,) = client.get_table(f"{dataset}.t").schema
    assert (field.mode, field.description) == ("REQUIRED", "d")


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("CREATE TABLE {t} (x INT64); SELECT 1 AS x", "scripts"),
        ("CREATE TABLE {t} (x INT64)", "CREATE_TABLE"),
        ("DELETE FROM {u} WHERE TRUE", "DML"),
    ],
)
def test_only_a_select_has_a_destination(client: bigquery.Client, dataset: str, sql: str, message: str) -> None:
    write(client, "SELECT 1 AS x", f"{dataset}.u")
    with pytest.raises(BadRequest, match=message):
        write(client, sql.format(t=f"`{dataset}.t`", u=f"`{dataset}.u`"), f"{dataset}.v")
    assert [table.table_id for table in client.list_tables(dataset)] == ["u"]
    assert client.get_table(f"{dataset}.u").num_rows == 1

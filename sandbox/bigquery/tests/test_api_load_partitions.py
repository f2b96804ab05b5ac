"""Loads into one partition: ``table$2026010100``."""

from collections.abc import Callable
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest, Conflict
from google.cloud import bigquery
from google.cloud.bigquery import LoadJobConfig, SchemaField, TimePartitioning

from sandbox.bigquery.tests.servers import create_table

Rows = Callable[[str], list[dict[str, Any]]]

SCHEMA = [SchemaField("k", "STRING"), SchemaField("at", "TIMESTAMP"), SchemaField("day", "DATE")]


def load(client: bigquery.Client, table: str, *rows: dict[str, Any], **config: Any) -> None:
    """Replace a partition by rows; raises what the job ends with."""
    settings = LoadJobConfig(**{"schema": SCHEMA, "write_disposition": "WRITE_TRUNCATE", **config})
    client.load_table_from_json(rows, table, job_config=settings).result(timeout=30)


def make(client: bigquery.Client, name: str, kind: str, field: str = "at") -> str:
    """Create a partitioned table."""
    table = bigquery.Table(name, schema=SCHEMA)
    table.time_partitioning = TimePartitioning(type_=kind, field=field)
    create_table(client, table)
    return name


@pytest.mark.parametrize(
    ("kind", "partition", "inside", "outside"),
    [
        ("HOUR", "2026010123", ["2026-01-01 23:00:00", "2026-01-01 23:59:59.999999"], "2026-01-02 00:00:00"),
        ("DAY", "20260131", ["2026-01-31 00:00:00", "2026-01-31 23:59:59"], "2026-02-01 00:00:00"),
        ("MONTH", "202612", ["2026-12-01 00:00:00", "2026-12-31 23:59:59"], "2027-01-01 00:00:00"),
        ("YEAR", "2026", ["2026-01-01 00:00:00", "2026-12-31 23:59:59"], "2025-12-31 23:59:59"),
    ],
)
def test_exactly_that_partition_is_replaced(
    client: bigquery.Client, dataset: str, rows: Rows, kind: str, partition: str, inside: list[str], outside: str
) -> None:
    table = make(client, f"{dataset}.t", kind)
    load(client, table, {"k": "stays", "at": outside}, write_disposition="WRITE_APPEND")
    for attempt in ("first", "second"):
        load(client, f"{table}${partition}", *({"k": attempt, "at": moment} for moment in inside))
    assert sorted(row["k"] for row in rows(table)) == ["second", "second", "stays"]
    with pytest.raises(BadRequest, match="Some rows belong to different partitions"):
        load(client, f"{table}${partition}", {"k": "x", "at": inside[0]}, {"k": "x", "at": outside})
    with pytest.raises(BadRequest, match="Some rows belong to different partitions"):
        load(client, f"{table}${partition}", {"k": "no moment"})
    assert sorted(row["k"] for row in rows(table)) == ["second", "second", "stays"]
    load(client, f"{table}${partition}")
    assert [row["k"] for row in rows(table)] == ["stays"]


def test_appending_to_and_filling_an_empty_partition(client: bigquery.Client, dataset: str, rows: Rows) -> None:
    table = make(client, f"{dataset}.t", "DAY", "day")
    load(client, f"{table}$20260101", {"k": "a", "day": "2026-01-01"}, write_disposition="WRITE_APPEND")
    load(client, f"{table}$20260101", {"k": "b", "day": "2026-01-01"}, write_disposition="WRITE_APPEND")
    load(client, f"{table}$20260102", {"k": "c", "day": "2026-01-02"}, write_disposition="WRITE_EMPTY")
    with pytest.raises(Conflict):
        load(client, f"{table}$20260102", {"k": "d", "day": "2026-01-02"}, write_disposition="WRITE_EMPTY")
    assert sorted(row["k"] for row in rows(table)) == ["a", "b", "c"]


@pytest.mark.parametrize("partition", ["20260101", "2026010124", "2026013200", "202601010", "x", "2026010100 "])
def test_decorators_that_the_table_cannot_have(client: bigquery.Client, dataset: str, partition: str) -> None:
    table = make(client, f"{dataset}.t", "HOUR")
    with pytest.raises(BadRequest, match="decorator"):
        load(client, f"{table}${partition}", {"k": "a", "at": "2026-01-01 00:00:00"})


def test_a_table_without_partitions_has_no_decorators(client: bigquery.Client, dataset: str) -> None:
    create_table(client, bigquery.Table(f"{dataset}.t", schema=SCHEMA))
    with pytest.raises(BadRequest, match="non-partitioned"):
        load(client, f"{dataset}.t$20260101", {"k": "a"})


def test_another_schema_is_refused_for_a_partition(client: bigquery.Client, dataset: str) -> None:
    table = make(client, f"{dataset}.t", "DAY")
    row = {"k": "a", "at": "2026-01-01 00:00:00", "new": "n"}
    with pytest.raises(BadRequest, match="Cannot add fields"):
        load(client, f"{table}$20260101", row, schema=[*SCHEMA, SchemaField("new", "STRING")])

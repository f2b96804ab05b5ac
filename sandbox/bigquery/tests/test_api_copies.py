"""Copy jobs."""

from collections.abc import Callable
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest, Conflict, NotFound
from google.cloud import bigquery
from google.cloud.bigquery import CopyJobConfig, LoadJobConfig, SchemaField, TimePartitioning

Rows = Callable[[str], list[dict[str, Any]]]

SCHEMA = [
    SchemaField("k", "STRING", "REQUIRED"),
    SchemaField("at", "TIMESTAMP"),
    SchemaField("l", "STRING", "REPEATED"),
]


@pytest.fixture
def table(client: bigquery.Client, dataset: str) -> str:
    """Create a partitioned table with two rows."""
    config = LoadJobConfig(schema=SCHEMA, time_partitioning=TimePartitioning(field="at"), clustering_fields=["k"])
    data = [{"k": "a", "at": "2026-01-01 00:00:00", "l": ["x"]}, {"k": "b", "at": "2026-01-02 00:00:00"}]
    client.load_table_from_json(data, f"{dataset}.t", job_config=config).result()
    return f"{dataset}.t"


def copy(client: bigquery.Client, source: Any, target: str, **config: Any) -> None:
    """Copy; raises what the job ends with."""
    client.copy_table(source, target, job_config=CopyJobConfig(**config)).result(timeout=30)


def test_a_copy_has_rows_schema_and_partitioning(client: bigquery.Client, table: str, rows: Rows) -> None:
    copy(client, table, table + "2")
    made = client.get_table(table + "2")
    assert (made.schema, made.time_partitioning.field, made.clustering_fields) == (SCHEMA, "at", ["k"])
    assert rows(table + "2") == rows(table)


def test_dispositions(client: bigquery.Client, table: str, rows: Rows) -> None:
    copy(client, table, table + "2")
    with pytest.raises(Conflict):
        copy(client, table, table + "2")
    copy(client, table, table + "2", write_disposition="WRITE_APPEND")
    assert len(rows(table + "2")) == 4
    copy(client, table, table + "2", write_disposition="WRITE_TRUNCATE")
    assert len(rows(table + "2")) == 2
    with pytest.raises(NotFound):
        copy(client, table, table + "3", create_disposition="CREATE_NEVER")
    with pytest.raises(NotFound):
        copy(client, table + "4", table + "5")


def test_several_sources_and_single_partitions(client: bigquery.Client, table: str, rows: Rows) -> None:
    copy(client, [table, table], table + "2")
    assert len(rows(table + "2")) == 4
    copy(client, f"{table}$20260101", f"{table}2$20260101", write_disposition="WRITE_TRUNCATE")
    assert sorted(row["k"] for row in rows(table + "2")) == ["a", "b", "b"]
    with pytest.raises(BadRequest, match="different partitions"):
        copy(client, f"{table}$20260101", f"{table}2$20260102", write_disposition="WRITE_TRUNCATE")


def test_ingestion_time_partitions_stay_what_they_were(client: bigquery.Client, dataset: str) -> None:
    source = bigquery.Table(f"{dataset}.t", schema=[SchemaField("x", "INTEGER")])
    source.time_partitioning = TimePartitioning(type_="DAY")
    client.create_table(source)
    for day in ("20260105", "20260106"):
        config = LoadJobConfig(schema=source.schema)
        client.load_table_from_json([{"x": 1}], f"{dataset}.t${day}", job_config=config).result()
    copy(client, f"{dataset}.t", f"{dataset}.t2")
    assert sorted(client.list_partitions(f"{dataset}.t2")) == ["20260105", "20260106"]

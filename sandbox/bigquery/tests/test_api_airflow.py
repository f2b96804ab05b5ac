"""Airflow's unmodified hook, operators and sensor against the stand-in."""

import asyncio
import datetime
import json
import os
from typing import Any
from unittest.mock import MagicMock

os.environ.setdefault("AIRFLOW__CORE__UNIT_TEST_MODE", "True")

import pytest
from airflow.providers.google.cloud.hooks.bigquery import BigQueryHook
from airflow.providers.google.cloud.operators.bigquery import (
    BigQueryCreateEmptyDatasetOperator,
    BigQueryCreateTableOperator,
    BigQueryDeleteDatasetOperator,
    BigQueryDeleteTableOperator,
    BigQueryInsertJobOperator,
)
from airflow.providers.google.cloud.sensors.bigquery import BigQueryTableExistenceSensor
from airflow.providers.google.cloud.transfers.gcs_to_bigquery import GCSToBigQueryOperator
from airflow.sdk.exceptions import AirflowException, TaskDeferred
from google.api_core.exceptions import BadRequest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, storage

from sandbox.bigquery.tests.servers import PROJECT, StandIn
from sandbox.bigquery.tests.test_api_jobs import SLOW

CONNECTION = {"conn_type": "google_cloud_platform", "extra": {"project": PROJECT, "is_anonymous": True}}


@pytest.fixture(autouse=True)
def environment(server: StandIn, storage_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point Airflow here, as docs say."""
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", server.url)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage_url)
    monkeypatch.setenv("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", json.dumps(CONNECTION))


@pytest.fixture
def hook() -> BigQueryHook:
    """Return the hook."""
    return BigQueryHook(use_legacy_sql=False, location="US")


@pytest.fixture
def context() -> dict[str, Any]:
    """Return as much of a task's context as the operators read."""
    began = datetime.datetime.now(datetime.UTC)
    instance = MagicMock(dag_id="d", task_id="t", run_id="r", map_index=-1, try_number=1)
    return {"ti": instance, "task_instance": instance, "run_id": "r", "dag_run": MagicMock(start_date=began)}


def query(sql: str, **more: Any) -> dict[str, Any]:
    """Write a job configuration."""
    return {"query": {"query": sql, "useLegacySql": False, **more}}


def test_insert_job(hook: BigQueryHook, dataset: str) -> None:
    job = hook.insert_job(configuration=query(f"CREATE TABLE `{dataset}.t` AS SELECT 1 AS x"), project_id=PROJECT)
    assert job.state == "DONE"
    job = hook.insert_job(configuration=query(f"SELECT x FROM `{dataset}.t`"), job_id="my_id", project_id=PROJECT)
    assert [row.x for row in job.result()] == [1]
    assert hook.get_job(job_id="my_id", project_id=PROJECT).job_id == "my_id"
    assert hook.get_client(project_id=PROJECT).get_table(f"{dataset}.t").num_rows == 1


def test_get_df(hook: BigQueryHook) -> None:
    frame = hook.get_df("SELECT x, 'a' AS y FROM UNNEST([1, 2]) AS x ORDER BY x", dialect="standard")
    assert frame.to_dict("list") == {"x": [1, 2], "y": ["a", "a"]}


def test_table_existence(hook: BigQueryHook, client: bigquery.Client, dataset: str, context: dict[str, Any]) -> None:
    name = dataset.split(".")[1]
    sensor = BigQueryTableExistenceSensor(task_id="t", project_id=PROJECT, dataset_id=name, table_id="t")
    assert sensor.poke(context) is False
    client.create_table(bigquery.Table(f"{dataset}.t"))
    assert sensor.poke(context) is True
    assert hook.table_exists(dataset_id=name, table_id="t", project_id=PROJECT)


def test_insert_job_operator(client: bigquery.Client, dataset: str, context: dict[str, Any]) -> None:
    sql = f"CREATE TABLE `{dataset}.t` AS SELECT x FROM UNNEST([1, 2, 3]) AS x"
    operator = BigQueryInsertJobOperator(task_id="t", configuration=query(sql), project_id=PROJECT, location="US")
    job_id = operator.execute(context)
    assert client.get_job(job_id).labels["airflow-task"] == "t"
    assert client.get_table(f"{dataset}.t").num_rows == 3


def test_insert_job_operator_fails_with_the_query(context: dict[str, Any]) -> None:
    operator = BigQueryInsertJobOperator(
        task_id="t", configuration=query("ASSERT FALSE AS 'not so'"), project_id=PROJECT, location="US"
    )
    with pytest.raises(BadRequest, match="not so"):
        operator.execute(context)


def test_a_fixed_job_id_runs_once(client: bigquery.Client, dataset: str, context: dict[str, Any]) -> None:
    client.query_and_wait(f"CREATE TABLE `{dataset}.t` (x INT64)")

    def execute() -> None:
        BigQueryInsertJobOperator(
            task_id="t", configuration=query(f"INSERT INTO `{dataset}.t` VALUES (1)"), project_id=PROJECT,
            location="US", job_id=f"fixed_{dataset.split('.')[1]}", force_rerun=False,
            reattach_states={"DONE", "RUNNING"},
        ).execute(context)  # fmt: skip

    execute()
    with pytest.raises(AirflowException, match="already in state DONE"):
        execute()
    assert client.get_table(f"{dataset}.t").num_rows == 1


def test_the_deferrable_operator_waits_in_the_triggerer(client: bigquery.Client, context: dict[str, Any]) -> None:
    operator = BigQueryInsertJobOperator(
        task_id="t", configuration=query(SLOW), project_id=PROJECT, location="US", deferrable=True, poll_interval=0.1
    )
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(context)
    trigger = deferred.value.trigger

    async def finish() -> dict[str, Any]:
        events = trigger.run()
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await asyncio.to_thread(client.cancel_job, trigger.job_id)
        payload: dict[str, Any] = (await asyncio.wait_for(waiting, 30)).payload
        return payload

    event = asyncio.run(finish())
    assert (event["status"], "cancelled" in event["message"]) == ("error", True)


def test_the_deferrable_operator_succeeds(client: bigquery.Client, context: dict[str, Any]) -> None:
    operator = BigQueryInsertJobOperator(
        task_id="t", configuration=query("SELECT 1"), project_id=PROJECT, location="US", deferrable=True
    )
    try:
        job_id = operator.execute(context)
    except TaskDeferred as deferred:
        event = asyncio.run(_first(deferred.trigger))
        job_id = operator.execute_complete(context, event)
    assert client.get_job(job_id).state == "DONE"


async def _first(trigger: Any) -> dict[str, Any]:
    payload: dict[str, Any] = (await anext(trigger.run())).payload
    return payload


def test_gcs_to_bigquery(client: bigquery.Client, dataset: str, storage_url: str, context: dict[str, Any]) -> None:
    options = {"api_endpoint": storage_url}
    bucket = storage.Client(PROJECT, AnonymousCredentials(), client_options=options).create_bucket(
        dataset.split(".")[1]
    )
    for number in range(2):
        bucket.blob(f"in/{number}.ndjson").upload_from_string(f'{{"k":"{number}","at":"2026-01-01T00:00:0{number}Z"}}')
    GCSToBigQueryOperator(
        task_id="t", bucket=bucket.name, source_objects=["in/*.ndjson"],
        destination_project_dataset_table=f"{dataset}.t", source_format="NEWLINE_DELIMITED_JSON",
        schema_fields=[{"name": "k", "type": "STRING", "mode": "REQUIRED"}, {"name": "at", "type": "TIMESTAMP"}],
        time_partitioning={"type": "HOUR", "field": "at"}, write_disposition="WRITE_TRUNCATE", project_id=PROJECT,
    ).execute(context)  # fmt: skip
    assert sorted(row["k"] for row in client.list_rows(f"{dataset}.t")) == ["0", "1"]
    assert list(client.list_partitions(f"{dataset}.t")) == ["2026010100"]


def test_making_and_removing_datasets_and_tables(client: bigquery.Client, context: dict[str, Any]) -> None:
    where = {"project_id": PROJECT, "dataset_id": "from_airflow"}
    BigQueryCreateEmptyDatasetOperator(task_id="a", location="US", **where).execute(context)
    fields = {"schema": {"fields": [{"name": "x", "type": "INTEGER"}]}}
    for _ in range(2):
        BigQueryCreateTableOperator(task_id="b", table_id="t", table_resource=fields, **where).execute(context)
    assert [field.name for field in client.get_table(f"{PROJECT}.from_airflow.t").schema] == ["x"]
    name = f"{PROJECT}.from_airflow.t"
    BigQueryDeleteTableOperator(task_id="c", deletion_dataset_table=name).execute(context)
    BigQueryDeleteTableOperator(task_id="c", deletion_dataset_table=name, ignore_if_missing=True).execute(context)
    BigQueryDeleteDatasetOperator(task_id="d", delete_contents=True, **where).execute(context)
    assert "from_airflow" not in [item.dataset_id for item in client.list_datasets()]

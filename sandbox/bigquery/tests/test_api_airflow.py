"""Airflow's unmodified hook and operator against the stand-in."""

import asyncio
import datetime
import json
import os
from typing import Any
from unittest.mock import MagicMock

os.environ.setdefault("AIRFLOW__CORE__UNIT_TEST_MODE", "True")

import pytest
from airflow.providers.google.cloud.hooks.bigquery import BigQueryHook
from airflow.providers.google.cloud.operators.bigquery import BigQueryInsertJobOperator
from airflow.sdk.exceptions import AirflowException, TaskDeferred
from google.api_core.exceptions import BadRequest
from google.cloud import bigquery

from sandbox.bigquery.tests.servers import PROJECT, StandIn, run
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


def test_insert_job_operator(client: bigquery.Client, dataset: str, context: dict[str, Any]) -> None:
    sql = f"CREATE TABLE `{dataset}.t` AS SELECT x FROM UNNEST([1, 2, 3]) AS x"
    operator = BigQueryInsertJobOperator(task_id="t", configuration=query(sql), project_id=PROJECT, location="US")
    job_id = operator.execute(context)
    assert client.get_job(job_id).labels["airflow-task"] == "t"
    assert client.get_table(f"{dataset}.t").num_rows == 3


def test_insert_job_operator_fails_with_the_query(context: dict[str, Any]) -> None:
    operator = BigQueryInsertJobOperator(
        task_id="t", configuration=query("RAISE USING MESSAGE = 'not so'"), project_id=PROJECT, location="US"
    )
    with pytest.raises(BadRequest, match="not so"):
        operator.execute(context)


def test_a_fixed_job_id_runs_once(client: bigquery.Client, dataset: str, context: dict[str, Any]) -> None:
    run(client, f"CREATE TABLE `{dataset}.t` (x INT64)")

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

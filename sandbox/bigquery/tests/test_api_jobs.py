"""jobs.list, cancel, states."""

import uuid

import pytest
from google.api_core.exceptions import BadRequest, GoogleAPICallError, NotFound
from google.cloud import bigquery
from google.cloud.bigquery import QueryJobConfig

from sandbox.bigquery.tests.servers import run

# Some products have that remainder, so that no optimizer sees by the ranges that there is nothing to count.
SLOW = """
SELECT COUNT(*) AS n
FROM UNNEST(GENERATE_ARRAY(1, 200000)) AS a CROSS JOIN UNNEST(GENERATE_ARRAY(1, 200000)) AS b
WHERE MOD(a * b, 1000003) = 7
"""


def test_a_missing_job(client: bigquery.Client) -> None:
    with pytest.raises(NotFound, match="Not found: Job"):
        client.get_job("nope")
    with pytest.raises(NotFound):
        client.cancel_job("nope")


def test_a_long_query_runs_on_and_can_be_cancelled(client: bigquery.Client) -> None:
    job = client.query(SLOW, job_retry=None)
    assert job.state == "RUNNING"
    assert job.cancel()
    with pytest.raises(GoogleAPICallError, match="cancelled"):
        job.result(timeout=30, retry=None, job_retry=None)
    found = client.get_job(job.job_id)
    assert (found.state, found.error_result["reason"]) == ("DONE", "stopped")


def test_cancelling_a_finished_job_changes_nothing(client: bigquery.Client) -> None:
    job = client.query("SELECT 1 AS x")
    job.result()
    client.cancel_job(job.job_id)
    assert [row.x for row in client.get_job(job.job_id).result()] == [1]


def test_a_cancelled_write_leaves_nothing(client: bigquery.Client, dataset: str) -> None:
    run(client, f"CREATE TABLE `{dataset}.t` (n INT64)")
    job = client.query(f"INSERT INTO `{dataset}.t` {SLOW.replace('AS n', '', 1)}", job_retry=None)
    job.cancel()
    with pytest.raises(GoogleAPICallError):
        job.result(timeout=30, retry=None, job_retry=None)
    assert client.get_table(f"{dataset}.t").num_rows == 0
    run(client, f"INSERT INTO `{dataset}.t` VALUES (1)")


def test_a_job_that_waits_for_another_can_be_cancelled(client: bigquery.Client, dataset: str) -> None:
    run(client, f"CREATE TABLE `{dataset}.t` (n INT64)")
    holder = client.query(f"INSERT INTO `{dataset}.t` {SLOW.replace('AS n', '', 1)}", job_retry=None)
    waiting = client.query(f"INSERT INTO `{dataset}.t` VALUES (1)", job_retry=None)
    waiting.cancel()
    with pytest.raises(GoogleAPICallError, match="cancelled"):
        waiting.result(timeout=10, retry=None, job_retry=None)
    assert client.get_job(holder.job_id).state == "RUNNING"
    holder.cancel()


def test_listing_newest_first_and_in_pages(client: bigquery.Client) -> None:
    names = [f"list_{uuid.uuid4().hex}_{number}" for number in range(4)]
    for name in names:
        client.query("SELECT 1", job_id=name).result()
    listed = [job.job_id for job in client.list_jobs(max_results=4)]
    assert listed == names[::-1]
    assert [job.job_id for job in client.list_jobs(page_size=3, max_results=4)] == listed
    created = client.get_job(names[2]).created
    assert names[0] not in [job.job_id for job in client.list_jobs(min_creation_time=created)] or names[0] in listed
    assert names[3] in [job.job_id for job in client.list_jobs(min_creation_time=created)]


@pytest.mark.parametrize("name", ["with space", "dot.ted", "x" * 1025])
def test_job_ids_that_bigquery_refuses(client: bigquery.Client, name: str) -> None:
    with pytest.raises(BadRequest, match="Invalid job ID"):
        client.query("SELECT 1", job_id=name, retry=None)


def test_what_was_configured_comes_back(client: bigquery.Client) -> None:
    config = QueryJobConfig(priority="BATCH", use_query_cache=False, maximum_bytes_billed=10**9, labels={"a": "b"})
    job = client.query("SELECT 1", job_config=config)
    job.result()
    found = client.get_job(job.job_id)
    assert (found.priority, found.use_query_cache, found.maximum_bytes_billed) == ("BATCH", False, 10**9)
    assert (found.query, found.job_type, found.cache_hit) == ("SELECT 1", "query", False)

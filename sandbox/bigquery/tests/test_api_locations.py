"""A job is of one location, and what is elsewhere is not there for it."""

import uuid
from collections.abc import Iterator

import pytest
from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from sandbox.bigquery.tests.servers import PROJECT, run

ELSEWHERE = ("US", "europe-west1")


@pytest.fixture
def european(client: bigquery.Client) -> Iterator[str]:
    """Create a dataset in EU with the table t; yield its id without the project."""
    dataset = bigquery.Dataset(f"{PROJECT}.eu{uuid.uuid4().hex[:10]}")
    dataset.location = "EU"
    client.create_dataset(dataset)
    run(client, f"CREATE TABLE {dataset.dataset_id}.t AS SELECT 1 AS x", location="EU")
    yield dataset.dataset_id
    client.delete_dataset(dataset, delete_contents=True)


STATEMENTS = {
    "select": "SELECT x FROM {dataset}.t",
    "insert": "INSERT INTO {dataset}.t VALUES (2)",
    "create": "CREATE TABLE IF NOT EXISTS {dataset}.t (x INT64)",
    "drop": "DROP TABLE {dataset}.t",
    "script": "DECLARE n INT64; SET n = (SELECT COUNT(*) FROM {dataset}.t)",
}


@pytest.mark.parametrize("location", ELSEWHERE)
@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_no_statement_reaches_a_dataset_elsewhere(
    client: bigquery.Client, european: str, location: str, statement: str
) -> None:
    with pytest.raises(NotFound) as refusal:
        client.query(statement.format(dataset=european), location=location, job_retry=None).result()
    (detail,) = refusal.value.errors
    assert detail["reason"] == "notFound"
    assert detail["message"] == f"Not found: Dataset {PROJECT}:{european} was not found in location {location}"
    assert [row.x for row in run(client, f"SELECT x FROM {european}.t", location="eu")] == [1]


def test_no_load_reaches_it_either(client: bigquery.Client, european: str) -> None:
    far = f"{PROJECT}.{european}.t"
    config = bigquery.LoadJobConfig(schema=[bigquery.SchemaField("x", "INTEGER")])
    with pytest.raises(NotFound, match=f"Dataset {PROJECT}:{european} was not found in location US"):
        client.load_table_from_json([{"x": 3}], far, location="US", job_config=config).result()
    assert client.get_table(far).num_rows == 1


def test_a_job_that_names_no_location_goes_where_its_dataset_is(client: bigquery.Client, european: str) -> None:
    job = client.query(f"SELECT x FROM `{PROJECT}.{european}.t`")
    assert ([row.x for row in job.result()], job.location) == ([1], "EU")
    assert client.query("SELECT 1").location == "US"


@pytest.mark.parametrize(
    "statement", ["SELECT * FROM {}.t", "CREATE TABLE {}.t (x INT64)", "INSERT {}.t (x) VALUES (1)"]
)
def test_a_dataset_that_there_is_nowhere(client: bigquery.Client, statement: str) -> None:
    with pytest.raises(NotFound, match=f"Not found: Dataset {PROJECT}:nope was not found in location EU"):
        client.query(statement.format("nope"), location="EU", job_retry=None).result()


def test_a_regions_job_is_found_by_its_location_only(client: bigquery.Client) -> None:
    job = client.query("SELECT 1 AS x", location="europe-west1")
    assert [row.x for row in job.result()] == [1]
    assert client.get_job(job.job_id, location="europe-west1").state == "DONE"
    with pytest.raises(NotFound, match="Not found: Job"):
        client.get_job(job.job_id)
    multi = client.query("SELECT 1", location="EU")
    assert client.get_job(multi.job_id).location == "EU"

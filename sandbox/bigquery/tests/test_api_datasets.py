"""datasets.*: create, read, list, delete."""

import uuid

import pytest
from google.api_core.exceptions import BadRequest, Conflict, NotFound
from google.cloud import bigquery

from sandbox.bigquery.tests.servers import PROJECT, create_table, run


def test_a_created_dataset_can_be_read_and_listed(client: bigquery.Client, dataset: str) -> None:
    found = client.get_dataset(dataset)
    assert (found.location, found.full_dataset_id) == ("US", dataset.replace(".", ":"))
    assert found.created <= found.modified
    assert found.dataset_id in [item.dataset_id for item in client.list_datasets()]


def test_creating_twice_conflicts_unless_that_is_fine(client: bigquery.Client, dataset: str) -> None:
    with pytest.raises(Conflict, match="Already Exists: Dataset"):
        client.create_dataset(dataset)
    client.create_dataset(dataset, exists_ok=True)


def test_a_missing_dataset_is_not_found(client: bigquery.Client) -> None:
    with pytest.raises(NotFound, match=f"Not found: Dataset {PROJECT}:nowhere"):
        client.get_dataset(f"{PROJECT}.nowhere")
    with pytest.raises(NotFound):
        client.delete_dataset(f"{PROJECT}.nowhere")
    client.delete_dataset(f"{PROJECT}.nowhere", not_found_ok=True)


def test_a_name_that_bigquery_refuses(client: bigquery.Client) -> None:
    with pytest.raises(BadRequest, match="Invalid dataset ID"):
        client.create_dataset(f"{PROJECT}.with-dash")


def test_names_differ_by_case(client: bigquery.Client, dataset: str) -> None:
    upper = dataset.replace(".d", ".D")
    client.create_dataset(upper)
    create_table(client, bigquery.Table(f"{upper}.t", schema=[bigquery.SchemaField("x", "STRING")]))
    assert [table.table_id for table in client.list_tables(dataset)] == []
    client.delete_dataset(upper, delete_contents=True)
    client.get_dataset(dataset)


def test_attributes_are_kept(client: bigquery.Client) -> None:
    wanted = bigquery.Dataset(f"{PROJECT}.d{uuid.uuid4().hex[:10]}")
    wanted.location = "europe-west1"
    wanted.description = "what it is for"
    wanted.labels = {"team": "sre"}
    wanted.default_table_expiration_ms = 3_600_000 * 24
    client.create_dataset(wanted)
    found = client.get_dataset(wanted.reference)
    assert found.location == "europe-west1"
    assert (found.description, found.labels) == ("what it is for", {"team": "sre"})
    name = f"{found.project}.{found.dataset_id}.t"
    run(client, f"CREATE TABLE `{name}` (x STRING)", location="europe-west1")
    table = client.get_table(name)
    assert table.expires is not None and (table.expires - table.created).days == 1
    client.delete_dataset(wanted.reference, delete_contents=True)


def test_a_dataset_in_use_is_deleted_only_with_its_contents(client: bigquery.Client, dataset: str) -> None:
    create_table(client, bigquery.Table(f"{dataset}.t", schema=[bigquery.SchemaField("x", "STRING")]))
    with pytest.raises(BadRequest, match="still in use"):
        client.delete_dataset(dataset)
    client.delete_dataset(dataset, delete_contents=True)
    client.create_dataset(dataset)
    assert list(client.list_tables(dataset)) == []

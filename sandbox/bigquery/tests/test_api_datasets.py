"""datasets.*: create, read, list, change, delete."""

import uuid

import pytest
from google.api_core.exceptions import BadRequest, Conflict, NotFound, PreconditionFailed
from google.cloud import bigquery

from sandbox.bigquery.tests.servers import PROJECT


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
    client.create_table(bigquery.Table(f"{upper}.t", schema=[bigquery.SchemaField("x", "STRING")]))
    assert [table.table_id for table in client.list_tables(dataset)] == []
    client.delete_dataset(upper, delete_contents=True)
    client.get_dataset(dataset)


def test_attributes_are_kept(client: bigquery.Client) -> None:
    wanted = bigquery.Dataset(f"{PROJECT}.d{uuid.uuid4().hex[:10]}")
    wanted.location = "europe-west1"
    wanted.description = "what it is for"
    wanted.friendly_name = "Friendly"
    wanted.labels = {"team": "sre"}
    wanted.default_table_expiration_ms = 3_600_000 * 24
    client.create_dataset(wanted)
    found = client.get_dataset(wanted.reference)
    assert found.location == "europe-west1"
    assert (found.description, found.friendly_name, found.labels) == ("what it is for", "Friendly", {"team": "sre"})
    table = client.create_table(bigquery.Table(f"{found.project}.{found.dataset_id}.t"))
    assert table.expires is not None and (table.expires - table.created).days == 1
    client.delete_dataset(wanted.reference, delete_contents=True)


def test_patch_changes_only_what_it_names(client: bigquery.Client, dataset: str) -> None:
    found = client.get_dataset(dataset)
    found.labels = {"a": "1", "b": "2"}
    found.description = "before"
    found = client.update_dataset(found, ["labels", "description"])
    found.labels = {"a": None, "c": "3"}
    found = client.update_dataset(found, ["labels"])
    assert (found.labels, found.description) == ({"b": "2", "c": "3"}, "before")
    found.description = None
    assert client.update_dataset(found, ["description"]).description is None


def test_a_change_of_an_outdated_copy_is_refused(client: bigquery.Client, dataset: str) -> None:
    one, other = client.get_dataset(dataset), client.get_dataset(dataset)
    one.description = "first"
    client.update_dataset(one, ["description"])
    other.description = "second"
    with pytest.raises(PreconditionFailed):
        client.update_dataset(other, ["description"])


def test_a_dataset_in_use_is_deleted_only_with_its_contents(client: bigquery.Client, dataset: str) -> None:
    client.create_table(bigquery.Table(f"{dataset}.t", schema=[bigquery.SchemaField("x", "STRING")]))
    with pytest.raises(BadRequest, match="still in use"):
        client.delete_dataset(dataset)
    client.delete_dataset(dataset, delete_contents=True)
    client.create_dataset(dataset)
    assert list(client.list_tables(dataset)) == []


def test_listing_in_pages_and_by_label(client: bigquery.Client) -> None:
    names = [f"page{uuid.uuid4().hex[:8]}" for _ in range(5)]
    tag = uuid.uuid4().hex
    for name in names:
        wanted = bigquery.Dataset(f"{PROJECT}.{name}")
        wanted.labels = {"tag": tag}
        client.create_dataset(wanted)
    found = client.list_datasets(filter=f"labels.tag:{tag}", page_size=2)
    assert sorted(item.dataset_id for item in found) == sorted(names)
    for name in names:
        client.delete_dataset(name)


def test_a_dataset_takes_its_routines_along(client: bigquery.Client, dataset: str) -> None:
    client.query_and_wait(f"CREATE FUNCTION `{dataset}.one`() RETURNS INT64 AS (1)")
    client.delete_dataset(dataset, delete_contents=True)
    client.create_dataset(dataset)
    with pytest.raises((BadRequest, NotFound)):
        client.query_and_wait(f"SELECT `{dataset}.one`()")

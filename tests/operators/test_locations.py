"""A dataset in another location than the configured one is told as that, and never as a missing table."""

import os
from collections.abc import Callable, Iterator

import pytest
from google.cloud import bigquery

from pedwatch.config import Config
from pedwatch.errors import LedgerError
from pedwatch.hooks import clients
from pedwatch.hooks.warehouse import Warehouse
from tests.conftest import Server

HINT = "Run the DAG ped_housekeeping once"
WAYS: dict[str, Callable[[Warehouse], object]] = {
    "statement": lambda it: it.run("limits/last_sync.sql", {"sync_id": "s1"}),
    "load": lambda it: it.replace_partition("replica_observations", "2026030210", "gs://ped-bucket/*", 1),
}


@pytest.fixture
def elsewhere(
    bigquery_server: Server, config: Config, loopback_only: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Warehouse]:
    """A warehouse whose dataset was made in us-east1, with the table of observations; EU is configured."""
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", bigquery_server.address)
    warehouse = clients.warehouse(config, clients.AsPerson())
    dataset = bigquery.Dataset(f"{config.project}.{config.dataset}")
    dataset.location = "us-east1"
    warehouse.client.create_dataset(dataset)
    columns = [bigquery.SchemaField("cycle", "TIMESTAMP")]
    table = bigquery.Table(f"{config.project}.{config.dataset}.replica_observations", columns)
    table.time_partitioning = bigquery.TimePartitioning("HOUR", field="cycle")
    warehouse.client.create_table(table)
    yield warehouse
    warehouse.client.delete_dataset(dataset, delete_contents=True)


@pytest.mark.parametrize("way", [*WAYS.values(), Warehouse.create_dataset], ids=[*WAYS, "housekeeping"])
def test_a_dataset_elsewhere_is_told_with_both_locations(
    elsewhere: Warehouse, way: Callable[[Warehouse], None]
) -> None:
    with pytest.raises(LedgerError) as error:
        way(elsewhere)
    told = str(error.value)
    dataset = elsewhere.config.dataset
    assert f"dataset {dataset} is in us-east1, but location in pedwatch.yaml is EU: set location: us-east1" in told
    assert HINT not in told


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_missing_dataset_has_the_hint(warehouse: Warehouse, way: Callable[[Warehouse], None]) -> None:
    warehouse.client.delete_dataset(warehouse.config.dataset, delete_contents=True)
    with pytest.raises(LedgerError, match=HINT):
        way(warehouse)
    warehouse.create_dataset()


def test_the_case_of_a_location_makes_no_difference(warehouse: Warehouse) -> None:
    config = warehouse.config.model_copy(update={"location": "eu"})
    same = Warehouse(warehouse.client, config, warehouse.sql_root)
    same.create_dataset()
    assert same.run("limits/last_sync.sql", {"sync_id": "s1"}) == []


def test_storage_asks_for_no_bucket_by_itself(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """No role of deploy/iam permits buckets.get, which the client would ask for its traces."""
    from google.cloud.storage import _opentelemetry_tracing  # type: ignore[import-untyped]

    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9")
    monkeypatch.delenv("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", raising=False)
    clients.storage_client(config, clients.AsPerson())
    assert _opentelemetry_tracing._is_bucket_metadata_disabled()
    assert os.environ.pop("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA")

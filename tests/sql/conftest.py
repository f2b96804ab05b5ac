"""One dataset for all SQL cases, with every table and view in place."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from pedwatch import sql
from pedwatch.config import Config
from pedwatch.hooks.warehouse import Warehouse
from tests.conftest import PROJECT, Server
from tests.sql.googlesql import SQL_ROOT


@contextlib.contextmanager
def warehouse_of(server: Server, dataset: str) -> Iterator[Warehouse]:
    """A warehouse with every table and view, in a dataset of that name."""
    from google.api_core.client_options import ClientOptions
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    config = Config.model_validate(
        {
            "project": PROJECT,
            "dataset": dataset,
            "bucket": "case-bucket",
            "firestore": {"project": PROJECT},
            "collector": {"image": "collector:test"},
            "clusters": [{"name": "eu-prod-1", "environment": "prod"}],
            "slack": {"platform_channel": "C0PLATFORM"},
        }
    )
    client = bigquery.Client(
        project=config.project,
        location=config.location,
        credentials=AnonymousCredentials(),
        client_options=ClientOptions(api_endpoint=server.address),
    )
    warehouse = Warehouse(client, config, SQL_ROOT)
    warehouse.create_dataset()
    for name in sql.statement_names(SQL_ROOT):
        if name.startswith("ddl/"):
            warehouse.write(name)
    yield warehouse
    client.close()


@pytest.fixture(scope="session")
def case_warehouse(bigquery_server: Server) -> Iterator[Warehouse]:
    """A warehouse with every table and view; cases leave its tables empty."""
    with warehouse_of(bigquery_server, "cases") as warehouse:
        yield warehouse


@pytest.fixture
def tables(case_warehouse: Warehouse) -> Iterator[Warehouse]:
    """The warehouse with all tables empty afterwards."""
    yield case_warehouse
    dataset = f"{case_warehouse.config.project}.{case_warehouse.config.dataset}"
    names = [name for name in sql.statement_names(SQL_ROOT) if name.startswith("ddl/tables/")]
    # One job for all of them is cheaper than to ask which have rows.
    case_warehouse.client.query("; ".join(f"TRUNCATE TABLE `{dataset}.{Path(name).stem}`" for name in names)).result()

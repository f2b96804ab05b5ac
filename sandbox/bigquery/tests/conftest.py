"""Fixtures: one BigQuery stand-in for the session, a dataset for each test."""

import os
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.cloud import bigquery

from sandbox.bigquery.tests.servers import PROJECT, StandIn, cloud_storage, stand_in

# A proxy in the environment would swallow requests to loopback.
os.environ["no_proxy"] = os.environ["NO_PROXY"] = "127.0.0.1,localhost"


@pytest.fixture(scope="session")
def storage_url() -> Iterator[str]:
    """Run one Cloud Storage stand-in; yield its address."""
    with cloud_storage() as url:
        yield url


@pytest.fixture(scope="session")
def server(storage_url: str) -> Iterator[StandIn]:
    """Run one BigQuery stand-in that knows the Cloud Storage one."""
    with stand_in(STORAGE_EMULATOR_HOST=storage_url) as running:
        yield running


@pytest.fixture(scope="session")
def client(server: StandIn) -> bigquery.Client:
    """Return the real client."""
    return server.client()


@pytest.fixture
def dataset(client: bigquery.Client) -> Iterator[str]:
    """Create a dataset for one test; yield its full id."""
    name = f"{PROJECT}.d{uuid.uuid4().hex[:10]}"
    client.create_dataset(name)
    yield name
    client.delete_dataset(name, delete_contents=True, not_found_ok=True)


@pytest.fixture
def rows(client: bigquery.Client) -> Callable[[str], list[dict[str, Any]]]:
    """Return a function that lists a table's rows as dicts."""
    return lambda table: [dict(row) for row in client.list_rows(table)]

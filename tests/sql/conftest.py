"""One BigQuery stand-in for all SQL cases, with every table in place."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from pedwatch import sql
from pedwatch.config import Config
from pedwatch.hooks.warehouse import Warehouse
from tests.sql.googlesql import SQL_ROOT

_CONFIG = {
    "project": "case-project",
    "bucket": "case-bucket",
    "location": "US",
    "dataset": "cases",
    "firestore": {"project": "case-project"},
    "collector": {"image": "replica-collector:test"},
    "clusters": [{"name": "eu-prod-1", "environment": "prod"}],
    "slack": {"platform_channel": "C0PLATFORM"},
}


@pytest.fixture(scope="session")
def bigquery_address() -> Iterator[str]:
    """Address of a BigQuery stand-in: the one BIGQUERY_EMULATOR_HOST names, else a fresh one."""
    named = os.environ.get("BIGQUERY_EMULATOR_HOST")
    if named:
        yield named
        return
    command = [sys.executable, "-m", "sandbox.bigquery", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("ready "), f"the stand-in did not start: {line!r}"
        yield line.split()[1]
        process.terminate()


@pytest.fixture(scope="session")
def case_warehouse(bigquery_address: str) -> Iterator[Warehouse]:
    """A warehouse with every table and view."""
    from google.api_core.client_options import ClientOptions
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    config = Config.model_validate(_CONFIG)
    client = bigquery.Client(
        project=config.project,
        location=config.location,
        credentials=AnonymousCredentials(),
        client_options=ClientOptions(api_endpoint=bigquery_address),
    )
    warehouse = Warehouse(client, config, SQL_ROOT)
    warehouse.create_dataset()
    for name in sql.statement_names(SQL_ROOT):
        if name.startswith("ddl/"):
            warehouse.write(name)
    yield warehouse
    client.close()

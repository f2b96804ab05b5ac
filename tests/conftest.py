"""Fixtures of the whole test suite: the sandbox's servers as real processes, and a fresh database for every test.

Servers start once per session, on demand. A test that wants BigQuery or Firestore takes ``warehouse`` or
``limit_store``; both work on a dataset and a database that no other test sees.
"""

import contextlib
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pedwatch import settings, sql
from pedwatch.config import Config
from pedwatch.hooks import clients
from pedwatch.hooks.warehouse import Warehouse
from tests.contracts.session import recorded

if TYPE_CHECKING:
    from pedwatch.limits.store.firestore import FirestoreLimits

ROOT = Path(__file__).resolve().parents[1]
PROJECT = "demo-proj"
_numbers = itertools.count(1)
_dropped: list[str] = []
"""Datasets that are gone. Other tests take their names: the stand-in has compiled the statements on them already."""


@dataclass(frozen=True)
class Server:
    """A running sandbox server: its address, and that of its control port if it has one."""

    address: str
    control: str | None


@contextlib.contextmanager
def running(module: str, *arguments: str) -> Iterator[Server]:
    """Run ``python -m module --port 0`` for a while; yields once it says that it is ready."""
    command = [sys.executable, "-m", module, "--port", "0", *arguments]
    with recorded():
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        ready = process.stdout.readline().split()
        assert ready[:1] == ["ready"], f"{module} did not start: exit status {process.poll()}"
        control = process.stdout.readline().split()[1] if "--control-port" in arguments else None
        yield Server(ready[1], control)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


@pytest.fixture(scope="session")
def firestore_server() -> Iterator[Server]:
    """The Firestore stand-in, with a control port for faults."""
    with running("sandbox.firestore", "--control-port", "0") as server:
        yield server


@pytest.fixture(scope="session")
def bigquery_server() -> Iterator[Server]:
    """The BigQuery stand-in."""
    with running("sandbox.bigquery") as server:
        yield server


@pytest.fixture
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep proxies out of the way of loopback: gRPC hangs on them."""
    for name in ("no_proxy", "NO_PROXY", "no_grpc_proxy"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")


@pytest.fixture
def make_config() -> Callable[..., Config]:
    """Return a maker of configurations: a fresh dataset and Firestore database, and the fields a test names."""

    def make(**fields: Any) -> Config:
        number = f"{os.getpid()}_{next(_numbers)}"
        given: dict[str, Any] = {
            "project": PROJECT,
            "dataset": _dropped.pop() if _dropped else f"ped_watch_{number}",
            "bucket": "ped-bucket",
            "firestore": {"project": PROJECT, "database": f"ped-{number.replace('_', '-')}"},
            "collector": {"image": "collector:test"},
            "clusters": [{"name": "eu-prod-1", "environment": "prod"}, {"name": "us-prod-1", "environment": "prod"}],
            "slack": {"platform_channel": "C0PLATFORM"},
        }
        return Config.model_validate(given | fields)

    return make


@pytest.fixture
def config(make_config: Callable[..., Config]) -> Config:
    """A configuration with a fresh dataset and Firestore database."""
    return make_config()


@pytest.fixture
def limit_store(
    firestore_server: Server, config: Config, loopback_only: None, monkeypatch: pytest.MonkeyPatch
) -> "FirestoreLimits":
    """The limits in an empty Firestore database."""
    from pedwatch.limits.store.firestore import FirestoreLimits

    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_server.address)
    return FirestoreLimits.from_config(config, clients.AsPerson())


def create_tables(warehouse: Warehouse) -> None:
    """Create the dataset and its tables, in one job: that ``ped_housekeeping`` takes one each has tests of its own."""
    warehouse.create_dataset()
    names = [name for name in sql.statement_names(settings.include_dir() / "sql") if name.startswith("ddl/tables/")]
    warehouse.client.query("\n;\n".join(warehouse.render(name) for name in names)).result()


@pytest.fixture
def warehouse(
    bigquery_server: Server, config: Config, loopback_only: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Warehouse]:
    """BigQuery with a fresh dataset and the tables and views of the DDL, empty."""
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", bigquery_server.address)
    warehouse = clients.warehouse(config, clients.AsPerson())
    create_tables(warehouse)
    yield warehouse
    warehouse.client.delete_dataset(config.dataset, delete_contents=True)
    _dropped.append(config.dataset)

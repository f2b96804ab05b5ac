"""The stand-ins as tests share them: started once, with limits that were published and synced the real way."""

import contextlib
import datetime as dt
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pedwatch.config import Config
from pedwatch.cycles import PERIOD
from pedwatch.hooks import clients
from pedwatch.limits.document import PedLimit
from pedwatch.limits.document_changes import plan_changes, write_of
from pedwatch.limits.store.bigquery import BigQueryLimits
from pedwatch.limits.store.firestore import FirestoreLimits
from pedwatch.tasks.limits_sync import sync_limits
from sandbox.environment.servers import BUCKET, PROJECT, Servers
from sandbox.kubernetes.control import ControlClient as KubernetesControl
from sandbox.scenario.clocks import Clocks
from sandbox.slack.control import ControlClient as SlackControl
from tests.conftest import create_tables
from tests.contracts.session import recorded

CLUSTERS = ("eu-prod-1", "us-prod-1")
CHANNELS = {"C0PLATFORM": "ped-platform", "C0ORDERS": "orders-alerts"}
GRANTS = {"orders": 8, "sessions": 2, "steady": 5}
#: Well inside its hour, so that a cycle loads one hour, and all cycles of a test the same.
START = dt.datetime(2026, 3, 2, 10, 20, tzinfo=dt.UTC)
_numbers = itertools.count(1)
_dropped: list[str] = []
"""Datasets that are gone. Another world takes their names: the stand-in has compiled the statements on them already."""


def cycle_at(number: int) -> dt.datetime:
    """Return the time of a cycle, counted from 1."""
    return START + (number - 1) * PERIOD


def make_config(servers: Servers, **fields: Any) -> Config:
    """Return a configuration over the stand-ins, with a dataset, a bucket and a Firestore database of its own."""
    number = next(_numbers)
    given: dict[str, Any] = {
        "project": PROJECT,
        "dataset": _dropped.pop() if _dropped else f"watched_{number}",
        "bucket": f"{BUCKET}-{number}",
        "firestore": {"project": PROJECT, "database": f"ped-{number}"},
        "collector": {
            "image": "collector:test",
            "environment": {"STORAGE_EMULATOR_HOST": servers.addresses["storage"]},
            "budget_seconds": 5,
        },
        "clusters": [{"name": name, "environment": "prod", "auth": "kubeconfig"} for name in CLUSTERS],
        "slack": {
            "platform_channel": "C0PLATFORM",
            "teams": {"orders": {"channel": "C0ORDERS", "mention": "<!subteam^S0ORDERS>", "mode": "team"}},
        },
    }
    return Config.model_validate(given | fields)


def drop_dataset(config: Config, client: Any) -> None:
    """Leave nothing in BigQuery that would slow down the tests that follow; the name can be another's."""
    client.delete_dataset(config.dataset, delete_contents=True, not_found_ok=True)
    if config.dataset not in _dropped:
        _dropped.append(config.dataset)


def granted(api: str, replicas: int) -> PedLimit:
    """Return the PED document of an API of the orders team."""
    grant = {"approver": "dana", "ticket": "PED-1"}
    named = {"environment": "prod", "team_id": "orders", "api_id": api}
    return PedLimit.model_validate(named | {"max_replicas": replicas, "grant": grant})


def publish(config: Config, *limits: PedLimit) -> None:
    """Publish limits as the command does."""
    store = FirestoreLimits.from_config(config, clients.AsPerson())
    changes = plan_changes(limits, store.matching(), withdraw_missing=False)
    store.write([write_of(change) for change in changes])


@dataclass(frozen=True)
class StandIns:
    """The running servers, and the configuration of the dataset that holds the seed of limits."""

    servers: Servers
    clocks: Clocks
    seed: Config

    @property
    def slack(self) -> SlackControl:
        """What stands behind Slack."""
        return SlackControl.from_folder(self.servers.data("slack"))

    @property
    def kubernetes(self) -> KubernetesControl:
        """What stands behind the clusters."""
        return KubernetesControl(self.servers.kubeconfigs / "control.json")


@contextlib.contextmanager
def stand_ins_in(folder: Path) -> Iterator[StandIns]:
    """Start the servers; publish the limits a day before the first cycle, and sync them a day after it.

    Firestore's clock only goes forward, so the sync lies after all cycles: in none of them the limits are stale.
    """
    with contextlib.ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        with recorded():
            servers = stack.enter_context(Servers(folder, CLUSTERS, CHANNELS))
        for name, value in servers.client_environment().items():
            patch.setenv(name, value)
        clocks = Clocks(folder / "clock", servers)
        config = make_config(servers)
        clocks.set(START - dt.timedelta(days=1))
        publish(config, *(granted(api, replicas) for api, replicas in GRANTS.items()))
        clocks.set(START + dt.timedelta(days=1))
        warehouse = clients.warehouse(config, clients.AsPerson())
        create_tables(warehouse)
        sync_limits(FirestoreLimits.from_config(config, clients.AsPerson()), BigQueryLimits(warehouse), config, "seed")
        yield StandIns(servers, clocks, config)

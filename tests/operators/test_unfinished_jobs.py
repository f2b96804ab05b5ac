"""BigQuery as it is: no job is done when it was inserted, and results are asked for until they are there.

The other tests' stand-in lets a request wait for its job, which spares them the polling; here the main paths run once
against one that never waits: DDL, the sync's load and script, the load of an hour, the comparison, fold and outbox.
"""

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from pedwatch import settings
from pedwatch.hooks import applied_schema, clients
from pedwatch.limits.store.bigquery import BigQueryLimits
from pedwatch.limits.store.firestore import FirestoreLimits
from pedwatch.tasks import housekeeping
from pedwatch.tasks.limits_sync import sync_limits
from tests.conftest import running
from tests.e2e.stand_ins import StandIns, cycle_at
from tests.e2e.test_bad_input import judged
from tests.e2e.watched_world import World, workload


@pytest.fixture(scope="module")
def hasty_stand_ins(stand_ins: StandIns) -> Iterator[StandIns]:
    """The stand-ins, with a BigQuery that answers before a job is done."""
    with contextlib.ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            # Whatever another folder's tests have set: it reads the objects that the collectors write.
            patch.setenv("STORAGE_EMULATOR_HOST", stand_ins.servers.addresses["storage"])
            bigquery = stack.enter_context(running("sandbox.bigquery", "--wait", "0"))
        addresses = {**stand_ins.servers.addresses, "bigquery": bigquery.address}
        yield dataclasses.replace(stand_ins, servers=dataclasses.replace(stand_ins.servers, addresses=addresses))


@pytest.fixture
def hasty(hasty_stand_ins: StandIns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world on them whose limits are synced there."""
    world = World(hasty_stand_ins, tmp_path, monkeypatch, is_seeded=False)
    limits = FirestoreLimits.from_config(hasty_stand_ins.seed, clients.AsPerson())
    sync_limits(limits, BigQueryLimits(world.warehouse), world.config, "seed")
    return world


def test_a_cycle_waits_for_its_jobs(hasty: World) -> None:
    job = hasty.warehouse.client.query("SELECT 1 AS x")
    assert (job.state, [row.x for row in job.result()]) == ("PENDING", [1])
    hasty.holds("eu-prod-1", workload("orders", 20), workload("steady", 5))
    for number in (1, 2):
        hasty.run(number).go()
        found = {name: verdict for name, (verdict, _) in judged(hasty, number).items()}
        assert found == {"orders in eu-prod-1": "over_limit", "steady in eu-prod-1": "within_limit"}
    (text,) = hasty.texts("C0ORDERS")
    assert "orders" in text
    assert len(hasty.rows("heartbeats")) == 2
    assert {row["cycle"] for row in hasty.rows("replica_observations")} == {cycle_at(1), cycle_at(2)}


def test_ddl_waits_for_its_jobs(hasty: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "warehouse", lambda config: hasty.warehouse)
    monkeypatch.setattr(settings, "load_config", lambda: hasty.config)
    housekeeping.apply_ddl({"checks_only": False, "take_over": False}, "r1")
    assert [row.number for row in applied_schema.applied(hasty.warehouse)] == [1]
    assert hasty.warehouse.client.get_table(hasty.warehouse.address("limits_now")).table_type == "VIEW"

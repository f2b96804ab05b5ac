"""Tables of a later build are refused by every DAG, by name, before anything is written; and that is told."""

import datetime as dt
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from pedwatch import schema
from pedwatch.doctor import stores
from pedwatch.errors import ForeignDatasetError, NewerSchemaError
from pedwatch.hooks import applied_schema
from pedwatch.hooks.parameters import Typed
from pedwatch.tasks import digest, failure_callback, heartbeats, housekeeping, listening, replica_audit
from tests.dags.test_policy import DAG_IDS
from tests.e2e.stand_ins import cycle_at
from tests.e2e.watch_run import TASKS, Run, TaskInstance
from tests.e2e.watched_world import World, workload
from tests.operators.listening_platform import Xcom
from tests.operators.test_limits_dags import FORM, load
from tests.operators.test_limits_dags import run as sync_run

TOLD = r"has schema 7 \(ddl/migrations/0007_later.sql, applied .* UTC\), but this build knows 1: deploy a build"
YESTERDAY = SimpleNamespace(
    data_interval_start=cycle_at(1) - dt.timedelta(days=1),
    data_interval_end=cycle_at(1),
    run_after=cycle_at(1),
    run_type="scheduled",
    run_id="r1",
)
DAY = {"from_date": None, "to_date": None, "known_at": "then", "teams": None, "apis": None, "label": "daily"}
Patch = pytest.MonkeyPatch


def publish(world: World, patch: Patch) -> None:
    folder = world.folder / "ped"
    folder.mkdir()
    load("ped_limits_publish", {"params": FORM | {"path": str(folder)}}, patch).publish_limits()


RUNS: dict[str, list[Callable[[World, Patch], Any]]] = {
    "ped_replica_watch": [lambda world, patch: world.run(3).go(until="plan_cycle")],
    "ped_limits_sync": [lambda world, patch: load("ped_limits_sync", sync_run(), patch).sync_limits()],
    "ped_limits_publish": [publish],
    "ped_replica_audit": [
        lambda world, patch: replica_audit.write_pack_of_run(replica_audit.plan_audit(dag_run=YESTERDAY, params=DAY)),
        lambda world, patch: replica_audit.link_pack_of_run(
            {}, {"in_short": ""}, ti=TaskInstance(world.run(1), "link_pack")
        ),
    ],
    "ped_digest": [
        lambda world, patch: digest.compose_digest(YESTERDAY, {"allow_notify": False}, "r1"),
        lambda world, patch: digest.send_digest({"notifications": 1}, "r1"),
    ],
    "ped_housekeeping": [
        lambda world, patch: housekeeping.apply_ddl({"checks_only": False, "take_over": False}, "r1"),
        lambda world, patch: housekeeping.check_invariants(),
        lambda world, patch: heartbeats.heartbeat(YESTERDAY, SimpleNamespace(dag_id="ped_housekeeping"), "r1"),
    ],
}
"""What each DAG does with tables: the first of its tasks, or those that may be cleared alone."""


@pytest.fixture
def newer(world: World) -> tuple[World, Run]:
    """A watched world whose tables a later build has migrated, and the run before that."""
    world.holds("eu-prod-1", workload("orders", 20))
    first = world.run(1).go()
    migration = {"migration": "ddl/migrations/0007_later.sql", "applied_at": world.now, "run_id": "later"}
    migration["environment"] = Typed("STRING", None)
    world.warehouse.write("schema/record_step.sql", {"number": 7} | migration)
    return world, first


def test_every_dag_refuses_and_nothing_is_written(newer: tuple[World, Run], monkeypatch: Patch) -> None:
    assert sorted(RUNS) == DAG_IDS
    world, _ = newer
    before = world.tables()
    for tasks in RUNS.values():
        for task in tasks:
            with pytest.raises(NewerSchemaError, match=TOLD):
                task(world, monkeypatch)
    assert world.tables() == before


def test_a_cleared_task_of_the_watch_refuses_too(newer: tuple[World, Run]) -> None:
    """A rolled-back build may be asked to go on where the newer one stopped."""
    _, run = newer
    for name in ("load_observations", "compare", "fold_episodes", "heartbeat"):
        with pytest.raises(NewerSchemaError, match=TOLD):
            TASKS[name](run)


def test_the_platform_is_told_why_by_the_one_task_that_goes_on(newer: tuple[World, Run]) -> None:
    world, _ = newer
    run = world.run(2).dag_run
    failure_callback.dag_failed({"dag_run": run, "dag": SimpleNamespace(dag_id="ped_replica_watch")})
    with listening.beside(run, "sync", Xcom()):
        pass
    [text] = world.texts("C0PLATFORM")
    assert re.search(TOLD, text)


MINE, THEIRS = (f"projects/shop/locations/europe-west1/environments/{name}" for name in ("mine", "theirs"))
FOREIGN = (
    rf"^dataset \w+ is that of {THEIRS}, and this is {MINE}: name another in dataset: of pedwatch\.yaml; or, when "
)


def test_a_dataset_of_another_environment_is_left_alone_by_every_dag_and_can_be_taken_over(
    world: World, monkeypatch: Patch
) -> None:
    """Two environments that were given one configuration: neither judges over the other, and nobody is told twice."""
    world.holds("eu-prod-1", workload("orders", 20))
    world.run(1).go()
    monkeypatch.setenv("PEDWATCH_ENVIRONMENT", THEIRS)
    housekeeping.apply_ddl({"checks_only": False, "take_over": False}, "theirs")
    assert schema.owner(applied_schema.applied(world.warehouse)) == THEIRS, "who comes first owns it"
    before, told = world.tables(), world.texts("C0PLATFORM")
    monkeypatch.setenv("PEDWATCH_ENVIRONMENT", MINE)
    for tasks in RUNS.values():
        for task in tasks:
            with pytest.raises(ForeignDatasetError, match=FOREIGN):
                task(world, monkeypatch)
    run = world.run(2).dag_run
    failure_callback.dag_failed({"dag_run": run, "dag": SimpleNamespace(dag_id="ped_replica_watch")})
    with pytest.raises(ForeignDatasetError), listening.beside(run, "sync", Xcom()):
        pass
    assert (world.tables(), world.texts("C0PLATFORM")) == (before, told)
    finding = next(one for one in stores.bigquery_findings(world.warehouse, MINE) if one.what == "owner")
    assert finding.status == "failed" and THEIRS in finding.detail and "Take over" in finding.fix
    housekeeping.apply_ddl({"checks_only": False, "take_over": True}, "mine")
    world.run(2).go(until="plan_cycle")
    assert schema.owner(applied_schema.applied(world.warehouse)) == MINE


def test_who_sits_at_a_desk_is_no_environment(world: World, monkeypatch: Patch) -> None:
    monkeypatch.setenv("PEDWATCH_ENVIRONMENT", THEIRS)
    housekeeping.apply_ddl({"checks_only": False, "take_over": False}, "theirs")
    monkeypatch.delenv("PEDWATCH_ENVIRONMENT")
    world.run(1).go(until="plan_cycle")

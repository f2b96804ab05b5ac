"""What a cycle costs: BigQuery bills ten megabytes at least for every table of every statement.

288 cycles a day make references the price of the product, not data. The loads in between are free, and so is listing a
table. Counted is what the stand-in was really asked by both DAGs that run in every cycle (docs/decisions/0027).
"""

import datetime as dt
from collections.abc import Callable

import pytest

from pedwatch.limits.document import Selectors
from tests.e2e.stand_ins import cycle_at, granted, publish
from tests.e2e.test_bad_input import TWO_DAYS_LATER
from tests.e2e.watched_world import World, workload
from tests.operators.listening_platform import Xcom
from tests.operators.test_limits_dags import load
from tests.operators.test_limits_dags import run as sync_run
from tests.sql.billed_references import Asked, asked_since, references, statements
from tests.sql.test_partition_pruning import OF_A_CYCLE

QUIET = [
    "observations-before_load",
    "observations-record_collection",
    "verdicts-compare",
    "alerts-fold_input",
    "alerts-move_cursor",
    "heartbeats-record_heartbeat",
]
JUDGING = ("CREATE_TABLE_AS_SELECT", "MERGE")
"""What the comparison runs where no workload's past matters: what ran, and the verdicts."""
ASKING = ("CREATE_TABLE_AS_SELECT", "MERGE", "MERGE")
"""And where it does, or where something was over in the cycle before: six hours of sightings, or who that was."""
TELLING = [
    "observations-before_load",
    "observations-record_collection",
    "verdicts-compare",
    "alerts-fold_input",
    "alerts-message_lookup",
    "alerts-commit_fold",
    "alerts-lease_notifications",
    "alerts-record_sends",
    "heartbeats-record_heartbeat",
]
SYNC = ["limits-record_sync", "heartbeats-listen", "heartbeats-record_heartbeat"]

MOST_STATEMENTS = 10
MOST_REFERENCES = 25
MOST_REFERENCES_TO_TELL = 14
"""More than in a quiet cycle."""


CARED_FOR = "alerts-acknowledgements"
"""Asked while something fires that was told."""


def labels(asked: list[Asked]) -> list[str]:
    """Return the labels in order; a sync asks and listens at the same time, so that those two are in either."""
    found = [job.label for job in asked]
    return sorted(found[:2], key=SYNC.index) + found[2:] if set(found[:2]) == set(SYNC[:2]) else found


def compared(asked: list[Asked]) -> tuple[str, ...]:
    """Return what the comparison ran."""
    [found] = [job.statements for job in asked if job.label == "verdicts-compare"]
    return found


def run_and_count(world: World, number: int) -> list[Asked]:
    since = dt.datetime.now(dt.UTC)
    world.run(number).go()
    return asked_since(world.warehouse.client, world.config.dataset, since)


class Minutes:
    """Five of them at a time: the sync of limits and the watch, each as Airflow runs it."""

    def __init__(self, world: World, patch: pytest.MonkeyPatch) -> None:
        self.world, self._patch = world, patch
        self._xcom = Xcom()

    def sync(self, number: int) -> None:
        """Run ped_limits_sync for a cycle; its XCom is what the next one finds."""
        moment = cycle_at(number) + dt.timedelta(seconds=5)
        self.world.stand_ins.clocks.set(moment)
        self.world.at(moment)
        context = sync_run()
        run, context["ti"] = context["dag_run"], self._xcom
        run.run_id, run.data_interval_end, run.run_after = f"scheduled__{moment}", cycle_at(number), cycle_at(number)
        module = load("ped_limits_sync", context, self._patch)
        summary = module.sync_and_listen(dag_run=run, dag=module.dag, run_id=run.run_id, ti=self._xcom)
        self._xcom.xcom_push("return_value", summary)

    def cycle(self, number: int) -> list[Asked]:
        """Run both DAGs; return what BigQuery was asked."""
        since = dt.datetime.now(dt.UTC)
        self.sync(number)
        self.world.run(number).go()
        return asked_since(self.world.warehouse.client, self.world.config.dataset, since)


def test_what_a_quiet_cycle_and_one_that_tells_cost_with_their_syncs(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(is_seeded=False)
    minutes, first = Minutes(world, monkeypatch), TWO_DAYS_LATER + 12
    world.stand_ins.clocks.set(cycle_at(first) - dt.timedelta(hours=1))
    publish(world.config, granted("orders", 8), granted("steady", 5))
    world.holds("eu-prod-1", workload("steady", 5))
    minutes.cycle(first)
    quiet = minutes.cycle(first + 1)
    assert labels(quiet) == SYNC + QUIET
    assert [job.statements for job in quiet if job.label == "verdicts-compare"] == [JUDGING]
    assert statements(quiet) <= MOST_STATEMENTS
    assert references(quiet) <= MOST_REFERENCES

    world.holds("eu-prod-1", workload("steady", 5), workload("orders", 20))
    telling = minutes.cycle(first + 2)
    assert labels(telling) == SYNC + TELLING
    assert len(world.texts("C0ORDERS")) == 1
    assert references(telling) <= references(quiet) + MOST_REFERENCES_TO_TELL

    goes_on = minutes.cycle(first + 3)
    expected = [*SYNC, *(name.replace("move_cursor", "commit_fold") for name in QUIET), CARED_FOR]
    assert sorted(labels(goes_on)) == sorted(expected)


def test_a_cycle_that_tells_and_in_which_the_past_matters_costs_little_more(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a workload that never had labels costs nothing, also one that a limit takes by name, within it or over.

    Who has lost them just now asks for what was before.
    """
    world = make_world(is_seeded=False)
    minutes, first = Minutes(world, monkeypatch), TWO_DAYS_LATER + 60
    world.stand_ins.clocks.set(cycle_at(first) - dt.timedelta(hours=1))
    by_name = granted("batch", 4).model_copy(update={"selectors": Selectors(name="taken")})
    publish(world.config, granted("orders", 8), granted("steady", 5), by_name)
    steady, nobodys, taken = workload("steady", 5), workload("nobodys", 2, labels={}), workload("taken", 4, labels={})
    world.holds("eu-prod-1", steady, nobodys, taken)
    asks = minutes.cycle(first)
    quiet = [minutes.cycle(first + number) for number in (1, 2)]
    assert [compared(asked) for asked in (asks, *quiet)] == [ASKING, JUDGING, JUDGING]
    assert {
        row["workload_name"]: row["unlabelled"] for row in world.rows("verdicts") if row["cycle"] == cycle_at(first)
    } == {
        "steady": None,
        "nobodys": "eu-prod-1/shop/Deployment/nobodys",
        "taken": "eu-prod-1/shop/Deployment/taken",
    }

    lost = workload("steady", 5, labels={})
    world.holds("eu-prod-1", lost, nobodys, workload("taken", 9, labels={}), workload("orders", 20))
    telling = minutes.cycle(first + 3)
    assert labels(telling) == SYNC + TELLING and compared(telling) == ASKING
    assert references(telling) <= references(quiet[0]) + MOST_REFERENCES_TO_TELL
    found = {
        row["workload_name"]: row["reason"] for row in world.rows("verdicts") if row["cycle"] == cycle_at(first + 3)
    }
    reasons = {
        "steady": "labels_removed",
        "nobodys": "labels_missing",
        "taken": "over_ceiling",
        "orders": "over_ceiling",
    }
    assert found == reasons

    world.holds("eu-prod-1", nobodys, workload("taken", 9, labels={}), workload("orders", 20))
    goes_on = minutes.cycle(first + 4)
    [read] = [job for job in goes_on if job.label == "verdicts-compare"]
    assert read.statements == ASKING
    assert read.references.count("replica_observations") == 1


def test_the_first_cycle_of_an_hour_loads_two_hours_with_as_many(world: World) -> None:
    now = "TIMESTAMP '2026-03-02 12:00:00+00'"
    synced = f"UPDATE `{world.config.dataset}.limit_sync_runs` SET read_time = {now}, committed_at = {now} WHERE TRUE"
    world.warehouse.client.query(synced).result()
    world.holds("eu-prod-1", workload("steady", 5))
    world.run(8).go()
    assert cycle_at(9).minute == 0
    assert labels(run_and_count(world, 9)) == QUIET


def test_these_are_the_statements_that_are_held_to_prune() -> None:
    pruned = {name.removesuffix(".sql").replace("/", "-") for name in OF_A_CYCLE}
    asked_only_while_stale = {"limits-known_at"}
    assert pruned == {*QUIET, *TELLING} | asked_only_while_stale

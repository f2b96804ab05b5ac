"""How many statements a cycle costs: BigQuery bills ten megabytes at least for every table of every statement.

288 cycles a day make statements the price of the product, not data. The loads in between are free.
"""

import datetime as dt

import pytest

from tests.e2e.stand_ins import cycle_at
from tests.e2e.watched_world import World, workload
from tests.sql.test_partition_pruning import OF_A_CYCLE

QUIET = [
    "observations-before_load",
    "observations-record_collection",
    "verdicts-compare",
    "alerts-fold_input",
    "alerts-move_cursor",
    "heartbeats-record_heartbeat",
]
JUDGING = ["CREATE_TABLE_AS_SELECT", "MERGE"]
"""What the comparison runs where no workload's past matters: what ran, and the verdicts."""
TELLING = [
    "observations-before_load",
    "observations-record_collection",
    "verdicts-compare",
    "alerts-fold_input",
    "alerts-message_evidence",
    "alerts-commit_fold",
    "alerts-lease_notifications",
    "alerts-record_sends",
    "heartbeats-record_heartbeat",
]


CARED_FOR = "alerts-acknowledgements"
"""Asked while something fires that was told."""


def run_and_count(world: World, number: int) -> list[str]:
    since = dt.datetime.now(dt.UTC)
    world.run(number).go()
    return world.jobs(since)


@pytest.fixture
def steady(world: World) -> World:
    """Two clusters in which nothing happens, after their first cycle."""
    world.holds("eu-prod-1", workload("steady", 5))
    world.holds("us-prod-1", workload("steady", 4))
    world.run(1).go()
    return world


def test_a_quiet_cycle_is_six_statements(steady: World) -> None:
    found = run_and_count(steady, 2)
    assert [name for name in found if not name.startswith(" ")] == QUIET
    assert len(QUIET) <= 6
    assert [name.strip() for name in found if name.startswith(" ")] == JUDGING


def test_the_first_cycle_of_an_hour_loads_two_hours_with_as_many(world: World) -> None:
    now = "TIMESTAMP '2026-03-02 12:00:00+00'"
    synced = f"UPDATE `{world.config.dataset}.limit_sync_runs` SET read_time = {now}, committed_at = {now} WHERE TRUE"
    world.warehouse.client.query(synced).result()
    world.holds("eu-prod-1", workload("steady", 5))
    world.run(8).go()
    assert cycle_at(9).minute == 0
    assert [name for name in run_and_count(world, 9) if not name.startswith(" ")] == QUIET


def test_a_cycle_that_tells_something_takes_three_jobs_more(steady: World) -> None:
    steady.holds("eu-prod-1", workload("orders", 20))
    found = run_and_count(steady, 2)
    assert [name for name in found if not name.startswith(" ")] == TELLING
    assert len(TELLING) == len(QUIET) + 3


def test_a_problem_that_only_goes_on_costs_one_job_more_who_takes_care_of_it(steady: World) -> None:
    steady.holds("eu-prod-1", workload("orders", 20))
    steady.run(2).go()
    found = [name for name in run_and_count(steady, 3) if not name.startswith(" ")]
    assert sorted(found) == sorted([*(name.replace("move_cursor", "commit_fold") for name in QUIET), CARED_FOR])


def test_these_are_the_statements_that_are_held_to_prune() -> None:
    pruned = {name.removesuffix(".sql").replace("/", "-") for name in OF_A_CYCLE}
    asked_only_while_stale = {"limits-known_at"}
    assert pruned == {*QUIET, *TELLING} | asked_only_while_stale

"""However often a cycle runs, and wherever it was killed: the same rows, and the same Slack messages.

A story of three cycles is told straight, then again with every task twice, and with the worker killed at each boundary
in each of the first two cycles, there several times in a row; the third lives, since what a dead sender holds is sent
in the next cycle.
Tables are compared whole, without the bookkeeping named in ``watched_world.TABLES``.
"""

import datetime as dt
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pedwatch.alerts.channels.slack import SlackChannel
from pedwatch.hooks import load_jobs
from pedwatch.hooks.warehouse import Warehouse
from tests.e2e.stand_ins import StandIns
from tests.e2e.watch_run import BRANCHES, TASKS, Run, parse_dag
from tests.e2e.watched_world import World, workload

CYCLES = 3
#: A retry, or a person who clears the run, comes a little later.
LATER = dt.timedelta(seconds=70)
#: The same where the dead worker held nothing.
SOON = dt.timedelta(seconds=20)
WITHIN: dict[str, tuple[object, str, str | None]] = {
    "the load, before its MERGE": (load_jobs, "append", None),
    "the MERGE of the load": (Warehouse, "write", "observations/record_collection.sql"),
    "the fold's commit": (Warehouse, "write", "alerts/commit_fold.sql"),
    "the lease": (Warehouse, "run", "alerts/lease_notifications.sql"),
    "Slack accepted a post": (SlackChannel, "post", None),
    "Slack accepted an edit": (SlackChannel, "edit", None),
    "Slack accepted a reply": (SlackChannel, "reply", None),
    "the sends were recorded": (Warehouse, "write", "alerts/record_sends.sql"),
}
BEFORE_THE_LEASE = ("the load, before its MERGE", "the MERGE of the load", "the fold's commit")


class Killed(BaseException):
    """The worker is gone: no handler of the product may catch this."""


@dataclass
class Death:
    """Kills the worker right after something took effect; ``count`` says how often it has."""

    where: str
    count: int = 0

    def arm(self, patch: pytest.MonkeyPatch) -> None:
        """Let the next such effect be the last."""
        owner, method, statement = WITHIN[self.where]
        real = getattr(owner, method)

        def die_after(*args: Any, **kwargs: Any) -> Any:
            answer = real(*args, **kwargs)
            if statement is None or args[1] == statement:
                self.count += 1
                raise Killed(self.where)
            return answer

        patch.setattr(owner, method, die_after)


def enter(world: World, number: int) -> None:
    """Make the clusters what the story says: one API far over and then gone, one slowly over, one cluster dark."""
    orders = [workload("orders", 20, hpa={"min": 2, "max": 30})] if number == 1 else []
    world.holds("eu-prod-1", *orders, workload("steady", 5))
    world.holds("us-prod-1", workload("sessions", 3), workload("steady", 4), workload("stray", 1))
    world.kubernetes.set_fault("us-prod-1", {"kind": "forbidden"} if number == 2 else None)


Told = tuple[dict[str, list[dict[str, Any]]], list[dict[str, Any]]]


Life = Callable[[Run], Any]


def tell(world: World, *lives: Life) -> Told:
    """Live through the story, a way of living per cycle (the last one for the rest); return what it left."""
    for number in range(1, CYCLES + 1):
        enter(world, number)
        lives[min(number, len(lives)) - 1](world.run(number))
    return world.tables(), world.messages()


def straight_on(run: Run) -> None:
    """Run every task once."""
    run.go()


def killed_between(world: World, *boundaries: str) -> Life:
    """Kill a run after a task has ended (after the last one: clear a whole run) and start over; then after another."""

    def live(run: Run) -> None:
        for boundary in boundaries:
            run.go(until=boundary)
            world.at(world.now + SOON)
            run.clear()
        run.go()

    return live


def killed_within(world: World, *deaths: tuple[Death, bool]) -> Life:
    """Kill a run in the middle of a task; that task is retried, or the whole run is cleared; then of another."""

    def live(run: Run) -> None:
        for death, is_cleared in deaths:
            try:
                with pytest.MonkeyPatch.context() as patch:
                    death.arm(patch)
                    run.go()
            except Killed:
                world.at(world.now + (SOON if death.where in BEFORE_THE_LEASE else LATER))
                if is_cleared:
                    run.clear()
        run.go()

    return live


def assert_same(told: Told, straight: Told) -> None:
    """Hold every table, and then Slack, against the straight telling."""
    for table, rows in straight[0].items():
        assert told[0][table] == rows, table
    assert told[1] == straight[1]


@pytest.fixture(scope="module")
def straight(stand_ins: StandIns, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The story told once, nothing in its way."""
    with pytest.MonkeyPatch.context() as patch:
        world = World(stand_ins, tmp_path_factory.mktemp("straight"), patch)
        yield tell(world, straight_on)
        world.drop()


def test_the_tasks_are_those_of_the_dag(world: World) -> None:
    dag = parse_dag(os.environ["PEDWATCH_CONFIG"])
    assert set(dag.task_ids) == set(TASKS)
    order = list(TASKS)
    for task in dag.tasks:
        assert all(order.index(name) < order.index(task.task_id) for name in task.upstream_task_ids), task.task_id


def test_the_story_has_everything_in_it(straight: Told) -> None:
    tables, messages = straight
    assert {row["verdict"] for row in tables["verdicts"]} == {"over_limit", "within_limit", "unknown", "no_limit"}
    assert {row["status"] for row in tables["collection_runs"]} == {"complete", "failed"}
    assert [(row["sequence"], row["reason"], row["status"]) for row in tables["notifications"]].count(
        (1, "first", "sent")
    ) == 2
    parent, resolved, second = messages
    assert "Resolved" in parent["text"] and parent["thread"] is None, "edited to the current truth"
    assert "Resolved" in resolved["text"] and resolved["thread"] == 0
    assert "sessions" in second["text"] and second["thread"] is None
    assert [row["cycle"] for row in tables["fold_cursor"]] == [tables["heartbeats"][-1]["cycle"]]


def test_every_task_twice(world: World, straight: Told) -> None:
    assert_same(tell(world, lambda run: run.go(times=2)), straight)


def test_a_second_run_of_each_cycle_adds_its_heartbeat_and_nothing_else(world: World, straight: Told) -> None:
    def live(run: Run) -> None:
        run.go()
        Run(run.cycle, "manual", f"{run.run_id}-again", {"allow_notify": True}, run.kubeconfig).go()

    tables, messages = tell(world, live)
    tables["heartbeats"] = [row for row in tables["heartbeats"] if not row["run_id"].endswith("-again")]
    assert_same((tables, messages), straight)


def test_killed_between_two_tasks(world: World, straight: Told) -> None:
    # Those behind which something was written; the others are among the random deaths below.
    killed = killed_between(world, "collect", "load_observations", "compare", "fold_episodes", "notify")
    assert_same(tell(world, killed, killed, straight_on), straight)


#: Deaths in one run, and whether the run is cleared after each, or the task retried. Of those that hold a lease one at
#: most: what it holds is sent in the next cycle.
DEATHS = [
    {"the load, before its MERGE": True, "the lease": False},
    {"the MERGE of the load": False, "Slack accepted a post": True},
    {"the fold's commit": True, "Slack accepted a reply": False},
    {"Slack accepted an edit": True},
    {"the sends were recorded": False},
]


@pytest.mark.parametrize("places", DEATHS, ids=" and ".join)
def test_killed_within_tasks(world: World, straight: Told, places: dict[str, bool]) -> None:
    deaths = [(Death(where), is_cleared) for where, is_cleared in places.items()]
    killed = killed_within(world, *deaths)
    assert_same(tell(world, killed, killed, straight_on), straight)
    assert all(death.count for death, _ in deaths), "it was never killed there, so nothing was tested"


def test_every_place_of_a_death_has_its_turn() -> None:
    assert sorted(where for places in DEATHS for where in places) == sorted(WITHIN)


PLACES = [("between", name) for name in TASKS if name not in BRANCHES] + [("within", where) for where in WITHIN]


@pytest.mark.timeout(300)
@settings(
    max_examples=2,
    deadline=None,
    # A found schedule is small and printed; to shrink it would take minutes.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(schedule=st.lists(st.tuples(st.sampled_from(PLACES), st.booleans()), min_size=2, max_size=2))
def test_killed_anywhere(
    make_world: Callable[..., World], straight: Told, schedule: Sequence[tuple[tuple[str, str], bool]]
) -> None:
    world = make_world()
    lives = [
        killed_between(world, where) if kind == "between" else killed_within(world, (Death(where), is_cleared))
        for (kind, where), is_cleared in schedule
    ]
    assert_same(tell(world, *lives, straight_on), straight)

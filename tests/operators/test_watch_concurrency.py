"""Two workers at once, and runs that come late: one wins, the other changes nothing."""

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest

from pedwatch import deadlines
from pedwatch.alerts.channels.slack import SlackChannel
from pedwatch.alerts.delivery import leasing
from pedwatch.alerts.delivery.pacer import Pacer
from pedwatch.alerts.delivery.sender import Sender
from pedwatch.alerts.live import live_fold
from pedwatch.cycles import PERIOD
from pedwatch.errors import LedgerError, PedwatchError
from pedwatch.hooks.warehouse import Warehouse
from tests.e2e.stand_ins import cycle_at
from tests.e2e.watched_world import World, workload


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Make calls in threads of their own; return what each gave, or the error it raised."""
    outcomes: list[Any] = [None] * len(calls)

    def work(place: int, call: Callable[[], Any]) -> None:
        try:
            outcomes[place] = call()
        except PedwatchError as error:
            outcomes[place] = error

    threads = [threading.Thread(target=work, args=item) for item in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return outcomes


def meet_before(patch: pytest.MonkeyPatch, method: str, statement: str) -> None:
    """Let two threads wait for each other right before a statement, the first time each comes there."""
    barrier, seen = threading.Barrier(2, timeout=30), threading.local()
    real = getattr(Warehouse, method)

    def meet(self: Warehouse, name: str, *args: Any, **kwargs: Any) -> Any:
        if name == statement and not getattr(seen, "met", False):
            seen.met = True
            barrier.wait()
        return real(self, name, *args, **kwargs)

    patch.setattr(Warehouse, method, meet)


@pytest.fixture
def many_over(world: World) -> World:
    """The second cycle judged, with five subjects far over their limits, and not folded yet."""
    world.run(1).go()
    world.holds("eu-prod-1", workload("sessions", 9), workload("steady", 20), workload("orders", 30))
    world.holds("us-prod-1", workload("sessions", 9), workload("steady", 20))
    world.run(2).go(until="compare")
    return world


def fold_now(world: World, number: int = 2) -> dict[str, int]:
    """Fold a cycle as its run does."""
    return live_fold.fold_alerts(world.warehouse, world.config, cycle_at(number), world.now, "run", True)


def test_of_two_folds_one_wins_and_the_other_changes_nothing(many_over: World, monkeypatch: pytest.MonkeyPatch) -> None:
    meet_before(monkeypatch, "write", "alerts/commit_fold.sql")
    outcomes = at_once(lambda: fold_now(many_over), lambda: fold_now(many_over))
    won = [outcome for outcome in outcomes if isinstance(outcome, dict)]
    lost = [outcome for outcome in outcomes if isinstance(outcome, LedgerError)]
    assert (len(won), len(lost)) == (1, 1), outcomes
    assert "fold cursor moved: another run has folded this cycle" in str(lost[0])
    firing = {"deliverable": 5, "firing": 5, "fired": 5}
    assert won == [{"episodes": 5, "notifications": 5, **firing}]
    folded = many_over.tables()
    assert len(folded["episodes"]) == len(folded["notifications"]) == 5
    assert fold_now(many_over) == {"episodes": 0, "notifications": 0, **firing}, "the loser's retry"
    assert many_over.tables() == folded


def test_a_fold_behind_the_cursor_changes_nothing(world: World) -> None:
    world.holds("eu-prod-1", workload("orders", 20))
    world.run(1).go()
    world.run(2).go()
    world.holds("eu-prod-1", workload("orders", 5))
    world.run(3).go()
    tables, messages = world.tables(), world.messages()
    for number in (1, 2, 3):
        folded = fold_now(world, number)
        assert (folded["episodes"], folded["notifications"], folded["deliverable"]) == (0, 0, 0)
    assert (world.tables(), world.messages()) == (tables, messages)


def test_of_two_senders_each_message_is_posted_by_one(many_over: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fold_now(many_over)
    meet_before(monkeypatch, "run", "alerts/lease_notifications.sql")
    channel, pacer = SlackChannel(many_over.config.connections.slack), Pacer(pause=lambda seconds: None)

    def sender(owner: str) -> Callable[[], dict[str, int]]:
        def deliver() -> dict[str, int]:
            slack, now = many_over.config.slack, many_over.now
            return leasing.send_notifications(many_over.warehouse, channel, slack, now, owner, pacer).counts

        return deliver

    outcomes = at_once(sender("one"), sender("two"))
    assert sorted(outcomes, key=len) == [{}, {"sent": 5}]
    assert len(many_over.texts()) == len(set(many_over.texts())) == 5
    assert {row["status"] for row in many_over.rows("notifications")} == {"sent"}


def test_a_lease_holds_until_it_runs_out_and_then_the_message_is_found_again(many_over: World) -> None:
    fold_now(many_over)
    channel, pacer = SlackChannel(many_over.config.connections.slack), Pacer(pause=lambda seconds: None)
    leased = many_over.warehouse.run(
        "alerts/lease_notifications.sql", leasing.lease_of("dead", many_over.now, deadlines.lease(PERIOD))
    )
    Sender(channel, pacer, many_over.now).send(leased)  # Slack took them; then the worker died
    slack, before_it_ends = many_over.config.slack, many_over.now + deadlines.lease(PERIOD) - dt.timedelta(seconds=1)
    assert leasing.send_notifications(many_over.warehouse, channel, slack, before_it_ends, "next", pacer).counts == {}
    after = many_over.now + deadlines.lease(PERIOD)
    assert leasing.send_notifications(many_over.warehouse, channel, slack, after, "next", pacer).counts == {"sent": 5}
    assert len(many_over.texts()) == 5
    shown = {message["ts"] for message in many_over.slack.messages()}
    assert {row["message_ts"] for row in many_over.rows("notifications")} == shown


def test_a_dead_senders_late_word_does_not_undo_its_successor(many_over: World) -> None:
    fold_now(many_over)
    channel, pacer = SlackChannel(many_over.config.connections.slack), Pacer(pause=lambda seconds: None)
    leased = many_over.warehouse.run(
        "alerts/lease_notifications.sql", leasing.lease_of("slow", many_over.now, deadlines.lease(PERIOD))
    )
    later = many_over.now + deadlines.lease(PERIOD)
    leasing.send_notifications(many_over.warehouse, channel, many_over.config.slack, later, "next", pacer)
    told = many_over.rows("notifications")
    late = [{"notification_id": row["notification_id"], "status": "unsent", "error": "timed out"} for row in leased]
    sends, no_alerts = leasing.Typed(leasing.SEND_COLUMNS, late), leasing.Typed(leasing.ALERT_COLUMNS, [])
    many_over.warehouse.write(
        "alerts/record_sends.sql", {"owner": "slow", "run_id": "slow", "sends": sends, "alerts": no_alerts}
    )
    assert many_over.rows("notifications") == told

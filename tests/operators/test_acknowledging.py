"""Somebody takes care, by a reaction and at a shell: the thread says who, a row keeps it, and reminders are quiet."""

import json
from typing import Any

import pytest

from pedwatch.alerts.channels.slack import SlackChannel
from pedwatch.alerts.channels.slack_reactions import MOST_READ, SlackReactions
from pedwatch.cli import main
from pedwatch.errors import NotifyError
from tests.e2e.watched_world import World, workload

SHELL = "local@example.com"
"""Whom the BigQuery stand-in takes everybody for."""


@pytest.fixture
def two_over(world: World) -> World:
    """Two APIs that fire, each told in its own message."""
    world.holds("eu-prod-1", workload("orders", 12), workload("steady", 9))
    for number in (1, 2):
        world.run(number).go()
    return world


def parent_of(world: World, api: str) -> dict[str, Any]:
    [found] = [m for m in world.slack.messages("C0ORDERS") if api in m["text"] and m["thread_ts"] is None]
    return found


def replies_to(world: World, parent: dict[str, Any]) -> list[str]:
    return [m["text"] for m in world.slack.messages("C0ORDERS") if m["thread_ts"] == parent["ts"]]


def kept(world: World) -> list[dict[str, Any]]:
    table = f"{world.config.dataset}.acknowledgements"
    return [dict(row.items()) for row in world.warehouse.client.query(f"SELECT * FROM `{table}` ORDER BY via").result()]


def test_a_reaction_and_a_command_are_said_in_the_thread_and_kept(
    two_over: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world = two_over
    orders, steady = parent_of(world, "orders runs"), parent_of(world, "steady runs")
    world.slack.react_as("U0MAYA", "C0ORDERS", orders["ts"], "eyes")
    world.slack.react_as("U0JONAS", "C0ORDERS", orders["ts"], "thumbsup")
    assert main(["ack", "--team", "orders"]) == 2, "two fire, and neither is named"
    assert "steady of orders in eu-prod-1 / shop / steady: 9 of 5, critical" in capsys.readouterr().err
    assert main(["ack", "--api", "steady", "--note", "after the sale", "--format", "json"]) == 0
    [one] = json.loads(capsys.readouterr().out)
    assert main(["ack", "--api", "nobody"]) == 3

    world.run(3).go()
    [said] = replies_to(world, orders)
    assert "Acknowledged by <@U0MAYA> with 👀." in said
    [said] = replies_to(world, steady)
    assert f"Acknowledged by {SHELL} at the command line: after the sale." in said
    assert "Acknowledged by: <@U0MAYA>" in parent_of(world, "orders runs")["text"]
    command, reaction = kept(world)
    assert (command["acknowledged_by"], command["via"], command["severity"]) == (SHELL, "command", "critical")
    assert (command["episode_id"], command["note"]) == (one["episode_id"], "after the sale")
    assert (reaction["acknowledged_by"], reaction["via"]) == ("U0MAYA", "reaction")

    world.slack.clear_calls()
    world.run(4).go()
    assert len(replies_to(world, orders)) == len(replies_to(world, steady)) == 1
    assert world.slack.calls("reactions.get") == [], "whom somebody takes care of nobody asks about"


def test_a_slack_that_does_not_say_who_reacted_stops_no_cycle_and_is_asked_again(two_over: World) -> None:
    world = two_over
    scopes = world.slack.switches()["scopes"]
    world.slack.set_scopes([scope for scope in scopes if scope != "reactions:read"])
    world.slack.react_as("U0MAYA", "C0ORDERS", parent_of(world, "orders runs")["ts"], "eyes")
    world.holds("eu-prod-1", workload("orders", 12), workload("steady", 5))
    world.run(3).go()
    assert kept(world) == []
    world.slack.set_scopes(scopes)
    world.run(4).go()
    assert any("Resolved" in text for text in replies_to(world, parent_of(world, "steady ")))
    assert [row["acknowledged_by"] for row in kept(world)] == ["U0MAYA"]


class Channel:
    """Answers what it is told, in turn."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.asked = list(answers), 0

    def call(self, method: str, arguments: dict[str, Any]) -> Any:
        """Answer."""
        self.asked += 1
        answer = self.answers.pop(0) if self.answers else {"message": {}}
        if isinstance(answer, Exception):
            raise answer
        return answer


def reacted(name: str, *users: str) -> dict[str, Any]:
    return {"message": {"reactions": [{"name": name, "users": list(users), "count": len(users)}]}}


def read(channel: Channel, count: int, seconds: float = 0.0) -> dict[str, list[str]]:
    ticks = iter(seconds * number for number in range(10_000))
    connect: Any = lambda: channel  # noqa: E731
    found = SlackReactions(connect, lambda: next(ticks)).users([("C1", str(n)) for n in range(count)], "eyes")
    return {ts: users for (_, ts), users in found.items()}


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ([reacted("eyes", "U1", "U2")], {"0": ["U1", "U2"]}),
        ([reacted("eyes::skin-tone-3", "U1")], {"0": ["U1"]}),
        ([reacted("thumbsup", "U1")], {"0": []}),
        ([{"message": {"text": "no reactions"}}], {"0": []}),
        ([{"ok": True}], {}),
        ([reacted("eyes", "U1"), NotifyError("ratelimited")], {"0": ["U1"]}),
        ([{"message": {"reactions": "odd"}}], {}),
        ([{"message": None}], {}),
    ],
    ids=["two people", "a tone of skin", "another emoji", "none", "no message", "a limit", "odd", "null"],
)
def test_reactions_are_read_and_what_is_not_answered_is_not_known(answers: Any, found: dict[str, Any]) -> None:
    assert read(Channel(*answers), len(answers)) == found


def test_a_cycle_asks_within_slacks_limits_and_its_own_time() -> None:
    channel = Channel()
    assert len(read(channel, 500)) == channel.asked == MOST_READ
    slow = Channel()
    assert len(read(slow, 500, seconds=3.0)) == slow.asked == 3, "after ten seconds the rest has its turn later"


def test_a_connection_that_is_missing_is_not_known_either() -> None:
    def connect() -> SlackChannel:
        raise RuntimeError("The conn_id `slack_ped` isn't defined")

    assert SlackReactions(connect, lambda: 0.0).users([("C1", "1")], "eyes") == {}

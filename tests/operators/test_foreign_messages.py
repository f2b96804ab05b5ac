"""Another environment on our Slack app is told in the platform's channel by the digest's run, once until it is over."""

import datetime as dt
from collections.abc import Callable

import pytest

from pedwatch.alerts.channels.slack import SlackChannel
from pedwatch.alerts.messages import Message
from pedwatch.config import Config, Slack
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.tasks import foreign_messages
from pedwatch.tasks.digest import write_digest
from sandbox.slack.errors import SlackRefusal
from tests.operators.slack_in_process import Workspace, connect, serve

START = dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.UTC)
PLATFORM, ORDERS = "C0PLATFORM", "C0ORDERS"


def test_it_is_told_once_and_when_it_is_over(
    warehouse: Warehouse, make_config: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = START
    workspace = Workspace(lambda: now.timestamp(), PLATFORM, ORDERS)
    connect(monkeypatch)
    serve(monkeypatch, workspace)
    team = {"channel": ORDERS, "mode": "team"}
    config = make_config(slack={"platform_channel": PLATFORM, "teams": {"orders": team}})

    def told() -> list[tuple[str, str, str]]:
        """Let the morning's digest be composed; what it tells of other environments."""
        write_digest(warehouse, config, now, f"digest-{now}", True)
        asked = "SELECT reason, channel, message FROM `{}` WHERE run_id = 'digest-{}' AND reason LIKE 'foreign%'"
        rows = warehouse.client.query(asked.format(warehouse.address("notifications"), now)).result()
        return [(row.reason, row.channel, row.message) for row in rows]

    def post(environment: str, channel: str = ORDERS) -> None:
        message = Message(":red_circle:", "Over limit", f"of {environment}")
        SlackChannel("slack_ped", environment=environment).post(channel, message, {"notification_id": environment})

    post("theirs")
    assert told() == [], "who is no environment cannot tell its own from others'"
    monkeypatch.setenv("PEDWATCH_ENVIRONMENT", "ours")
    post("ours", PLATFORM)
    now += dt.timedelta(minutes=1)
    [(reason, where, message)] = told()
    assert (reason, where) == ("foreign_messages", PLATFORM)
    assert "in channel C0ORDERS messages by our app are also of theirs" in message and "ours" not in message
    now += dt.timedelta(days=1)
    assert told() == [], "once"
    workspace.before = lambda method: SlackRefusal("missing_scope") if method == "conversations.history" else None
    now += dt.timedelta(days=4)
    assert told() == [], "what cannot be asked is not over"
    workspace.before = lambda method: None
    now += dt.timedelta(minutes=1)
    [(reason, where, message)] = told()
    assert (reason, where) == ("foreign_messages_over", PLATFORM)
    now += dt.timedelta(days=1)
    assert told() == []
    shown = [one.content.text for one in workspace.store.all_messages()]
    assert shown == ["Over limit: of theirs", "Over limit: of ours"], "theirs is left alone"
    workspace.store.close()


@pytest.mark.parametrize("count", [40, 80, 100, 7 * 39])
def test_of_many_channels_each_has_its_day(count: int) -> None:
    teams = {f"team-{number}": {"channel": f"C{number:04}"} for number in range(count)}
    slack = Slack.model_validate({"platform_channel": PLATFORM, "teams": teams})
    dates = [START.date() + dt.timedelta(days=day) for day in range(10)]
    days = [foreign_messages.todays(slack, date) for date in dates if date.weekday() < 5]  # on which digests come
    assert {target for day in days for target in day} == {PLATFORM, *(team["channel"] for team in teams.values())}
    assert all(day[0] == PLATFORM and len(day) == len(set(day)) == foreign_messages.MOST for day in days)
    alone = Slack.model_validate({"platform_channel": PLATFORM, "teams": {"a": {"channel": PLATFORM}}})
    assert foreign_messages.todays(alone, START.date()) == [PLATFORM]

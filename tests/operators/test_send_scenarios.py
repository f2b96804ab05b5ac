"""From the fold to the channel: an hour without Slack, a storm over five teams, secrets that stay where they are."""

import datetime as dt
import itertools
import logging
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from pedwatch.alerts.channels.slack import SlackChannel
from pedwatch.alerts.delivery.leasing import send_notifications
from pedwatch.alerts.delivery.pacer import Pacer
from pedwatch.alerts.table_rows import notification_to_row
from pedwatch.alerts.transport import UnusableTransportError
from sandbox.slack.errors import RateLimited, SlackRefusal
from sandbox.slack.records import Channel
from tests.golden_messages import at, seen
from tests.operators.outbox_model import OutboxModel
from tests.operators.slack_in_process import TOKEN, Workspace, connect, serve
from tests.unit.alerts.watching import TEAMS, Watch, all_seen, of_team, routes


class Played:
    """A watch, its outbox and its workspace, on one clock."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.watch, self.outbox, self.now = Watch(), OutboxModel(), 0.0
        self.posts: dict[str, list[float]] = defaultdict(list)
        self.workspace = Workspace(self._time, "C0PLATFORM", *(f"C0{team.upper()}" for team in TEAMS))
        serve(patch, self.workspace)
        self.channel = SlackChannel("slack_ped")

    def _time(self) -> float:
        return at(0).timestamp() + self.now

    def _pause(self, seconds: float) -> None:
        self.now += seconds

    def cycle(self, number: int, *observations: Any) -> dict[str, int]:
        """Play a cycle: fold, tell, send."""
        self.now = max(self.now, number * 300.0 + 20)
        created_at = at(0) + dt.timedelta(seconds=self.now)
        for row in self.watch.go(*observations, cycle=number):
            self.outbox.add(notification_to_row(row) | {"created_at": created_at})
        return self.send()

    def send(self) -> dict[str, int]:
        """Let the sender run."""
        wall = at(0) + dt.timedelta(seconds=self.now)
        try:
            pacer = Pacer(self._pause, lambda: self.now)
            return send_notifications(self.outbox, self.channel, self.watch.slack, wall, "run", pacer).counts
        except UnusableTransportError:
            return {}

    def close(self, channel: str, **how: bool) -> None:
        """Archive a channel, or put the bot out of it; or undo that."""
        self.workspace.store.put_channel(replace(self.found(channel), **how))

    def found(self, channel: str) -> Channel:
        """A channel."""
        found = self.workspace.store.find_channel(channel)
        assert found is not None
        return found

    def in_channel(self, channel: str) -> list[str]:
        """What stands in a channel."""
        return [message.content.text for message in self.shown if message.channel == channel]

    @property
    def shown(self) -> list[Any]:
        """What stands in the channels."""
        return [message for message in self.workspace.store.all_messages() if message.deleted_ts is None]


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Iterator[Played]:
    """A fresh world."""
    connect(monkeypatch)
    world = Played(monkeypatch)
    yield world
    world.workspace.store.close()


@pytest.mark.parametrize(
    "trouble",
    [
        500,
        TimeoutError("timed out"),
        RateLimited(600),
        SlackRefusal("token_revoked"),
        SlackRefusal("service_unavailable"),
    ],
    ids=["500", "timeouts", "429", "revoked", "unavailable"],
)
def test_an_hour_without_slack_ends_with_everyone_told_what_is_true_once(played: Played, trouble: Any) -> None:
    before, ended, opened = of_team("orders", 3)
    for number in (1, 2):
        played.cycle(number, seen(number, 12, subject=before))
    assert len(played.shown) == 1
    played.workspace.before = lambda method: trouble
    for number in range(3, 15):
        played.cycle(
            number,
            seen(number, 8, subject=before),
            seen(number, 12 if number < 8 else 8, subject=ended),
            seen(number, 12, subject=opened),
        )
    assert len(played.shown) == 1, "nothing came through"
    played.workspace.before = lambda method: None
    for number in (15, 16, 17):
        played.cycle(number, *(seen(number, n, subject=s) for s, n in ((before, 8), (ended, 8), (opened, 12))))
    rows = played.outbox.rows.values()
    assert {row["status"] for row in rows} == {"sent"}, "an outage kills no message"
    parents = [message.content.text for message in played.shown if message.thread_ts is None]
    assert sorted(text.split(":")[0] for text in parents) == ["Over limit", "Resolved", "Resolved"]
    told = [message.content.metadata["event_payload"]["notification_id"] for message in played.shown]
    assert sorted(told) == sorted(row["notification_id"] for row in rows), "each once"


@pytest.mark.parametrize("closed", [{"is_archived": True}, {"is_member": False}], ids=["archived", "left"])
def test_a_channel_that_is_closed_and_still_configured_loses_nothing(played: Played, closed: dict[str, bool]) -> None:
    before, opened = of_team("orders", 2)
    for number in (1, 2):
        played.cycle(number, seen(number, 12, subject=before))
    played.close("C0ORDERS", **closed)
    for number in (3, 4):
        played.cycle(number, seen(number, 19, subject=before), seen(number, 13, subject=opened))
    lost = {row["notification_id"] for row in played.outbox.rows.values() if row["status"] == "dead"}
    assert len(lost) == 2, "the one that got worse, and the new one"
    telling = " ".join(played.in_channel("C0PLATFORM"))
    for words in ("api-000 runs 19 pods", "api-001 runs 13 pods", "or name another in slack.platform_channel or slack"):
        assert words in telling
    assert played.cycle(5, *(seen(5, n, subject=s) for s, n in ((before, 19), (opened, 13)))) == {}, "said once"
    played.workspace.store.put_channel(replace(played.found("C0ORDERS"), id="C0NEW", name="new"))
    played.close("C0NEW", is_archived=False, is_member=True)
    played.watch.slack = routes(teams={"orders": {"channel": "C0NEW", "mode": "team"}})
    for number, running in ((6, 19), (7, 8), (8, 8)):
        played.cycle(number, seen(number, running, subject=before), seen(number, 13, subject=opened))
        shown = played.in_channel("C0NEW")
        parents = {text.split(":")[0] for text in shown if not text.startswith(":")}
        assert parents == {"Over limit", "Over limit, critical" if number < 8 else "Resolved"}
    assert {row["status"] for row in played.outbox.rows.values()} == {"sent", "dead"}


def test_what_could_not_be_told_in_the_platforms_closed_channel_is_told_in_the_one_of_now(played: Played) -> None:
    played.close("C0PLATFORM", is_archived=True)
    played.close("C0ORDERS", is_archived=True)
    for number in (1, 2, 3):
        played.cycle(number, seen(number, 12))
    [letter] = [row for row in played.outbox.rows.values() if row["reason"] == "dead_letter"]
    assert letter["status"] == "unsent", "it waits for the channel"
    played.watch.slack = routes(platform_channel="C0GROWTH")
    for number in (4, 5):
        played.cycle(number, seen(number, 12))
    assert played.outbox.rows[letter["notification_id"]]["status"] == "dead"
    [text] = played.in_channel("C0GROWTH")
    assert "checkout runs 12 pods" in text, "with the words that nobody saw"


def test_300_at_once_are_one_message_a_team_and_no_channel_gets_more_than_one_a_second(played: Played) -> None:
    def note(method: str) -> None:
        if method == "chat.postMessage":
            played.posts["any"].append(played.now)

    played.workspace.before = note
    for number in (1, 2):
        played.cycle(number, *(item for team in TEAMS for item in all_seen(number, 12, 60, team)))
    assert len(played.shown) == 5
    assert len(played.outbox.rows) == 305
    assert {row["status"] for row in played.outbox.rows.values()} == {"sent", "grouped"}


def test_ten_in_a_channel_are_a_second_apart(played: Played) -> None:
    posted: list[float] = []
    played.workspace.before = lambda method: posted.append(played.now) if method == "chat.postMessage" else None
    for number in (1, 2):
        played.cycle(number, *all_seen(number, 12, 10))
    assert len(posted) == 10
    assert all(later - sooner >= 1 for sooner, later in itertools.pairwise(posted))


@pytest.mark.parametrize(
    "trouble",
    [
        500,
        TimeoutError(f"{TOKEN} timed out"),
        RateLimited(9),
        SlackRefusal("invalid_auth"),
        SlackRefusal("is_archived"),
    ],
)
def test_the_token_is_in_no_log_and_no_row(played: Played, caplog: pytest.LogCaptureFixture, trouble: Any) -> None:
    played.workspace.before = lambda method: trouble
    with caplog.at_level(logging.DEBUG):
        for number in (1, 2, 3):
            handed_on = played.cycle(number, seen(number, 12))
            assert TOKEN not in repr(handed_on), "what goes to XCom"
    assert TOKEN not in repr(played.outbox.rows)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("pedwatch")]
    assert not any(TOKEN in line for line in ours)


def test_the_token_is_in_no_error(played: Played) -> None:
    for trouble in (SlackRefusal("invalid_auth"), SlackRefusal("missing_scope"), 500, TimeoutError(TOKEN)):
        played.workspace.before = lambda method, trouble=trouble: trouble
        with pytest.raises(Exception) as error:
            played.channel.call("auth.test", {})
        seen_by_airflow = "".join(map(repr, (error.value, error.value.__cause__, error.value.args)))
        assert TOKEN not in seen_by_airflow

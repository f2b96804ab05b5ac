"""Slack's limits are kept by waiting, not by being refused; and a task stops sending while it has time to end well."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from bench.outbox_words import word
from pedwatch.alerts.channels.slack import SlackChannel
from pedwatch.alerts.delivery.leasing import send_notifications
from pedwatch.alerts.delivery.pacer import EDITS_A_MINUTE, POSTS_A_MINUTE, Pacer
from pedwatch.alerts.messages import Message
from pedwatch.config import Slack
from pedwatch.cycles import PERIOD
from pedwatch.tasks import plan
from sandbox.slack.ratelimit import RateLimits
from tests.operators.outbox_model import OutboxModel
from tests.operators.slack_in_process import Workspace, connect, serve

START = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
CHANNELS = [f"C0TEAM{number}" for number in range(20)]
SLACK = Slack.model_validate({"platform_channel": CHANNELS[0]})


class Limited:
    """An outbox and a workspace that keeps to its limits, on one clock."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        limits = RateLimits(clock=lambda: self.now)
        self.workspace = Workspace(lambda: START.timestamp() + self.now, *CHANNELS, limits=limits)
        self.made: list[tuple[str, float]] = []
        self.workspace.before = lambda method: self.made.append((method, self.now))
        connect(patch)
        serve(patch, self.workspace)
        self.channel, self.outbox = SlackChannel("slack_ped"), OutboxModel()

    def write(self, number: int, sequence: int = 1) -> None:
        """Write the word of an episode."""
        created_at = START + dt.timedelta(seconds=self.now)
        message = Message(":red_circle:", "Over limit", f"api{number} word {sequence}")
        self.outbox.add(word(f"e{number:03}", sequence, CHANNELS[number % len(CHANNELS)], created_at, message))

    def send(self, **limit: float) -> Counter[str]:
        """Send; return the outbox by its states."""

        def pause(seconds: float) -> None:
            self.now += seconds

        now = START + dt.timedelta(seconds=self.now)
        send_notifications(self.outbox, self.channel, SLACK, now, "run", Pacer(pause, lambda: self.now), **limit)  # type: ignore[arg-type]
        return Counter(row["status"] for row in self.outbox.rows.values())

    def calls(self, method: str) -> list[float]:
        """When a method was called."""
        return [at for made, at in self.made if made == method]


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> Iterator[Limited]:
    """A fresh world."""
    world = Limited(monkeypatch)
    yield world
    world.workspace.store.close()


def busiest_minute(moments: list[float]) -> int:
    """Return how many there are at most within a minute."""
    return max(sum(began <= moment < began + 60 for moment in moments) for began in moments)


def test_a_workspace_gets_no_more_posts_and_edits_a_minute_than_it_takes(limited: Limited) -> None:
    for number in range(280):
        limited.write(number)
    assert limited.send() == {"sent": 280}
    assert busiest_minute(limited.calls("chat.postMessage")) <= POSTS_A_MINUTE
    limited.now += 300
    for number in range(70):
        limited.write(number, 2)
    assert limited.send()["sent"] == 350
    assert busiest_minute(limited.calls("chat.update")) <= EDITS_A_MINUTE
    assert {row["attempts"] for row in limited.outbox.rows.values()} == {1}, "nothing was refused"


def test_what_may_be_posted_at_once_does_not_wait_behind_what_must_be_edited_later(limited: Limited) -> None:
    for number in range(55):
        limited.write(number)
    limited.send()
    limited.now += 300
    for number in range(55):
        limited.write(number, 2)
    limited.write(99)
    limited.made.clear()
    limited.send()
    posted = [row["sent_at"] for row in limited.outbox.rows.values() if row["episode_id"] == "e099"]
    assert (posted[0] - START).total_seconds() < limited.calls("chat.update")[-1]


def test_sending_stops_in_time_and_the_next_task_goes_on(limited: Limited) -> None:
    for number in range(200):
        limited.write(number * len(CHANNELS))  # all in one channel
    first = limited.send(seconds=90.0)
    assert limited.now <= 90.0 - limited.channel.timeout_seconds
    assert first["unsent"] == 200 - first["sent"] > 0 and set(first) == {"sent", "unsent"}
    rows = [row for row in limited.outbox.rows.values() if row["status"] == "unsent"]
    assert all((row["next_attempt_at"] or START) <= START + dt.timedelta(seconds=limited.now) for row in rows)
    sent = first["sent"]
    while sent < 200:
        limited.now = limited.now // 300 * 300 + 300
        now_sent = limited.send(seconds=90.0)["sent"]
        assert now_sent > sent, "each task sends something"
        sent = now_sent
    assert len(list(limited.workspace.store.all_messages())) == 200, "each once"


@pytest.mark.parametrize(("minutes", "seconds"), [(0, 210.0), (2, 90.0), (4, 45.0), (9, 45.0)])
def test_a_run_sends_while_it_has_time_and_a_late_one_a_little(minutes: float, seconds: float) -> None:
    run: Any = {"started_at": START.isoformat()}
    assert plan.seconds_to_send(run, START + dt.timedelta(minutes=minutes), PERIOD) == seconds

"""What a failed send becomes, and which messages wait behind it."""

import datetime as dt
from typing import Any

import pytest

from pedwatch.alerts.delivery import sender
from pedwatch.alerts.failed_sends import GIVE_UP_AFTER
from pedwatch.alerts.transport import SendError, UnusableTransportError

NOW = dt.datetime(2026, 3, 2, 10, 6, tzinfo=dt.UTC)


class Mute:
    """A channel that refuses in a way of the test's choice, and counts how often it was asked."""

    def __init__(self, *errors: Exception | None) -> None:
        self._errors, self.posts = list(errors), 0

    def post(self, *_: Any) -> str:
        """Refuse, or post."""
        self.posts += 1
        error = self._errors.pop(0) if self._errors else None
        if error is not None:
            raise error
        return f"{self.posts}.0"

    def reply(self, *_: Any) -> str:
        """Post too."""
        return self.post()

    timeout_seconds = 10.0

    def edit(self, *_: Any) -> None:
        """Take every edit."""

    def find(self, *_: Any) -> None:
        """Find nothing."""

    def permalink(self, *_: Any) -> None:
        """Know no link."""


def row(
    number: int, episode: str, channel: str = "C0ORDERS", attempts: int = 0, created_at: dt.datetime = NOW
) -> dict[str, Any]:
    """Return an outbox row as the lease hands it out."""
    message = '{"mark": "", "title": "t", "summary": "s", "facts": [], "notes": [], "thread": null, "mention": null}'
    return {
        "notification_id": f"n{number}",
        "episode_id": episode,
        "sequence": number,
        "reason": "first",
        "cycle": NOW,
        "channel": channel,
        "message": message,
        "attempts": attempts,
        "created_at": created_at,
        "was_tried": False,
        "parent_ts": None,
        "parents": [],
    }


def sent(channel: Mute, *rows: dict[str, Any]) -> list[tuple[str, dt.datetime | None]]:
    """Send rows; return status and next attempt of each."""
    pacer = sender.Pacer(pause=lambda seconds: None, clock=lambda: 0.0)
    sends, _ = sender.Sender(channel, pacer, NOW).send(list(rows))
    return [(item["status"], item.get("next_attempt_at")) for item in sends]


@pytest.mark.parametrize("seconds", [7, 9999])
def test_asked_for_patience_it_waits_as_long_as_asked(seconds: int) -> None:
    patient = [("unsent", NOW + dt.timedelta(seconds=seconds))]
    assert sent(Mute(SendError("later", "slow down", seconds)), row(1, "e1")) == patient


@pytest.mark.parametrize(
    ("attempts", "age", "status"),
    [
        (0, GIVE_UP_AFTER, "ambiguous"),
        (50, GIVE_UP_AFTER - dt.timedelta(seconds=1), "ambiguous"),
        (6, GIVE_UP_AFTER, "ambiguous"),
        (7, GIVE_UP_AFTER, "dead"),
    ],
    ids=["tried once", "an outage of hours", "old, and tried seldom", "eight attempts, a day old"],
)
def test_it_is_given_up_after_a_day(attempts: int, age: dt.timedelta, status: str) -> None:
    found = row(1, "e1", attempts=attempts, created_at=NOW - age)
    assert sent(Mute(SendError("ambiguous", "500")), found)[0][0] == status


def test_what_waits_behind_another_does_not_die_of_waiting() -> None:
    old = {"attempts": 50, "created_at": NOW - 2 * GIVE_UP_AFTER}
    channel = Mute(SendError("ambiguous", "timed out"))
    assert [status for status, _ in sent(channel, row(1, "e1"), row(2, "e1", **old))] == ["ambiguous", "unsent"]


def test_a_message_that_can_never_be_posted_is_dead_and_others_go_on() -> None:
    channel = Mute(SendError("dead", "invalid_blocks"))
    assert sent(channel, row(1, "e1"), row(2, "e2")) == [("dead", None), ("sent", None)]


def test_later_messages_of_an_episode_wait_behind_an_unclear_one() -> None:
    channel = Mute(SendError("ambiguous", "timed out"))
    statuses = [status for status, _ in sent(channel, row(1, "e1"), row(2, "e1"), row(3, "e2"))]
    assert statuses == ["ambiguous", "unsent", "sent"]
    assert channel.posts == 2


def test_a_slow_channel_holds_up_only_itself() -> None:
    channel = Mute(SendError("later", "ratelimited", 1, holds_channel=True))
    rows = [row(1, "e1"), row(2, "e2"), row(3, "e3", channel="C0GROWTH")]
    assert [status for status, _ in sent(channel, *rows)] == ["unsent", "unsent", "sent"]
    assert channel.posts == 2


def test_a_slack_that_refuses_everything_leaves_the_rest_unsent_and_never_dead() -> None:
    channel = Mute(None, UnusableTransportError("invalid_auth"))
    rows = [row(1, "e1"), row(2, "e2", attempts=7), row(3, "e3")]
    assert [status for status, _ in sent(channel, *rows)] == ["sent", "unsent", "unsent"]
    assert channel.posts == 2

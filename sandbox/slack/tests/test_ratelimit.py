"""One message per second and channel, with a small burst."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from slack_sdk.errors import SlackApiError

from sandbox.slack.errors import RateLimited
from sandbox.slack.ratelimit import POST_BURST, TIERS, WORKSPACE_POSTS_PER_MINUTE, RateLimits
from sandbox.slack.tests.conftest import CHANNELS, Server, refusal, start_server
from sandbox.slack.workspace import METHOD_SCOPES


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Server]:
    """A stand-in with its rate limits on."""
    server = start_server(tmp_path, "--channel", *CHANNELS)
    yield server
    server.stop()


def test_the_fourth_message_at_once_has_to_wait(limited: Server) -> None:
    client = limited.client()
    with pytest.raises(SlackApiError) as error:
        for number in range(50):
            client.chat_postMessage(channel="C0PLATFORM", text=str(number))
    assert (error.value.response.status_code, refusal(error)) == (429, "ratelimited")
    assert error.value.response.headers["retry-after"] == "1"
    assert POST_BURST <= len(limited.control.messages()) < 50
    assert client.chat_postMessage(channel="#team-shop", text="another channel has its own")["ok"]


class Clock:
    """A clock that stands until moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time it was set to."""
        return self.now


def test_a_burst_then_one_a_second() -> None:
    clock = Clock()
    limits = RateLimits(clock=clock)
    posted = []
    for tenth in range(50):
        clock.now = tenth / 10
        try:
            limits.check("chat.postMessage", "C1")
            posted.append(clock.now)
        except RateLimited as refused:
            assert refused.retry_after == 1
    assert posted == [0.0, 0.1, 0.2, 1.0, 2.0, 3.0, 4.0]


def test_a_workspace_takes_so_many_posts_a_minute_however_many_channels_there_are() -> None:
    clock = Clock()
    limits = RateLimits(clock=clock)
    for number in range(WORKSPACE_POSTS_PER_MINUTE):
        limits.check("chat.postMessage", f"C{number}")
    with pytest.raises(RateLimited):
        limits.check("chat.postMessage", "C9999")
    clock.now += 0.25
    limits.check("chat.postMessage", "C9999")


def test_waiting_as_told_is_enough() -> None:
    clock = Clock()
    limits = RateLimits(clock=clock)
    for _ in range(TIERS["conversations.info"]):
        limits.check("conversations.info", "")
    with pytest.raises(RateLimited) as refused:
        limits.check("conversations.info", "")
    clock.now += refused.value.retry_after
    limits.check("conversations.info", "")


def test_every_method_has_its_limit_and_its_scope() -> None:
    assert set(TIERS) | {"chat.postMessage"} == set(METHOD_SCOPES)

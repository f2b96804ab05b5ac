"""Failures on order, as the unmodified client lives through them."""

import http.client
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from sandbox.slack.control import ControlClient, ControlError
from sandbox.slack.tests.conftest import Server, refusal

CHANNEL = "C0PLATFORM"


def post(client: WebClient, channel: str = CHANNEL) -> None:
    """Post anything."""
    client.chat_postMessage(channel=channel, text="x")


def test_a_rate_limit_on_order_carries_retry_after(client: WebClient, control: ControlClient) -> None:
    control.order_fault("ratelimited", "chat.postMessage", retry_after=7)
    with pytest.raises(SlackApiError) as error:
        post(client)
    assert (refusal(error), error.value.response.headers["retry-after"]) == ("ratelimited", "7")
    post(client)
    assert len(control.messages()) == 1


def test_the_clients_own_handler_waits_and_succeeds(client: WebClient, control: ControlClient) -> None:
    client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=1))
    control.order_fault("ratelimited", "chat.postMessage", retry_after=0)
    post(client)
    assert [call["status"] for call in control.calls("chat.postMessage")] == [429, 200]


def test_a_server_error_stores_nothing(client: WebClient, control: ControlClient) -> None:
    control.order_fault("server_error", "chat.postMessage", times=2)
    for _ in range(2):
        with pytest.raises(SlackApiError) as error:
            post(client)
        assert error.value.response.status_code == 500
    post(client)
    assert len(control.messages()) == 1


def test_a_timeout_stores_nothing(server: Server, control: ControlClient) -> None:
    control.order_fault("timeout", "chat.postMessage", seconds=1.5)
    with pytest.raises(TimeoutError):
        post(server.client(timeout=1))
    assert control.messages() == []


def test_a_stored_message_whose_answer_is_lost_can_be_found_by_its_metadata(
    client: WebClient, control: ControlClient
) -> None:
    control.order_fault("stored_then_dropped", "chat.postMessage")
    metadata = {"event_type": "pedwatch_alert", "event_payload": {"notification_id": "n-9"}}
    with pytest.raises(OSError):
        client.chat_postMessage(channel=CHANNEL, text="x", metadata=metadata)
    found = client.conversations_history(channel=CHANNEL, include_all_metadata=True)["messages"]
    assert [message["metadata"] for message in found] == [metadata]
    assert control.calls("chat.postMessage")[0]["fault"] == "stored_then_dropped"


def test_any_error_can_be_ordered(client: WebClient, control: ControlClient) -> None:
    control.order_fault("error", "*", error="internal_error")
    with pytest.raises(SlackApiError) as error:
        client.auth_test()
    assert refusal(error) == "internal_error"


def test_a_delay_only_delays(client: WebClient, control: ControlClient) -> None:
    control.order_fault("delay", "chat.postMessage", seconds=0.2)
    post(client)
    assert control.calls()[0]["fault"] == "delay" and len(control.messages()) == 1


def test_a_fault_can_be_for_one_channel(client: WebClient, control: ControlClient) -> None:
    control.order_fault("server_error", "chat.postMessage", channel="C0SHOP")
    post(client)
    with pytest.raises(SlackApiError):
        post(client, channel="#team-shop")


def test_faults_can_be_cancelled(client: WebClient, control: ControlClient) -> None:
    control.order_fault("server_error", "*", times=100)
    control.clear_faults()
    post(client)


@pytest.mark.parametrize("bad", [{"kind": "earthquake"}, {"kind": "error", "colour": "red"}])
def test_an_order_nobody_understands_is_refused(control: ControlClient, bad: dict[str, Any]) -> None:
    with pytest.raises(ControlError, match="400"):
        control.order_fault(method="auth.test", **bad)


@pytest.mark.parametrize("is_stored", [False, True])
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("page 200", SlackApiError),
        ("page 403", SlackApiError),
        ("half an answer", http.client.IncompleteRead),
        ("a foreign status line", http.client.BadStatusLine),
        ("bytes that are no text", UnicodeDecodeError),
        ("a redirect to a login", SlackApiError),
        ("nothing", http.client.RemoteDisconnected),
    ],
)
def test_an_answer_that_is_none_of_slacks(
    client: WebClient, control: ControlClient, answer: str, error: type[Exception], is_stored: bool
) -> None:
    client.retry_handlers.clear()
    control.order_fault("odd", "chat.postMessage", answer=answer, is_stored=is_stored)
    with pytest.raises(error):
        post(client)
    assert len(control.messages()) == int(is_stored)
    post(client)
    assert [call["fault"] for call in control.calls("chat.postMessage")][-1] is None, "once, as ordered"


def test_an_answer_of_ones_own(client: WebClient, control: ControlClient) -> None:
    given = {"status": 429, "content_type": "text/plain", "body": "Slow down.", "headers": {"Retry-After": "soon"}}
    control.order_fault("answer", "chat.postMessage", **given)
    with pytest.raises(SlackApiError) as error:
        post(client)
    response = error.value.response
    assert (response.status_code, response.headers["Retry-After"]) == (429, "soon")


def test_an_answer_nobody_knows_is_refused(control: ControlClient) -> None:
    with pytest.raises(ControlError, match="unknown answer"):
        control.order_fault("odd", "chat.postMessage", answer="a poem")

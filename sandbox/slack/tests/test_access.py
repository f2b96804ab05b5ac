"""Tokens, scopes and channels the bot may not use."""

import json
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.slack.arguments import required_arguments
from sandbox.slack.control import ControlClient, ControlError
from sandbox.slack.tests.conftest import Server, refusal

CHANNEL = "C0PLATFORM"


def post_error(client: WebClient, **arguments: Any) -> str:
    """Post and return the error code."""
    with pytest.raises(SlackApiError) as error:
        client.chat_postMessage(**({"channel": CHANNEL, "text": "x"} | arguments))
    return refusal(error)


def test_the_bot_learns_who_it_is(client: WebClient, server: Server) -> None:
    answer = client.auth_test()
    assert (answer["user_id"], answer["bot_id"], answer["url"]) == ("U0PEDWATCH", "B0PEDWATCH", f"{server.url}/")
    assert "chat:write" in answer.headers["x-oauth-scopes"]


def test_no_token_is_not_a_wrong_token(server: Server) -> None:
    anonymous = json.load(urllib.request.urlopen(f"{server.url}/api/auth.test"))
    assert anonymous == {"ok": False, "error": "not_authed"}
    assert post_error(server.client(token="xoxb-wrong")) == "invalid_auth"


def test_a_revoked_token_is_told_apart(client: WebClient, control: ControlClient) -> None:
    control.revoke_token()
    assert post_error(client) == "token_revoked"
    control.revoke_token(False)
    assert client.auth_test()["ok"]


def test_a_missing_scope_is_named(client: WebClient, control: ControlClient) -> None:
    control.set_scopes(["channels:read"])
    with pytest.raises(SlackApiError) as error:
        client.chat_postMessage(channel=CHANNEL, text="x")
    answer = error.value.response
    assert (refusal(error), answer["needed"], answer["provided"]) == ("missing_scope", "chat:write", "channels:read")
    assert answer.headers["x-accepted-oauth-scopes"] == "chat:write"
    assert client.conversations_info(channel=CHANNEL)["ok"]


CHANNEL_STATES: dict[str, tuple[Callable[[ControlClient], object], str]] = {
    "not a member": (lambda control: control.set_membership(CHANNEL, False), "not_in_channel"),
    "archived": (lambda control: control.archive(CHANNEL), "is_archived"),
    "private": (lambda control: control.put_channel(CHANNEL, is_private=True, is_member=False), "channel_not_found"),
}


@pytest.mark.parametrize(("change", "code"), CHANNEL_STATES.values(), ids=CHANNEL_STATES)
def test_a_channel_can_refuse_posts(
    client: WebClient, control: ControlClient, change: Callable[[ControlClient], object], code: str
) -> None:
    change(control)
    assert post_error(client) == code
    assert control.messages() == []


def test_an_archived_channel_refuses_edits(client: WebClient, control: ControlClient) -> None:
    ts = client.chat_postMessage(channel=CHANNEL, text="x")["ts"]
    control.archive(CHANNEL)
    with pytest.raises(SlackApiError) as error:
        client.chat_update(channel=CHANNEL, ts=ts, text="y")
    assert refusal(error) == "is_inactive"


REFUSALS: dict[str, tuple[str, dict[str, Any], str]] = {
    "unknown method": ("chat.scheduleMessage", {}, "unknown_method"),
    "unknown channel": ("conversations.info", {"channel": "C0NONE"}, "channel_not_found"),
    "no channel": ("chat.postMessage", {"text": "x"}, "invalid_arguments"),
    "unknown message": ("chat.update", {"channel": CHANNEL, "ts": "1.000001", "text": "x"}, "message_not_found"),
    "no timestamp at all": ("chat.update", {"channel": CHANNEL, "text": "x"}, "invalid_arguments"),
    "a timestamp that is none": ("chat.update", {"channel": CHANNEL, "ts": "x", "text": "x"}, "message_not_found"),
    "unknown thread": ("conversations.replies", {"channel": CHANNEL, "ts": "1.000001"}, "thread_not_found"),
    "oldest": ("conversations.history", {"channel": CHANNEL, "oldest": "NaN"}, "invalid_ts_oldest"),
    "latest": ("conversations.history", {"channel": CHANNEL, "latest": "soon"}, "invalid_ts_latest"),
    "cursor": ("conversations.history", {"channel": CHANNEL, "cursor": "%%%"}, "invalid_cursor"),
    "limit": ("conversations.history", {"channel": CHANNEL, "limit": -1}, "invalid_limit"),
    "an empty channel is there": ("conversations.info", {"channel": ""}, "channel_not_found"),
    "an empty thread is there": ("conversations.replies", {"channel": CHANNEL, "ts": ""}, "thread_not_found"),
    "a name that is none": ("conversations.info", {"channel": CHANNEL, "bad-name!": "1"}, "invalid_arg_name"),
}


@pytest.mark.parametrize(("method", "arguments", "code"), REFUSALS.values(), ids=REFUSALS)
def test_refusals_carry_slacks_codes(client: WebClient, method: str, arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(SlackApiError) as error:
        client.api_call(method, params=arguments)
    assert refusal(error) == code and error.value.response.status_code == 200


@pytest.mark.parametrize("method", ["chat.getPermalink", "conversations.info", "conversations.replies"])
def test_a_method_that_reads_no_json_sees_nothing_in_it(client: WebClient, method: str) -> None:
    ts = client.chat_postMessage(channel=CHANNEL, text="x")["ts"]
    given = {"channel": CHANNEL, "ts": ts, "message_ts": ts}
    assert client.api_call(method, params=given)["ok"], "a form is read by every method"
    with pytest.raises(SlackApiError) as error:
        client.api_call(method, json=given)
    missing = [f"[ERROR] missing required field: {name}" for name in required_arguments(method)]
    assert refusal(error) == "invalid_arguments" and error.value.response["response_metadata"]["messages"] == missing


def test_the_control_api_asks_for_its_own_token(server: Server) -> None:
    with pytest.raises(ControlError, match="401"):
        ControlClient(server.url, server.token).messages()


def test_secrets_are_for_their_owner_only(server: Server) -> None:
    assert [(server.folder / name).stat().st_mode & 0o777 for name in ("token", "control.json")] == [0o600, 0o600]

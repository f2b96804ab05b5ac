"""Reading back: history, threads, channels."""

from slack_sdk import WebClient

from sandbox.slack.control import ControlClient
from sandbox.slack.tests.conftest import Server

CHANNEL = "C0PLATFORM"
METADATA = {"event_type": "pedwatch_alert", "event_payload": {"notification_id": "n-1"}}


def post(client: WebClient, *texts: str, thread_ts: str | None = None) -> list[str]:
    """Post texts and return their timestamps."""
    return [client.chat_postMessage(channel=CHANNEL, text=text, thread_ts=thread_ts)["ts"] for text in texts]


def test_history_is_newest_first_and_pages_to_older(client: WebClient) -> None:
    post(client, *"abcde")
    pages = [
        [message["text"] for message in page["messages"]]
        for page in client.conversations_history(channel=CHANNEL, limit=2)
    ]
    assert pages == [["e", "d"], ["c", "b"], ["a"]]


def test_the_bounds_belong_to_the_range_only_if_inclusive(client: WebClient) -> None:
    first, _, third = post(client, *"abc")
    outside = client.conversations_history(channel=CHANNEL, oldest=first, latest=third)
    assert [message["text"] for message in outside["messages"]] == ["b"] and not outside["has_more"]
    inside = client.conversations_history(channel=CHANNEL, oldest=first, latest=third, inclusive=True)
    assert [message["text"] for message in inside["messages"]] == ["c", "b", "a"]
    exactly = client.conversations_history(channel=CHANNEL, latest=first, inclusive=True, limit=1)
    assert [message["text"] for message in exactly["messages"]] == ["a"]


def test_metadata_is_told_only_when_asked_for_and_allowed(client: WebClient, control: ControlClient) -> None:
    client.chat_postMessage(channel=CHANNEL, text="x", metadata=METADATA)
    assert "metadata" not in client.conversations_history(channel=CHANNEL)["messages"][0]
    asked = client.conversations_history(channel=CHANNEL, include_all_metadata=True)["messages"][0]
    assert asked["metadata"] == METADATA
    control.set_scopes(["channels:history"])
    assert "metadata" not in client.conversations_history(channel=CHANNEL, include_all_metadata=True)["messages"][0]


def test_a_thread_begins_with_its_parent_and_pages_to_newer(client: WebClient) -> None:
    (parent,) = post(client, "parent")
    replies = post(client, "a", "b", "c", thread_ts=parent)
    pages = [
        [message["text"] for message in page["messages"]]
        for page in client.conversations_replies(channel=CHANNEL, ts=parent, limit=2)
    ]
    assert pages == [["parent", "a"], ["b", "c"]]
    later = client.conversations_replies(channel=CHANNEL, ts=parent, oldest=replies[1])["messages"]
    assert [message["text"] for message in later] == ["parent", "c"]
    assert later[0]["reply_count"] == 3 and later[1]["thread_ts"] == parent


def test_a_message_without_replies_is_a_thread_of_one(client: WebClient) -> None:
    (only,) = post(client, "only")
    assert len(client.conversations_replies(channel=CHANNEL, ts=only)["messages"]) == 1


def test_channels_are_described(client: WebClient) -> None:
    info = client.conversations_info(channel=CHANNEL)["channel"]
    assert (info["name"], info["is_member"], info["is_archived"]) == ("ped-platform", True, False)


def test_the_control_api_lists_everything_in_order(client: WebClient, control: ControlClient) -> None:
    (parent,) = post(client, "parent")
    post(client, "reply", thread_ts=parent)
    client.chat_postMessage(channel="C0SHOP", text="elsewhere")
    client.chat_update(channel=CHANNEL, ts=parent, text="parent, edited")
    found = control.messages()
    assert [(message["text"], message["thread_ts"]) for message in found] == [
        ("parent, edited", None),
        ("reply", parent),
        ("elsewhere", None),
    ]
    assert [message["text"] for message in control.messages(channel="team-shop")] == ["elsewhere"]
    assert [call["method"] for call in control.calls()] == ["chat.postMessage"] * 3 + ["chat.update"]


def test_the_clock_can_be_moved(client: WebClient, control: ControlClient, server: Server) -> None:
    (today,) = post(client, "today")
    control.set_clock_offset(86_400)
    (tomorrow,) = post(client, "tomorrow")
    assert 86_000 < float(tomorrow) - float(today) < 87_000
    control.set_clock_offset(0)
    (after,) = post(client, "still rising")
    assert after > tomorrow

"""Posting, editing and deleting through the unmodified client."""

import json
import urllib.parse
import urllib.request

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.slack.control import ControlClient
from sandbox.slack.tests.conftest import Server, refusal

CHANNEL = "C0PLATFORM"
BLOCKS = [{"type": "section", "text": {"type": "mrkdwn", "text": "*18 pods*"}}]
METADATA = {"event_type": "pedwatch_alert", "event_payload": {"notification_id": "n-1", "members": ["a", "b"]}}


def test_a_post_answers_with_channel_ts_and_the_stored_message(client: WebClient) -> None:
    answer = client.chat_postMessage(channel=CHANNEL, text="over", blocks=BLOCKS, metadata=METADATA)
    assert answer["channel"] == CHANNEL
    message = answer["message"]
    assert (message["text"], message["ts"], message["bot_id"]) == ("over", answer["ts"], "B0PEDWATCH")
    assert message["blocks"][0]["text"] == {"type": "mrkdwn", "text": "*18 pods*", "verbatim": False}
    assert message["blocks"][0]["block_id"]
    assert message["metadata"] == METADATA


def test_timestamps_are_unique_and_rise(client: WebClient) -> None:
    stamps = [client.chat_postMessage(channel=CHANNEL, text=str(number))["ts"] for number in range(20)]
    assert stamps == sorted(set(stamps))
    assert all(len(stamp.partition(".")[2]) == 6 for stamp in stamps)


@pytest.mark.parametrize("name", ["#ped-platform", "ped-platform"])
def test_a_channel_may_be_named_for_posting_only(client: WebClient, name: str) -> None:
    posted = client.chat_postMessage(channel=name, text="x")
    assert posted["channel"] == CHANNEL
    with pytest.raises(SlackApiError) as error:
        client.chat_update(channel=name, ts=posted["ts"], text="y")
    assert refusal(error) == "channel_not_found"


def test_a_form_carries_blocks_and_metadata_as_json_text(server: Server) -> None:
    fields = {"channel": CHANNEL, "text": "x", "blocks": json.dumps(BLOCKS), "metadata": json.dumps(METADATA)}
    request = urllib.request.Request(
        f"{server.url}/api/chat.postMessage", urllib.parse.urlencode(fields | {"token": server.token}).encode()
    )
    answer = json.load(urllib.request.urlopen(request))
    assert answer["ok"] and answer["message"]["metadata"] == METADATA


def test_the_name_an_app_asks_for_is_ignored(client: WebClient) -> None:
    message = client.chat_postMessage(channel=CHANNEL, text="x", username="root", icon_emoji=":fire:")["message"]
    assert "username" not in message and message["bot_profile"]["name"] == "pedwatch"


def test_an_edit_with_text_alone_removes_the_blocks(client: WebClient, control: ControlClient) -> None:
    ts = client.chat_postMessage(channel=CHANNEL, text="firing", blocks=BLOCKS, metadata=METADATA)["ts"]
    answer = client.chat_update(channel=CHANNEL, ts=ts, text="resolved")
    assert answer["text"] == "resolved" and "blocks" not in answer["message"]
    stored = control.messages()[0]
    assert (stored["text"], stored["blocks"], stored["metadata"]) == ("resolved", [], METADATA)
    assert [revision["text"] for revision in stored["revisions"]] == ["firing"]
    assert stored["edited"]


def test_an_edit_with_blocks_keeps_them_and_marks_the_message(client: WebClient) -> None:
    ts = client.chat_postMessage(channel=CHANNEL, text="firing", blocks=BLOCKS)["ts"]
    client.chat_update(channel=CHANNEL, ts=ts, text="resolved", blocks=BLOCKS, metadata=METADATA)
    message = client.conversations_history(channel=CHANNEL, include_all_metadata=True)["messages"][0]
    assert message["blocks"] and message["edited"]["user"] == "U0PEDWATCH" and message["metadata"] == METADATA


def test_an_empty_object_removes_the_metadata(client: WebClient, control: ControlClient) -> None:
    ts = client.chat_postMessage(channel=CHANNEL, text="x", metadata=METADATA)["ts"]
    client.api_call("chat.update", json={"channel": CHANNEL, "ts": ts, "text": "y", "metadata": {}})
    assert control.messages()[0]["metadata"] is None


def test_a_reply_stands_in_the_thread_and_not_in_the_channel(client: WebClient) -> None:
    parent = client.chat_postMessage(channel=CHANNEL, text="parent")["ts"]
    reply = client.chat_postMessage(channel=CHANNEL, text="reply", thread_ts=parent)
    assert reply["message"]["thread_ts"] == parent
    to_a_reply = client.chat_postMessage(channel=CHANNEL, text="reply to a reply", thread_ts=reply["ts"])
    assert to_a_reply["message"]["thread_ts"] == parent
    history = client.conversations_history(channel=CHANNEL)["messages"]
    assert [(message["text"], message["reply_count"]) for message in history] == [("parent", 2)]
    assert history[0]["latest_reply"] == to_a_reply["ts"]


def test_a_reply_to_a_parent_that_is_gone_lands_in_the_channel(client: WebClient) -> None:
    parent = client.chat_postMessage(channel=CHANNEL, text="parent")["ts"]
    client.chat_delete(channel=CHANNEL, ts=parent)
    message = client.chat_postMessage(channel=CHANNEL, text="reply", thread_ts=parent)["message"]
    assert "thread_ts" not in message


def test_a_deleted_parent_with_replies_leaves_a_tombstone(client: WebClient, control: ControlClient) -> None:
    parent = client.chat_postMessage(channel=CHANNEL, text="parent")["ts"]
    client.chat_postMessage(channel=CHANNEL, text="reply", thread_ts=parent)
    control.delete_message(CHANNEL, parent)
    tombstone = client.conversations_history(channel=CHANNEL)["messages"][0]
    assert (tombstone["subtype"], tombstone["text"]) == ("tombstone", "This message was deleted.")
    with pytest.raises(SlackApiError) as error:
        client.chat_update(channel=CHANNEL, ts=parent, text="x")
    assert refusal(error) == "cant_update_message"
    assert control.messages()[0]["text"] == "parent" and control.messages()[0]["deleted"]


def test_what_is_gone_cannot_be_edited_or_deleted(client: WebClient) -> None:
    ts = client.chat_postMessage(channel=CHANNEL, text="x")["ts"]
    client.chat_delete(channel=CHANNEL, ts=ts)
    for method in ("chat.update", "chat.delete"):
        with pytest.raises(SlackApiError) as error:
            client.api_call(method, json={"channel": CHANNEL, "ts": ts, "text": "y"})
        assert refusal(error) == "message_not_found"
    assert client.conversations_history(channel=CHANNEL)["messages"] == []


def test_what_a_person_wrote_is_not_the_apps_to_change(client: WebClient, control: ControlClient) -> None:
    ts = control.post_as("U0MAYA", CHANNEL, "mine")["ts"]
    with pytest.raises(SlackApiError) as error:
        client.chat_update(channel=CHANNEL, ts=ts, text="yours")
    assert refusal(error) == "cant_update_message"
    with pytest.raises(SlackApiError) as error:
        client.chat_delete(channel=CHANNEL, ts=ts)
    assert refusal(error) == "cant_delete_message"


def test_a_permalink_leads_to_the_page(client: WebClient) -> None:
    parent = client.chat_postMessage(channel=CHANNEL, text="parent")["ts"]
    reply = client.chat_postMessage(channel=CHANNEL, text="reply", thread_ts=parent)["ts"]
    for ts, anchor in ((parent, f"/c/{CHANNEL}#m-{parent}"), (reply, f"/c/{CHANNEL}/t/{parent}#r-{reply}")):
        link = client.chat_getPermalink(channel=CHANNEL, message_ts=ts)["permalink"]
        with urllib.request.urlopen(link) as page:
            assert page.status == 200 and page.url.endswith(anchor)


def test_reactions_are_counted(client: WebClient, control: ControlClient) -> None:
    ts = client.chat_postMessage(channel=CHANNEL, text="x")["ts"]
    control.react_as("U0MAYA", CHANNEL, ts, "eyes")
    found = client.reactions_get(channel=CHANNEL, timestamp=ts)["message"]["reactions"]
    assert found == [{"name": "eyes", "users": ["U0MAYA"], "count": 1}]

"""Airflow's SlackHook, unmodified, with the connection a deployment would use."""

import json

import pytest
from slack_sdk.errors import SlackApiError

from sandbox.slack.control import ControlClient
from sandbox.slack.tests.conftest import Server, refusal

CHANNEL = "C0PLATFORM"


def test_the_hook_posts_edits_and_reads(
    server: Server, control: ControlClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    slack = pytest.importorskip("airflow.providers.slack.hooks.slack")
    extra = {"base_url": f"{server.url}/api/", "timeout": 10}
    connection = {"conn_type": "slack", "password": server.token, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_PED", json.dumps(connection))
    hook = slack.SlackHook(slack_conn_id="slack_ped", retry_handlers=[])
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "Firing"}}]
    metadata = {"event_type": "pedwatch_alert", "event_payload": {"notification_id": "n-1"}}
    posted = hook.call(
        "chat.postMessage", json={"channel": CHANNEL, "text": "firing", "blocks": blocks, "metadata": metadata}
    )
    hook.call("chat.update", json={"channel": CHANNEL, "ts": posted["ts"], "text": "resolved", "blocks": blocks})
    found = hook.call("conversations.history", params={"channel": CHANNEL, "include_all_metadata": True})
    assert [(message["text"], message["metadata"]) for message in found["messages"]] == [("resolved", metadata)]
    assert hook.test_connection()[0]
    with pytest.raises(SlackApiError) as error:
        hook.call("chat.postMessage", json={"channel": "C0NONE", "text": "x"})
    assert refusal(error) == "channel_not_found"
    assert len(control.messages()) == 1

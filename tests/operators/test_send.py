"""The sender against Slack's stand-in, through Airflow's unmodified hook: once, in order, whatever happens between."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pedwatch.alerts.channels.slack import SlackChannel
from pedwatch.alerts.delivery.pacer import Pacer
from pedwatch.alerts.delivery.sender import CLOCK_SKEW_SECONDS, Sender
from pedwatch.alerts.messages import Message
from pedwatch.alerts.transport import UnusableTransportError
from sandbox.slack.control import ControlClient
from tests.conftest import Server, running

NOW = dt.datetime.now(dt.UTC)
CHANNEL = "C0ORDERS"
TOKEN = "xoxb-test-only"


@pytest.fixture(scope="module")
def slack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    """The Slack stand-in, without its rate limit: faults bring that about when a test wants it."""
    folder = tmp_path_factory.mktemp("slack")
    arguments = ("--data", str(folder), "--token", TOKEN, "--no-rate-limit", "--channel", f"{CHANNEL}=orders")
    with running("sandbox.slack", *arguments) as server:
        yield server, folder


@pytest.fixture
def control(slack: tuple[Server, Path]) -> Iterator[ControlClient]:
    """The stand-in's control API; everything is undone afterwards."""
    client = ControlClient.from_folder(slack[1])
    yield client
    client.reset()


@pytest.fixture
def channel(slack: tuple[Server, Path], loopback_only: None, monkeypatch: pytest.MonkeyPatch) -> SlackChannel:
    """The channel that ships, through an Airflow connection."""
    return connect(slack[0], monkeypatch, TOKEN)


def connect(server: Server, monkeypatch: pytest.MonkeyPatch, token: str) -> SlackChannel:
    """Make the Airflow connection, as an environment variable, and the channel on it."""
    extra = {"base_url": f"{server.address}/api/", "timeout": 2}
    connection = {"conn_type": "slack", "password": token, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_PED", json.dumps(connection))
    return SlackChannel("slack_ped")


def row(sequence: int = 1, reason: str = "first", episode: str = "e1", **fields: Any) -> dict[str, Any]:
    """An outbox row as the lease hands it out."""
    message = Message(":red_circle:", "Over limit", f"orders runs {11 + sequence} pods", thread=f"reply {sequence}")
    return {
        "notification_id": f"{episode}-{sequence}",
        "episode_id": episode,
        "sequence": sequence,
        "reason": reason,
        "cycle": NOW,
        "channel": CHANNEL,
        "message": json.dumps(message.to_json()),
        "attempts": 0,
        "created_at": NOW,
        "was_tried": False,
        "parent_ts": None,
        "parents": [],
    } | fields


def send(channel: SlackChannel, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    """Send rows without pausing."""
    return sender(channel).send(list(rows))[0]


def sender(channel: SlackChannel, **fields: Any) -> Sender:
    """A sender that does not pause."""
    return Sender(channel, Pacer(pause=lambda seconds: None, clock=lambda: 0.0), NOW, **fields)


def visible(control: ControlClient) -> list[tuple[str, bool]]:
    """The messages a person sees: their text, and whether they stand in a thread."""
    shown = [m for m in control.messages(CHANNEL) if not m.get("deleted")]
    return [(m["text"], bool(m.get("thread_ts")) and m["thread_ts"] != m["ts"]) for m in shown]


def test_first_message_is_a_parent(channel: SlackChannel, control: ControlClient) -> None:
    (sent,) = send(channel, row())
    assert sent["status"] == "sent" and sent["parent_ts"] == sent["message_ts"]
    assert visible(control) == [("Over limit: orders runs 12 pods", False)]


def test_later_messages_edit_the_parent_and_reply_in_its_thread(channel: SlackChannel, control: ControlClient) -> None:
    first, second = send(channel, row(), row(2, "resolved"))
    assert second["parent_ts"] == first["message_ts"] != second["message_ts"]
    assert visible(control) == [("Over limit: orders runs 13 pods", False), (":red_circle: reply 2", True)]


def test_what_the_parent_alone_shows_is_an_edit_and_no_reply(channel: SlackChannel, control: ControlClient) -> None:
    first, second = send(channel, row(reason="storm"), row(2, "some_back"))
    assert second["status"] == "sent" and second["parent_ts"] == second["message_ts"] == first["message_ts"]
    assert visible(control) == [("Over limit: orders runs 13 pods", False)]
    tried = {"parent_ts": first["message_ts"], "was_tried": True}
    control.order_fault("error", "conversations.replies", error="internal_error")
    (third,) = send(channel, row(3, "some_back", **tried))
    assert third["status"] == "sent" and visible(control) == [("Over limit: orders runs 14 pods", False)]
    control.clear_faults()
    control.order_fault("error", "chat.update", error="edit_window_closed")
    (fourth,) = send(channel, row(4, "some_back", parent_ts=first["message_ts"]))
    assert visible(control)[1][0].startswith(":red_circle: reply 4 The message above cannot be edited")
    assert fourth["status"] == "sent"


@pytest.mark.parametrize("reason", ["resolved", "some_back"])
def test_a_deleted_parent_is_replaced(channel: SlackChannel, control: ControlClient, reason: str) -> None:
    (first,) = send(channel, row())
    control.delete_message(CHANNEL, first["message_ts"])
    (second,) = send(channel, row(2, reason, parent_ts=first["message_ts"]))
    assert second["status"] == "sent" and second["parent_ts"] == second["message_ts"]
    assert visible(control) == [("Over limit: orders runs 13 pods", False)]


@pytest.mark.parametrize(
    ("fault", "status", "shown"),
    [
        ({"kind": "ratelimited", "retry_after": 7}, "unsent", 0),
        ({"kind": "server_error"}, "ambiguous", 0),
        ({"kind": "timeout", "seconds": 4}, "ambiguous", 0),
        ({"kind": "stored_then_dropped"}, "ambiguous", 1),
        ({"kind": "error", "error": "is_archived"}, "dead", 0),
    ],
    ids=["429", "500", "timeout before Slack took it", "answer lost", "archived"],
)
def test_what_a_failed_post_becomes(
    channel: SlackChannel, control: ControlClient, fault: dict[str, Any], status: str, shown: int
) -> None:
    control.order_fault(method="chat.postMessage", **fault)
    (sent,) = send(channel, row())
    assert sent["status"] == status and sent["error"]
    assert status != "dead" or sent["error"].endswith("or name another in slack.platform_channel or slack.teams")
    assert len(visible(control)) == shown
    if fault["kind"] == "ratelimited":
        assert sent["next_attempt_at"] == NOW + dt.timedelta(seconds=7)


def test_what_cannot_be_shown_as_blocks_is_told_in_words(channel: SlackChannel, control: ControlClient) -> None:
    control.order_fault("error", "chat.postMessage", error="invalid_blocks")
    assert send(channel, row())[0]["status"] == "sent"
    [posted] = control.messages(CHANNEL)
    assert (posted["text"], posted["blocks"]) == ("Over limit: orders runs 12 pods", [])


@pytest.mark.parametrize(("on_ambiguous", "status", "shown"), [("resend", "sent", 2), ("hold", "dead", 1)])
@pytest.mark.parametrize("lacking", ["channels:history", "metadata.message:read"])
def test_where_history_is_not_permitted_it_is_as_configured(
    channel: SlackChannel, control: ControlClient, on_ambiguous: str, status: str, shown: int, lacking: str
) -> None:
    control.order_fault("stored_then_dropped", "chat.postMessage")
    send(channel, row())
    control.set_scopes([scope for scope in control.switches()["scopes"] if scope != lacking])
    [again], _ = sender(channel, on_ambiguous=on_ambiguous).send([row(was_tried=True)])
    assert again["status"] == status and len(visible(control)) == shown


def test_a_lease_that_runs_out_is_not_posted_on(channel: SlackChannel, control: ControlClient) -> None:
    now = [0.0]
    pacer = Pacer(pause=lambda seconds: None, clock=lambda: now[0])
    late = Sender(channel, pacer, NOW, lease_ends_at=channel.timeout_seconds + CLOCK_SKEW_SECONDS)
    assert [send["status"] for send in late.send([row(), row(episode="e2", was_tried=True)])[0]] == [
        "unsent",
        "ambiguous",
    ]
    assert visible(control) == []


@pytest.mark.parametrize("kind", ["stored_then_dropped", "server_error"])
def test_an_ambiguous_send_is_settled_by_reading_back(channel: SlackChannel, control: ControlClient, kind: str) -> None:
    control.order_fault(kind, "chat.postMessage")
    send(channel, row())
    (again,) = send(channel, row(was_tried=True))
    assert again["status"] == "sent"
    assert visible(control) == [("Over limit: orders runs 12 pods", False)], "exactly one, either way"


def test_an_ambiguous_reply_is_looked_for_in_its_thread(channel: SlackChannel, control: ControlClient) -> None:
    (first,) = send(channel, row())
    control.order_fault("stored_then_dropped", "chat.postMessage")
    parent = {"parent_ts": first["message_ts"]}
    assert send(channel, row(2, "resolved", **parent))[0]["status"] == "ambiguous"
    assert send(channel, row(2, "resolved", was_tried=True, **parent))[0]["status"] == "sent"
    assert len(visible(control)) == 2


def test_a_reply_waits_for_its_parent(channel: SlackChannel, control: ControlClient) -> None:
    control.order_fault("server_error", "chat.postMessage")
    first, second = send(channel, row(), row(2, "resolved"))
    assert (first["status"], second["status"]) == ("ambiguous", "unsent")
    assert visible(control) == []


def test_a_wrong_token_stops_everything_and_loses_nothing(
    slack: tuple[Server, Path], control: ControlClient, loopback_only: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = connect(slack[0], monkeypatch, "xoxb-wrong-secret")
    sends, stopped = sender(wrong).send([row(), row(episode="e2")])
    assert isinstance(stopped, UnusableTransportError)
    assert "slack_ped" in str(stopped) and "xoxb-wrong-secret" not in str(stopped)
    assert [send["status"] for send in sends] == ["unsent", "unsent"]
    assert visible(control) == []


def test_pace_is_one_message_a_second_and_channel() -> None:
    slept: list[float] = []
    now = [100.0]

    def pause(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    pacer = Pacer(pause, lambda: now[0])
    for target in ("A", "A", "B", "A"):
        pacer.wait(target)
    assert slept == pytest.approx([1.05, 1.05])

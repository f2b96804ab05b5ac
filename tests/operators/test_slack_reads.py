"""Slack is asked in forms; a question that it does not understand is our fault, and told at once."""

import datetime as dt
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from pedwatch.alerts.channels.slack import SlackChannel
from pedwatch.alerts.channels.slack_answers import form
from pedwatch.alerts.delivery.leasing import send_notifications
from pedwatch.alerts.delivery.pacer import Pacer
from pedwatch.alerts.messages import Message
from pedwatch.alerts.transport import CannotReadBackError, Transport
from pedwatch.config import Slack
from pedwatch.doctor.slack_channels import slack_findings
from sandbox.slack.errors import SlackRefusal
from tests.operators.outbox_model import OutboxModel
from tests.operators.slack_in_process import Workspace, connect, serve

START = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
PLATFORM, ORDERS = "C0PLATFORM", "C0ORDERS"
SLACK = Slack.model_validate({"platform_channel": PLATFORM})
READS = ("conversations.replies", "conversations.history", "chat.getPermalink")


class Told:
    """One thread, its outbox and the workspace, on one clock."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.seconds = 0.0
        self.workspace = Workspace(lambda: START.timestamp() + self.seconds, PLATFORM, ORDERS)
        self.asked: list[tuple[str, str]] = []
        connect(patch)
        serve(patch, self.workspace)
        patch.setattr("slack_sdk.web.base_client.urlopen", self.open)
        self.channel: Transport = SlackChannel("slack_ped")
        self.outbox = OutboxModel()

    def open(self, request: Any, **_: Any) -> Any:
        """Note how a method is asked, and let the workspace answer."""
        if request.data:
            self.asked.append((request.full_url.rpartition("/")[2], request.get_header("Content-type")))
        return self.workspace.open(request)

    def say(self, sequence: int, reason: str, channel: str = ORDERS) -> dict[str, int]:
        """Write the next word of the thread, and send what waits."""
        created_at = START + dt.timedelta(seconds=self.seconds)
        message = Message(":red_circle:", "Over limit", f"word {sequence}", thread=f"reply {sequence}")
        row = {
            "notification_id": f"n{sequence}",
            "episode_id": "e1",
            "sequence": sequence,
            "reason": reason,
            "cycle": created_at,
            "channel": channel,
            "message": json.dumps(message.to_json()),
            "status": "unsent",
            "created_at": created_at,
        }
        self.outbox.add(row)
        return self.send()

    def send(self) -> dict[str, int]:
        """Send what waits, five minutes after the last time."""
        pacer = Pacer(pause=lambda seconds: None, clock=lambda: self.seconds)
        now = START + dt.timedelta(seconds=self.seconds)
        try:
            return send_notifications(self.outbox, self.channel, SLACK, now, "run", pacer).counts
        finally:
            self.seconds += 300

    def statuses(self) -> dict[str, str]:
        """Return what became of each word."""
        return {name: row["status"] for name, row in self.outbox.rows.items() if name.startswith("n")}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """A world whose first word is told, and whose second lost its answer."""
    world = Told(monkeypatch)
    world.say(1, "first")
    world.workspace.after = lambda method: TimeoutError("timed out") if method == "chat.postMessage" else None
    world.say(2, "reminder")
    world.workspace.after = lambda method: None
    yield world
    world.workspace.store.close()


def test_a_reminder_whose_answer_was_lost_is_found_again_and_the_next_word_follows(told: Told) -> None:
    assert told.statuses() == {"n1": "sent", "n2": "ambiguous"}
    assert told.say(3, "resolved") == {"sent": 2}
    shown = [message.content.text for message in told.workspace.store.all_messages()]
    assert shown == ["Over limit: word 3", ":red_circle: reply 2", ":red_circle: reply 3"], "each once"
    assert told.outbox.rows["n1"]["permalink"], "a message has a link"


def test_only_what_writes_goes_as_json(told: Told, make_config: Any) -> None:
    told.say(3, "resolved")
    assert told.channel.find(ORDERS, {"notification_id": "none"}, 0.0, []) is None
    assert not [finding for finding in slack_findings(told.channel, make_config(slack=SLACK)) if finding.fix]
    sent_as = {method: {kind.partition(";")[0] for m, kind in told.asked if m == method} for method, _ in told.asked}
    writes = {"chat.postMessage", "chat.update"}
    assert {m for m, kinds in sent_as.items() if kinds == {"application/json"}} == writes
    reads = {*READS, "conversations.info", "blocks.validate"}
    assert {m for m, kinds in sent_as.items() if kinds == {"application/x-www-form-urlencoded"}} == reads


def test_a_form_holds_text() -> None:
    given = {"channel": "C0", "limit": 200, "include_all_metadata": True, "blocks": [{"type": "divider"}], "ts": "1.5"}
    told = {"limit": "200", "include_all_metadata": "true", "blocks": '[{"type": "divider"}]', "ts": "1.5"}
    assert form(given) == {"channel": "C0"} | told


@pytest.mark.parametrize("code", ["invalid_arguments", "invalid_arg_name", "invalid_array_arg", "unknown_method"])
def test_a_question_that_slack_does_not_understand_is_told_at_once_and_holds_up_nothing(
    told: Told, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    told.workspace.before = lambda method: SlackRefusal(code) if method in READS else None
    counts = told.say(3, "resolved")
    assert told.statuses() == {"n1": "sent", "n2": "dead", "n3": "sent"}, counts
    [letter] = [row for row in told.outbox.rows.values() if row["reason"] == "dead_letter"]
    assert letter["status"] == "sent" and letter["channel"] == PLATFORM
    assert f"conversations.replies: {code}: pedwatch asked wrongly, report it" in letter["message"]
    assert any(line.startswith("pedwatch_slack_read_refused error=") for line in caplog.messages)


def test_a_link_that_slack_refuses_to_give_is_logged_and_the_message_stands(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    told.workspace.before = lambda method: SlackRefusal("invalid_arguments") if method == READS[2] else None
    with caplog.at_level(logging.ERROR):
        assert told.channel.permalink(ORDERS, "1.0") is None
    assert caplog.messages == ["pedwatch_slack_read_refused error=chat.getPermalink: invalid_arguments"]


def test_another_refusal_of_a_read_is_asked_again(told: Told) -> None:
    told.workspace.before = lambda method: SlackRefusal("invalid_cursor") if method in READS else None
    told.send()
    assert told.statuses()["n2"] == "ambiguous"
    told.workspace.before = lambda method: None
    told.send()
    assert told.statuses()["n2"] == "sent"
    with pytest.raises(CannotReadBackError):
        told.workspace.before = lambda method: SlackRefusal("invalid_arguments")
        told.channel.find(ORDERS, {"notification_id": "n9"}, 0.0, [])


def test_what_another_environment_posted_by_the_same_app_is_told_and_left_alone(
    told: Told, caplog: pytest.LogCaptureFixture, make_config: Any
) -> None:
    """Both watch the same clusters: their words have the same ids, and neither may edit the other's message."""
    word = {"notification_id": "n9", "episode_id": "e9", "reason": "first", "cycle": "2026-03-02T10:00:00+00:00"}
    message = Message(":red_circle:", "Over limit", "one of two")
    theirs, ours = (SlackChannel("slack_ped", environment=name) for name in ("theirs", "ours"))
    their_ts = theirs.post(ORDERS, message, word)
    with caplog.at_level(logging.WARNING):
        assert ours.find(ORDERS, word, 0.0, []) is None
    assert f"pedwatch_foreign_message channel={ORDERS} environment=theirs" in caplog.text
    our_ts = ours.post(ORDERS, message, word)
    found = [channel.find(ORDERS, word, 0.0, []) for channel in (ours, theirs)]
    assert [one.ts for one in found if one] == [our_ts, their_ts]
    assert SlackChannel("slack_ped").find(ORDERS, word, 0.0, []), "at a desk each is as good as the other"
    config = make_config(slack={"platform_channel": PLATFORM, "teams": {"orders": {"channel": ORDERS}}})
    strange = [finding for finding in slack_findings(ours, config) if "messages in" in finding.what]
    assert [(one.what, one.status) for one in strange] == [(f"messages in {ORDERS}", "failed")]
    assert "also of theirs: they are left alone" in strange[0].detail and "an app of its own" in strange[0].fix


def test_a_message_without_an_environment_is_anybodys(told: Told) -> None:
    word = {"notification_id": "n9", "episode_id": "e9"}
    ts = SlackChannel("slack_ped").post(ORDERS, Message(":red_circle:", "Over limit", "from a desk"), word)
    found = SlackChannel("slack_ped", environment="ours").find(ORDERS, word, 0.0, [])
    assert found and found.ts == ts

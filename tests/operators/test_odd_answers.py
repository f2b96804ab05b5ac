"""What is no answer of the service's says nothing about the message: it is looked for, or made again, and never dead.

Cases that were met: a page to a post and to an edit, an answer cut short, a date in Retry-After, a workspace without
edits. And their relatives: other methods, statuses and channels.
"""

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest

from pedwatch.alerts.channels.slack import SlackChannel
from pedwatch.alerts.delivery.leasing import send_notifications
from pedwatch.alerts.delivery.pacer import Pacer
from pedwatch.alerts.failed_sends import DEAD_LETTER, ODD_ANSWER
from pedwatch.alerts.messages import Message
from pedwatch.alerts.transport import Transport
from pedwatch.config import Slack
from sandbox.odd_answers import ODD_ANSWERS, TEXT, response
from sandbox.slack.errors import SlackRefusal
from tests.operators.faulty_world import channels
from tests.operators.outbox_model import OutboxModel
from tests.operators.slack_in_process import Workspace, connect, serve
from tests.operators.wire_in_process import SMTP_FAULTS, MailServer, Receiver
from tests.operators.wire_in_process import connect as connect_others
from tests.operators.wire_in_process import serve as serve_others

START = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
PLATFORM, ORDERS, MAIL, HOOK = "C0PLATFORM", "C0ORDERS", "mailto:oncall@shop.example", "webhook:pager"
SLACK = Slack.model_validate({"platform_channel": PLATFORM})
POST, UPDATE, REPLIES, LINK = "chat.postMessage", "chat.update", "conversations.replies", "chat.getPermalink"


class Story:
    """An outbox, a workspace whose next calls of a method are answered oddly, and the other channels."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.seconds = 0.0
        self.workspace = Workspace(lambda: START.timestamp() + self.seconds, PLATFORM, ORDERS)
        self.workspace.before, self.workspace.after = self._before, self._after
        self.answers: dict[str, list[tuple[Any, bool]]] = {}
        self.other: Any = None
        self.mail = MailServer(lambda _: self.other, lambda _: None)
        self.hook = Receiver(lambda _: self.other, lambda _: None)
        connect(patch)
        connect_others(patch)
        serve(patch, self.workspace)
        serve_others(patch, self.mail, self.hook)
        self.outbox, self.channel = OutboxModel(), channels()

    def answer(self, method: str, answer: Any, is_stored: bool = False, times: int = 1) -> None:
        """Let the next calls of a method be answered so."""
        self.answers.setdefault(method, []).extend([(answer, is_stored)] * times)

    def _before(self, method: str) -> Any:
        waiting = self.answers.get(method) or [(None, True)]
        if waiting[0][1]:
            return None
        return self.answers[method].pop(0)[0]

    def _after(self, method: str) -> Any:
        return self.answers[method].pop(0)[0] if self.answers.get(method) else None

    def say(self, sequence: int, episode: str = "e1", channel: str = ORDERS, words: str | None = None) -> None:
        """Write the next word of an episode."""
        at = START + dt.timedelta(seconds=self.seconds)
        message = Message(":red_circle:", "Over limit", f"{episode} word {sequence}", thread=f"reply {sequence}")
        self.outbox.add(
            {
                "notification_id": f"{episode}-{sequence}",
                "episode_id": episode,
                "sequence": sequence,
                "reason": "first" if sequence == 1 else "worse",
                "cycle": at,
                "channel": channel,
                "message": words or json.dumps(message.to_json()),
                "status": "unsent",
                "created_at": at,
            }
        )

    def send(self, transport: Transport | None = None) -> dict[str, str]:
        """Send what waits, five minutes after the last time; return the outbox."""
        pacer = Pacer(pause=lambda seconds: None, clock=lambda: self.seconds)
        now = START + dt.timedelta(seconds=self.seconds)
        send_notifications(self.outbox, transport or self.channel, SLACK, now, "run", pacer)  # type: ignore[arg-type]
        self.seconds += 300
        return {name: row["status"] for name, row in self.outbox.rows.items()}

    def shown(self) -> list[tuple[str, bool]]:
        """Return the messages, and whether each stands in a thread."""
        standing = [m for m in self.workspace.store.all_messages() if m.deleted_ts is None]
        return [(m.content.text, m.thread_ts is not None and m.thread_ts != m.ts) for m in standing]


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    """A fresh world."""
    world = Story(monkeypatch)
    yield world
    world.workspace.store.close()


ANEW = {"unsent", "ambiguous"}
SLOW_DOWN = [name for name in ODD_ANSWERS if name.startswith("too many")]
NO_ANSWERS = [name for name in ODD_ANSWERS if name not in SLOW_DOWN]


@pytest.mark.parametrize("is_stored", [False, True], ids=["not taken", "taken all the same"])
@pytest.mark.parametrize("name", NO_ANSWERS)
def test_a_post_that_is_answered_by_somebody_else_is_looked_for(story: Story, name: str, is_stored: bool) -> None:
    story.answer(POST, ODD_ANSWERS[name], is_stored)
    story.say(1)
    story.say(1, "e2")
    assert story.send() == {"e1-1": "ambiguous", "e2-1": "sent"}, "and the others go on"
    assert set(story.send().values()) == {"sent"}
    assert sorted(text for text, _ in story.shown()) == ["Over limit: e1 word 1", "Over limit: e2 word 1"]


@pytest.mark.parametrize("name", SLOW_DOWN)
def test_who_is_told_to_slow_down_was_not_heard(story: Story, name: str) -> None:
    story.answer(POST, ODD_ANSWERS[name])
    story.say(1)
    assert story.send() == {"e1-1": "unsent"}
    due = story.outbox.rows["e1-1"]["next_attempt_at"]
    assert START <= due <= START + dt.timedelta(hours=1)
    story.seconds = max(story.seconds, 3600.0)
    assert story.send() == {"e1-1": "sent"}


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_an_edit_that_is_answered_by_somebody_else_is_made_again(story: Story, name: str) -> None:
    story.say(1)
    story.send()
    story.answer(UPDATE, ODD_ANSWERS[name])
    story.say(2)
    assert story.send()["e1-2"] == "unsent"
    assert story.send()["e1-2"] == "sent"
    assert story.shown() == [("Over limit: e1 word 2", False), (":red_circle: reply 2", True)], "one parent"


@pytest.mark.parametrize("method", [REPLIES, "conversations.history", LINK])
def test_a_question_that_is_answered_by_somebody_else_is_asked_again(story: Story, method: str) -> None:
    story.say(1)
    story.send()
    for name in NO_ANSWERS:
        number = len(story.outbox.rows) + 1
        story.answer(POST, TimeoutError("timed out"), is_stored=True)
        story.say(number)
        assert story.send()[f"e1-{number}"] == "ambiguous"
        story.answer(method, ODD_ANSWERS[name])
        story.send()
        story.answers.clear()
        assert story.send()[f"e1-{number}"] == "sent", name
    texts = [text for text, _ in story.shown()]
    assert len(set(texts)) == len(texts) == len(story.outbox.rows), "each once"


def test_two_words_in_one_batch_say_once_that_the_parent_stays_as_it_is(story: Story) -> None:
    story.say(1)
    story.send()
    story.answer(UPDATE, SlackRefusal("edit_window_closed"), times=9)
    story.say(2)
    story.say(3)
    assert set(story.send().values()) == {"sent"}
    replies = [text for text, is_reply in story.shown() if is_reply]
    assert [text.count("cannot be edited") for text in replies] == [1, 0]


@pytest.mark.parametrize("code", ["edit_window_closed", "cant_update_message", "is_inactive", "msg_too_long"])
def test_in_a_workspace_without_edits_the_thread_says_what_is_true(story: Story, code: str) -> None:
    story.answer(UPDATE, SlackRefusal(code), times=99)
    for sequence in (1, 2, 3):
        story.say(sequence)
        story.send()
    parent, first, second = story.shown()
    assert parent == ("Over limit: e1 word 1", False) and first[1] and second[1]
    told = f"reply 2 The message above cannot be edited ({code}): this thread says what is true."
    assert first[0] == f":red_circle: {told}" and second[0] == ":red_circle: reply 3", "it is said once"
    assert [row["error"] for row in story.outbox.rows.values()][1:] == [f"the parent cannot be edited: {code}"] * 2
    story.answers.clear()
    story.say(4)
    story.send()
    assert story.shown()[0] == ("Over limit: e1 word 4", False), "what is allowed again is done again"


@pytest.mark.parametrize("method", [POST, UPDATE, REPLIES])
def test_a_code_nobody_knows_waits_and_is_told_once_a_day(story: Story, method: str) -> None:
    story.say(1)
    story.send()
    story.answer(POST, TimeoutError("timed out"), is_stored=method == REPLIES)
    story.say(2)
    story.send() if method == REPLIES else story.answers.clear()
    for _ in range(3):
        story.answers[method] = [(SlackRefusal("channel_is_paused"), False)] * 9
        assert story.send()["e1-2"] in ("unsent", "ambiguous")
    [told] = [row for row in story.outbox.rows.values() if row["reason"] == ODD_ANSWER]
    assert told["channel"] == PLATFORM and f"{method}: channel_is_paused" in told["message"]
    assert told["status"] == "sent" or method == POST
    story.answers.clear()
    assert set(story.send().values()) == {"sent"}


def test_one_row_that_cannot_be_read_stops_no_other_and_is_told_in_the_end(story: Story) -> None:
    story.say(1, "e1")
    story.say(1, "e2", words='{"title": 7, "nonsense": 1}')
    story.say(1, "e3", words="no JSON")
    story.say(1, "e4")
    assert story.send() == {"e1-1": "sent", "e2-1": "unsent", "e3-1": "unsent", "e4-1": "sent"}
    for _ in range(8):
        story.seconds += 4 * 3600
        statuses = story.send()
    assert statuses["e2-1"] == statuses["e3-1"] == "dead"
    letters = [row for row in story.outbox.rows.values() if row["reason"] == DEAD_LETTER]
    assert letters and {row["status"] for row in letters} == {"sent"}


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("secret"), RuntimeError("odd"), RecursionError()])
def test_whatever_a_transport_raises_ends_its_row_alone(
    story: Story, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    real = SlackChannel.post

    def post(self: Any, target: str, message: Message, payload: Any) -> str:
        if payload["episode_id"] == "e1":
            raise error
        return real(self, target, message, payload)

    monkeypatch.setattr(SlackChannel, "post", post)
    story.say(1, "e1")
    story.say(1, "e2")
    assert story.send() == {"e1-1": "ambiguous", "e2-1": "sent"}
    assert "secret" not in str(story.outbox.rows["e1-1"]["error"])


@pytest.mark.parametrize("fault", SMTP_FAULTS)
def test_of_a_mail_server_only_its_own_refusal_of_a_mail_is_one(story: Story, fault: str) -> None:
    story.other = fault
    story.say(1, channel=MAIL)
    story.say(1, "e2")
    statuses = story.send()
    is_refusal = fault in ("smtp RCPT 550", "smtp RCPT 553", "smtp DATA 554", "smtp END 552", "smtp END 554")
    # Who does not know EHLO is asked by HELO.
    expected = {"dead"} if is_refusal else {"sent"} if fault in ("smtp EHLO 421", "smtp EHLO 502") else ANEW
    assert statuses["e1-1"] in expected
    assert statuses["e2-1"] == "sent"


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 407, 413, 500, 502, 503])
def test_of_a_webhook_a_page_is_no_refusal(story: Story, status: int) -> None:
    story.other = response(status, "<!DOCTYPE html><title>Sign in</title>", headers={"Location": "/login"})
    story.say(1, channel=HOOK)
    story.say(1, "e2")
    statuses = story.send()
    assert statuses["e1-1"] in ("unsent", "ambiguous") and statuses["e2-1"] == "sent"
    story.other, story.seconds = None, story.seconds + 3600
    assert story.send()["e1-1"] == "sent" and len(story.hook.bodies) == 1


@pytest.mark.parametrize("status", [404, 405, 410])
def test_a_webhook_at_an_address_that_nobody_serves_waits_and_the_platform_hears_of_it(
    story: Story, status: int
) -> None:
    story.other = response(status, '{"message": "no such route"}', "application/json")
    story.say(1, channel=HOOK)
    story.say(1, "e2", channel=HOOK)
    for _ in range(3):
        statuses = story.send()
        assert (statuses["e1-1"], statuses["e2-1"]) == ("unsent", "unsent")
        story.seconds += 3600
    alerts = [row for row in story.outbox.rows.values() if row["reason"] == "odd_answer"]
    assert [row["status"] for row in alerts] == ["sent"], "once a day"
    assert f"HTTP {status}: nobody takes alerts there" in json.loads(alerts[0]["message"])["summary"]
    story.other = None
    statuses = story.send()
    assert (statuses["e1-1"], statuses["e2-1"]) == ("sent", "sent")


@pytest.mark.parametrize(
    ("connection", "error"),
    [
        ({"host": "hook.example", "port": 443, "extra": {"path": "/a b/Prüfung?k=ä"}}, None),
        ({"host": "hook.example/:nix"}, "HTTP|Refused|Error|gaierror|address"),
        ({"host": "https://hook example"}, "InvalidURL"),
        ({"host": "https://[::"}, "ValueError"),
        ({"host": ""}, "URLError|no host|Error"),
    ],
    ids=["spaces and umlauts", "a port in words", "a space in the host", "half an address", "no host"],
)
def test_a_webhook_that_has_no_address_holds_up_itself_alone(
    story: Story, monkeypatch: pytest.MonkeyPatch, connection: dict[str, Any], error: str | None
) -> None:
    asked: list[str] = []

    def create_connection(address: Any, *_: Any, **__: Any) -> Any:
        asked.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr("socket.create_connection", create_connection)
    monkeypatch.setenv("AIRFLOW_CONN_ODD", json.dumps({"conn_type": "http"} | connection))
    story.say(1, channel="webhook:odd")
    story.say(1, "e2")
    statuses = story.send()
    assert statuses["e1-1"] in ("unsent", "ambiguous") and statuses["e2-1"] == "sent"
    assert (asked == ["hook.example"]) or error, "what is spelt oddly is asked all the same"
    assert "Prüfung" not in story.outbox.rows["e1-1"]["error"]


def test_a_gateway_in_plain_words_is_no_refusal_either(story: Story) -> None:
    story.answer(POST, response(403, "Forbidden by policy", TEXT))
    story.say(1)
    assert story.send() == {"e1-1": "ambiguous"}

"""Mail and webhooks behind the same outbox, against servers on loopback that fail as told."""

import datetime as dt
import email
import email.policy
import json
import socket
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from pedwatch.alerts.channels.dispatch import Transports
from pedwatch.alerts.channels.mail import MailChannel
from pedwatch.alerts.channels.webhook import WebhookChannel
from pedwatch.alerts.copies import alertmanager_json, with_copies
from pedwatch.alerts.delivery.pacer import Pacer
from pedwatch.alerts.delivery.sender import Sender
from pedwatch.alerts.messages import Message
from pedwatch.alerts.transport import SendError
from pedwatch.config import Slack
from tests.golden_messages import OVER, seen, story

NOW = dt.datetime(2026, 3, 2, 10, 6, tzinfo=dt.UTC)
MAIL, HOOK = "mailto:oncall@shop.example", "webhook:pager"
SECRET = "hook-secret"


class Smtp(socketserver.StreamRequestHandler):
    """As much of a mail server as a client needs; ``answers`` says what a command is answered instead of 250."""

    mails: ClassVar[list[Any]] = []
    answers: ClassVar[dict[str, str]] = {}

    def handle(self) -> None:
        """Hold one conversation."""
        self._say("220 stand-in")
        while line := self.rfile.readline().decode().strip():
            verb = line.split()[0].upper()
            answer = self.answers.get(verb, {"DATA": "354 go on", "QUIT": "221 bye"}.get(verb, "250 ok"))
            if answer == "drop":
                return
            self._say(answer)
            if verb == "DATA" and answer.startswith("354"):
                lines = iter(lambda: self.rfile.readline().rstrip(b"\r\n"), b".")
                self.mails.append(email.message_from_bytes(b"\r\n".join(lines), policy=email.policy.default))
                if self.answers.get("END") == "drop":
                    return
                self._say("250 taken")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class Hook(BaseHTTPRequestHandler):
    """A receiver of webhooks; ``status`` is what it answers."""

    bodies: ClassVar[list[dict[str, Any]]] = []
    seen_headers: ClassVar[list[Any]] = []
    status: ClassVar[list[int]] = []

    def do_POST(self) -> None:
        """Take an alert, or refuse it."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = Hook.status.pop(0) if Hook.status else 200
        if status == 0:
            return
        if status < 300:
            self.bodies.append(body)
            self.seen_headers.append((self.path, self.headers["Authorization"]))
        self.send_response(status)
        self.send_header("Retry-After", "30")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


@pytest.fixture(scope="module")
def addresses() -> Iterator[tuple[int, int]]:
    """Both servers, on free ports."""
    servers = [socketserver.ThreadingTCPServer(("127.0.0.1", 0), Smtp), ThreadingHTTPServer(("127.0.0.1", 0), Hook)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield servers[0].server_address[1], servers[1].server_address[1]
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def connected(addresses: tuple[int, int], loopback_only: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connections, and servers that have seen nothing."""
    smtp = {
        "conn_type": "smtp",
        "host": "127.0.0.1",
        "port": addresses[0],
        "extra": {"disable_ssl": True, "disable_tls": True, "from_email": "ped@shop.example", "timeout": 5},
    }
    hook = {
        "conn_type": "http",
        "schema": "http",
        "host": "127.0.0.1",
        "port": addresses[1],
        "password": SECRET,
        "extra": {"path": "/alerts", "timeout": 5},
    }
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(smtp))
    monkeypatch.setenv("AIRFLOW_CONN_PAGER", json.dumps(hook))
    for kept in (Smtp.mails, Smtp.answers, Hook.bodies, Hook.seen_headers, Hook.status):
        kept.clear()


def words() -> list[Message]:
    """Return a first and a resolved message."""
    [first] = story(*OVER)
    [resolved] = story(*OVER, seen(3, 8), seen(4, 8))
    return [first.message, resolved.message]


def row(channel: str, number: int, message: Message, **fields: Any) -> dict[str, Any]:
    """Return an outbox row as the lease hands it out."""
    return {
        "notification_id": f"n{number}",
        "episode_id": "0f0e-episode",
        "sequence": number,
        "reason": "first" if number == 1 else "resolved",
        "cycle": NOW,
        "channel": channel,
        "message": json.dumps(message.to_json()),
        "attempts": 0,
        "created_at": NOW,
        "was_tried": False,
        "parent_ts": None,
        "parents": [],
    } | fields


class NoSlack:
    """Slack, when it refuses everything."""

    timeout_seconds = 10.0

    def post(self, *_: Any) -> str:
        """Refuse."""
        from pedwatch.alerts.transport import UnusableTransportError

        raise UnusableTransportError("token_revoked: renew it")


def send(make_config: Any, *rows: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Send rows through all channels; return status and error of each."""
    transports = Transports(make_config(), NoSlack())
    sends, _ = Sender(transports, Pacer(pause=lambda seconds: None), NOW).send(list(rows))
    return [(item["status"], item.get("error")) for item in sends]


def test_a_thread_of_mails(make_config: Any) -> None:
    first, resolved = words()
    assert send(make_config, row(MAIL, 1, first), row(MAIL, 2, resolved)) == [("sent", None)] * 2
    one, two = Smtp.mails
    assert one["To"] == "oncall@shop.example" and one["From"] == "ped@shop.example"
    assert "checkout runs 14 pods in eu-prod-1" in one["Subject"] and "its limit is 10" in one.get_content()
    assert two["In-Reply-To"] == one["Message-ID"] and "Resolved" in two["Subject"]


def test_what_may_have_been_mailed_is_mailed_again_under_the_same_id(make_config: Any) -> None:
    Smtp.answers["END"] = "drop"
    [message, _] = words()
    assert send(make_config, row(MAIL, 1, message))[0][0] == "ambiguous"
    Smtp.answers.clear()
    assert send(make_config, row(MAIL, 1, message, was_tried=True)) == [("sent", None)]
    assert len({mail["Message-ID"] for mail in Smtp.mails}) == 1


@pytest.mark.parametrize(
    ("verb", "answer", "status"),
    [
        ("RCPT", "550 nobody", "dead"),
        ("RCPT", "450 later", "unsent"),
        ("DATA", "554 no", "dead"),
        ("MAIL", "drop", "ambiguous"),
    ],
    ids=["no such address", "greylisted", "refused", "broken"],
)
def test_what_a_refused_mail_becomes(make_config: Any, verb: str, answer: str, status: str) -> None:
    Smtp.answers[verb] = answer
    assert send(make_config, row(MAIL, 1, words()[0]))[0][0] == status
    assert Smtp.mails == []


def test_a_webhook_gets_alertmanagers_json(make_config: Any) -> None:
    first, resolved = words()
    assert send(make_config, row(HOOK, 1, first), row(HOOK, 2, resolved)) == [("sent", None)] * 2
    one, two = Hook.bodies
    assert Hook.seen_headers[0] == ("/alerts", f"Bearer {SECRET}")
    assert (one["version"], one["status"], two["status"]) == ("4", "firing", "resolved")
    assert one["alerts"][0]["fingerprint"] == two["alerts"][0]["fingerprint"]
    assert one["commonLabels"]["api_id"] == "checkout" and one["commonLabels"]["alertname"] == "PedLimitExceeded"
    assert one["alerts"][0]["startsAt"] == "2026-03-02T10:05:00+00:00" == two["alerts"][0]["startsAt"]
    assert two["alerts"][0]["endsAt"] == "2026-03-02T10:20:00+00:00"


@pytest.mark.parametrize(
    ("status", "becomes"),
    [
        *((status, "unsent") for status in (403, 404, 429, 503)),
        *((status, "ambiguous") for status in (0, 302)),
        (422, "dead"),
    ],
)
def test_what_a_refused_webhook_becomes(make_config: Any, status: int, becomes: str) -> None:
    Hook.status[:] = [status]
    [(found, error)] = send(make_config, row(HOOK, 1, words()[0]))
    assert found == becomes and SECRET not in str(error) and "127.0.0.1" not in str(error)


@pytest.mark.parametrize("is_silent", [False, True], ids=["nobody listens", "nobody answers"])
def test_a_webhook_that_takes_nothing_is_left_alone_as_a_whole(
    make_config: Any, monkeypatch: pytest.MonkeyPatch, is_silent: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if not is_silent:
            server.close()
        hook = {"conn_type": "http", "schema": "http", "host": "127.0.0.1", "port": port, "extra": {"timeout": 0.2}}
        monkeypatch.setenv("AIRFLOW_CONN_PAGER", json.dumps(hook))
        first, resolved = words()
        told = send(make_config, row(HOOK, 1, first), row(HOOK, 1, resolved, notification_id="n9", episode_id="other"))
    error = "TimeoutError" if is_silent else "ConnectionRefusedError"
    assert told == [("ambiguous", f"pager: {error}"), ("unsent", f"waits behind another message: pager: {error}")]


def test_a_mail_server_that_is_down_is_asked_once_for_all_addresses(
    make_config: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    smtp = {"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": {"disable_ssl": True, "disable_tls": True}}
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(smtp))
    other = row("mailto:second@shop.example", 1, words()[0], notification_id="n9")
    down = "smtp: ConnectionRefusedError"
    told = send(make_config, row(MAIL, 1, words()[0]), other, row(HOOK, 1, words()[0], notification_id="n8"))
    assert told == [("unsent", down), ("unsent", f"waits behind another message: {down}"), ("sent", None)]


def test_the_json_is_as_alertmanager_documents_it() -> None:
    body = alertmanager_json(
        Message("", "t", "s"), {"episode_id": "e", "reason": "first", "cycle": NOW.isoformat()}, "r"
    )
    assert set(body) == {
        "version", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels", "commonLabels",
        "commonAnnotations", "externalURL", "alerts",
    }  # fmt: skip
    assert set(body["alerts"][0]) == {
        "status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint"
    }  # fmt: skip


def test_one_channels_trouble_is_not_anothers(make_config: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_SMTP_DEFAULT")
    [first, _] = words()
    rows = [row(channel, 1, first, notification_id=channel) for channel in ("C0ORDERS", MAIL, HOOK)]
    assert [status for status, _ in send(make_config, *rows)] == ["unsent", "unsent", "sent"]


def test_copies_follow_a_live_team_and_nobody_else() -> None:
    def routed(mode: str) -> Slack:
        team = {"channel": "C0ORDERS", "mode": mode, "also": [MAIL, HOOK]}
        return Slack.model_validate({"platform_channel": "C0P", "canary_channel": "C0C", "teams": {"orders": team}})

    [notification] = story(*OVER)
    rows = with_copies([notification], routed("team"))
    assert [r.channel for r in rows] == ["C0ORDERS", MAIL, HOOK]
    assert len({r.notification_id for r in rows}) == 3 and len({(r.episode_id, r.sequence) for r in rows}) == 1
    from dataclasses import replace

    for destination, status in (("suppressed", "suppressed"), ("canary", "unsent"), ("team", "grouped")):
        held = replace(notification, destination=destination, status=status)
        assert with_copies([held], routed("team")) == [held]


def test_a_wrong_address_is_an_error_of_the_configuration() -> None:
    for wrong in ("oncall@shop.example", "mailto:nobody", "webhook:https://x", "mailto:a@b,c@d"):
        with pytest.raises(ValueError, match="also"):
            Slack.model_validate(
                {"platform_channel": "C0P", "teams": {"orders": {"channel": "C0ORDERS", "also": [wrong]}}}
            )


def test_secrets_stay_in_the_connection(make_config: Any) -> None:
    with pytest.raises(SendError) as refused:
        Hook.status[:] = [500]
        WebhookChannel("pager").post(
            HOOK, words()[0], {"episode_id": "e", "reason": "first", "cycle": "c", "notification_id": "n"}
        )
    assert SECRET not in repr(refused.value) + str(refused.value.__context__ or "")
    assert SECRET not in repr(vars(MailChannel("smtp_default")))


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("first", "firing"),
        ("worse", "firing"),
        ("exemption_ended", "firing"),
        ("exempted", "resolved"),
        ("resolved", "resolved"),
        ("dead_letter", "resolved"),
        ("limit_accepted", "resolved"),
    ],
)
def test_a_receiver_has_nothing_open_that_does_not_end(reason: str, status: str) -> None:
    payload = {"episode_id": "e1", "reason": reason, "cycle": NOW.isoformat()}
    body = alertmanager_json(Message(":x:", "Over limit", "checkout runs 14 pods"), payload, "pager")
    assert (body["status"], body["alerts"][0]["status"]) == (status, status)
    assert (body["alerts"][0]["endsAt"] == "0001-01-01T00:00:00Z") is (status == "firing")


@pytest.mark.parametrize("reason", ["digest", "welcome", "acknowledged", "exemption_ending"])
def test_what_opens_and_closes_nothing_is_not_copied_to_a_webhook(reason: str) -> None:
    slack = Slack.model_validate({"platform_channel": "C0PLATFORM", "platform_also": [HOOK, MAIL]})
    [row] = story(*(seen(n, 14) for n in (1, 2)))
    copied = with_copies([replace(row, channel="C0PLATFORM", reason=reason)], slack)
    assert [each.channel for each in copied] == ["C0PLATFORM", MAIL]

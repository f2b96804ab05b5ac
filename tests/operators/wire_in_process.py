"""A mail server and a receiver of webhooks inside the test's process, behind the unmodified clients of the library.

Their connections are played: what the client writes goes to a state machine, what it reads comes from there. Every
byte between is the client's own doing.
"""

import email
import email.policy
import io
import json
import socket
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.odd_answers import JSON, response

MAIL_AT, HOOK_AT = ("127.0.0.1", 1), ("127.0.0.1", 2)
"""Nobody listens there: no connection is made."""

REPLIES = {"EHLO": "250 ok", "HELO": "250 ok", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on", "END": "250 ok"}
SMTP_FAULTS: dict[str, tuple[str, bytes | Exception]] = {
    **{
        f"smtp {verb} {answer}": (verb, f"{answer} said so\r\n".encode())
        for verb, answers in {
            "HELLO": ("421", "554"),
            "EHLO": ("421", "502"),
            "MAIL": ("421", "451", "550", "530"),
            "RCPT": ("421", "450", "550", "553"),
            "DATA": ("421", "451", "554"),
            "END": ("421", "451", "552", "554"),
        }.items()
        for answer in answers
    },
    **{
        f"smtp {verb} {name}": (verb, odd)
        for verb in ("HELLO", "EHLO", "MAIL", "RCPT", "DATA", "END")
        for name, odd in {
            "dropped": b"",
            "HTTP": b"HTTP/1.1 400 Bad Request\r\n\r\n",
            "no text": b"\xff\xfe\x00\r\n",
            "without end": b"250 " + b"x" * 9000 + b"\r\n",
            "reset": ConnectionResetError("reset"),
        }.items()
    },
}
"""At which command the mail server says what: at END it has the mail, and may have kept it."""

HTTP_FAULTS: dict[str, bytes] = {
    f"http {status}": response(status, '{"status": "error"}', JSON) for status in (400, 401, 403, 404, 410, 413, 422)
}
Trouble = Callable[[str], Any]


class MailServer:
    """Takes mails; ``before`` names a fault or raises, ``after`` may raise once a mail was taken."""

    def __init__(self, before: Trouble, after: Trouble) -> None:
        self.before, self.after = before, after
        self.mails: list[Any] = []

    def connect(self) -> "Conversation":
        """Begin a conversation, as the client asks for a connection."""
        return Conversation(self, self.before("mail"))


class Conversation:
    """The client's end of a conversation by SMTP."""

    def __init__(self, server: MailServer, fault: Any) -> None:
        self._server = server
        self._at, self._says = SMTP_FAULTS.get(str(fault), ("", b""))
        self._replies = [self._answer("HELLO", b"220 here\r\n")]
        self._body: bytes | None = None

    def _answer(self, verb: str, usual: bytes) -> bytes | Exception:
        return self._says if verb == self._at else usual

    def sendall(self, data: bytes) -> None:
        """Take what the client says."""
        if self._body is not None:
            self._body += data
            if self._body.endswith(b"\r\n.\r\n"):
                refused = self._at == "END" and self._says[:1] in (b"4", b"5")  # type: ignore[index]
                if not refused:
                    self._server.mails.append(email.message_from_bytes(self._body[:-3], policy=email.policy.default))
                self._body = None
                lost = self._server.after("mail")
                if lost is not None:
                    raise lost
                self._replies.append(self._answer("END", b"250 taken\r\n"))
            return
        verb = data.split()[0].decode().upper()
        answer = self._answer(verb, f"{REPLIES.get(verb, '250 ok')}\r\n".encode())
        if verb == "DATA" and isinstance(answer, bytes) and answer.startswith(b"354"):
            self._body = b""
        self._replies.append(answer)

    def makefile(self, _: str) -> "Conversation":
        """Be the file that replies are read from."""
        return self

    def readline(self, limit: int = -1) -> bytes:
        """Return the next line, or none where the server hung up."""
        reply = self._replies.pop(0) if self._replies else b""
        if isinstance(reply, Exception):
            raise reply
        line, end, rest = reply.partition(b"\n")
        if rest:
            self._replies.insert(0, rest)
        return (line + end)[:limit]

    def close(self) -> None:
        """Hang up."""


class Receiver:
    """Takes webhooks; ``before`` may answer with bytes, a status or an exception, ``after`` may lose the answer."""

    def __init__(self, before: Trouble, after: Trouble) -> None:
        self.before, self.after = before, after
        self.bodies: list[dict[str, Any]] = []

    def connect(self) -> "Request":
        """Begin a request."""
        return Request(self)


class Request:
    """The client's end of a request by HTTP."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._sent = b""

    def setsockopt(self, *_: Any) -> None:
        """Need no options."""

    def sendall(self, data: bytes) -> None:
        """Take what the client writes."""
        self._sent += data

    def makefile(self, _: str) -> io.BytesIO:
        """Return the response; by then the request is whole."""
        trouble = self._receiver.before("webhook")
        if isinstance(trouble, Exception):
            raise trouble
        if isinstance(trouble, bytes):
            return io.BytesIO(trouble)
        self._receiver.bodies.append(json.loads(self._sent.partition(b"\r\n\r\n")[2]))
        lost = self._receiver.after("webhook")
        if isinstance(lost, Exception):
            raise lost
        return io.BytesIO(lost or response(200, "ok", "text/plain"))

    def close(self) -> None:
        """Hang up."""


def is_a_yes(raw: bytes) -> bool:
    """Tell whether a receiver of webhooks may mean by it that it took the message: it need not say anything."""
    head, _, body = raw.partition(b"\r\n\r\n")
    is_whole = f"Content-Length: {len(body)}\r\n".encode() in head
    return head.startswith(b"HTTP/1.1 2") and is_whole and not body.startswith(b"<!DOCTYPE")


def connect(patch: pytest.MonkeyPatch) -> None:
    """Make the connections, once; ``serve`` says who is behind them."""
    extra = {"disable_ssl": True, "disable_tls": True, "from_email": "ped@shop.example", "timeout": 10}
    smtp = {"conn_type": "smtp", "host": MAIL_AT[0], "port": MAIL_AT[1], "extra": extra}
    hook = {"conn_type": "http", "schema": "http", "host": HOOK_AT[0], "port": HOOK_AT[1], "password": "in-process"}
    patch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(smtp))
    patch.setenv("AIRFLOW_CONN_PAGER", json.dumps(hook))
    patch.setenv("no_proxy", "127.0.0.1")
    patch.setattr("smtplib.socket.getfqdn", lambda: "test")


def serve(patch: pytest.MonkeyPatch, mail: MailServer, hook: Receiver) -> None:
    """Put servers behind the connections; all others are made as ever."""
    made = getattr(socket.create_connection, "made", socket.create_connection)
    servers: dict[Any, MailServer | Receiver] = {MAIL_AT: mail, HOOK_AT: hook}

    def create_connection(address: Any, *arguments: Any, **named: Any) -> Any:
        server = servers.get(address)
        return server.connect() if server is not None else made(address, *arguments, **named)

    create_connection.made = made  # type: ignore[attr-defined]
    patch.setattr("socket.create_connection", create_connection)

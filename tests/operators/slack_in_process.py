"""Slack's stand-in inside the test's process: its own state machine behind the unmodified hook and client.

The client's last step, opening a connection, is replaced by a call; all else is real. Fast enough for a thousand runs.
"""

import email.message
import http.client
import io
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.odd_answers import ODD_ANSWERS
from sandbox.slack.arguments import sent_arguments
from sandbox.slack.errors import RateLimited, SlackRefusal
from sandbox.slack.ratelimit import RateLimits
from sandbox.slack.records import Channel
from sandbox.slack.store import Store
from sandbox.slack.timestamps import MICROSECONDS
from sandbox.slack.web_api import WebApi
from sandbox.slack.workspace import Switches

ADDRESS = "http://slack.invalid/api/"
TOKEN = "xoxb-in-process"


class Workspace:
    """A workspace with channels; ``before`` and ``after`` see every call and may let it go wrong.

    Args:
        now: Slack's clock, seconds.
        channels: ids; each is its own name in lower case.
        limits: Slack's rate limits, on the same clock; none when omitted.
    """

    def __init__(self, now: Callable[[], float], *channels: str, limits: RateLimits | None = None) -> None:
        self.store = Store(None)
        self.switches = Switches()
        self.switches.now = lambda: int(now() * MICROSECONDS)
        self._api = WebApi(self.store, self.switches, TOKEN, limits or RateLimits(is_on=False))
        for channel in channels:
            self.store.put_channel(Channel(channel, channel.lower(), 0))
        self.before: Callable[[str], SlackRefusal | Exception | int | bytes | None] = lambda method: None
        self.after: Callable[[str], Exception | bytes | None] = lambda method: None

    def open(self, request: urllib.request.Request, **_: Any) -> Any:
        """Answer what the client would have sent."""
        method = request.full_url.removeprefix(ADDRESS)
        trouble = self.before(method)
        if isinstance(trouble, SlackRefusal):
            status = 429 if isinstance(trouble, RateLimited) else 200
            headers = {"retry-after": str(trouble.retry_after)} if isinstance(trouble, RateLimited) else {}
            return _answer(status, json.dumps(trouble.body()), headers)
        if isinstance(trouble, int):
            return _answer(trouble, "Internal Server Error", {})
        if isinstance(trouble, bytes):
            return _parsed(trouble)
        if trouble is not None:
            raise trouble
        content_type = (request.get_header("Content-type") or "").partition(";")[0]
        arguments = sent_arguments(method, content_type, request.data or b"", {})  # type: ignore[arg-type]
        asked = SimpleNamespace(headers=request.headers, host="slack.invalid")
        response = self._api._run(asked, method, arguments.text("channel"), arguments)
        lost = self.after(method)
        if isinstance(lost, bytes):
            return _parsed(lost)
        if lost is not None:
            raise lost
        return _answer(response.status, response.text, dict(response.headers))


def _answer(status: int, text: str, headers: dict[str, str]) -> Any:
    named = email.message.Message()
    for name, value in {"Content-Type": "application/json; charset=utf-8"}.items() | headers.items():
        if name not in named:
            named[name] = value
    if status >= 400:
        raise urllib.error.HTTPError(ADDRESS, status, "refused", named, io.BytesIO(text.encode()))
    return SimpleNamespace(code=status, headers=named, read=text.encode)


class _Wire:
    """A connection from which only a response is read."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def makefile(self, _: str) -> io.BytesIO:
        """Return what the other side wrote."""
        return io.BytesIO(self._raw)


def _parsed(raw: bytes) -> Any:
    """Read a response as the client's own parser does, and follow a redirect as the client would."""
    response = http.client.HTTPResponse(_Wire(raw), method="POST")  # type: ignore[arg-type]
    response.begin()
    if response.status in (301, 302, 303) and response.getheader("Location"):
        return _parsed(ODD_ANSWERS["page 200"])
    if not 200 <= response.status < 300:
        raise urllib.error.HTTPError(ADDRESS, response.status, "odd", response.headers, response)
    return response


def connect(patch: pytest.MonkeyPatch) -> None:
    """Make the connection, once; ``serve`` says which workspace is behind it."""
    extra = {"base_url": ADDRESS, "timeout": 10}
    connection = {"conn_type": "slack", "password": TOKEN, "extra": extra}
    patch.setenv("AIRFLOW_CONN_SLACK_PED", json.dumps(connection))


def serve(patch: pytest.MonkeyPatch, workspace: Workspace) -> None:
    """Put a workspace behind the client."""
    patch.setattr("slack_sdk.web.base_client.urlopen", workspace.open)


def ts_of(message: Any) -> str:
    """Return the ts of a stored message, as Slack writes it."""
    return f"{message.ts // 1_000_000}.{message.ts % 1_000_000:06d}"


def notification_in(message: Any) -> str:
    """Return the id of the notification that a stored message tells."""
    found: str = message.content.metadata["event_payload"]["notification_id"]
    return found

"""A webhook as a channel of the outbox: Alertmanager's JSON, which its bridges (PagerDuty, Opsgenie, …) understand.

Receivers know an alert by its fingerprint: what may have been delivered is delivered again, and changes nothing. Only
a receiver's own refusal of a message is one: a page, a redirect, half an answer may come from anybody between.
"""

import datetime as dt
import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pedwatch import settings
from pedwatch.alerts.channels.retry_after import retry_after
from pedwatch.alerts.copies import alertmanager_json
from pedwatch.alerts.messages import Message
from pedwatch.alerts.transport import Found, SendError

_PATIENCE = (408, 425, 429)
_LOCKED = (401, 403, 407)
"""The connection's credentials, or somebody between: it is mended there, and nothing is lost until then."""

_NOWHERE = (404, 405, 410)
"""Nobody takes alerts at the address, whether a server or what stands before it says so: a typo in the path, mostly."""

_LOOKED_AT = 65_536
_PAGES = (b"<!doctype", b"<html")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the credentials to another host."""

    def redirect_request(self, *_: Any) -> None:
        """Follow none."""


class WebhookChannel:
    """Posts to the address of an Airflow connection.

    Args:
        connection: Airflow connection of type http: schema, host, port, login and password (or only a password: a
            bearer token); extras ``path``, ``timeout``.
        now: wall clock, for what a receiver asks to wait until.
    """

    def __init__(self, connection: str, now: Callable[[], dt.datetime] = settings.now) -> None:
        from airflow.sdk import BaseHook

        self.name = connection
        self._now = now
        found: Any = BaseHook.get_connection(connection)
        extra: dict[str, Any] = found.extra_dejson
        self.timeout_seconds = float(extra.get("timeout", 10))
        host = str(found.host or "")
        base = host if "://" in host else f"{found.schema or 'https'}://{host}"
        port = f":{found.port}" if found.port else ""
        # Letters that no address may hold are written as addresses write them; what is written so already stays.
        path = urllib.parse.quote(str(extra.get("path", "")).lstrip("/"), safe="/?&=%:@!$'()*+,;~#-._")
        self._address = f"{base}{port}/{path}"
        self._headers = {"Content-Type": "application/json", "User-Agent": "pedwatch"}
        if found.login:
            credentials = b64encode(f"{found.login}:{found.password or ''}".encode()).decode()
            self._headers["Authorization"] = f"Basic {credentials}"
        elif found.password:
            self._headers["Authorization"] = f"Bearer {found.password}"
        self._opener = urllib.request.build_opener(_NoRedirect)

    def post(self, target: str, message: Message, payload: Mapping[str, str]) -> str:
        """Deliver the state of an episode; its id stands for the thread."""
        body = json.dumps(alertmanager_json(message, payload, self.name)).encode()
        # Errors name the connection, never its address: a path may hold a key.
        try:
            request = urllib.request.Request(self._address, body, self._headers, method="POST")
            with self._opener.open(request, timeout=self.timeout_seconds) as answer:
                began = answer.read(_LOOKED_AT)
                is_cut = bool(answer.length) and len(began) < _LOOKED_AT
        except urllib.error.HTTPError as error:
            raise self._refused(error) from None
        except urllib.error.URLError as error:  # it cannot be reached
            what = type(error.reason).__name__
            raise SendError("ambiguous", f"{self.name}: {what}", holds_channel=True) from None
        except (http.client.InvalidURL, UnicodeError, ValueError) as error:
            what = f"{self.name}: {type(error).__name__}: its host, port and path make no address: mend the connection"
            raise SendError("later", what, holds_channel=True) from None
        except (OSError, http.client.HTTPException) as error:  # broken, or silent, while it was to answer
            # Silence, and what speaks no HTTP, is the whole channel's: the wrong port, or a server that hangs.
            is_whole = isinstance(error, TimeoutError | http.client.BadStatusLine | http.client.LineTooLong)
            is_whole = is_whole and not isinstance(error, http.client.RemoteDisconnected)
            raise SendError("ambiguous", f"{self.name}: {type(error).__name__}", holds_channel=is_whole) from None
        if is_cut:
            raise SendError("ambiguous", f"{self.name}: half an answer")
        if _is_page(began):
            raise SendError("ambiguous", f"{self.name}: a page in place of the receiver's answer", holds_channel=True)
        return payload["episode_id"]

    def _refused(self, error: urllib.error.HTTPError) -> SendError:
        what = f"{self.name}: HTTP {error.code}"
        if error.code in _PATIENCE or error.code >= 500:
            return SendError("later", what, retry_after(dict(error.headers), self._now()), holds_channel=True)
        if error.code in _LOCKED:
            return SendError("later", f"{what}: mend the connection's login or password", holds_channel=True)
        if error.code in _NOWHERE:  # the platform hears of it now, and not when a day has passed
            why = f"{what}: nobody takes alerts there, mend the host and path of the connection"
            return SendError("later", why, holds_channel=True, is_odd=True)
        if error.code < 400:
            return SendError("ambiguous", f"{what}: a redirect, mend the connection's address", holds_channel=True)
        try:
            is_page = _is_page(error.read(_LOOKED_AT))
        except (OSError, http.client.HTTPException):
            is_page = True
        if is_page:
            return SendError("ambiguous", f"{what}: a page in place of the receiver's answer", holds_channel=True)
        return SendError("dead", what)

    def reply(self, target: str, parent_ts: str, message: Message, payload: Mapping[str, str]) -> str:
        """Deliver the newer state of the same episode."""
        return self.post(target, message, payload)

    def edit(self, target: str, ts: str, message: Message) -> None:
        """Do nothing: the next delivery replaces the state."""

    def find(self, target: str, payload: Mapping[str, str], oldest: float, parents: Sequence[str]) -> Found | None:
        """Find nothing: it is delivered again, under the same fingerprint."""

    def permalink(self, target: str, ts: str) -> str | None:
        """Know no link."""
        return None


def _is_page(began: bytes) -> bool:
    return began.lstrip().lower().startswith(_PAGES)

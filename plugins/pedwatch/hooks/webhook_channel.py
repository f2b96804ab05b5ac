"""A webhook as a channel of the outbox: Alertmanager's JSON, which its bridges (PagerDuty, Opsgenie, …) understand.

Receivers know an alert by its fingerprint: what may have been delivered is delivered again, and changes nothing.
"""

import json
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from pedwatch.alerts.copies import alertmanager_json
from pedwatch.alerts.messages import Message
from pedwatch.alerts.outbox import Found, SendError

_PATIENCE = (408, 425, 429)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the credentials to another host."""

    def redirect_request(self, *_: Any) -> None:
        """Follow none."""


class WebhookChannel:
    """Posts to the address of an Airflow connection.

    Args:
        connection: Airflow connection of type http: schema, host, port, login and password (or only a password: a
            bearer token); extras ``path``, ``timeout``.
    """

    def __init__(self, connection: str) -> None:
        from airflow.sdk import BaseHook

        self.name = connection
        found: Any = BaseHook.get_connection(connection)
        extra: dict[str, Any] = found.extra_dejson
        self.timeout_seconds = float(extra.get("timeout", 10))
        host = str(found.host or "")
        base = host if "://" in host else f"{found.schema or 'https'}://{host}"
        port = f":{found.port}" if found.port else ""
        self._address = f"{base}{port}/{str(extra.get('path', '')).lstrip('/')}"
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
        request = urllib.request.Request(self._address, body, self._headers, method="POST")
        # Errors name the connection, never its address: a path may hold a key.
        try:
            with self._opener.open(request, timeout=self.timeout_seconds):
                return payload["episode_id"]
        except urllib.error.HTTPError as error:
            after = error.headers.get("Retry-After", "")
            seconds = float(after) if after.isdigit() else None
            if error.code in _PATIENCE or error.code >= 500:
                raise SendError("later", f"{self.name}: HTTP {error.code}", seconds, holds_channel=True) from None
            raise SendError("dead", f"{self.name}: HTTP {error.code}") from None
        except urllib.error.URLError as error:  # it cannot be reached
            what = type(error.reason).__name__
            raise SendError("ambiguous", f"{self.name}: {what}", holds_channel=True) from None
        except OSError as error:  # broken, or silent, while it was to answer
            is_silent = isinstance(error, TimeoutError)
            raise SendError("ambiguous", f"{self.name}: {type(error).__name__}", holds_channel=is_silent) from None

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

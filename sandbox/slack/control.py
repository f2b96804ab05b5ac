"""A client for the stand-in's control API, for tests and the scenario player; standard library only."""

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlencode

TIMEOUT_SECONDS = 10


class ControlError(Exception):
    """The control API refused; the message says why."""


class ControlClient:
    """Orders faults, changes the workspace and reads everything that was posted."""

    def __init__(self, url: str, token: str) -> None:
        """Talk to the stand-in at ``url`` (``http://127.0.0.1:N``) with its control token."""
        self.url = url.rstrip("/")
        self._token = token
        # Loopback is never behind a proxy, whatever the environment says.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    @classmethod
    def from_folder(cls, folder: Path | str) -> Self:
        """Connect to the stand-in that keeps its data in ``folder`` (it wrote ``control.json`` there)."""
        written = json.loads((Path(folder) / "control.json").read_text())
        return cls(written["url"], written["token"])

    def _call(self, verb: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        request = urllib.request.Request(f"{self.url}/control/{path}", method=verb)
        request.add_header("Authorization", f"Bearer {self._token}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            raise ControlError(f"{verb} {path}: {error.code} {error.read().decode()}") from error

    # What was posted

    def messages(self, channel: str | None = None) -> list[dict[str, Any]]:
        """Return every message in the order of posting, deleted ones and earlier versions included."""
        query = f"?{urlencode({'channel': channel})}" if channel else ""
        found: list[dict[str, Any]] = self._call("GET", f"messages{query}")["messages"]
        return found

    def calls(self, method: str | None = None) -> list[dict[str, Any]]:
        """Return every Web API call since the start (or since ``clear_calls``)."""
        query = f"?{urlencode({'method': method})}" if method else ""
        found: list[dict[str, Any]] = self._call("GET", f"calls{query}")["calls"]
        return found

    def clear_calls(self) -> None:
        """Forget the calls so far."""
        self._call("DELETE", "calls")

    def post_as(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> dict[str, Any]:
        """Post as a person; the app cannot edit or delete such a message."""
        return self._call("POST", "messages", {"user": user, "channel": channel, "text": text, "thread_ts": thread_ts})

    def delete_message(self, channel: str, ts: str) -> None:
        """Delete a message, as a person with the right to would."""
        self._call("DELETE", f"messages/{quote(channel)}/{quote(ts)}")

    def react_as(self, user: str, channel: str, ts: str, name: str) -> dict[str, Any]:
        """React to a message as a person."""
        return self._call("POST", f"messages/{quote(channel)}/{quote(ts)}/reactions", {"user": user, "name": name})

    # Faults

    def order_fault(self, kind: str, method: str, channel: str | None = None, times: int = 1, **details: Any) -> None:
        """Let the next ``times`` calls of a method (``*``: any) go wrong; see ``sandbox.slack.faults.KINDS``.

        Details: ``retry_after`` (ratelimited), ``seconds`` (timeout, delay), ``error`` (error), ``answer`` and
        ``is_stored`` (odd), ``status``, ``content_type``, ``body``, ``headers`` and ``is_stored`` (answer).
        """
        body = {"kind": kind, "method": method, "channel": channel, "times": times, **details}
        self._call("POST", "faults", body)

    def clear_faults(self) -> None:
        """Cancel the faults still on order."""
        self._call("DELETE", "faults")

    # Workspace

    def put_channel(self, channel: str, **values: Any) -> dict[str, Any]:
        """Create or change a channel: ``name``, ``is_archived``, ``is_member``, ``is_private``."""
        return self._call("POST", f"channels/{quote(channel)}", values)

    def archive(self, channel: str, is_archived: bool = True) -> None:
        """Archive a channel, or bring it back."""
        self.put_channel(channel, is_archived=is_archived)

    def set_membership(self, channel: str, is_member: bool) -> None:
        """Add the bot to a channel or remove it."""
        self.put_channel(channel, is_member=is_member)

    def switches(self) -> dict[str, Any]:
        """Return how the workspace is switched."""
        return self._call("GET", "switches")

    def revoke_token(self, is_revoked: bool = True) -> None:
        """Revoke the bot token, or make it valid again."""
        self._call("POST", "switches", {"is_token_revoked": is_revoked})

    def set_scopes(self, scopes: Sequence[str]) -> None:
        """Replace the bot token's scopes."""
        self._call("POST", "switches", {"scopes": list(scopes)})

    def set_clock_offset(self, seconds: float) -> None:
        """Move the workspace's clock against the machine's."""
        self._call("POST", "switches", {"clock_offset_seconds": seconds})

    def set_rate_limit(self, is_on: bool) -> None:
        """Switch the rate limits on or off."""
        self._call("POST", "switches", {"is_rate_limited": is_on})

    def reset(self) -> None:
        """Forget messages, faults, calls and switches; the channels named at the start remain."""
        self._call("POST", "reset", {})

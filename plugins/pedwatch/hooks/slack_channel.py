"""Slack as this project uses it: parent messages, edits, thread replies, and reading the channel back.

Errors are sorted by what they mean for the message: try later, may have been posted, never, or nothing can be sent.
No retry handlers: retrying a connection after a post is how messages double (DESIGN D8).
"""

from typing import Any, Literal

from pedwatch.errors import NotifyError

Outcome = Literal["later", "ambiguous", "dead"]
EVENT_TYPE = "pedwatch_alert"
_UNUSABLE = {
    "invalid_auth": "the Slack token is not valid: put the bot token (xoxb-…) into the connection",
    "not_authed": "the Slack connection has no token: put the bot token (xoxb-…) into its password",
    "token_revoked": "the Slack token was revoked: reinstall the app and renew the connection",
    "token_expired": "the Slack token has expired: renew the connection",
    "account_inactive": "the Slack bot user is deactivated: reinstall the app",
    "missing_scope": "the Slack app lacks a scope: it needs chat:write, channels:history, groups:history and "
    "metadata.message:read",
}
_GONE_PARENT = {"message_not_found", "cant_update_message", "edit_window_closed"}
_TRANSIENT = {"ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}


class UnusableSlackError(NotifyError):
    """Nothing at all can be sent; the message says what to mend."""


class ParentGoneError(NotifyError):
    """The parent message cannot be edited any more: post a new one."""


class SendError(NotifyError):
    """One message was not, or perhaps not, delivered.

    ``outcome``: later (not posted, try again after ``retry_after`` seconds), ambiguous (may have been posted), dead
    (this message can never be posted as it is).
    """

    def __init__(self, outcome: Outcome, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.retry_after = retry_after


class SlackChannel:
    """Posts through Airflow's SlackHook.

    Args:
        connection: Airflow connection of type slack; its password is the bot token.
    """

    def __init__(self, connection: str) -> None:
        from airflow.providers.slack.hooks.slack import SlackHook

        self.connection = connection
        self._hook = SlackHook(slack_conn_id=connection, retry_handlers=[])
        # The hook looks its connection up at first use; here nothing is leased yet that an error would hold up.
        _ = self._hook.client

    def _call(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        from slack_sdk.errors import SlackApiError

        try:
            answer = self._hook.call(method, json=body).data
            assert isinstance(answer, dict), "the Web API answers JSON objects"
            return answer
        except SlackApiError as error:
            raise self._classified(method, error) from None
        except OSError as error:  # timeouts and broken connections: the request may have arrived
            raise SendError("ambiguous", f"{method}: {type(error).__name__}") from None

    def _classified(self, method: str, error: Any) -> NotifyError:
        response = error.response
        status = getattr(response, "status_code", 200)
        code = response.get("error", "unknown_error") if isinstance(response.data, dict) else f"HTTP {status}"
        if code in _UNUSABLE:
            return UnusableSlackError(f"{code}: {_UNUSABLE[code]} ({self.connection})")
        if code in _GONE_PARENT and method == "chat.update":
            return ParentGoneError(code)
        if status == 429 or code == "ratelimited":
            return SendError("later", "ratelimited", float(response.headers.get("Retry-After", 1)))
        if status >= 500 or code in _TRANSIENT:
            return SendError("ambiguous", f"{method}: {code}")
        return SendError("dead", f"{method}: {code}")

    def post(self, channel: str, text: str, blocks: list[dict[str, Any]], payload: dict[str, str]) -> str:
        """Post a parent message and return its ts."""
        body = {"channel": channel, "text": text, "blocks": blocks, "metadata": _metadata(payload)}
        return str(self._call("chat.postMessage", body)["ts"])

    def reply(self, channel: str, parent_ts: str, text: str, payload: dict[str, str]) -> str:
        """Post into the thread of a parent and return the reply's ts.

        A parent deleted meanwhile is no error to Slack: the text then stands in the channel itself, where it is read.
        """
        body = {"channel": channel, "thread_ts": parent_ts, "text": text, "metadata": _metadata(payload)}
        return str(self._call("chat.postMessage", body)["ts"])

    def edit(self, channel: str, ts: str, text: str, blocks: list[dict[str, Any]], payload: dict[str, str]) -> None:
        """Bring a parent message to the current truth; always with blocks, because text alone would remove them.

        Raises:
            ParentGoneError: it was deleted or cannot be edited.
        """
        body = {"channel": channel, "ts": ts, "text": text, "blocks": blocks, "metadata": _metadata(payload)}
        self._call("chat.update", body)

    def find(self, channel: str, notification_id: str, oldest: float, parent_ts: str | None) -> str | None:
        """Look for a message by its notification id and return its ts; reads the thread when there is a parent."""
        body: dict[str, Any] = {"channel": channel, "oldest": f"{oldest:.6f}", "limit": 200}
        body["include_all_metadata"] = True
        method = "conversations.history"
        if parent_ts is not None:
            method, body["ts"] = "conversations.replies", parent_ts
        cursor = ""
        while True:
            page = self._call(method, body | ({"cursor": cursor} if cursor else {}))
            for message in page.get("messages", []):
                payload = (message.get("metadata") or {}).get("event_payload") or {}
                if payload.get("notification_id") == notification_id:
                    return str(message["ts"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return None


def _metadata(payload: dict[str, str]) -> dict[str, Any]:
    return {"event_type": EVENT_TYPE, "event_payload": payload}

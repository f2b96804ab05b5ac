"""Slack as this project uses it: parent messages, edits, thread replies, and reading the channel back.

Errors are sorted by what they mean for the message: try later, may have been posted, never, or nothing can be sent.
No retry handlers: retrying a connection after a post is how messages double (DESIGN D8).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pedwatch.alerts import block_kit
from pedwatch.alerts.messages import Message
from pedwatch.alerts.outbox import CannotReadBackError, Found, ParentGoneError, SendError, UnusableTransportError
from pedwatch.errors import NotifyError

EVENT_TYPE = "pedwatch_alert"
SCOPES = ("chat:write", "channels:read", "channels:history", "groups:history", "metadata.message:read")
"""What the app needs; ``groups:*`` only for private channels."""

_REINSTALL = "reinstall the app and put its bot token (xoxb-…) into the connection"
_UNUSABLE = {
    "invalid_auth": "the Slack token is not valid: put the bot token (xoxb-…) into the connection",
    "not_authed": "the Slack connection has no token: put the bot token (xoxb-…) into its password",
    "token_revoked": f"the Slack token was revoked: {_REINSTALL}",
    "token_expired": "the Slack token has expired: renew the connection",
    "account_inactive": f"the Slack bot user is deactivated: {_REINSTALL}",
    "missing_scope": f"the Slack app lacks a scope: it needs {', '.join(SCOPES)}",
    "not_allowed_token_type": "this is no bot token: put the one that begins with xoxb- into the connection",
    "no_permission": "the bot may not do this: ask an administrator of the workspace",
    "access_denied": "the workspace denies access to the app: ask its administrator",
    "ekm_access_denied": "an administrator has suspended posting in this workspace",
    "enterprise_is_restricted": "the app may not be used by this organisation's members",
    "org_login_required": "the workspace is being moved into an organisation: wait for its end",
    "team_access_not_granted": "the token is not granted for this workspace: approve the app there",
    "two_factor_setup_required": "the bot's account needs two-factor authentication",
}
_GONE_THREAD = {"cannot_reply_to_message", "message_not_found", "thread_not_found", "restricted_action_thread_locked"}
_NO_THREAD = {"thread_not_found", "message_not_found"}
_BAD_BLOCKS = {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"}
_RATE_LIMITED = {"ratelimited", "rate_limited", "message_limit_exceeded", "accesslimited"}
_TRANSIENT = {
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "team_added_to_org",
    "update_failed",
}
_NO_HISTORY = {"missing_scope", "not_in_channel", "channel_not_found", "access_denied", "no_permission"}


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
        self.timeout_seconds = float(self._hook.client.timeout)

    def call(self, method: str, body: Mapping[str, Any]) -> Any:
        """Call a method of the Web API and return its answer.

        Raises:
            SendError, UnusableTransportError: as classified.
        """
        from slack_sdk.errors import SlackApiError

        try:
            return self._hook.call(method, json=dict(body))
        except SlackApiError as error:
            raise self._classified(method, error.response) from None
        except OSError as error:  # timeouts and broken connections: the request may have arrived
            raise SendError("ambiguous", f"{method}: {type(error).__name__}") from None

    def _classified(self, method: str, response: Any) -> NotifyError:
        status = getattr(response, "status_code", 200)
        code = response.get("error", "unknown_error") if isinstance(response.data, dict) else f"HTTP {status}"
        if status == 429 or code in _RATE_LIMITED:
            seconds = float(response.headers.get("Retry-After") or response.headers.get("retry-after") or 1)
            return SendError("later", f"ratelimited: {method}", seconds, holds_channel=True)
        if code in _UNUSABLE:
            return UnusableTransportError(f"{code}: {_UNUSABLE[code]} ({self.connection})")
        if status >= 500 or code in _TRANSIENT:
            return SendError("ambiguous", f"{method}: {code}")
        return SendError("dead", f"{method}: {code}")

    def _post(self, body: dict[str, Any], payload: Mapping[str, str]) -> str:
        """Post; what Slack cannot show as blocks goes as text, which holds the whole fact (same outbox id)."""
        metadata = {"event_type": EVENT_TYPE, "event_payload": dict(payload)}
        body = body | {"metadata": metadata, "unfurl_links": False, "unfurl_media": False}
        try:
            return str(self.call("chat.postMessage", body)["ts"])
        except SendError as error:
            if _code(error) not in _BAD_BLOCKS:
                raise
            body.pop("blocks", None)
            return str(self.call("chat.postMessage", body)["ts"])

    def post(self, target: str, message: Message, payload: Mapping[str, str]) -> str:
        """Post a parent message and return its ts."""
        shown = {"text": block_kit.text_of(message), "blocks": block_kit.parent_blocks(message)}
        return self._post({"channel": target} | shown, payload)

    def reply(self, target: str, parent_ts: str, message: Message, payload: Mapping[str, str]) -> str:
        """Post into the thread of a parent and return the reply's ts.

        A parent deleted meanwhile is no error to Slack: the text then stands in the channel itself, where it is read.
        """
        shown = {"text": block_kit.thread_text(message), "blocks": block_kit.thread_blocks(message)}
        body = {"channel": target, "thread_ts": parent_ts} | shown
        try:
            return self._post(body, payload)
        except SendError as error:
            if _code(error) in _GONE_THREAD:
                raise ParentGoneError(str(error)) from None
            raise

    def edit(self, target: str, ts: str, message: Message) -> None:
        """Bring a parent message to the current truth; always with blocks, because text alone would remove them.

        Its metadata stays as it was posted: by it the message is found again. An edit changes the same message however
        often it is made, so a failed one is tried later and nothing is unclear.
        """
        body = {"channel": target, "ts": ts, "text": block_kit.text_of(message)}
        try:
            self._edit(body | {"blocks": block_kit.parent_blocks(message)})
        except SendError as error:
            if _code(error) not in _BAD_BLOCKS:
                raise
            self._edit(body)

    def _edit(self, body: dict[str, Any]) -> None:
        try:
            self.call("chat.update", body)
        except SendError as error:
            if error.outcome == "dead" and _code(error) not in _BAD_BLOCKS:
                raise ParentGoneError(str(error)) from None
            if error.outcome == "ambiguous":
                raise SendError("later", str(error)) from None
            raise

    def find(self, target: str, notification_id: str, oldest: float, parents: Sequence[str]) -> Found | None:
        """Look for a message by its notification id: in the threads of its parents, then in the channel.

        Both, because a reply whose parent was deleted stands in the channel, or in what is left of the thread.
        """
        window = {"channel": target, "oldest": f"{oldest:.6f}", "limit": 200, "include_all_metadata": True}
        gone: set[str] = set()
        for parent_ts in parents:
            try:
                for message in self._messages("conversations.replies", window | {"ts": parent_ts}):
                    if _tells(message, notification_id):
                        return _place(message)
            except ParentGoneError:
                gone.add(parent_ts)
        standing: set[str] = set()
        for message in self._messages("conversations.history", window):
            if _tells(message, notification_id):
                return _place(message)
            standing.add(str(message["ts"]))
        if gone & standing:
            # Taken for gone, the reply in it would be posted again.
            raise SendError("later", "conversations.replies: says that a thread is gone which stands in the channel")
        return None

    def _messages(self, method: str, body: dict[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Yield what is read back, page after page; ParentGoneError when Slack knows of no such thread."""
        cursor = ""
        while True:
            try:
                page = self.call(method, body | ({"cursor": cursor} if cursor else {}))
            except (SendError, UnusableTransportError) as error:
                if _code(error) in _NO_THREAD and method == "conversations.replies":
                    raise ParentGoneError(str(error)) from None
                if _code(error) in _NO_HISTORY:
                    raise CannotReadBackError(str(error)) from None
                if isinstance(error, SendError) and error.outcome != "later":
                    raise SendError("later", str(error)) from None  # reading changes nothing
                raise
            _refuse_without_metadata(page)
            yield from page.get("messages") or []
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    def permalink(self, target: str, ts: str) -> str | None:
        """Return Slack's link to a message; None when Slack does not say, for the message stands anyway."""
        try:
            link: str | None = self.call("chat.getPermalink", {"channel": target, "message_ts": ts}).get("permalink")
        except NotifyError:
            return None
        return link


def _tells(message: Mapping[str, Any], notification_id: str) -> bool:
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    return payload.get("notification_id") == notification_id


def _place(message: Mapping[str, Any]) -> Found:
    return Found(str(message["ts"]), str(message.get("thread_ts") or message["ts"]))


def _code(error: NotifyError) -> str:
    """Return Slack's error code: ``method: code``, or ``code: what to mend``."""
    first, _, second = str(error).partition(": ")
    return second if isinstance(error, SendError) else first


def _refuse_without_metadata(page: Any) -> None:
    """Without the scope, Slack leaves the metadata out and says nothing: every message would seem not to be there."""
    headers = {name.lower(): value for name, value in page.headers.items()}
    scopes = headers.get("x-oauth-scopes")
    if scopes is not None and "metadata.message:read" not in scopes.replace(" ", "").split(","):
        raise CannotReadBackError("missing_scope: metadata.message:read")

"""Slack as this project uses it: parent messages, edits, thread replies, and reading the channel back.

Only what writes goes as JSON: a form is read by every method, JSON by some, and the others answer ``invalid_arguments``
as if the arguments were not there. What an answer means for the message is told in ``slack_answers``. No retry
handlers: retrying a connection after a post is how messages double (docs/design.md#d8).
"""

import datetime as dt
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pedwatch import settings
from pedwatch.alerts import block_kit
from pedwatch.alerts.channels import slack_refusals as refusals
from pedwatch.alerts.channels.slack_answers import SlackRefusedError, answered, call_of, code_of, form
from pedwatch.alerts.messages import Message
from pedwatch.alerts.transport import (
    CannotEditError,
    CannotReadBackError,
    Found,
    ParentGoneError,
    SendError,
    UnusableTransportError,
)
from pedwatch.errors import NotifyError

log = logging.getLogger(__name__)

EVENT_TYPE = "pedwatch_alert"
ENVIRONMENT = "environment"
"""Key of a message's metadata under which it says which environment posted it."""
_AS_JSON = {"chat.postMessage", "chat.update"}


class SlackChannel:
    """Posts through Airflow's SlackHook.

    Args:
        connection: Airflow connection of type slack; its password is the bot token.
        now: wall clock, for what Slack asks to wait until.
        environment: which one this is, carried by every message; that of this process when omitted. What another one
            posted by the same app is never taken for ours, nor touched.
    """

    def __init__(
        self, connection: str, now: Callable[[], dt.datetime] = settings.now, environment: str | None = None
    ) -> None:
        from airflow.providers.slack.hooks.slack import SlackHook

        self.connection = connection
        self._now = now
        self.environment = environment or settings.environment()
        self._hook = SlackHook(slack_conn_id=connection, retry_handlers=[])
        # The hook looks its connection up at first use; here nothing is leased yet that an error would hold up.
        self.timeout_seconds = float(self._hook.client.timeout)

    def call(self, method: str, arguments: Mapping[str, Any]) -> Any:
        """Call a method of the Web API, as JSON if it writes and else as a form, and return its answer.

        Raises:
            SendError, UnusableTransportError: as classified.
        """

        def ask() -> Any:
            if method in _AS_JSON:
                return self._hook.call(method, json=dict(arguments))
            return self._hook.call(method, params=form(arguments))

        return answered(method, call_of(method, arguments), ask, self.connection, self._now())

    def _post(self, body: dict[str, Any], payload: Mapping[str, str]) -> str:
        """Post; what Slack cannot show as blocks goes as text, which holds the whole fact (same outbox id)."""
        carried = {**payload, ENVIRONMENT: self.environment} if self.environment else dict(payload)
        metadata = {"event_type": EVENT_TYPE, "event_payload": carried}
        body = body | {"metadata": metadata, "unfurl_links": False, "unfurl_media": False}
        try:
            answer = self.call("chat.postMessage", body)
        except SlackRefusedError as error:
            if error.meaning != "blocks":
                raise
            body.pop("blocks", None)
            answer = self.call("chat.postMessage", body)
        return _ts_of(answer, SendError("ambiguous", "chat.postMessage: an answer without a ts"))

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
        except SlackRefusedError as error:
            if error.meaning in ("gone", "elsewhere"):
                raise ParentGoneError(str(error)) from None
            raise

    def edit(self, target: str, ts: str, message: Message) -> None:
        """Bring a parent message to the current truth; always with blocks, because text alone would remove them.

        Its metadata stays as it was posted: by it the message is found again. An edit changes the same message however
        often it is made, so a failed one is tried later and nothing is unclear.

        Raises:
            ParentGoneError: Slack says that there is no such message.
            CannotEditError: the message stands, and stays as it is.
            SendError, UnusableTransportError: as classified.
        """
        body = {"channel": target, "ts": ts, "text": block_kit.text_of(message)}
        try:
            try:
                answer = self.call("chat.update", body | {"blocks": block_kit.parent_blocks(message)})
            except SlackRefusedError as error:
                if error.meaning != "blocks":
                    raise
                answer = self.call("chat.update", body)
            _ts_of(answer, SendError("later", "chat.update: an answer without a ts"))
        except SlackRefusedError as error:
            if error.meaning == "gone":
                raise ParentGoneError(str(error)) from None
            if error.meaning in ("stands", "blocks"):
                log.warning("pedwatch_slack_edit_refused code=%s", error.code)
                raise CannotEditError(error.code) from None
            raise

    def _read(self, method: str, arguments: Mapping[str, Any]) -> Any:
        """Ask Slack; what it does not understand is a fault of this module, told as such: asking again mends nothing.

        Raises:
            CannotReadBackError: the request is malformed.
            SendError, UnusableTransportError: as classified.
        """
        try:
            return self.call(method, arguments)
        except SlackRefusedError as error:
            if error.meaning != "ours":
                raise
            log.error("pedwatch_slack_read_refused error=%s: %s", method, error.code)
            raise CannotReadBackError(str(error)) from None

    def find(self, target: str, payload: Mapping[str, str], oldest: float, parents: Sequence[str]) -> Found | None:
        """Look for a message by its notification id: in the threads of its parents, then in the channel.

        Both, because a reply whose parent was deleted stands in the channel, or in what is left of the thread. A parent
        of the same episode that the outbox does not know of, since the word that it stands was lost, has a thread too.
        """
        window = {"channel": target, "oldest": f"{oldest:.6f}", "limit": 200, "include_all_metadata": True}
        gone: set[str] = set()
        for parent_ts in parents:
            if found := self._in_thread(window, parent_ts, payload, gone):
                return found
        standing: dict[str, bool] = {}
        for message in self._messages("conversations.history", window):
            if self.environment and (theirs := environment_of(message)) not in (None, self.environment):
                if _tells(message, payload, "episode_id"):
                    log.warning("pedwatch_foreign_message channel=%s environment=%s", target, theirs)
                continue
            if _tells(message, payload, "notification_id"):
                return _place(message)
            standing[str(message["ts"])] = _tells(message, payload, "episode_id")
        for parent_ts, is_of_episode in standing.items():
            is_unknown = is_of_episode and parent_ts not in parents
            if is_unknown and (found := self._in_thread(window, parent_ts, payload, gone)):
                return found
        if gone & standing.keys():
            # Taken for gone, the reply in it would be posted again.
            raise SendError("later", "conversations.replies: says that a thread is gone which stands in the channel")
        return None

    def _in_thread(
        self, window: Mapping[str, Any], parent_ts: str, payload: Mapping[str, str], gone: set[str]
    ) -> Found | None:
        """Look for a message in a thread; a thread that Slack does not know is added to those that are ``gone``."""
        try:
            for message in self._messages("conversations.replies", {**window, "ts": parent_ts}):
                if _tells(message, payload, "notification_id"):
                    return _place(message)
        except ParentGoneError:
            gone.add(parent_ts)
        return None

    def _messages(self, method: str, body: dict[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Yield what is read back, page after page; ParentGoneError when Slack knows of no such thread."""
        cursors = [""]
        while True:
            try:
                page = self._read(method, body | ({"cursor": cursors[-1]} if cursors[-1] else {}))
            except SlackRefusedError as error:
                if error.meaning == "gone" and method == "conversations.replies":
                    raise ParentGoneError(str(error)) from None
                if error.meaning == "closed":
                    raise CannotReadBackError(str(error)) from None
                raise SendError("later", str(error), is_odd=error.is_odd) from None  # reading changes nothing
            except UnusableTransportError as error:
                if refusals.meaning("read", code_of(error)) == "closed":
                    raise CannotReadBackError(str(error)) from None
                raise
            _refuse_without_metadata(page)
            messages = page.get("messages")
            if not isinstance(messages, list) or not all(isinstance(each, dict) and "ts" in each for each in messages):
                raise SendError("later", f"{method}: an answer without messages")
            yield from messages
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if (not cursor and page.get("has_more")) or cursor in cursors[1:]:
                raise SendError("later", f"{method}: an answer that does not say where it goes on")
            if not cursor:
                return
            cursors.append(cursor)

    def permalink(self, target: str, ts: str) -> str | None:
        """Return Slack's link to a message; None when Slack does not say, for the message stands anyway."""
        try:
            link: str | None = self._read("chat.getPermalink", {"channel": target, "message_ts": ts}).get("permalink")
        except NotifyError:
            return None
        return link


def _ts_of(answer: Any, without: SendError) -> str:
    """Return the ts of the message that an answer is about; one that names none is no answer of Slack's."""
    if not isinstance(answer.get("ts"), str):
        raise without
    return str(answer["ts"])


def environment_of(message: Mapping[str, Any]) -> str | None:
    """Return which environment posted a message by our app; None of what is not ours, or does not say.

    Args:
        message: as Slack lists it, with its metadata.
    """
    metadata = message.get("metadata") or {}
    carried = metadata.get("event_payload") or {} if metadata.get("event_type") == EVENT_TYPE else {}
    return str(carried[ENVIRONMENT]) if carried.get(ENVIRONMENT) else None


def _tells(message: Mapping[str, Any], payload: Mapping[str, str], name: str) -> bool:
    carried = (message.get("metadata") or {}).get("event_payload") or {}
    return name in payload and carried.get(name) == payload[name]


def _place(message: Mapping[str, Any]) -> Found:
    return Found(str(message["ts"]), str(message.get("thread_ts") or message["ts"]))


def _refuse_without_metadata(page: Any) -> None:
    """Without the scope, Slack leaves the metadata out and says nothing: every message would seem not to be there."""
    headers = {name.lower(): value for name, value in page.headers.items()}
    scopes = headers.get("x-oauth-scopes")
    if scopes is not None and "metadata.message:read" not in scopes.replace(" ", "").split(","):
        raise CannotReadBackError("missing_scope: metadata.message:read")

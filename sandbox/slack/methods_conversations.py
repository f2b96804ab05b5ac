"""``conversations.*``: read channels, their history and their threads."""

import base64
import binascii
from typing import Any

from sandbox.slack.errors import SlackRefusal
from sandbox.slack.message_json import channel_json, message_json
from sandbox.slack.method_call import Call, Method
from sandbox.slack.records import Channel, Message

MESSAGES_LIMIT = 999
DEFAULT_LIMIT = 100
FAR_FUTURE = 10**18
CURSOR_PREFIX = "next_ts:"


def _cursor(position: int) -> str:
    return base64.b64encode(f"{CURSOR_PREFIX}{position}".encode()).decode()


def _position(call: Call) -> int | None:
    """Return where the page the cursor asks for begins."""
    cursor = call.arguments.text("cursor")
    if not cursor:
        return None
    try:
        decoded = base64.b64decode(cursor, validate=True).decode()
        return int(decoded.removeprefix(CURSOR_PREFIX))
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise SlackRefusal("invalid_cursor") from error


def _limit(call: Call) -> int:
    limit = call.arguments.integer("limit", DEFAULT_LIMIT)
    if limit < 0:
        raise SlackRefusal("invalid_limit")
    return min(limit or DEFAULT_LIMIT, MESSAGES_LIMIT)


def _within_range(call: Call, messages: list[Message]) -> list[Message]:
    """Keep the messages between ``oldest`` and ``latest``; the bounds themselves only if ``inclusive``."""
    oldest = call.arguments.timestamp("oldest", "invalid_ts_oldest", default=0)
    latest = call.arguments.timestamp("latest", "invalid_ts_latest", default=FAR_FUTURE)
    if call.arguments.flag("inclusive"):
        return [message for message in messages if oldest <= message.ts <= latest]
    return [message for message in messages if oldest < message.ts < latest]


def _page(found: list[Message], limit: int) -> tuple[list[Message], dict[str, Any]]:
    """Return the first page of what is left, and what the answer tells about the rest."""
    page, rest = found[:limit], found[limit:]
    if not rest:
        return page, {"has_more": False}
    return page, {"has_more": True, "response_metadata": {"next_cursor": _cursor(rest[0].ts)}}


def _describe(call: Call, channel: Channel, messages: list[Message]) -> list[dict[str, Any]]:
    has_metadata = call.arguments.flag("include_all_metadata") and "metadata.message:read" in call.switches.scopes
    threads = call.store.threads(channel.id)
    return [
        message_json(message, threads.get(message.ts), call.store.reactions(message.ts), has_metadata)
        for message in messages
    ]


def history(call: Call) -> dict[str, Any]:
    """Return a channel's messages, newest first, without the replies in threads."""
    channel = call.joined_channel()
    found = _within_range(call, call.store.channel_messages(channel.id))[::-1]
    position = _position(call)
    if position is not None:
        found = [message for message in found if message.ts <= position]
    page, rest = _page(found, _limit(call))
    answer = {"ok": True, "messages": _describe(call, channel, page), "pin_count": 0}
    if call.arguments.get("latest"):
        answer["latest"] = call.arguments.text("latest")
    return answer | rest


def replies(call: Call) -> dict[str, Any]:
    """Return a thread, oldest first: its parent, whatever the range, and then the replies."""
    channel = call.joined_channel()
    named = call.message(channel, "ts", refusal="thread_not_found")
    parent = named if named.thread_ts is None else call.store.message(channel.id, named.thread_ts)
    assert parent is not None, "a reply without a parent was never stored"
    found = _within_range(call, call.store.replies(channel.id, parent.ts))
    position = _position(call)
    found = [parent, *found] if position is None else [message for message in found if message.ts >= position]
    page, rest = _page(found, _limit(call))
    return {"ok": True, "messages": _describe(call, channel, page)} | rest


def info(call: Call) -> dict[str, Any]:
    """Describe one channel."""
    return {"ok": True, "channel": channel_json(call.channel())}


METHODS: dict[str, Method] = {
    "conversations.history": history,
    "conversations.info": info,
    "conversations.replies": replies,
}

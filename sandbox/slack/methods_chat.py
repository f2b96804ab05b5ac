"""``chat.*``: post, edit, delete, link."""

from typing import Any

from sandbox.slack import message_checks
from sandbox.slack.arguments import Arguments
from sandbox.slack.errors import SlackRefusal
from sandbox.slack.message_json import content_json, message_json
from sandbox.slack.method_call import Call, Method
from sandbox.slack.records import Content, Message
from sandbox.slack.timestamps import MICROSECONDS, format_ts
from sandbox.slack.workspace import BOT_USER


def _read_blocks(arguments: Arguments) -> list[dict[str, Any]] | None:
    blocks = arguments.structure("blocks", "invalid_blocks_format")
    return None if blocks is None else message_checks.accept_blocks(blocks)


def _refuse_what_is_not_sent(arguments: Arguments) -> None:
    for name in ("attachments", "markdown_text", "mrkdwn", "reply_broadcast"):
        if arguments.get(name) is not None:
            message = f"[ERROR] the sandbox does not implement {name}"
            raise SlackRefusal("invalid_arguments", response_metadata={"messages": [message]})


def _require_something(content: Content) -> None:
    if not (content.text.strip() or content.blocks):
        raise SlackRefusal("no_text")


def _new_content(call: Call) -> Content:
    arguments = call.arguments
    _refuse_what_is_not_sent(arguments)
    metadata = arguments.structure("metadata", "invalid_metadata_format")
    content = Content(
        text=message_checks.accept_text(arguments.get("text")),
        blocks=_read_blocks(arguments) or [],
        metadata=None if metadata is None else message_checks.accept_metadata(metadata),
    )
    _require_something(content)
    return content


def _find_thread(call: Call, channel_id: str) -> int | None:
    """Return the thread a post belongs to.

    A reply's own timestamp leads to its thread. When the parent is gone, Slack does not refuse: it posts to the
    channel itself, and only the missing ``thread_ts`` in the answer tells (slack-go/slack #1571).
    """
    if call.arguments.get("thread_ts") is None:
        return None
    named = call.store.message(channel_id, call.arguments.timestamp("thread_ts", "invalid_arguments"))
    if named is None or (named.deleted_ts is not None and not call.is_tombstone(named)):
        return None
    return named.thread_ts or named.ts


def post_message(call: Call) -> dict[str, Any]:
    """Post a message to a channel or a thread."""
    channel = call.joined_channel(may_be_named=True)
    if channel.is_archived:
        raise SlackRefusal("is_archived")
    content = _new_content(call)
    thread_ts = _find_thread(call, channel.id)
    message = Message(
        channel=channel.id,
        ts=call.store.unused_ts(call.switches.now()),
        user=BOT_USER,
        content=content,
        thread_ts=thread_ts,
    )
    call.store.add_message(message)
    return {"ok": True, "channel": channel.id, "ts": format_ts(message.ts), "message": message_json(message)}


def _edited_content(call: Call, old: Content) -> Content:
    """Apply an edit: ``text`` alone removes the blocks, blocks alone remove the text; the rest stays."""
    arguments = call.arguments
    _refuse_what_is_not_sent(arguments)
    text = arguments.get("text")
    blocks = _read_blocks(arguments)
    metadata = arguments.structure("metadata", "invalid_metadata_format")
    if text is None and blocks is None:
        raise SlackRefusal("no_text")
    is_kept = text is None and blocks is None
    content = Content(
        text=old.text if is_kept else message_checks.accept_text(text, message_checks.EDITED_TEXT_LENGTH),
        blocks=old.blocks if is_kept else blocks or [],
        metadata=old.metadata if metadata is None else message_checks.accept_metadata(metadata),
    )
    _require_something(content)
    return content


def update_message(call: Call) -> dict[str, Any]:
    """Edit one of the bot's messages."""
    channel = call.joined_channel()
    message = call.message(channel, "ts")
    if message.user != BOT_USER or message.deleted_ts is not None:
        raise SlackRefusal("cant_update_message")
    if channel.is_archived:
        raise SlackRefusal("is_inactive")
    content = _edited_content(call, message.content)
    call.store.edit_message(message, content, max(call.switches.now(), message.ts))
    described = {"type": "message", "user": BOT_USER, **content_json(content, has_metadata=True)}
    answer = {"ok": True, "channel": channel.id, "ts": format_ts(message.ts), "text": content.text}
    return answer | {"message": described}


def delete_message(call: Call) -> dict[str, Any]:
    """Delete one of the bot's messages; a parent with replies leaves a tombstone."""
    channel = call.joined_channel()
    message = call.message(channel, "ts")
    if message.user != BOT_USER or message.deleted_ts is not None:
        raise SlackRefusal("cant_delete_message")
    call.store.delete_message(message, call.switches.now())
    return {"ok": True, "channel": channel.id, "ts": format_ts(message.ts)}


def get_permalink(call: Call) -> dict[str, Any]:
    """Return a link to a message; it leads to this sandbox's page."""
    channel = call.channel()
    message = call.message(channel, "message_ts")
    link = f"{call.base_url}/archives/{channel.id}/p{message.ts // MICROSECONDS}{message.ts % MICROSECONDS:06d}"
    if message.thread_ts is not None:
        link += f"?thread_ts={format_ts(message.thread_ts)}&cid={channel.id}"
    return {"ok": True, "channel": channel.id, "permalink": link}


METHODS: dict[str, Method] = {
    "chat.delete": delete_message,
    "chat.getPermalink": get_permalink,
    "chat.postMessage": post_message,
    "chat.update": update_message,
}

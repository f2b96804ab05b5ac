"""How Slack's answers describe channels and messages."""

from typing import Any

from sandbox.slack.records import Channel, Content, Message, ThreadSummary
from sandbox.slack.timestamps import format_ts
from sandbox.slack.workspace import APP_ID, APP_NAME, BOT_ID, BOT_USER, TEAM_ID, TOMBSTONE_USER

TOMBSTONE_TEXT = "This message was deleted."


def channel_json(channel: Channel) -> dict[str, Any]:
    """Describe a channel as ``conversations.info`` does."""
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not channel.is_private,
        "is_group": channel.is_private,
        "is_im": False,
        "is_mpim": False,
        "is_private": channel.is_private,
        "is_archived": channel.is_archived,
        "is_member": channel.is_member,
        "is_general": False,
        "created": channel.created,
        "creator": BOT_USER,
        "context_team_id": TEAM_ID,
    }


def _author_json(user: str) -> dict[str, Any]:
    if user != BOT_USER:
        return {"user": user}
    profile = {"id": BOT_ID, "app_id": APP_ID, "name": APP_NAME, "deleted": False, "team_id": TEAM_ID}
    return {"user": user, "bot_id": BOT_ID, "app_id": APP_ID, "bot_profile": profile}


def content_json(content: Content, has_metadata: bool) -> dict[str, Any]:
    """Describe what a message says."""
    found: dict[str, Any] = {"text": content.text}
    if content.blocks:
        found["blocks"] = content.blocks
    if content.metadata and has_metadata:
        found["metadata"] = content.metadata
    return found


def _thread_json(message: Message, thread: ThreadSummary | None) -> dict[str, Any]:
    if message.thread_ts is not None:
        return {"thread_ts": format_ts(message.thread_ts), "parent_user_id": BOT_USER}
    if thread is None:
        return {}
    return {
        "thread_ts": format_ts(message.ts),
        "reply_count": thread.count,
        "reply_users_count": len(thread.users),
        "reply_users": list(thread.users),
        "latest_reply": format_ts(thread.latest),
        "is_locked": False,
        "subscribed": False,
    }


def message_json(
    message: Message,
    thread: ThreadSummary | None = None,
    reactions: dict[str, list[str]] | None = None,
    has_metadata: bool = True,
) -> dict[str, Any]:
    """Describe a message as ``conversations.history`` does."""
    found: dict[str, Any] = {"type": "message", "ts": format_ts(message.ts)}
    if message.deleted_ts is not None:
        found |= {"subtype": "tombstone", "hidden": True, "user": TOMBSTONE_USER, "text": TOMBSTONE_TEXT}
        return found | _thread_json(message, thread)
    found |= {**_author_json(message.user), "team": TEAM_ID, **content_json(message.content, has_metadata)}
    found |= _thread_json(message, thread)
    if message.edited_ts is not None:
        found["edited"] = {"user": message.user, "ts": format_ts(message.edited_ts)}
    if reactions:
        found["reactions"] = [{"name": name, "users": users, "count": len(users)} for name, users in reactions.items()]
    return found

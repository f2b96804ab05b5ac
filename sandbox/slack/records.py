"""What the stand-in remembers: channels, messages, and the earlier versions of messages."""

from dataclasses import dataclass, field
from typing import Any

JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Channel:
    """A conversation of the workspace and how the bot stands to it."""

    id: str
    name: str
    created: int
    is_archived: bool = False
    is_member: bool = True
    is_private: bool = False


@dataclass(frozen=True)
class Content:
    """What a message says; an edit replaces it as a whole."""

    text: str = ""
    blocks: list[JsonObject] = field(default_factory=list)
    metadata: JsonObject | None = None


@dataclass(frozen=True)
class Revision:
    """A version of a message that an edit has replaced; ``replaced_ts`` says when."""

    content: Content
    replaced_ts: int


@dataclass(frozen=True)
class Message:
    """A message; ``ts`` (microseconds) is its identity within the workspace."""

    channel: str
    ts: int
    user: str
    content: Content
    thread_ts: int | None = None
    edited_ts: int | None = None
    deleted_ts: int | None = None


@dataclass(frozen=True)
class ThreadSummary:
    """What the parent of a thread tells about its replies (those not deleted)."""

    count: int
    latest: int
    users: tuple[str, ...]

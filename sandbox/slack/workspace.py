"""The one workspace this stand-in serves: its app, its people, and what the app's bot token may do."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sandbox.slack.timestamps import MICROSECONDS

TEAM_ID = "T0SANDBOX"
TEAM_NAME = "Sandbox"
APP_ID = "A0PEDWATCH"
APP_NAME = "pedwatch"
BOT_ID = "B0PEDWATCH"
BOT_USER = "U0PEDWATCH"
TOMBSTONE_USER = "USLACKBOT"

#: user id → (handle, real name): the bot, Slackbot, and people to mention and to write as.
PEOPLE: dict[str, tuple[str, str]] = {
    BOT_USER: (APP_NAME, "pedwatch"),
    TOMBSTONE_USER: ("slackbot", "Slackbot"),
    "U0MAYA": ("maya", "Maya Okafor"),
    "U0JONAS": ("jonas", "Jonas Weiß"),
    "U0LEILA": ("leila", "ليلى حداد"),
}

#: user group id → handle: what scenarios mention.
GROUPS: dict[str, str] = {"S0ORDERS": "orders-oncall"}

DEFAULT_SCOPES = (
    "chat:write",
    "channels:read",
    "channels:history",
    "groups:read",
    "groups:history",
    "metadata.message:read",
    "reactions:read",
)

#: The scope each method needs; None: any valid token will do.
METHOD_SCOPES: dict[str, str | None] = {
    "auth.test": None,
    "blocks.validate": None,
    "chat.delete": "chat:write",
    "chat.getPermalink": None,
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "conversations.history": "channels:history",
    "conversations.info": "channels:read",
    "conversations.replies": "channels:history",
    "reactions.get": "reactions:read",
}


def new_bot_token() -> str:
    """Make up a token of the shape Slack gives to bots."""
    return f"xoxb-sandbox-{secrets.token_hex(12)}"


@dataclass
class Switches:
    """What a test can change about the workspace while it runs; kept across restarts."""

    is_token_revoked: bool = False
    scopes: Sequence[str] = field(default_factory=lambda: list(DEFAULT_SCOPES))
    clock_offset_seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Return the switches as they are stored and shown."""
        return asdict(self)

    def now(self) -> int:
        """Return the workspace's clock in microseconds: the machine's, moved by the offset."""
        return int((time.time() + self.clock_offset_seconds) * MICROSECONDS)

    def require_scope(self, method: str) -> dict[str, str] | None:
        """Return what ``missing_scope`` tells when the token lacks the method's scope, else None."""
        needed = METHOD_SCOPES.get(method)
        if needed is None or needed in self.scopes:
            return None
        return {"needed": needed, "provided": ",".join(self.scopes)}

"""The refusals of Slack's Web API: almost always HTTP 200 with ``"ok": false`` and an error code."""

from collections.abc import Sequence
from typing import Any


class SlackRefusal(Exception):
    """A method said no; becomes ``{"ok": false, "error": code, …}``."""

    def __init__(self, code: str, **extra: Any) -> None:
        """Keep the error code and whatever else Slack puts beside it."""
        super().__init__(code)
        self.code = code
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """Return the JSON body of the answer."""
        return {"ok": False, "error": self.code, **self.extra}


class RateLimited(SlackRefusal):
    """Too many calls; the one refusal that comes with HTTP 429 and a ``Retry-After`` header."""

    def __init__(self, retry_after: int) -> None:
        """Remember for how many whole seconds the caller has to wait."""
        super().__init__("ratelimited")
        self.retry_after = retry_after


def missing_arguments(names: Sequence[str]) -> SlackRefusal:
    """Refuse a call that lacks required arguments, naming each."""
    messages = [f"[ERROR] missing required field: {name}" for name in names]
    return SlackRefusal("invalid_arguments", response_metadata={"messages": messages})

"""Failures on order: the next calls of a method go wrong in a chosen way."""

from dataclasses import asdict, dataclass
from typing import Any

KINDS = {
    "ratelimited": "HTTP 429 with Retry-After (retry_after seconds); nothing is stored",
    "server_error": "HTTP 500; nothing is stored",
    "timeout": "no answer for `seconds`, then the connection closes; nothing is stored",
    "stored_then_dropped": "the call takes effect, but the connection closes without an answer",
    "error": "HTTP 200 with ok:false and `error`; nothing is stored",
    "delay": "the call takes effect after `seconds`",
}


@dataclass
class Fault:
    """One failure on order, for the next ``times`` calls that match."""

    kind: str
    method: str
    channel: str | None = None
    times: int = 1
    retry_after: int = 1
    seconds: float = 30.0
    error: str = "fatal_error"

    def __post_init__(self) -> None:
        """Refuse a kind nobody knows."""
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of fault: {self.kind!r}; there are {', '.join(KINDS)}")
        if self.times < 1:
            raise ValueError("times must be at least 1")

    def matches(self, method: str, channel: str) -> bool:
        """Say whether this fault is for that call; method ``*`` is any."""
        return self.method in (method, "*") and self.channel in (None, channel)


class Faults:
    """The failures on order, oldest first."""

    def __init__(self) -> None:
        """Start without any."""
        self._ordered: list[Fault] = []

    def order(self, fault: Fault) -> None:
        """Add a failure."""
        self._ordered.append(fault)

    def clear(self) -> None:
        """Cancel all failures still on order."""
        self._ordered.clear()

    def waiting(self) -> list[dict[str, Any]]:
        """Return what is still on order."""
        return [asdict(fault) for fault in self._ordered]

    def take(self, method: str, channel: str) -> Fault | None:
        """Return the failure this call must suffer, if any, and count it."""
        for fault in self._ordered:
            if fault.matches(method, channel):
                fault.times -= 1
                if fault.times == 0:
                    self._ordered.remove(fault)
                return fault
        return None

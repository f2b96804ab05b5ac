"""Failures on order: the next calls of a method go wrong in a chosen way."""

from dataclasses import dataclass, field

from sandbox.odd_answers import ODD_ANSWERS, response

KINDS = {
    "ratelimited": "HTTP 429 with Retry-After (retry_after seconds); nothing is stored",
    "server_error": "HTTP 500; nothing is stored",
    "timeout": "no answer for `seconds`, then the connection closes; nothing is stored",
    "stored_then_dropped": "the call takes effect, but the connection closes without an answer",
    "error": "HTTP 200 with ok:false and `error`; nothing is stored",
    "delay": "the call takes effect after `seconds`",
    "odd": "`answer` of sandbox.odd_answers in place of Slack's; with `is_stored` the call takes effect all the same",
    "answer": "`status`, `content_type`, `body`, `headers` in place of Slack's answer; `is_stored` as with odd",
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
    answer: str = "page 200"
    is_stored: bool = False
    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what nobody knows."""
        if self.answer not in ODD_ANSWERS:
            raise ValueError(f"unknown answer: {self.answer!r}; there are {', '.join(ODD_ANSWERS)}")
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of fault: {self.kind!r}; there are {', '.join(KINDS)}")
        if self.times < 1:
            raise ValueError("times must be at least 1")

    def raw(self) -> bytes:
        """Return the response of the kinds ``odd`` and ``answer``, as it goes over the wire."""
        if self.kind == "odd":
            return ODD_ANSWERS[self.answer]
        return response(self.status, self.body, self.content_type, self.headers)

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

    def take(self, method: str, channel: str) -> Fault | None:
        """Return the failure this call must suffer, if any, and count it."""
        for fault in self._ordered:
            if fault.matches(method, channel):
                fault.times -= 1
                if fault.times == 0:
                    self._ordered.remove(fault)
                return fault
        return None

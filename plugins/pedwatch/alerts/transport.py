"""What carries messages: what a sender asks of a transport, and how sending can fail. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pedwatch.alerts.messages import Message
from pedwatch.errors import NotifyError

Outcome = Literal["later", "ambiguous", "dead"]


class UnusableTransportError(NotifyError):
    """Nothing at all can be sent; the message says what to mend."""


class ParentGoneError(NotifyError):
    """The parent message is not there, or takes no replies: post a new one."""


class CannotEditError(NotifyError):
    """The parent message stands and stays as it is: its thread says what is true. The message is why, in one word."""


class CannotReadBackError(NotifyError):
    """The channel's history may not be read: whether a message was posted cannot be found out."""


class SendError(NotifyError):
    """One message was not, or perhaps not, delivered.

    ``outcome``: later (not posted, try again after ``retry_after`` seconds), ambiguous (may have been posted), dead
    (this message can never be posted as it is). ``holds_channel``: nothing else can be posted there for now either,
    nor where the same carrier brings it (``carrier_of``). ``is_odd``: the service answered by its own rules what nobody
    here knows; the platform hears of it.
    """

    def __init__(
        self,
        outcome: Outcome,
        message: str,
        retry_after: float | None = None,
        holds_channel: bool = False,
        is_odd: bool = False,
    ) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.retry_after = retry_after
        self.holds_channel = holds_channel
        self.is_odd = is_odd


class OutOfTimeError(SendError):
    """The time that a sender has for this kind of channel is used up: the message was not tried."""

    def __init__(self) -> None:
        super().__init__("later", "the time of this batch is used up: the next one goes on", 0.0)


@dataclass(frozen=True)
class Found:
    """A message that stands in a channel, and the parent of its thread, which it may be itself."""

    ts: str
    parent_ts: str


class Transport(Protocol):
    """What the sender needs of Slack, of a mail server, of a webhook."""

    @property
    def timeout_seconds(self) -> float:
        """After how long a call gives up: the remaining lease must be longer."""
        ...

    def post(self, target: str, message: Message, payload: Mapping[str, str]) -> str:
        """Post a parent message and return its ts."""
        ...

    def reply(self, target: str, parent_ts: str, message: Message, payload: Mapping[str, str]) -> str:
        """Post into a thread and return the ts; ParentGoneError when it takes no replies."""
        ...

    def edit(self, target: str, ts: str, message: Message) -> None:
        """Bring a parent to the current truth; ParentGoneError when it is gone, CannotEditError when it stays as is."""
        ...

    def find(self, target: str, payload: Mapping[str, str], oldest: float, parents: Sequence[str]) -> Found | None:
        """Look for a message by the payload it carries; CannotReadBackError when that cannot be known."""
        ...

    def permalink(self, target: str, ts: str) -> str | None:
        """Return a link to a message; None when there is none to be had."""
        ...


def kind_of(channel: str) -> str:
    """Return the kind of a channel: ``mailto``, ``webhook``, or ``slack``."""
    return channel.partition(":")[0] if ":" in channel else "slack"


def carrier_of(channel: str) -> str:
    """Return what fails as a whole: the one mail server of all addresses, else the channel itself."""
    return "mailto" if kind_of(channel) == "mailto" else channel

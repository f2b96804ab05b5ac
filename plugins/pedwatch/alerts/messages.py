"""What a message says, apart from how Slack wants it: title, summary, facts, notes, links. Pure.

``text`` alone tells the whole fact in words, because screen readers and notifications show nothing else.
"""

from dataclasses import asdict, dataclass, field, fields
from typing import Any

UNSPOKEN = "Last 20 cycles"
"""A fact that is drawn: there is nothing to read out."""


@dataclass(frozen=True)
class Message:
    """A neutral message: every string is plain text that the formatter escapes, but ``mention``.

    Attributes:
        mark: a Slack emoji code; never the only carrier of a fact.
        title: what it is, in two or three words.
        summary: one sentence without its full stop.
        advice: what to do about it, in a sentence or two without the last full stop.
        facts: label and value.
        notes: asides.
        lines: rows of a list, most important first; what does not fit becomes "+N more".
        table: rows of cells, the first of which are the columns' titles; what does not fit becomes "+N more".
        links: label and https address.
        people: ids of Slack users; ``@`` and such an id in a text is shown as their name.
        thread: what the thread's log says of it; the summary when empty.
        labels: identify and grade it, for receivers that are machines.
        mention: e.g. ``<!subteam^S0ORDERS>``; comes from the configuration, never from a label.
    """

    mark: str
    title: str
    summary: str
    facts: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    thread: str = ""
    mention: str | None = None
    lines: list[str] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    table: list[list[str]] = field(default_factory=list)
    advice: str = ""
    people: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The whole fact in words, the most important first."""
        spoken = [f"{label}: {value}" for label, value in self.facts if label != UNSPOKEN]
        advice = [self.advice] if self.advice else []
        rows = [", ".join(cells) for cells in self.table[1:]]
        return ". ".join([f"{self.title}: {self.summary}", *advice, *self.lines, *rows, *spoken, *self.notes])

    def to_json(self) -> dict[str, Any]:
        """Return the message as JSON values, as it is kept in the outbox."""
        return asdict(self)

    @staticmethod
    def from_json(value: dict[str, Any]) -> "Message":
        """Read a message back from the outbox, also one that another version wrote."""
        pairs = {name: [(label, text) for label, text in value.get(name) or []] for name in ("facts", "links")}
        return Message(**{name: each for name, each in (value | pairs).items() if name in _FIELDS})


_FIELDS = {each.name for each in fields(Message)}

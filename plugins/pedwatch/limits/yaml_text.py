"""Reads YAML that strangers wrote: plain values only, each with its line, and nothing that surprises.

Built on libyaml's events rather than a loader, because a loader drops duplicate keys, follows aliases (a few hundred
bytes expand to gigabytes), reads ``no`` as false and ``1:30`` as ninety. Values follow YAML 1.2's core schema; times
stay text until the document model reads them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from pedwatch.errors import PedwatchError

MAX_BYTES = 1_000_000
MAX_DEPTH = 10
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_SEPARATOR = re.compile(r"[\x85\u2028\u2029]")
"""libyaml, which reads YAML 1.1, ends a line at these; YAML 1.2 and every editor do not."""
_LINE_END = re.compile(r"\r\n|\r|\n")
_INTEGER = re.compile(r"^[-+]?[0-9]+$")
_MAX_DIGITS = 18
_FLOAT = re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None} | {
    spelling: value for value in (True, False) for spelling in (str(value), str(value).lower(), str(value).upper())
}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Location = tuple[str | int, ...]


class YamlProblem(PedwatchError):
    """The text is not plain YAML; ``line`` says where, the message what to do."""

    def __init__(self, message: str, line: int | None = None, field: Location = ()) -> None:
        super().__init__(message)
        self.line = line
        self.field = field


@dataclass(frozen=True)
class YamlDocument:
    """One document of a file: its value, its first line, and the line of everything in it."""

    value: Any
    line: int
    lines: dict[Location, int]


def read_documents(raw: bytes) -> list[YamlDocument]:
    """Read all documents of a file; empty ones are left out.

    Raises:
        YamlProblem: the text is too large, no UTF-8, no YAML, or uses what is refused.
    """
    if len(raw) > MAX_BYTES:
        raise YamlProblem("is larger than 1 MB: split it into several files")
    events = _events(_decode(raw))
    documents = []
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            builder = _Builder(events)
            document = builder.document()
            if document.value is not None:
                documents.append(document)
    return documents


def _decode(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise YamlProblem("is not UTF-8 text: is this a YAML file? Save it as UTF-8", line) from None
    if control := _CONTROL.search(text):
        message = "holds control characters: this is no text file; remove it from the folder"
        raise YamlProblem(message, _line_of(text, control.start()))
    if separator := _SEPARATOR.search(text):
        # Reviewed as one line, such as a comment, and read as two: what stands behind it would count.
        message = f"holds U+{ord(separator[0]):04X}, which ends no line in YAML 1.2: end the line as the others end"
        raise YamlProblem(message, _line_of(text, separator.start()))
    return text


def _line_of(text: str, position: int) -> int:
    return len(_LINE_END.findall(text, 0, position)) + 1


def _events(text: str) -> Iterator[Any]:
    try:
        yield from yaml.parse(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = ", ".join(part for part in (error.context, error.problem) if part)
        line = mark.line + 1 if mark else None
        raise YamlProblem(f"is not valid YAML: {reason}; check indent and quotes here", line) from None
    except yaml.YAMLError as error:
        raise YamlProblem(f"is not valid YAML: {' '.join(str(error).split())}") from None


class _Builder:
    """Builds one document's value from events, and remembers lines."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._lines: dict[Location, int] = {}

    def document(self) -> YamlDocument:
        """Consume the events of one document."""
        first = next(self._events)
        value = self._value(first, ())
        next(self._events)  # the end of the document
        return YamlDocument(value, first.start_mark.line + 1, self._lines)

    def _value(self, event: Any, at: Location) -> Any:
        line = event.start_mark.line + 1
        # The line of a key, not that of the value below it.
        self._lines.setdefault(at, line)
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            raise YamlProblem("anchors and aliases (& and *) are not supported: write the value out", line, at)
        if len(at) > MAX_DEPTH:
            raise YamlProblem(f"is nested more than {MAX_DEPTH} levels deep: no PED document is", line)
        if event.tag and event.tag != "!":
            raise YamlProblem(f"tags ({event.tag}) are not supported: write a plain value", line, at)
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event, at)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(at)
        return self._mapping(at)

    def _sequence(self, at: Location) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            values.append(self._value(event, (*at, len(values))))
        return values

    def _mapping(self, at: Location) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            line = event.start_mark.line + 1
            if not isinstance(event, yaml.ScalarEvent):
                raise YamlProblem("a key must be a plain word", line, at)
            here = (*at, event.value)
            if event.value in values:
                first = self._lines[here]
                raise YamlProblem(f"is written twice, first in line {first}: remove one", line, here)
            self._lines[here] = line
            values[event.value] = self._value(next(self._events), here)
        return values


def _scalar(event: Any, at: Location) -> Any:
    text = event.value
    # implicit[0]: a plain scalar, whose type shows in its spelling; a quoted one is text.
    if not event.implicit[0]:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        if len(text) > _MAX_DIGITS:
            raise YamlProblem(f"is a number of {len(text)} digits: is it meant?", event.start_mark.line + 1, at)
        return int(text)
    return float(text) if _FLOAT.match(text) else text

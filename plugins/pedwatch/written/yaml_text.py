"""Reads YAML that people wrote: plain values only, each with its line, and nothing that surprises.

Built on libyaml's events rather than a loader, because a loader drops duplicate keys, follows aliases (a few hundred
bytes expand to gigabytes), reads ``no`` as false and ``1:30`` as ninety. Values follow YAML 1.2's core schema; times
stay text until the document model reads them. PED files and the configuration are read by it alike.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
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
Expand = Callable[[str], tuple[str, tuple[str, ...]]]
"""Replaces what stands for something else in a text; returns the text, and the names that stood there. Raises
ValueError, which says what to write instead."""


class YamlProblem(PedwatchError):
    """The text is not plain YAML; ``line`` says where, the message what to do, ``cause`` what could not be expanded."""

    def __init__(
        self, message: str, line: int | None = None, field: Location = (), cause: ValueError | None = None
    ) -> None:
        super().__init__(message)
        self.line = line
        self.field = field
        self.cause = cause


@dataclass(frozen=True)
class YamlDocument:
    """One document of a file: its value, its first line, and the line of everything in it.

    ``problems`` is what it uses and may not, each with its place; the value there is the first one, or None.
    ``variables`` names what stood in a value before it was expanded.
    """

    value: Any
    line: int
    lines: dict[Location, int]
    problems: tuple[YamlProblem, ...] = ()
    variables: dict[Location, tuple[str, ...]] = field(default_factory=dict)


def read_documents(raw: bytes, expand: Expand | None = None) -> list[YamlDocument]:
    """Read all documents of a file; empty ones are left out.

    Args:
        raw: the file.
        expand: what each value goes through before its type is read; where it was not quoted, it is of the type that
            the expanded text would have if it stood there.

    Raises:
        YamlProblem: the text is too large, nested too deep, no UTF-8 or no YAML: it cannot be read to its end.
    """
    if len(raw) > MAX_BYTES:
        raise YamlProblem("is larger than 1 MB: split it into several files")
    events = _events(_decode(raw))
    documents = []
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            document = _Builder(events, expand).document()
            if document.value is not None or document.problems:
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
        advice = "check indent and quotes here"
        if line and "${" in "".join(text.splitlines()[line - 1 : line]):
            advice = 'within {…} and […] a variable stands in quotes: "${NAME}"'
        raise YamlProblem(f"is not valid YAML: {reason}; {advice}", line) from None
    except yaml.YAMLError as error:
        raise YamlProblem(f"is not valid YAML: {' '.join(str(error).split())}") from None


class _Builder:
    """Builds one document's value from events, and remembers lines and what is wrong."""

    def __init__(self, events: Iterator[Any], expand: Expand | None) -> None:
        self._events = events
        self._expand = expand
        self._lines: dict[Location, int] = {}
        self._problems: list[YamlProblem] = []
        self._variables: dict[Location, tuple[str, ...]] = {}

    def document(self) -> YamlDocument:
        """Consume the events of one document."""
        first = next(self._events)
        value = self._value(first, ())
        next(self._events)  # the end of the document
        return YamlDocument(value, first.start_mark.line + 1, self._lines, tuple(self._problems), self._variables)

    def _refuse(self, message: str, line: int, at: Location) -> None:
        self._problems.append(YamlProblem(message, line, at))

    def _value(self, event: Any, at: Location) -> Any:
        line = event.start_mark.line + 1
        # The line of a key, not that of the value below it.
        self._lines.setdefault(at, line)
        if len(at) > MAX_DEPTH:
            raise YamlProblem(f"is nested more than {MAX_DEPTH} levels deep: nothing that is read here is", line)
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            self._refuse("anchors and aliases (& and *) are not supported: write the value out", line, at)
        elif event.tag and event.tag != "!":
            self._refuse(f"tags ({event.tag}) are not supported: write a plain value", line, at)
        if isinstance(event, yaml.AliasEvent):
            return None
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, at)
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
                self._refuse("a key must be a plain word", line, at)
                self._pass_over(event)
                self._pass_over(next(self._events))
                continue
            here = (*at, event.value)
            if event.value in values:
                self._refuse(f"is written twice, first in line {self._lines[here]}: remove one", line, here)
                self._pass_over(next(self._events))
                continue
            if self._expand and "${" in event.value:
                self._refuse("a variable stands for a value, never for a key: write the key out", line, here)
            self._lines[here] = line
            values[event.value] = self._value(next(self._events), here)
        return values

    def _pass_over(self, event: Any) -> None:
        """Consume a value that does not count."""
        depth = 0
        while True:
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth == 0:
                return
            event = next(self._events)

    def _scalar(self, event: Any, at: Location) -> Any:
        text = event.value
        if self._expand and "${" in text:
            try:
                text, self._variables[at] = self._expand(text)
            except ValueError as error:
                self._problems.append(YamlProblem(str(error), event.start_mark.line + 1, at, error))
                return None
        # implicit[0]: a plain scalar, whose type shows in its spelling; a quoted one is text.
        if not event.implicit[0]:
            return text
        if _INTEGER.match(text) and len(text) > _MAX_DIGITS:
            self._refuse(f"is a number of {len(text)} digits: is it meant?", event.start_mark.line + 1, at)
            return None
        return typed(text)


def typed(text: str) -> Any:
    """Read an unquoted text by YAML 1.2's core schema."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    return float(text) if _FLOAT.match(text) else text

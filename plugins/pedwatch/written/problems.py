"""What is wrong with a document, in words that name the place and the fix."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

from pedwatch.written.plain_values import shown
from pedwatch.written.spelling import meant_key, unknown_key
from pedwatch.written.yaml_text import Location, YamlDocument

_KEY = "[key]"
"""What pydantic calls the key of a mapping, as against the value below it."""


@dataclass(frozen=True)
class Shape:
    """What a kind of document is read as.

    ``patterns`` says in words what each pattern of the model wants; ``hidden`` are keys of the outermost block that are
    not for people to write.
    """

    model: type[BaseModel]
    patterns: Mapping[str, str] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True)
class Problem:
    """One thing wrong, and where."""

    source: str
    message: str
    field: str = ""
    line: int | None = None

    def __str__(self) -> str:
        """Return ``file:line: field: what is wrong and how to mend it``."""
        place = f"{self.source}:{self.line}" if self.line else self.source
        return f"{place}: {self.field}: {self.message}" if self.field else f"{place}: {self.message}"


class Objections(ValueError):
    """What a validator found wrong below its own place: several things at once, each with its place from there."""

    def __init__(self, found: Sequence[tuple[Location, str]]) -> None:
        super().__init__("; ".join(f"{field_path(at)}: {message}" if at else message for at, message in found))
        self.found = tuple(found)


def refuse(found: Iterable[tuple[Location, str]]) -> None:
    """Raise Objections if there are any."""
    if objections := list(found):
        raise Objections(objections)


def field_path(location: Iterable[str | int]) -> str:
    """Spell a location as people do: ``exemptions[0].ends_at``."""
    text = ""
    for part in location:
        if part == _KEY:
            continue
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def explain(error: Mapping[str, Any], shape: Shape) -> str:
    """Turn one of pydantic's errors into what is wrong and how to mend it."""
    kind, value, context, location = error["type"], error.get("input"), error.get("ctx") or {}, error["loc"]
    match kind:
        case "missing":
            return "is missing: add it"
        case "extra_forbidden":
            return unknown_key(shape.model, location, hidden=shape.hidden)
        case "int_type" | "int_parsing" | "int_from_float":
            return f"must be a whole number, not {shown(value)}: write it without quotes or decimals"
        case "float_type" | "float_parsing" | "finite_number":
            return f"must be a number, not {shown(value)}: write it without quotes"
        case "greater_than_equal":
            return f"must be {context.get('ge')} or more, not {shown(value)}"
        case "less_than_equal":
            return f"must be {context.get('le')} or less, not {shown(value)}"
        case "greater_than":
            return f"must be more than {context.get('gt')}, not {shown(value)}"
        case "string_type":
            return f"must be text, not {shown(value)}: put it in quotes"
        case "string_unicode":
            return f"{shown(value)} holds half a character: write it out"
        case "string_pattern_mismatch":
            return f"{shown(value)} does not fit: use {shape.patterns.get(context.get('pattern', ''), 'another form')}"
        case "string_too_long":
            return f"is longer than {context.get('max_length')} characters: shorten it"
        case "string_too_short":
            return "is empty: write it out"
        case "literal_error":
            return f"must be {context.get('expected')}, not {shown(value)}"
        case "model_type" | "dict_type":
            return f"must be a block of keys, not {shown(value)}"
        case "too_long":
            return f"holds more than {context.get('max_length')} entries: leave some out"
        case "too_short":
            return f"must have {context.get('min_length')} or more entries: add one"
        case "tuple_type" | "list_type":
            return f"must be a list, each entry beginning with a dash, not {shown(value)}"
    return str(error["msg"]).removeprefix("Value error, ")


def explanations(error: ValidationError, shape: Shape) -> Iterator[tuple[Location, str]]:
    """Return what is wrong and where; what follows from a misspelt key goes without saying."""
    entries = error.errors(include_url=False)
    unknown = [entry["loc"] for entry in entries if entry["type"] == "extra_forbidden"]
    misspelt = {(*location[:-1], meant_key(shape.model, location)) for location in unknown}
    for entry in entries:
        location = entry["loc"]
        raised = (entry.get("ctx") or {}).get("error")
        if isinstance(raised, Objections):
            yield from (((*location, *at), message) for at, message in raised.found)
        elif entry["type"] != "missing" or location not in misspelt:
            yield location, explain(entry, shape)


def document_problems(document: YamlDocument, wrong: Iterable[tuple[Location, str]], source: str) -> list[Problem]:
    """Return all that is wrong with a document, in the order of its lines.

    Args:
        document: as it was read, with what is wrong in its text.
        wrong: what is wrong with its values. Where the text is wrong already, its value is not what was written, and
            nothing else is said of it.
        source: the file's name.
    """
    unread = [problem.field for problem in document.problems]
    problems = [Problem(source, str(one), field_path(one.field), one.line) for one in document.problems]
    for location, message in wrong:
        if not any(location[: len(at)] == at for at in unread):
            names = ", ".join(document.variables.get(location, ()))
            path = field_path(location)
            problems.append(
                Problem(source, message, f"{path} (from {names})" if names else path, line_of(location, document.lines))
            )
    return sorted(problems, key=lambda problem: problem.line or 0)


def line_of(location: Location, lines: Mapping[Location, int]) -> int | None:
    """Find the line of a location, or of the nearest block around it: a missing key has no line of its own."""
    for length in range(len(location), -1, -1):
        if location[:length] in lines:
            return lines[location[:length]]
    return None

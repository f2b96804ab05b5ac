"""What is wrong with a document, in words that name the place and the fix."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from pedwatch.limits.document import PedLimit
from pedwatch.limits.plain_values import shown
from pedwatch.spelling import meant_key, unknown_key

_KEY = "[key]"
"""What pydantic calls the key of a mapping, as against the value below it."""
_LABEL_VALUE = "a Kubernetes label value: letters, digits, and inner hyphens, underscores and dots"
_PATTERNS = {
    "environment": "lower-case letters, digits and inner hyphens",
    "team_id": _LABEL_VALUE,
    "name": "lower-case letters, digits and inner hyphens",
    "id": "lower-case letters, digits and inner hyphens",
    "api_id": _LABEL_VALUE,
}
_LABEL_KEY = "a Kubernetes label key such as tier or acme.io/tier"
_GLOB = "letters, digits, . _ - and the wildcards * and ?"


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


def field_path(location: Iterable[str | int]) -> str:
    """Spell a location as people do: ``exemptions[0].ends_at``."""
    text = ""
    for part in location:
        if part == _KEY:
            continue
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _pattern(location: tuple[Any, ...]) -> str:
    if location[-1] == _KEY:
        return _LABEL_KEY
    return _GLOB if location[0] == "selectors" else _PATTERNS.get(str(location[-1]), "another form")


def explain(error: Mapping[str, Any]) -> str:
    """Turn one of pydantic's errors into what is wrong and how to mend it."""
    kind, value, context, location = error["type"], error.get("input"), error.get("ctx") or {}, error["loc"]
    match kind:
        case "missing":
            return "is missing: add it"
        case "extra_forbidden":
            return unknown_key(PedLimit, location, hidden=["source"])
        case "int_type":
            return f"must be a whole number, not {shown(value)}: write it without quotes or decimals"
        case "greater_than_equal":
            return f"must be {context.get('ge')} or more, not {shown(value)}"
        case "less_than_equal":
            return f"must be {context.get('le')} or less, not {shown(value)}"
        case "string_type":
            return f"must be text, not {shown(value)}: put it in quotes"
        case "string_unicode":
            return f"{shown(value)} holds half a character: write it out"
        case "string_pattern_mismatch":
            return f"{shown(value)} does not fit: use {_pattern(location)}"
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
        case "tuple_type":
            return f"must be a list, each entry beginning with a dash, not {shown(value)}"
    return str(error["msg"]).removeprefix("Value error, ")


def validation_problems(
    error: ValidationError, source: str, lines: Mapping[tuple[Any, ...], int] | None = None
) -> list[Problem]:
    """Turn pydantic's errors into problems; ``lines`` says where each location is in the file."""
    problems = []
    entries = error.errors(include_url=False)
    # A misspelt key is one mistake: that the right one is missing goes without saying.
    unknown = [entry["loc"] for entry in entries if entry["type"] == "extra_forbidden"]
    misspelt = {(*location[:-1], meant_key(PedLimit, location)) for location in unknown}
    for entry in entries:
        location = entry["loc"]
        if entry["type"] == "missing" and location in misspelt:
            continue
        problems.append(Problem(source, explain(entry), field_path(location), _line(location, lines or {})))
    return problems


def _line(location: tuple[Any, ...], lines: Mapping[tuple[Any, ...], int]) -> int | None:
    """Find the line of a location, or of the nearest block around it: a missing key has no line of its own."""
    for length in range(len(location), -1, -1):
        if location[:length] in lines:
            return lines[location[:length]]
    return None

"""What is wrong with a document, in words that name the place and the fix."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from pedwatch.limits.document import PedLimit
from pedwatch.spelling import meant_key, unknown_key

_KEY = "[key]"
"""What pydantic calls the key of a mapping, as against the value below it."""
_PATTERNS = {
    "environment": "lower-case letters, digits and inner hyphens",
    "team_id": "lower-case letters, digits and inner hyphens",
    "name": "lower-case letters, digits and inner hyphens",
    "id": "lower-case letters, digits and inner hyphens",
    "api_id": "letters, digits, hyphens and underscores; no dots, they separate the parts of a limit id",
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


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _pattern(location: tuple[Any, ...]) -> str:
    if location[-1] == _KEY:
        return _LABEL_KEY
    return _GLOB if location[0] == "selectors" else _PATTERNS.get(str(location[-1]), "another form")


def explain(error: Mapping[str, Any]) -> str:
    """Turn one of pydantic's errors into what is wrong and how to mend it."""
    kind, value, context = error["type"], error.get("input"), error.get("ctx") or {}
    messages = {
        "missing": "is missing: add it",
        "extra_forbidden": unknown_key(PedLimit, error["loc"], hidden=["source"]),
        "int_type": f"must be a whole number, not {_shown(value)}: write it without quotes or decimals",
        "greater_than_equal": f"must be {context.get('ge')} or more, not {_shown(value)}",
        "less_than_equal": f"must be {context.get('le')} or less, not {_shown(value)}",
        "string_type": f"must be text, not {_shown(value)}: put it in quotes",
        "string_pattern_mismatch": f"{_shown(value)} does not fit: use {_pattern(error['loc'] or ('',))}",
        "string_too_long": f"is longer than {context.get('max_length')} characters: shorten it",
        "string_too_short": "is empty: write it out",
        "literal_error": f"must be {context.get('expected')}, not {_shown(value)}",
        "model_type": f"must be a block of keys, not {_shown(value)}",
        "dict_type": f"must be a block of keys, not {_shown(value)}",
        "too_long": f"holds more than {context.get('max_length')} entries: leave some out",
        "tuple_type": f"must be a list, each entry beginning with a dash, not {_shown(value)}",
    }
    return messages.get(kind, str(error["msg"]).removeprefix("Value error, "))


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

"""JSON_VALUE in Python: GoogleSQL's paths, and values as they were written."""

import json
import re
from functools import lru_cache
from typing import Any

_MISSING = object()
_STEP = re.compile(r"(?:\.\"((?:\\.|[^\"\\])*)\")|\.([^.\[\"\s'][^.\[]*)|\[(\d+)\]|\[\"((?:\\.|[^\"\\])*)\"\]")


class _Number(float):
    """A number that is written as it was read."""

    text: str

    def __new__(cls, text: str) -> "_Number":
        value = super().__new__(cls, text)
        value.text = text
        return value


def _first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in pairs:
        out.setdefault(key, value)
    return out


def _reject_constant(text: str) -> Any:
    raise ValueError(f"not JSON: {text}")


def _load(text: str) -> Any:
    """A document; of a key that comes twice the first one counts, and numbers keep their text (1.50 stays 1.50)."""
    return json.loads(text, object_pairs_hook=_first_wins, parse_constant=_reject_constant, parse_float=_Number)


@lru_cache(maxsize=512)
def _path(path: str) -> tuple[str | int, ...]:
    if not path.startswith("$"):
        raise ValueError(f"BQ!JSONPath must start with '$': {path}")
    steps: list[str | int] = []
    at = 1
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            raise ValueError(f"BQ!Invalid token in JSONPath at: {path[at:]}")
        name = match[1] if match[1] is not None else match[2] if match[2] is not None else match[4]
        steps.append(int(match[3]) if match[3] is not None else re.sub(r"\\(.)", r"\1", name))
        at = match.end()
    return tuple(steps)


def _find(value: Any, steps: tuple[str | int, ...]) -> Any:
    for step in steps:
        if isinstance(value, dict):
            value = value.get(str(step), _MISSING)
        elif isinstance(value, list) and (isinstance(step, int) or str(step).isdigit()):
            place = int(step)
            value = value[place] if place < len(value) else _MISSING
        else:
            return _MISSING
        if value is _MISSING:
            return _MISSING
    return value


def json_value(text: str, path: str) -> str | None:
    """JSON_VALUE; NULL of what is no JSON, and of objects and arrays."""
    steps = _path(path)
    try:
        value = _find(_load(text), steps)
    except (ValueError, RecursionError):
        return None
    if value is None or value is _MISSING or isinstance(value, (dict, list)):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, _Number):
        return value.text
    return value if isinstance(value, str) else json.dumps(value)

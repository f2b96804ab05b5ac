"""JSON functions: GoogleSQL's paths and its way of writing documents."""

import json
import re
from functools import lru_cache
from typing import Any

_MISSING = object()
_WIDEST_DOUBLE = 17


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


def load(text: str) -> Any:
    """A document; of a key that comes twice the first one counts."""
    return json.loads(text, object_pairs_hook=_first_wins, parse_constant=_reject_constant)


def _load_as_written(text: str) -> Any:
    """As ``_load``, but numbers keep their text (1.50 stays 1.50)."""
    return json.loads(text, object_pairs_hook=_first_wins, parse_constant=_reject_constant, parse_float=_Number)


def dump(value: Any) -> str:
    """A document in the compact form with sorted keys, as the JSON type keeps it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _dump_as_read(value: Any) -> str:
    if isinstance(value, _Number):
        return value.text
    if isinstance(value, dict):
        items = (f"{json.dumps(key, ensure_ascii=False)}:{_dump_as_read(item)}" for key, item in value.items())
        return "{" + ",".join(items) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_dump_as_read, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def parse_json(text: str, mode: str) -> str:
    """PARSE_JSON."""
    try:
        value = load(text)
    except (ValueError, RecursionError) as wrong:
        raise ValueError(f"BQ!Invalid input to PARSE_JSON: {_reason(wrong)}") from None
    if mode == "exact":
        _check_numbers(text)
    return dump(value)


def _reason(wrong: Exception) -> str:
    return f"syntax error while parsing value: {wrong}"


def _check_numbers(text: str) -> None:
    if len(text) <= _WIDEST_DOUBLE:
        return
    for number in re.findall(r"(?<![\w.\"])-?\d+\.\d+(?:[eE][-+]?\d+)?", re.sub(r'"(?:\\.|[^"\\])*"', "", text)):
        digits = number.lstrip("-").replace(".", "").strip("0")
        if len(digits) > _WIDEST_DOUBLE:
            raise ValueError(
                f"BQ!Invalid input to PARSE_JSON: Input number: {number} "
                "cannot round-trip through string representation"
            )


@lru_cache(maxsize=512)
def _path(path: str, legacy: bool) -> tuple[str | int, ...]:
    if not path.startswith("$"):
        raise ValueError(f"BQ!JSONPath must start with '$': {path}")
    steps: list[str | int] = []
    at = 1
    quoted = r"\['((?:\\.|[^'\\])*)'\]" if legacy else r'\."((?:\\.|[^"\\])*)"'
    step = re.compile(rf"(?:{quoted})|\.([^.\[\"\s'][^.\[]*)|\[(\d+)\]|\[\"((?:\\.|[^\"\\])*)\"\]")
    while at < len(path):
        match = step.match(path, at)
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


def _at(text: str, path: str, legacy: bool) -> Any:
    steps = _path(path, legacy)
    try:
        return _find(_load_as_written(text), steps)
    except (ValueError, RecursionError):
        return _MISSING


def scalar_text(value: Any) -> str | None:
    """A value as JSON_VALUE gives it."""
    if value is None or value is _MISSING or isinstance(value, (dict, list)):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else _dump_as_read(value)


def json_value(text: str, path: str, legacy: bool) -> str | None:
    """JSON_VALUE and JSON_EXTRACT_SCALAR."""
    return scalar_text(_at(text, path, legacy))


def json_query(text: str, path: str, legacy: bool, is_json: bool) -> str | None:
    """JSON_QUERY and JSON_EXTRACT; a JSON null is NULL for text and null for JSON."""
    value = _at(text, path, legacy)
    if value is _MISSING or (value is None and not is_json):
        return None
    return _dump_as_read(value)


def json_array(text: str, path: str, legacy: bool) -> list[str] | None:
    """JSON_QUERY_ARRAY."""
    value = _at(text, path, legacy)
    return [_dump_as_read(item) for item in value] if isinstance(value, list) else None


def json_value_array(text: str, path: str, legacy: bool) -> list[str | None] | None:
    """JSON_VALUE_ARRAY."""
    value = _at(text, path, legacy)
    if not isinstance(value, list) or any(isinstance(item, (dict, list)) for item in value):
        return None
    return [scalar_text(item) for item in value]


def json_text(text: str, pretty: bool) -> str:
    """TO_JSON_STRING."""
    if not pretty:
        return text
    return _pretty(load(text), 0)


def _pretty(value: Any, depth: int) -> str:
    pad, inner = "  " * depth, "  " * (depth + 1)
    if isinstance(value, dict) and value:
        items = (
            f"{inner}{json.dumps(key, ensure_ascii=False)}: {_pretty(item, depth + 1)}" for key, item in value.items()
        )
        return "{\n" + ",\n".join(items) + f"\n{pad}}}"
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(f"{inner}{_pretty(item, depth + 1)}" for item in value) + f"\n{pad}]"
    return _dump_as_read(value)


def json_type(text: str) -> str:
    """JSON_TYPE."""
    value = load(text)
    if value is None:
        return "null"
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return names[type(value)]


def json_keys(text: str, depth: int | None) -> list[str] | None:
    """JSON_KEYS."""
    if text is None:
        return None
    found: set[str] = set()

    def walk(value: Any, prefix: str, level: int) -> None:
        if not isinstance(value, dict) or (depth is not None and level >= depth):
            return
        for key, item in value.items():
            name = key if re.fullmatch(r"\w+", key) else json.dumps(key)
            found.add(prefix + name)
            walk(item, prefix + name + ".", level + 1)

    walk(load(text), "", 0)
    return sorted(found)


def json_strip(text: str) -> str:
    """JSON_STRIP_NULLS."""

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            kept = {key: strip(item) for key, item in value.items()}
            return {key: item for key, item in kept.items() if item is not None}
        if isinstance(value, list):
            return [item for item in (strip(item) for item in value) if item is not None]
        return value

    return dump(strip(load(text)))


def json_object(keys: list[str], documents: list[str]) -> str:
    """JSON_OBJECT."""
    if len(keys) != len(documents):
        raise ValueError("BQ!The number of keys and values must match in JSON_OBJECT")
    if any(key is None for key in keys):
        raise ValueError("BQ!A key in JSON_OBJECT must not be NULL")
    return dump(_first_wins([(key, load(document or "null")) for key, document in zip(keys, documents, strict=True)]))


def json_change(text: str, kind: str, path: str, document: str | None, create: bool) -> str | None:
    """JSON_SET, JSON_REMOVE, JSON_ARRAY_APPEND and JSON_ARRAY_INSERT, one path at a time."""
    if text is None or path is None:
        return text
    value, steps = load(text), _path(path, False)
    new = load(document) if document is not None else None
    if kind == "JSON_REMOVE":
        parent = _find(value, steps[:-1])
        last = steps[-1] if steps else None
        if isinstance(parent, dict):
            parent.pop(str(last), None)
        elif isinstance(parent, list) and isinstance(last, int) and last < len(parent):
            parent.pop(last)
        return dump(value)
    if kind == "JSON_ARRAY_APPEND":
        found = _find(value, steps)
        if isinstance(found, list):
            found.extend(new if isinstance(new, list) else [new])
        return dump(value)
    if kind == "JSON_ARRAY_INSERT":
        parent = _find(value, steps[:-1])
        if isinstance(parent, list) and steps and isinstance(steps[-1], int):
            parent += [None] * (steps[-1] - len(parent))
            parent[steps[-1] : steps[-1]] = new if isinstance(new, list) else [new]
        return dump(value)
    return dump(_set(value, steps, new, create))


def _set(value: Any, steps: tuple[str | int, ...], new: Any, create: bool) -> Any:
    if not steps:
        return new
    step, rest = steps[0], steps[1:]
    if value is None and create:
        value = [] if isinstance(step, int) else {}
    if isinstance(value, dict) and isinstance(step, str):
        if step in value or create:
            value[step] = _set(value.get(step), rest, new, create)
    elif isinstance(value, list) and isinstance(step, int) and (step < len(value) or create):
        value += [None] * (step + 1 - len(value))
        value[step] = _set(value[step], rest, new, create)
    return value

"""Label and field selectors: strings of a request that become predicates."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.kubernetes.status import bad_request

LabelTest = Callable[[Mapping[str, str]], bool]

_KEY = r"[A-Za-z0-9][-A-Za-z0-9_./]*"
_SET_BASED = re.compile(rf"({_KEY})\s+(in|notin)\s+\(([^()]*)\)")
_EQUALITY = re.compile(rf"({_KEY})\s*(==|=|!=)\s*([-A-Za-z0-9_.]*)")
_EXISTS = re.compile(rf"(!?)\s*({_KEY})")
_COMMA_OUTSIDE_PARENTHESES = re.compile(r",(?![^()]*\))")


def _requirement(text: str) -> LabelTest:
    if match := _SET_BASED.fullmatch(text):
        key, wanted = match[1], match[2] == "in"
        values = {value.strip() for value in match[3].split(",")}
        return lambda labels: (labels.get(key) in values) == wanted
    if match := _EQUALITY.fullmatch(text):
        key, value, wanted = match[1], match[3], match[2] != "!="
        return lambda labels: (labels.get(key) == value) == wanted
    if match := _EXISTS.fullmatch(text):
        key, wanted = match[2], not match[1]
        return lambda labels: (key in labels) == wanted
    raise bad_request(f"unable to parse requirement: {text!r} is not a label requirement")


def label_selector(expression: str) -> LabelTest:
    """Return the predicate of ``a=b, c!=d, e, !f, g in (x,y), h notin (z)``; an empty expression accepts all."""
    parts = (part.strip() for part in _COMMA_OUTSIDE_PARENTHESES.split(expression))
    requirements = [_requirement(part) for part in parts if part]
    return lambda labels: all(requirement(labels) for requirement in requirements)


def field_requirements(expression: str, allowed: tuple[str, ...]) -> dict[str, tuple[str, bool]]:
    """Return ``{field: (value, is_equal)}`` of a field selector whose fields are all in ``allowed``."""
    found: dict[str, tuple[str, bool]] = {}
    for part in filter(None, expression.split(",")):
        match = re.fullmatch(r"([\w.]+)(==|=|!=)(.*)", part.strip())
        if not match or match[1] not in allowed:
            raise bad_request(f"field label not supported: {part.strip()!r} (supported: {', '.join(allowed)})")
        found[match[1]] = (match[3], match[2] != "!=")
    return found


def field_value(obj: Mapping[str, Any], path: str) -> str:
    """Return the text found at a dotted path of a rendered object, empty when there is nothing."""
    value: Any = obj
    for step in path.split("."):
        value = value.get(step, "") if isinstance(value, Mapping) else ""
    return str(value)

"""Conditions that hold a partition column against what is known before a statement begins: they prune."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bench.resolved_nodes import nodes

_PARTS = {3: "days", 6: "days", 7: "hours", 8: "minutes", 9: "seconds"}
"""GoogleSQL's numbers of date parts, as far as conditions on partitions name them."""
_COMPARED = {"$equal", "$less", "$less_or_equal", "$greater", "$greater_or_equal", "$between"}
FIRST = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
LAST = dt.datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=dt.UTC)
Values = Callable[[dt.datetime, dt.timedelta], Mapping[str, dt.datetime]]
"""What parameters and variables are in a run at a moment, of cycles of a length."""


@dataclass(frozen=True)
class Bound:
    """A condition that holds a partition column against what is known before the statement begins."""

    operator: str
    sides: tuple[Any, ...]

    def span(self, values: Mapping[str, dt.datetime]) -> tuple[dt.datetime, dt.datetime]:
        """Return the first and the last moment that it lets through."""
        ends = [moment(side, values) for side in self.sides]
        first, last = FIRST, LAST
        match self.operator:
            case "$equal":
                return ends[0], ends[0]
            case "$between":
                return ends[0], ends[1]
            case "$less":
                return first, ends[0] - dt.timedelta(microseconds=1)
            case "$less_or_equal":
                return first, ends[0]
            case _:
                return ends[0], last


def bounds_of(resolved: Any) -> Iterator[tuple[int, Bound]]:
    """Yield what must hold for a row to be read, as far as it prunes: the column's number, and the condition."""
    for node in nodes(resolved):
        for name in ("filter_expr", "join_expr", "merge_expr", "where_expr"):
            condition = getattr(node, name, None)
            if condition is not None:
                for part in _conjuncts(condition):
                    yield from _bound(part)


def _conjuncts(condition: Any) -> Iterator[Any]:
    if _function(condition) == "$and":
        for argument in condition.argument_list:
            yield from _conjuncts(argument)
    else:
        yield condition


def _bound(condition: Any) -> Iterator[tuple[int, Bound]]:
    operator = _function(condition)
    if operator not in _COMPARED:
        return
    first, *others = condition.argument_list
    if type(first).__name__ != "ResolvedColumnRef" and operator != "$between":
        first, others = others[0], [first]
        turned = {"less": "greater", "greater": "less"}
        word = operator.removeprefix("$").partition("_")
        operator = "$" + turned.get(word[0], word[0]) + word[1] + word[2]
    if type(first).__name__ == "ResolvedColumnRef" and all(map(_is_known, others)):
        yield first.column.column_id, Bound(operator, tuple(others))


def _is_known(node: Any) -> bool:
    """Tell whether a value is known before the statement begins: it names no column and asks nothing."""
    return not any(type(each).__name__ in ("ResolvedColumnRef", "ResolvedSubqueryExpr") for each in nodes(node))


def _function(node: Any) -> str:
    return str(node.function.name).removeprefix("ZetaSQL:") if hasattr(node, "function") else ""


def moment(node: Any, values: Mapping[str, dt.datetime]) -> dt.datetime:
    """Work out a moment that a condition names.

    Raises:
        KeyError: a parameter or variable that ``values`` has not.
        NotImplementedError: it is worked out in a way that is not known here.
    """
    kind = type(node).__name__
    if kind == "ResolvedParameter":
        return values[node.name]
    if kind == "ResolvedConstant":
        return values[".".join(node.constant.name.split(".")) if hasattr(node.constant, "name") else str(node.constant)]
    if kind == "ResolvedCast":
        return moment(node.expr, values)
    if kind == "ResolvedLiteral":
        told = node.value.value.timestamp_value
        return dt.datetime.fromtimestamp(int(getattr(told, "seconds", 0) or 0), dt.UTC)
    match _function(node), getattr(node, "argument_list", []):
        case (("current_timestamp" | "current_date"), _):
            return values["now"]
        case ("timestamp_sub" | "timestamp_add" | "date_sub") as name, [base, count, part]:
            step = dt.timedelta(**{_PARTS[part.value.value.enum_value]: count.value.value.int64_value})
            return moment(base, values) + step if name == "timestamp_add" else moment(base, values) - step
        case "coalesce", [first, *_]:
            return moment(first, values)
        case "greatest", sides:
            return max(moment(side, values) for side in sides)
        case "least", sides:
            return min(moment(side, values) for side in sides)
    raise NotImplementedError(f"{kind} {_function(node)}")

"""What each aggregate and window function becomes in DuckDB."""

from dataclasses import replace

from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import can_coerce, coerce
from sandbox.bigquery.sql.compiler_base import CompilerBase
from sandbox.bigquery.sql.expression import Expression, fail
from sandbox.bigquery.sql.scopes import Scope
from sandbox.bigquery.sql.typesystem import (
    BOOL,
    INT64,
    STRING,
    Type,
    array_of,
)
from sandbox.bigquery.sql.windows import order_key

WINDOW_ONLY = frozenset(("ROW_NUMBER", "LAG", "LEAD"))


class Aggregation:
    """One call of an aggregate or window function being compiled."""

    def __init__(self, compiler: CompilerBase, call: n.Call, scope: Scope) -> None:
        self.compiler, self.call, self.scope = compiler, call, scope
        self.name = call.name
        inner = replace(
            scope, allows_aggregates=call.over is not None and scope.allows_aggregates, allows_windows=False
        )
        if call.over is None:
            inner.group_keys = None
        self.inner = inner
        self.values = [compiler.expression(argument, inner) for argument in call.arguments]
        self.parts = list(self.values)
        if call.over is None:
            for value in self.values:
                if value.has_aggregate:
                    fail("Aggregations of aggregations are not allowed", call.position)

    def wrong(self) -> None:
        """Refuse the arguments."""
        self.compiler.mismatch(
            f"aggregate function {self.name}" if self.name not in WINDOW_ONLY else f"analytic function {self.name}",
            [value.type for value in self.values],
            self.call.position,
        )

    def need(self, least: int, most: int | None = None) -> None:
        """Check how many arguments there are."""
        if not least <= len(self.values) <= (most or least):
            self.wrong()

    def argument(self, index: int, *types: Type) -> Expression:
        """An argument as the first type it turns into."""
        value = self.values[index]
        for type in types:
            if value.type.kind == type.kind and not value.is_null:
                return value
        for type in types:
            if can_coerce(value, type):
                return coerce(value, type)
        self.wrong()
        raise AssertionError

    def order(self) -> str:
        """The call's own ORDER BY."""
        keys = []
        for item in self.call.order_by:
            key = self.compiler.expression(item.expression, self.inner)
            self.parts.append(key)
            keys.append(order_key(key, item))
        if not keys and self.call.distinct and self.call.name in ("ARRAY_AGG", "STRING_AGG"):
            value = self.values[0]
            if not value.type.is_struct:
                keys.append(order_key(value, n.OrderItem(self.call.arguments[0])))  # any order will do: a stable one
        return " ORDER BY " + ", ".join(keys) if keys else ""

    def filtered(self, sql: str, condition: str | None) -> str:
        """A FILTER behind the call, where IGNORE NULLS or HAVING ask for one."""
        return f"{sql} FILTER (WHERE {condition})" if condition else sql

    def distinct(self) -> str:
        """DISTINCT inside the parentheses."""
        return "DISTINCT " if self.call.distinct else ""


Built = tuple[str, Type, str | None]


def _count(aggregation: Aggregation) -> Built:
    call = aggregation.call
    if call.star or not aggregation.values:
        if not call.star:
            aggregation.wrong()
        return "count(*)", INT64, None
    value = aggregation.values[0]
    return f"count({aggregation.distinct()}{value.sql})", INT64, None


def _countif(aggregation: Aggregation) -> Built:
    aggregation.need(1)
    value = aggregation.argument(0, BOOL)
    if aggregation.call.distinct:
        return f"count(DISTINCT CASE WHEN {value.sql} THEN TRUE END)", INT64, None
    return f"count(CASE WHEN {value.sql} THEN 1 END)", INT64, None


def _sum(aggregation: Aggregation) -> Built:
    aggregation.need(1)
    value = aggregation.values[0]
    if not value.type.is_numeric:
        aggregation.wrong()
    return f"sum({aggregation.distinct()}{value.sql})", INT64 if value.is_null else value.type, None


def _extreme(aggregation: Aggregation) -> Built:
    aggregation.need(1)
    value = aggregation.values[0]
    if value.type.is_array or value.type.is_struct:
        fail(f"{aggregation.name} is not defined for arguments of type {value.type}", aggregation.call.position)
    return f"{aggregation.name.lower()}({value.sql})", value.type, None


def _any_value(aggregation: Aggregation) -> Built:
    aggregation.need(1)
    return f"first({aggregation.values[0].sql})", aggregation.values[0].type, None


def _array_agg(aggregation: Aggregation) -> Built:
    aggregation.need(1)
    call, value = aggregation.call, aggregation.values[0]
    if value.type.is_array:
        fail("The argument to ARRAY_AGG must not be an array type but was " + str(value.type), call.position)
    type = array_of(INT64 if value.is_null else value.type)
    order = aggregation.order()
    if call.null_handling == "IGNORE":
        condition = f"{value.sql} IS NOT NULL"
        if order or not call.distinct:
            return f"list({aggregation.distinct()}{value.sql}{order})", type, condition
        return f"list(DISTINCT {value.sql})", type, condition
    return f"list({aggregation.distinct()}{value.sql}{order})", type, None


def _string_agg(aggregation: Aggregation) -> Built:
    aggregation.need(1, 2)
    value = aggregation.argument(0, STRING)
    separator = aggregation.argument(1, STRING).sql if len(aggregation.values) > 1 else "','"
    call, order = aggregation.call, aggregation.order()
    condition = f"{value.sql} IS NOT NULL"
    is_own = len(call.order_by) == 1 and order == f" ORDER BY {order_key(value, call.order_by[0])}"
    if is_own and call.over is None and not call.distinct:
        # In its own order: DuckDB sorts a list in a third of the time.
        direction = "DESC" if call.order_by[0].descending else "ASC"
        listed = aggregation.filtered(f"list({value.sql})", condition)
        return f"array_to_string(list_sort({listed}, '{direction}'), {separator})", STRING, None
    text = f"string_agg({aggregation.distinct()}{value.sql}, {separator}{order})"
    return text, STRING, condition if order and call.over is None else None


def _logical(aggregation: Aggregation) -> Built:
    aggregation.need(1)
    value = aggregation.argument(0, BOOL)
    return f"bool_{aggregation.name[8:].lower()}({value.sql})", BOOL, None


def _row_number(aggregation: Aggregation) -> Built:
    aggregation.need(0, 0)
    return "row_number()", INT64, None


def _nulls(aggregation: Aggregation) -> str:
    return " IGNORE NULLS" if aggregation.call.null_handling == "IGNORE" else ""


def _lag(aggregation: Aggregation) -> Built:
    aggregation.need(1, 3)
    value = aggregation.values[0]
    pieces = [value.sql]
    if len(aggregation.values) > 1:
        pieces.append(aggregation.argument(1, INT64).sql)
    if len(aggregation.values) > 2:
        pieces.append(aggregation.argument(2, value.type).sql)
    return f"{aggregation.name.lower()}({', '.join(pieces)}{_nulls(aggregation)})", value.type, None


AGGREGATES = {
    "COUNT": _count, "COUNTIF": _countif, "SUM": _sum, "MIN": _extreme, "MAX": _extreme, "ANY_VALUE": _any_value,
    "ARRAY_AGG": _array_agg, "STRING_AGG": _string_agg, "LOGICAL_AND": _logical, "LOGICAL_OR": _logical,
}  # fmt: skip
BUILDERS = AGGREGATES | {"ROW_NUMBER": _row_number, "LAG": _lag, "LEAD": _lag}

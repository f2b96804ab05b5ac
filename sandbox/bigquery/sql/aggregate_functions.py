"""What each aggregate and window function becomes in DuckDB."""

from dataclasses import replace

from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import coerce
from sandbox.bigquery.sql.compiler_base import CompilerBase
from sandbox.bigquery.sql.expression import Expression, fail
from sandbox.bigquery.sql.scopes import Scope
from sandbox.bigquery.sql.typesystem import (
    BOOL,
    BYTES,
    FLOAT64,
    INT64,
    NUMERIC,
    STRING,
    Type,
    array_of,
    struct_of,
)
from sandbox.bigquery.sql.windows import order_key

WINDOW_ONLY = frozenset(
    "ROW_NUMBER RANK DENSE_RANK PERCENT_RANK CUME_DIST NTILE LAG LEAD FIRST_VALUE LAST_VALUE NTH_VALUE PERCENTILE_CONT "
    "PERCENTILE_DISC".split()
)


_STATISTICS = {
    "STDDEV": "stddev_samp", "STDDEV_SAMP": "stddev_samp", "STDDEV_POP": "stddev_pop", "VARIANCE": "var_samp",
    "VAR_SAMP": "var_samp", "VAR_POP": "var_pop", "COVAR_POP": "covar_pop", "COVAR_SAMP": "covar_samp", "CORR": "corr",
}  # fmt: skip


_TWO_SIDED = frozenset(("COVAR_POP", "COVAR_SAMP", "CORR"))


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
        from sandbox.bigquery.sql.casts import can_coerce

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
            if not (value.type.is_struct or value.type.kind == "JSON"):
                keys.append(order_key(value, n.OrderItem(self.call.arguments[0])))  # any order will do: a stable one
        return " ORDER BY " + ", ".join(keys) if keys else ""

    def filtered(self, sql: str, condition: str | None) -> str:
        """A FILTER behind the call, where IGNORE NULLS or HAVING ask for one."""
        return f"{sql} FILTER (WHERE {condition})" if condition else sql

    def distinct(self) -> str:
        """DISTINCT inside the parentheses."""
        return "DISTINCT " if self.call.distinct else ""


Built = tuple[str, Type, str | None]


def having(aggregation: Aggregation) -> Built:
    """``HAVING MAX x``: only the rows with the greatest x count."""
    call = aggregation.call
    assert call.having is not None
    kind, node = call.having
    key = aggregation.compiler.expression(node, aggregation.inner)
    aggregation.parts.append(key)
    if call.name not in ("ANY_VALUE",):
        fail(f"HAVING {kind} is only supported with ANY_VALUE", call.position)
    value = aggregation.values[0]
    name = "arg_max_null" if kind == "MAX" else "arg_min_null"
    return f"{name}({value.sql}, {key.sql})", value.type, None


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
    if value.type.kind == "INTERVAL":
        raise not_implemented("SUM of INTERVAL")
    if not value.type.is_numeric:
        aggregation.wrong()
    return f"sum({aggregation.distinct()}{value.sql})", INT64 if value.is_null else value.type, None


def _avg(aggregation: Aggregation) -> Built:
    aggregation.need(1)
    value = aggregation.values[0]
    if not value.type.is_numeric:
        aggregation.wrong()
    if value.type.kind in ("NUMERIC", "BIGNUMERIC"):
        return f"avg({aggregation.distinct()}{value.sql})", value.type, None
    return f"avg({aggregation.distinct()}{value.sql})", FLOAT64, None


def _extreme(aggregation: Aggregation) -> Built:
    aggregation.need(1)
    value = aggregation.values[0]
    if value.type.is_array or value.type.is_struct or value.type.kind == "JSON":
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


def _array_concat_agg(aggregation: Aggregation) -> Built:
    aggregation.need(1)
    value = aggregation.values[0]
    if not value.type.is_array:
        aggregation.wrong()
    return f"flatten(list({value.sql}{aggregation.order()}) FILTER (WHERE {value.sql} IS NOT NULL))", value.type, None


def _string_agg(aggregation: Aggregation) -> Built:
    aggregation.need(1, 2)
    value = aggregation.argument(0, STRING, BYTES)
    if value.type == BYTES:
        fail("STRING_AGG of BYTES is not supported by the stand-in", aggregation.call.position)
    separator = aggregation.argument(1, STRING).sql if len(aggregation.values) > 1 else "','"
    order = aggregation.order()
    if aggregation.call.limit is not None:
        return f"list({aggregation.distinct()}{value.sql}{order})", STRING, f"{value.sql} IS NOT NULL"
    return f"string_agg({aggregation.distinct()}{value.sql}, {separator}{order})", STRING, None


def _logical(aggregation: Aggregation) -> Built:
    aggregation.need(1)
    value = aggregation.argument(0, BOOL)
    return f"bool_{aggregation.name[8:].lower()}({value.sql})", BOOL, None


def _bits(aggregation: Aggregation) -> Built:
    aggregation.need(1)
    value = aggregation.argument(0, INT64)
    name = aggregation.name.lower()
    # DuckDB answers the neutral element for no rows, GoogleSQL NULL.
    return f"{name}({aggregation.distinct()}{value.sql})", INT64, f"{value.sql} IS NOT NULL"


def _by(aggregation: Aggregation) -> Built:
    aggregation.need(2)
    name = "arg_max_null" if aggregation.name == "MAX_BY" else "arg_min_null"
    return f"{name}({aggregation.values[0].sql}, {aggregation.values[1].sql})", aggregation.values[0].type, None


def _approx_count(aggregation: Aggregation) -> Built:
    # Exact: for BigQuery, too, small sets come out exactly.
    return f"count(DISTINCT {aggregation.values[0].sql})", INT64, None


def _approx_quantiles(aggregation: Aggregation) -> Built:
    aggregation.need(2)
    value, buckets = aggregation.values
    if not isinstance(buckets.literal, int) or buckets.literal < 1:
        fail("APPROX_QUANTILES needs a positive number of quantiles", aggregation.call.position)
    points = ", ".join(f"{index / buckets.literal!r}" for index in range(buckets.literal + 1))
    return f"quantile_disc({aggregation.distinct()}{value.sql}, [{points}])", array_of(value.type), None


def _approx_top(aggregation: Aggregation) -> Built:
    is_sum = aggregation.name == "APPROX_TOP_SUM"
    aggregation.need(3 if is_sum else 2)
    value, limit = aggregation.values[0], aggregation.values[-1]
    weight = aggregation.values[1] if is_sum else None
    kind = weight.type if weight is not None else INT64
    type = array_of(struct_of(("value", value.type), ("sum" if is_sum else "count", kind)))
    weights = weight.sql if weight is not None else "1::BIGINT"
    pairs = f"list(struct_pack(v := {value.sql}, w := {weights}))"
    return f"list_slice(bq_top({pairs}), 1, {limit.sql})", type, None


def statistics(aggregation: Aggregation) -> Built:
    """STDDEV, VARIANCE, CORR and the like."""
    aggregation.need(2 if aggregation.name in _TWO_SIDED else 1)
    values = [aggregation.argument(index, FLOAT64).sql for index in range(len(aggregation.values))]
    values = [f"CAST({value} AS DOUBLE)" for value in values]
    return f"{_STATISTICS[aggregation.name]}({aggregation.distinct()}{', '.join(values)})", FLOAT64, None


def _row_number(aggregation: Aggregation) -> Built:
    aggregation.need(0, 0)
    fraction = aggregation.name in ("PERCENT_RANK", "CUME_DIST")
    return f"{aggregation.name.lower()}()", FLOAT64 if fraction else INT64, None


def _ntile(aggregation: Aggregation) -> Built:
    aggregation.need(1)
    return f"ntile({aggregation.argument(0, INT64).sql})", INT64, None


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


def _nth(aggregation: Aggregation) -> Built:
    is_nth = aggregation.name == "NTH_VALUE"
    aggregation.need(2 if is_nth else 1)
    value = aggregation.values[0]
    pieces = [value.sql] + ([aggregation.argument(1, INT64).sql] if is_nth else [])
    return f"{aggregation.name.lower()}({', '.join(pieces)}{_nulls(aggregation)})", value.type, None


def _percentile(aggregation: Aggregation) -> Built:
    aggregation.need(2)
    if aggregation.call.null_handling == "RESPECT":
        raise not_implemented(f"{aggregation.name} with RESPECT NULLS")
    value, place = aggregation.values
    continuous = aggregation.name == "PERCENTILE_CONT"
    type = FLOAT64 if continuous and value.type.kind not in ("NUMERIC", "BIGNUMERIC") else value.type
    if continuous:
        value = coerce(value, FLOAT64 if type == FLOAT64 else NUMERIC)
    name = "quantile_cont" if continuous else "quantile_disc"
    return f"{name}({value.sql}, {place.sql})", type, None


BUILDERS = {
    "COUNT": _count, "COUNTIF": _countif, "SUM": _sum, "AVG": _avg, "MIN": _extreme, "MAX": _extreme,
    "ANY_VALUE": _any_value, "ARRAY_AGG": _array_agg, "ARRAY_CONCAT_AGG": _array_concat_agg, "STRING_AGG": _string_agg,
    "LOGICAL_AND": _logical, "LOGICAL_OR": _logical, "BIT_AND": _bits, "BIT_OR": _bits, "BIT_XOR": _bits, "MAX_BY": _by,
    "MIN_BY": _by, "APPROX_COUNT_DISTINCT": _approx_count, "APPROX_QUANTILES": _approx_quantiles,
    "APPROX_TOP_COUNT": _approx_top, "APPROX_TOP_SUM": _approx_top, "ROW_NUMBER": _row_number, "RANK": _row_number,
    "DENSE_RANK": _row_number, "PERCENT_RANK": _row_number, "CUME_DIST": _row_number, "NTILE": _ntile, "LAG": _lag,
    "LEAD": _lag, "FIRST_VALUE": _nth, "LAST_VALUE": _nth, "NTH_VALUE": _nth, "PERCENTILE_CONT": _percentile,
    "PERCENTILE_DISC": _percentile,
}  # fmt: skip

"""Aggregate and window functions."""

from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.aggregate_functions import BUILDERS, Aggregation, having, statistics
from sandbox.bigquery.sql.compiler_base import CompilerBase
from sandbox.bigquery.sql.expression import Expression, derive, fail
from sandbox.bigquery.sql.scopes import Scope
from sandbox.bigquery.sql.typesystem import (
    Type,
)
from sandbox.bigquery.sql.windows import window_sql

AGGREGATES = frozenset(
    "COUNT COUNTIF SUM AVG MIN MAX ANY_VALUE ARRAY_AGG ARRAY_CONCAT_AGG STRING_AGG LOGICAL_AND LOGICAL_OR BIT_AND "
    "BIT_OR "
    "BIT_XOR MAX_BY MIN_BY APPROX_COUNT_DISTINCT APPROX_QUANTILES APPROX_TOP_COUNT APPROX_TOP_SUM STDDEV STDDEV_SAMP "
    "STDDEV_POP VARIANCE VAR_SAMP VAR_POP COVAR_POP COVAR_SAMP CORR".split()
)


def compile_aggregate(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    """An aggregate function, with OVER or without."""
    aggregation = Aggregation(compiler, call, scope)
    if call.having is not None:
        sql, type, condition = having(aggregation)
    else:
        sql, type, condition = BUILDERS.get(call.name, statistics)(aggregation)
    over = ""
    if call.over is not None:
        if call.order_by and call.name not in ("ARRAY_AGG", "STRING_AGG"):
            fail(f"Analytic function {call.name} cannot have ORDER BY in its arguments", call.position)
        over = " OVER " + window_sql(compiler, call.over, scope, call, aggregation.parts)
    sql = aggregation.filtered(sql, condition) + over
    sql = _finish(aggregation, sql, type)
    free = frozenset() if call.over is None else frozenset().union(*(part.free for part in aggregation.parts))
    return derive(
        sql,
        type,
        *aggregation.parts,
        constant=False,
        origins=frozenset(),
        free=free,
        has_aggregate=call.over is None or any(part.has_aggregate for part in aggregation.parts),
        has_window=call.over is not None,
    )


def _finish(aggregation: Aggregation, sql: str, type: Type) -> str:
    name = aggregation.name
    if name == "SUM":
        return f"CAST({sql} AS {type.duckdb})"
    if name == "AVG" and type.kind != "FLOAT64":
        return f"CAST({sql} AS {type.duckdb})"
    if name in ("ARRAY_AGG", "ARRAY_CONCAT_AGG") and aggregation.call.limit is not None:
        return f"list_slice({sql}, 1, {_limit(aggregation)})"
    if name == "STRING_AGG" and aggregation.call.limit is not None:
        separator = aggregation.values[1].sql if len(aggregation.values) > 1 else "','"
        listed = f"list_slice({sql}, 1, {_limit(aggregation)})"
        return f"CASE WHEN len({listed}) = 0 THEN NULL ELSE array_to_string({listed}, {separator}) END"
    return sql


def _limit(aggregation: Aggregation) -> str:
    assert aggregation.call.limit is not None
    return aggregation.compiler.expression(aggregation.call.limit, aggregation.scope).sql

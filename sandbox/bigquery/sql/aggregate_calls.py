"""Aggregate and window functions."""

from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.aggregate_functions import BUILDERS, Aggregation
from sandbox.bigquery.sql.compiler_base import CompilerBase
from sandbox.bigquery.sql.expression import Expression, derive, fail
from sandbox.bigquery.sql.scopes import Scope
from sandbox.bigquery.sql.typesystem import Type
from sandbox.bigquery.sql.windows import window_sql


def compile_aggregate(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    """An aggregate function, with OVER or without."""
    aggregation = Aggregation(compiler, call, scope)
    sql, type, condition = BUILDERS[call.name](aggregation)
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
    limit = aggregation.call.limit
    if limit is None:
        return sql
    if name != "ARRAY_AGG":
        raise not_implemented(f"{name} with LIMIT")
    return f"list_slice({sql}, 1, {aggregation.compiler.expression(limit, aggregation.scope).sql})"

"""Conditions, numbers, arrays, and what belongs to no family."""

from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import coerce
from sandbox.bigquery.sql.compiler_base import CompilerBase
from sandbox.bigquery.sql.expression import Expression, derive, failure
from sandbox.bigquery.sql.scopes import Scope
from sandbox.bigquery.sql.signatures import define, special
from sandbox.bigquery.sql.typesystem import BOOL, FLOAT64, INT64, NUMERIC, STRING, Type

define(
    """
ABS(N) -> N = abs({0})
CEIL(FLOAT64) -> FLOAT64 = ceil({0})
CEIL(NUMERIC) -> NUMERIC = CAST(ceil({0}) AS DECIMAL(38,9))
FLOOR(FLOAT64) -> FLOAT64 = floor({0})
FLOOR(NUMERIC) -> NUMERIC = CAST(floor({0}) AS DECIMAL(38,9))
MOD(INT64, INT64) -> INT64 = bq_mod({0}, {1})
DIV(INT64, INT64) -> INT64 = bq_div({0}, {1})
ARRAY_LENGTH(ARRAY<T>) -> INT64 = len({0})
ARRAY_TO_STRING(ARRAY<STRING>, STRING) -> STRING = bq_join({0}, {1})
GENERATE_ARRAY(INT64, INT64) -> ARRAY<INT64> = bq_series({0}, {1}, 1::BIGINT)
GENERATE_ARRAY(INT64, INT64, INT64) -> ARRAY<INT64> = bq_series({0}, {1}, {2})
"""
)


def _values(compiler: CompilerBase, call: n.Call, scope: Scope, count: tuple[int, int | None]) -> list[Expression]:
    values = [compiler.expression(argument, scope) for argument in call.arguments]
    least, most = count
    if len(values) < least or (most is not None and len(values) > most):
        compiler.mismatch(f"function {call.name}", [value.type for value in values], call.position)
    return values


def _common(compiler: CompilerBase, call: n.Call, values: list[Expression]) -> tuple[Type, list[Expression]]:
    common = compiler.common_type(values)
    if common is None:
        compiler.mismatch(f"function {call.name}", [value.type for value in values], call.position)
    if common.untyped:
        common = INT64
    return common, [coerce(value, common) for value in values]


@special("COALESCE")
def _coalesce(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    common, values = _common(compiler, call, _values(compiler, call, scope, (1, None)))
    return derive(f"coalesce({', '.join(value.sql for value in values)})", common, *values)


@special("NULLIF")
def _nullif(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    common, values = _common(compiler, call, _values(compiler, call, scope, (2, 2)))
    return derive(f"nullif({values[0].sql}, {values[1].sql})", common, *values)


@special("IF")
def _if(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    values = _values(compiler, call, scope, (3, 3))
    condition = values[0]
    if condition.type.kind != "BOOL" and not condition.is_null:
        compiler.mismatch("function IF", [value.type for value in values], call.position)
    condition = coerce(condition, BOOL)
    common, (then, otherwise) = _common(compiler, call, values[1:])
    sql = f"CASE WHEN {condition.sql} THEN {then.sql} ELSE {otherwise.sql} END"
    return derive(sql, common, condition, then, otherwise)


@special("GREATEST", "LEAST")
def _greatest(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    common, values = _common(compiler, call, _values(compiler, call, scope, (1, None)))
    if common.is_array or common.is_struct:
        compiler.mismatch(f"function {call.name}", [value.type for value in values], call.position)
    if len(values) == 1:
        return values[0]
    listed = ", ".join(value.sql for value in values)
    missing = " OR ".join(f"{value.sql} IS NULL" for value in values if value.literal is None or not value.is_literal)
    sql = f"{call.name.lower()}({listed})"
    if call.name == "LEAST" and common.kind == "FLOAT64":
        # NaN wins in both directions; DuckDB takes it for the greatest.
        strange = " OR ".join(f"isnan({value.sql})" for value in values)
        sql = f"CASE WHEN {strange} THEN CAST('nan' AS DOUBLE) ELSE {sql} END"
    if missing:
        sql = f"CASE WHEN {missing} THEN NULL ELSE {sql} END"
    return derive(sql, common, *values)


@special("SAFE_DIVIDE")
def _safe_divide(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    common, (left, right) = _common(compiler, call, _values(compiler, call, scope, (2, 2)))
    if not common.is_numeric:
        compiler.mismatch("function SAFE_DIVIDE", [left.type, right.type], call.position)
    if common == NUMERIC:
        raise not_implemented("SAFE_DIVIDE of NUMERIC")
    left, right = coerce(left, FLOAT64), coerce(right, FLOAT64)
    return derive(f"({left.sql} / nullif({right.sql}, 0::DOUBLE))", FLOAT64, left, right)


@special("ERROR")
def _error(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    value = _values(compiler, call, scope, (1, 1))[0]
    text = compiler.required(
        value, STRING, f"No matching signature for function ERROR for argument types: {value.type}", call.position
    )
    return derive(failure(text.sql, INT64), INT64, text, literal=None, failure=text.sql)

"""Conditions, arrays, and what belongs to no family."""

from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import coerce
from sandbox.bigquery.sql.compile_operators import array_concatenation
from sandbox.bigquery.sql.compiler_base import CompilerBase
from sandbox.bigquery.sql.expression import Expression, derive, fail, failure
from sandbox.bigquery.sql.scopes import Scope
from sandbox.bigquery.sql.signatures import define, special
from sandbox.bigquery.sql.typesystem import BOOL, INT64, STRING, Type, array_of

define(
    """
ARRAY_LENGTH(ARRAY<T>) -> INT64 = len({0})
ARRAY_REVERSE(ARRAY<T>) -> ARRAY<T> = list_reverse({0})
ARRAY_TO_STRING(ARRAY<STRING>, STRING) -> STRING = bq_join({0}, {1})
ARRAY_TO_STRING(ARRAY<STRING>, STRING, STRING) -> STRING = bq_join_nulls({0}, {1}, {2})
GENERATE_ARRAY(INT64, INT64) -> ARRAY<INT64> = bq_series({0}, {1}, 1::BIGINT)
GENERATE_ARRAY(INT64, INT64, INT64) -> ARRAY<INT64> = bq_series({0}, {1}, {2})
GENERATE_ARRAY(FLOAT64, FLOAT64) -> ARRAY<FLOAT64> = bq_float_series({0}, {1}, 1::DOUBLE)
GENERATE_ARRAY(FLOAT64, FLOAT64, FLOAT64) -> ARRAY<FLOAT64> = bq_float_series({0}, {1}, {2})
GENERATE_ARRAY(NUMERIC, NUMERIC) -> ARRAY<NUMERIC> = bq_numeric_series({0}, {1}, 1)
GENERATE_ARRAY(NUMERIC, NUMERIC, NUMERIC) -> ARRAY<NUMERIC> = bq_numeric_series({0}, {1}, {2})
ARRAY_SLICE(ARRAY<T>, INT64, INT64) -> ARRAY<T> = bq_array_slice({0}, {1}, {2})
ARRAY_IS_DISTINCT(ARRAY<T>) -> BOOL = bq_is_distinct({0})
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
    if common.precision == -1:
        common = INT64
    return common, [coerce(value, common) for value in values]


@special("COALESCE")
def _coalesce(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    common, values = _common(compiler, call, _values(compiler, call, scope, (1, None)))
    return derive(f"coalesce({', '.join(value.sql for value in values)})", common, *values)


@special("IFNULL")
def _ifnull(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    common, values = _common(compiler, call, _values(compiler, call, scope, (2, 2)))
    return derive(f"coalesce({values[0].sql}, {values[1].sql})", common, *values)


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
    if common.is_array or common.is_struct or common.kind == "JSON":
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


@special("ARRAY_CONCAT")
def _array_concat(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    common, values = _common(compiler, call, _values(compiler, call, scope, (1, None)))
    if not common.is_array:
        compiler.mismatch("function ARRAY_CONCAT", [value.type for value in values], call.position)
    return derive(array_concatenation([value.sql for value in values]), common, *values)


@special("ARRAY_TRANSFORM", "ARRAY_FILTER")
def _array_lambda(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    array = compiler.expression(call.arguments[0], scope)
    function = call.arguments[1] if len(call.arguments) == 2 else None
    if not array.type.is_array or not isinstance(function, n.Lambda):
        compiler.mismatch(f"function {call.name}", [array.type], call.position)
    names = [compiler.fresh("e") for _ in function.parameters]
    arguments = {function.parameters[0].lower(): Expression(names[0], array.type.item, constant=False)}
    if len(names) > 1:
        arguments[function.parameters[1].lower()] = Expression(f"({names[1]} - 1)", INT64, constant=False)
    body = compiler.expression(function.body, Scope(parent=scope, arguments=arguments))
    kind = "list_transform" if call.name == "ARRAY_TRANSFORM" else "list_filter"
    type = array_of(body.type) if kind == "list_transform" else array.type
    return derive(f"{kind}({array.sql}, lambda {', '.join(names)}: {body.sql})", type, array, body)


@special("ARRAY_FIRST", "ARRAY_LAST")
def _array_end(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    array = _values(compiler, call, scope, (1, 1))[0]
    if not array.type.is_array:
        compiler.mismatch(f"function {call.name}", [array.type], call.position)
    which = call.name.removeprefix("ARRAY_").lower()
    empty = failure(f"'{call.name} cannot get the {which} element of an empty array'", array.type.item)
    place = "1" if which == "first" else "-1"
    return derive(
        f"CASE WHEN len({array.sql}) = 0 THEN {empty} ELSE ({array.sql})[{place}] END", array.type.item, array
    )


@special("ERROR")
def _error(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    value = _values(compiler, call, scope, (1, 1))[0]
    text = compiler.required(
        value, STRING, f"No matching signature for function ERROR for argument types: {value.type}", call.position
    )
    return derive(failure(text.sql, INT64), INT64, text, literal=None, failure=text.sql)


@special("GROUPING")
def _grouping(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    value = _values(compiler, call, scope, (1, 1))[0]
    return derive(f"CAST(GROUPING({value.sql}) AS BIGINT)", INT64, value, has_aggregate=True, free=frozenset())


@special("COLLATE")
def _collate(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    fail("COLLATE is not supported", call.position)

"""``+ - * /`` by the types of their sides."""

from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.sql.casts import coerce
from sandbox.bigquery.sql.compiler_base import CompilerBase
from sandbox.bigquery.sql.expression import Expression, derive, failure
from sandbox.bigquery.sql.lexer import Position
from sandbox.bigquery.sql.typesystem import FLOAT64, NUMERIC


def arithmetic(
    compiler: CompilerBase, operator: str, left: Expression, right: Expression, position: Position
) -> Expression:
    """An arithmetic operator."""
    if {left.type.kind, right.type.kind} & {"DATE", "TIMESTAMP"} and operator in "+-":
        raise not_implemented(f"{left.type} {operator} {right.type}; use DATE_ADD, TIMESTAMP_DIFF and the like")
    common = compiler.common_type([left, right])
    if common is None or not common.is_numeric:
        compiler.mismatch(f"operator {operator}", [left.type, right.type], position)
    if operator == "/" and common.kind == "INT64":
        common = FLOAT64
    dividend = (left, right)
    left, right = coerce(left, common), coerce(right, common)
    if operator == "/":
        return _divide(left, right, dividend)
    if common == NUMERIC:
        return derive(f"CAST({left.sql} {operator} {right.sql} AS {common.duckdb})", common, left, right)
    result = f"({left.sql} {operator} {right.sql})"
    if common.kind == "FLOAT64" and left.constant and right.constant:
        # Only where it costs nothing: a check in every row would double the text at every level.
        wrong = failure(f"'double overflow: ' || {_shown(left)} || ' {operator} ' || {_shown(right)}", common)
        finite = f"isfinite({left.sql}) AND isfinite({right.sql})"
        result = f"CASE WHEN isinf({result}) AND {finite} THEN {wrong} ELSE {result} END"
    return derive(result, common, left, right)


def _divide(left: Expression, right: Expression, shown: tuple[Expression, Expression]) -> Expression:
    """``/`` of FLOAT64, and an error for a divisor of zero."""
    if left.type == NUMERIC:
        raise not_implemented("the operator / of NUMERIC")
    quotient = f"({left.sql} / {right.sql})"
    divisor = right.literal if isinstance(right.literal, (int, float)) else shown[1].literal
    if isinstance(divisor, (int, float)) and divisor != 0:
        return derive(quotient, FLOAT64, left, right)
    message = f"'division by zero: ' || {_shown(shown[0])} || ' / ' || {_shown(shown[1])}"
    guarded = f"CASE WHEN {right.sql} = 0 THEN {failure(message, FLOAT64)} ELSE {quotient} END"
    return derive(guarded, FLOAT64, left, right)


def _shown(value: Expression) -> str:
    """A value for a message; only what is short, lest nested divisions double the text at every level."""
    if len(value.sql) >= 80:
        return "'…'"
    name = {"FLOAT64": "bq_float_text", "NUMERIC": "bq_numeric_text"}.get(value.type.kind)
    return f"{name}({value.sql})" if name else f"CAST({value.sql} AS VARCHAR)"

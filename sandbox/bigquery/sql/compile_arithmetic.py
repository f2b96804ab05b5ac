"""``+ - * /`` and the bit operators, by the types of their sides."""

from sandbox.bigquery.sql.casts import coerce
from sandbox.bigquery.sql.compiler_base import CompilerBase
from sandbox.bigquery.sql.expression import Expression, derive, failure
from sandbox.bigquery.sql.lexer import Position
from sandbox.bigquery.sql.typesystem import (
    DATE,
    DATETIME,
    FLOAT64,
    INT64,
    INTERVAL,
    TIME,
    TIMESTAMP,
    Type,
)

_BITS = {"&": "&", "|": "|", "^": "xor", "<<": "<<", ">>": ">>"}
_DECIMALS = ("NUMERIC", "BIGNUMERIC")


def arithmetic(
    compiler: CompilerBase, operator: str, left: Expression, right: Expression, position: Position
) -> Expression:
    """An arithmetic or bit operator."""
    if operator in _BITS:
        return _bits(compiler, operator, left, right, position)
    with_dates = _dates(operator, left, right)
    if with_dates is not None:
        return with_dates
    common = compiler.common_type([left, right])
    if common is None or not common.is_numeric:
        compiler.mismatch(f"operator {operator}", [left.type, right.type], position)
    if operator == "/" and common.kind == "INT64":
        common = FLOAT64
    dividend = (left, right)
    left, right = coerce(left, common), coerce(right, common)
    if operator == "/":
        return divide(left, right, dividend)
    if common.kind in _DECIMALS:
        return derive(f"CAST({left.sql} {operator} {right.sql} AS {common.duckdb})", common, left, right)
    result = f"({left.sql} {operator} {right.sql})"
    if common.kind == "FLOAT64" and left.constant and right.constant:
        # Only where it costs nothing: a check in every row would double the text at every level.
        wrong = failure(f"'double overflow: ' || {_shown(left)} || ' {operator} ' || {_shown(right)}", common)
        finite = f"isfinite({left.sql}) AND isfinite({right.sql})"
        result = f"CASE WHEN isinf({result}) AND {finite} THEN {wrong} ELSE {result} END"
    return derive(result, common, left, right)


def divide(left: Expression, right: Expression, shown: tuple[Expression, Expression]) -> Expression:
    """``/``: FLOAT64 or NUMERIC, and an error for a divisor of zero."""
    type = left.type
    quotient = (
        f"({left.sql} / {right.sql})"
        if type.kind == "FLOAT64"
        else f"bq_{type.kind.lower()}_divide({left.sql}, {right.sql})"
    )
    divisor = right.literal if isinstance(right.literal, (int, float)) else shown[1].literal
    if isinstance(divisor, (int, float)) and divisor != 0:
        return derive(quotient, type, left, right)
    message = f"'division by zero: ' || {_shown(shown[0])} || ' / ' || {_shown(shown[1])}"
    guarded = f"CASE WHEN {right.sql} = 0 THEN {failure(message, type)} ELSE {quotient} END"
    return derive(guarded, type, left, right)


def _shown(value: Expression) -> str:
    """A value for a message; only what is short, lest nested divisions double the text at every level."""
    if len(value.sql) >= 80:
        return "'…'"
    function = {"FLOAT64": "bq_float_text", "NUMERIC": "bq_numeric_text", "BIGNUMERIC": "bq_numeric_text"}
    name = function.get(value.type.kind)
    return f"{name}({value.sql})" if name else f"CAST({value.sql} AS VARCHAR)"


def _bits(compiler: CompilerBase, operator: str, left: Expression, right: Expression, position: Position) -> Expression:
    if left.type.kind != "INT64" or right.type.kind != "INT64":
        compiler.mismatch(f"operator {operator}", [left.type, right.type], position)
    left, right = coerce(left, INT64), coerce(right, INT64)
    if operator == "^":
        return derive(f"xor({left.sql}, {right.sql})", INT64, left, right)
    if operator in ("<<", ">>"):
        name = "bq_shift_left" if operator == "<<" else "bq_shift_right"
        return derive(f"{name}({left.sql}, {right.sql})", INT64, left, right)
    return derive(f"({left.sql} {operator} {right.sql})", INT64, left, right)


def _dates(operator: str, left: Expression, right: Expression) -> Expression | None:
    """Dates and intervals; None when neither side is one."""
    rule = _DATE_RULES.get((left.type.kind, operator, right.type.kind))
    if rule is None:
        return None
    type, template = rule
    return derive(template.format(left.sql, right.sql), type, left, right)


_DATE_RULES: dict[tuple[str, str, str], tuple[Type, str]] = {
    ("DATE", "+", "INT64"): (DATE, "bq_date({0} + CAST({1} AS INTEGER))"),
    ("INT64", "+", "DATE"): (DATE, "bq_date({1} + CAST({0} AS INTEGER))"),
    ("DATE", "-", "INT64"): (DATE, "bq_date({0} - CAST({1} AS INTEGER))"),
    ("DATE", "-", "DATE"): (INTERVAL, "to_days(CAST({0} - {1} AS INTEGER))"),
    ("TIMESTAMP", "-", "TIMESTAMP"): (INTERVAL, "to_microseconds(epoch_us({0}) - epoch_us({1}))"),
    ("DATETIME", "-", "DATETIME"): (INTERVAL, "bq_datetime_minus({0}, {1})"),
    ("TIME", "-", "TIME"): (INTERVAL, "to_microseconds(epoch_us({0}) - epoch_us({1}))"),
    ("DATE", "+", "INTERVAL"): (DATETIME, "(CAST({0} AS TIMESTAMP) + {1})"),
    ("INTERVAL", "+", "DATE"): (DATETIME, "(CAST({1} AS TIMESTAMP) + {0})"),
    ("DATE", "-", "INTERVAL"): (DATETIME, "(CAST({0} AS TIMESTAMP) - {1})"),
    ("TIMESTAMP", "+", "INTERVAL"): (TIMESTAMP, "bq_timestamp({0} + bq_plain_interval({1}))"),
    ("INTERVAL", "+", "TIMESTAMP"): (TIMESTAMP, "bq_timestamp({1} + bq_plain_interval({0}))"),
    ("TIMESTAMP", "-", "INTERVAL"): (TIMESTAMP, "bq_timestamp({0} - bq_plain_interval({1}))"),
    ("DATETIME", "+", "INTERVAL"): (DATETIME, "bq_datetime({0} + {1})"),
    ("INTERVAL", "+", "DATETIME"): (DATETIME, "bq_datetime({1} + {0})"),
    ("DATETIME", "-", "INTERVAL"): (DATETIME, "bq_datetime({0} - {1})"),
    ("TIME", "+", "INTERVAL"): (TIME, "({0} + {1})"),
    ("TIME", "-", "INTERVAL"): (TIME, "({0} - {1})"),
    ("INTERVAL", "+", "INTERVAL"): (INTERVAL, "({0} + {1})"),
    ("INTERVAL", "-", "INTERVAL"): (INTERVAL, "({0} - {1})"),
    ("INTERVAL", "*", "INT64"): (INTERVAL, "bq_interval_times({0}, {1})"),
    ("INT64", "*", "INTERVAL"): (INTERVAL, "bq_interval_times({1}, {0})"),
    ("INTERVAL", "/", "INT64"): (INTERVAL, "bq_interval_over({0}, {1})"),
}

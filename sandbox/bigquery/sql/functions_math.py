"""Numbers."""

from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import coerce
from sandbox.bigquery.sql.compiler_base import CompilerBase
from sandbox.bigquery.sql.expression import Expression, derive
from sandbox.bigquery.sql.scopes import Scope
from sandbox.bigquery.sql.signatures import define, special
from sandbox.bigquery.sql.typesystem import FLOAT64, INT64

define(
    """
ABS(N) -> N = abs({0})
SIGN(INT64) -> INT64 = CAST(sign({0}) AS BIGINT)
SIGN(FLOAT64) -> FLOAT64 = CAST(sign({0}) AS DOUBLE)
SIGN(NUMERIC) -> NUMERIC = CAST(sign({0}) AS DECIMAL(38,9))
ROUND(FLOAT64) -> FLOAT64 = round({0})
ROUND(NUMERIC) -> NUMERIC = CAST(round({0}) AS DECIMAL(38,9))
ROUND(FLOAT64, INT64) -> FLOAT64 = bq_round({0}, {1})
ROUND(NUMERIC, INT64) -> NUMERIC = bq_numeric_round({0}, {1})
TRUNC(FLOAT64) -> FLOAT64 = trunc({0})
TRUNC(NUMERIC) -> NUMERIC = CAST(trunc({0}) AS DECIMAL(38,9))
TRUNC(FLOAT64, INT64) -> FLOAT64 = bq_trunc({0}, {1})
TRUNC(NUMERIC, INT64) -> NUMERIC = bq_numeric_trunc({0}, {1})
CEIL(FLOAT64) -> FLOAT64 = ceil({0})
CEIL(NUMERIC) -> NUMERIC = CAST(ceil({0}) AS DECIMAL(38,9))
CEILING(FLOAT64) -> FLOAT64 = ceil({0})
CEILING(NUMERIC) -> NUMERIC = CAST(ceil({0}) AS DECIMAL(38,9))
FLOOR(FLOAT64) -> FLOAT64 = floor({0})
FLOOR(NUMERIC) -> NUMERIC = CAST(floor({0}) AS DECIMAL(38,9))
MOD(INT64, INT64) -> INT64 = bq_mod({0}, {1})
MOD(NUMERIC, NUMERIC) -> NUMERIC = bq_numeric_mod({0}, {1})
DIV(INT64, INT64) -> INT64 = bq_div({0}, {1})
DIV(NUMERIC, NUMERIC) -> NUMERIC = bq_numeric_div({0}, {1})
SQRT(FLOAT64) -> FLOAT64 = bq_sqrt({0})
POW(FLOAT64, FLOAT64) -> FLOAT64 = bq_pow({0}, {1})
POWER(FLOAT64, FLOAT64) -> FLOAT64 = bq_pow({0}, {1})
EXP(FLOAT64) -> FLOAT64 = exp({0})
LN(FLOAT64) -> FLOAT64 = bq_ln({0})
LOG(FLOAT64) -> FLOAT64 = bq_ln({0})
LOG(FLOAT64, FLOAT64) -> FLOAT64 = bq_log({0}, {1})
LOG10(FLOAT64) -> FLOAT64 = bq_log10({0})
SIN(FLOAT64) -> FLOAT64 = sin({0})
COS(FLOAT64) -> FLOAT64 = cos({0})
TAN(FLOAT64) -> FLOAT64 = tan({0})
ASIN(FLOAT64) -> FLOAT64 = asin({0})
ACOS(FLOAT64) -> FLOAT64 = acos({0})
ATAN(FLOAT64) -> FLOAT64 = atan({0})
ATAN2(FLOAT64, FLOAT64) -> FLOAT64 = atan2({0}, {1})
SINH(FLOAT64) -> FLOAT64 = sinh({0})
COSH(FLOAT64) -> FLOAT64 = cosh({0})
TANH(FLOAT64) -> FLOAT64 = tanh({0})
ASINH(FLOAT64) -> FLOAT64 = asinh({0})
ACOSH(FLOAT64) -> FLOAT64 = acosh({0})
ATANH(FLOAT64) -> FLOAT64 = atanh({0})
COT(FLOAT64) -> FLOAT64 = cot({0})
CBRT(FLOAT64) -> FLOAT64 = cbrt({0})
IS_INF(FLOAT64) -> BOOL = isinf({0})
IS_NAN(FLOAT64) -> BOOL = isnan({0})
IEEE_DIVIDE(FLOAT64, FLOAT64) -> FLOAT64 = ({0} / {1})
SAFE_DIVIDE(FLOAT64, FLOAT64) -> FLOAT64 = ({0} / nullif({1}, 0::DOUBLE))
SAFE_DIVIDE(NUMERIC, NUMERIC) -> NUMERIC = TRY(bq_numeric_divide({0}, nullif({1}, 0)))
SAFE_ADD(INT64, INT64) -> INT64 = TRY({0} + {1})
SAFE_ADD(FLOAT64, FLOAT64) -> FLOAT64 = TRY({0} + {1})
SAFE_ADD(NUMERIC, NUMERIC) -> NUMERIC = TRY(CAST({0} + {1} AS DECIMAL(38,9)))
SAFE_SUBTRACT(INT64, INT64) -> INT64 = TRY({0} - {1})
SAFE_SUBTRACT(FLOAT64, FLOAT64) -> FLOAT64 = TRY({0} - {1})
SAFE_SUBTRACT(NUMERIC, NUMERIC) -> NUMERIC = TRY(CAST({0} - {1} AS DECIMAL(38,9)))
SAFE_MULTIPLY(INT64, INT64) -> INT64 = TRY({0} * {1})
SAFE_MULTIPLY(FLOAT64, FLOAT64) -> FLOAT64 = TRY({0} * {1})
SAFE_MULTIPLY(NUMERIC, NUMERIC) -> NUMERIC = TRY(CAST({0} * {1} AS DECIMAL(38,9)))
SAFE_NEGATE(INT64) -> INT64 = TRY(0::BIGINT - {0})
SAFE_NEGATE(FLOAT64) -> FLOAT64 = (-{0})
SAFE_NEGATE(NUMERIC) -> NUMERIC = (-{0})
BIT_COUNT(INT64) -> INT64 = CAST(bit_count({0}) AS BIGINT)
RAND() -> FLOAT64 = random()
RANGE_BUCKET(T, ARRAY<T>) -> INT64 = bq_range_bucket({0}, {1})
PARSE_NUMERIC(STRING) -> NUMERIC = bq_parse_numeric({0})
PARSE_BIGNUMERIC(STRING) -> BIGNUMERIC = CAST(replace(replace({0}, ',', ''), ' ', '') AS DECIMAL(38,18))
"""
)


@special("SAFE_DIVIDE")
def _safe_divide(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    values = [compiler.expression(argument, scope) for argument in call.arguments]
    common = compiler.common_type(values) if len(values) == 2 else None
    if common is None or not common.is_numeric:
        compiler.mismatch("function SAFE_DIVIDE", [value.type for value in values], call.position)
    if common.kind == INT64.kind:
        common = FLOAT64
    left, right = (coerce(value, common) for value in values)
    if common == FLOAT64:
        return derive(f"({left.sql} / nullif({right.sql}, 0::DOUBLE))", FLOAT64, left, right)
    return derive(f"TRY(bq_{common.kind.lower()}_divide({left.sql}, nullif({right.sql}, 0)))", common, left, right)

"""Dates and times: construction, arithmetic, truncation, difference, series."""

from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import can_coerce, cast, coerce
from sandbox.bigquery.sql.compiler_base import CompilerBase
from sandbox.bigquery.sql.expression import Expression, derive, fail
from sandbox.bigquery.sql.scopes import Scope
from sandbox.bigquery.sql.signatures import define, special
from sandbox.bigquery.sql.time_parts import (
    CLOCK_PARTS,
    DAYS,
    MICROSECONDS,
    MONTHS,
    Zone,
    boundaries,
    interval_of,
    part_of,
    time_zone,
    truncated,
    week_start,
)
from sandbox.bigquery.sql.typesystem import (
    DATE,
    DATETIME,
    INT64,
    INTERVAL,
    TIME,
    TIMESTAMP,
    Type,
    array_of,
)

define(
    """
UNIX_SECONDS(TIMESTAMP) -> INT64 = bq_floor_div(epoch_us({0}), 1000000)
UNIX_MILLIS(TIMESTAMP) -> INT64 = bq_floor_div(epoch_us({0}), 1000)
UNIX_MICROS(TIMESTAMP) -> INT64 = epoch_us({0})
TIMESTAMP_SECONDS(INT64) -> TIMESTAMP = bq_timestamp_of({0} * 1000000)
TIMESTAMP_MILLIS(INT64) -> TIMESTAMP = bq_timestamp_of({0} * 1000)
TIMESTAMP_MICROS(INT64) -> TIMESTAMP = bq_timestamp_of({0})
TIMESTAMP_FROM_UNIX_SECONDS(INT64) -> TIMESTAMP = bq_timestamp_of({0} * 1000000)
TIMESTAMP_FROM_UNIX_MILLIS(INT64) -> TIMESTAMP = bq_timestamp_of({0} * 1000)
TIMESTAMP_FROM_UNIX_MICROS(INT64) -> TIMESTAMP = bq_timestamp_of({0})
UNIX_DATE(DATE) -> INT64 = ({0} - DATE '1970-01-01')
DATE_FROM_UNIX_DATE(INT64) -> DATE = bq_date(DATE '1970-01-01' + CAST({0} AS INTEGER))
JUSTIFY_HOURS(INTERVAL) -> INTERVAL = bq_justify({0}, TRUE, FALSE)
JUSTIFY_DAYS(INTERVAL) -> INTERVAL = bq_justify({0}, FALSE, TRUE)
JUSTIFY_INTERVAL(INTERVAL) -> INTERVAL = bq_justify({0}, TRUE, TRUE)
"""
)

FAMILIES = {"DATE": DATE, "DATETIME": DATETIME, "TIME": TIME, "TIMESTAMP": TIMESTAMP}
_ALLOWED = {
    "DATE": ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR"),
    "DATETIME": (*CLOCK_PARTS, "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"),
    "TIME": CLOCK_PARTS,
    "TIMESTAMP": (*CLOCK_PARTS, "DAY"),
}


def _family(name: str) -> Type:
    return FAMILIES[name.split("_")[0]]


def argument(compiler: CompilerBase, call: n.Call, index: int, type: Type, scope: Scope) -> Expression:
    """An argument as a type."""
    if index >= len(call.arguments):
        compiler.mismatch(f"function {call.name}", [], call.position)
    value = compiler.expression(call.arguments[index], scope)
    return _as(compiler, call, value, type)


def _as(compiler: CompilerBase, call: n.Call, value: Expression, type: Type) -> Expression:
    # The date functions take a wider date type than their name says: DATE_ADD(timestamp), TIMESTAMP_TRUNC(datetime) …
    if not can_coerce(value, type):
        compiler.mismatch(f"function {call.name}", [value.type], call.position)
    return coerce(value, type)


def _operand(compiler: CompilerBase, call: n.Call, scope: Scope) -> tuple[Type, Expression]:
    """The first argument; its own type decides where the name's type does not fit (DATE_ADD of a DATETIME)."""
    value = compiler.expression(call.arguments[0], scope)
    family = _family(call.name)
    if not can_coerce(value, family) and value.type.kind in FAMILIES and value.type.kind != "TIME":
        family = value.type
    return family, _as(compiler, call, value, family)


def zone_argument(compiler: CompilerBase, call: n.Call, index: int, scope: Scope) -> Zone:
    """The time zone given as an argument; UTC without one."""
    if index >= len(call.arguments):
        return Zone()
    return time_zone(compiler, compiler.expression(call.arguments[index], scope), call.position)


def _unsupported(call: n.Call, part: str) -> None:
    fail(f"{call.name} does not support the {part} date part", call.position)


# ---- ADD and SUB


@special(*(f"{family}_{verb}" for family in FAMILIES for verb in ("ADD", "SUB")))
def _add(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    family, value = _operand(compiler, call, scope)
    sign = "-" if call.name.endswith("SUB") else "+"
    step = call.arguments[1] if len(call.arguments) == 2 else None
    if not isinstance(step, n.IntervalLiteral) or step.to_part:
        return _add_interval(compiler, call, family, value, sign, scope)
    amount = compiler.expression(step.value, scope)
    amount = compiler.required(
        amount, INT64, f"Interval value must be coercible to INT64 type, but has type {amount.type}", step.position
    )
    part = step.part
    if part not in _ALLOWED[family.kind]:
        _unsupported(call, part)
    return derive(added(value.sql, amount.sql, part, sign, family), family, value, amount)


def added(value: str, amount: str, part: str, sign: str, family: Type) -> str:
    """``value ± amount part``, checked against the type's range."""
    kind = family.kind
    if kind == "TIMESTAMP":
        return f"bq_timestamp_of(epoch_us({value}) {sign} {amount} * {MICROSECONDS[part]})"
    if kind == "DATE" and part in DAYS:
        return f"bq_date({value} {sign} CAST({amount} * {DAYS[part]} AS INTEGER))"
    interval = interval_of(amount, part)
    if kind == "DATE":
        return f"bq_date(CAST({value} {sign} {interval} AS DATE))"
    return f"bq_datetime({value} {sign} {interval})" if kind == "DATETIME" else f"({value} {sign} {interval})"


def _add_interval(
    compiler: CompilerBase, call: n.Call, family: Type, value: Expression, sign: str, scope: Scope
) -> Expression:
    from sandbox.bigquery.sql.compile_arithmetic import arithmetic

    if len(call.arguments) != 2:
        compiler.mismatch(f"function {call.name}", [value.type], call.position)
    step = compiler.expression(call.arguments[1], scope)
    if step.type.kind == "INT64" and family.kind == "DATE":
        return arithmetic(compiler, sign, value, step, call.position)
    if step.type.kind != INTERVAL.kind:
        compiler.mismatch(f"function {call.name}", [value.type, step.type], call.position)
    result = arithmetic(compiler, sign, value, step, call.position)
    return result if result.type.kind == family.kind else cast(result, family)


# ---- TRUNC


@special(*(f"{family}_TRUNC" for family in FAMILIES))
def _trunc(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    family, value = _operand(compiler, call, scope)
    if len(call.arguments) < 2:
        compiler.mismatch(f"function {call.name}", [value.type], call.position)
    part = part_of(call.arguments[1])
    zone = zone_argument(compiler, call, 2, scope)
    return derive(truncate(call, value.sql, part, zone, family), family, value, *zone.parts)


def truncate(call: n.Call, value: str, part: str, zone: Zone, family: Type) -> str:
    """The beginning of the part a value lies in."""
    kind = family.kind
    if kind == "TIMESTAMP" and zone == Zone() and part in MICROSECONDS:
        return f"bq_floor_timestamp({value}, {MICROSECONDS[part]})" if part != "MICROSECOND" else value
    if (kind == "DATE" and part in CLOCK_PARTS) or (kind == "TIME" and part not in CLOCK_PARTS):
        _unsupported(call, part)
    local = zone.local(value) if kind == "TIMESTAMP" else value
    if kind == "TIME":
        local = f"(DATE '1970-01-01' + {value})"
    cut = truncated(local, part)
    if cut is None:
        _unsupported(call, part)
    assert cut is not None
    if kind == "TIMESTAMP" and part in CLOCK_PARTS:
        # Taken back by what has passed of the part, which stays right when the clock is put back.
        return f"make_timestamptz(epoch_us({value}) - (epoch_us({local}) - epoch_us({cut})))"
    if kind == "TIMESTAMP":
        return zone.instant(cut)
    return f"CAST({cut} AS {family.duckdb})"


@special("LAST_DAY")
def _last_day(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    value = compiler.expression(call.arguments[0], scope)
    value = _as(compiler, call, value, DATETIME if value.type.kind == "DATETIME" else DATE)
    part = part_of(call.arguments[1]) if len(call.arguments) > 1 else "MONTH"
    day = f"CAST({value.sql} AS DATE)"
    begin = truncated(day, part)
    if begin is None or part in CLOCK_PARTS or part == "DAY":
        _unsupported(call, part)
    if week_start(part) is not None:
        return derive(f"CAST({begin} + to_days(6) AS DATE)", DATE, value)
    if part == "ISOYEAR":
        following = f"make_date(isoyear({day}) + 1, 1, 4)"
        return derive(f"CAST(date_trunc('week', {following}) - to_days(1) AS DATE)", DATE, value)
    return derive(f"CAST({begin} + to_months({MONTHS[part]}) - to_days(1) AS DATE)", DATE, value)


# ---- DIFF


@special(*(f"{family}_DIFF" for family in FAMILIES))
def _diff(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    if len(call.arguments) != 3:
        compiler.mismatch(f"function {call.name}", [], call.position)
    later, earlier = (compiler.expression(argument, scope) for argument in call.arguments[:2])
    family = _family(call.name)
    if not (can_coerce(later, family) and can_coerce(earlier, family)):
        common = compiler.common_type([later, earlier])
        if common is None or common.kind not in FAMILIES:
            compiler.mismatch(f"function {call.name}", [later.type, earlier.type], call.position)
        family = common
    later, earlier = coerce(later, family), coerce(earlier, family)
    part = part_of(call.arguments[2])
    sql: str | None
    if family.kind == "TIMESTAMP":
        if part not in MICROSECONDS:
            _unsupported(call, part)
        sql = f"((epoch_us({later.sql}) - epoch_us({earlier.sql})) // {MICROSECONDS[part]})"
    elif (family.kind == "TIME" and part not in CLOCK_PARTS) or (family.kind == "DATE" and part in CLOCK_PARTS):
        sql = None
    else:
        sql = boundaries(later.sql, earlier.sql, part)
    if sql is None:
        _unsupported(call, part)
    return derive(sql or "", INT64, later, earlier)


# ---- buckets and series


@special("TIMESTAMP_BUCKET", "DATETIME_BUCKET", "DATE_BUCKET")
def _bucket(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    family, value = _operand(compiler, call, scope)
    width = compiler.expression(call.arguments[1], scope)
    if width.type.kind != "INTERVAL":
        compiler.mismatch(f"function {call.name}", [value.type, width.type], call.position)
    parts = [value, width]
    origin = "TIMESTAMP '1950-01-01'"
    if len(call.arguments) > 2:
        given = argument(compiler, call, 2, family, scope)
        parts.append(given)
        origin = f"timezone('UTC', {given.sql})" if family == TIMESTAMP else f"CAST({given.sql} AS TIMESTAMP)"
    local = f"timezone('UTC', {value.sql})" if family == TIMESTAMP else f"CAST({value.sql} AS TIMESTAMP)"
    bucket = f"time_bucket({width.sql}, {local}, {origin})"
    sql = f"timezone('UTC', {bucket})" if family == TIMESTAMP else f"CAST({bucket} AS {family.duckdb})"
    return derive(sql, family, *parts)


@special("GENERATE_DATE_ARRAY", "GENERATE_TIMESTAMP_ARRAY", "GENERATE_DATETIME_ARRAY")
def _series(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    family = FAMILIES[call.name.split("_")[1]]
    start = argument(compiler, call, 0, family, scope)
    end = argument(compiler, call, 1, family, scope)
    parts = [start, end]
    amount, part = "1", "DAY"
    if len(call.arguments) > 2:
        step = call.arguments[2]
        if not isinstance(step, n.IntervalLiteral) or step.to_part:
            fail(f"{call.name} needs an INTERVAL with one date part", call.position)
        value = compiler.required(compiler.expression(step.value, scope), INT64, "Invalid interval", step.position)
        parts.append(value)
        amount, part = value.sql, step.part
    elif family != DATE:
        compiler.mismatch(f"function {call.name}", [start.type, end.type], call.position)
    if part not in _ALLOWED[family.kind]:
        _unsupported(call, part)
    return derive(_series_sql(start.sql, end.sql, amount, part, family), array_of(family), *parts)


def _series_sql(start: str, end: str, amount: str, part: str, family: Type) -> str:
    if part in MICROSECONDS or part in DAYS:
        unit = MICROSECONDS[part] if part in MICROSECONDS else DAYS[part] * MICROSECONDS["DAY"]
        first, last = (f"epoch_us(CAST({moment} AS TIMESTAMP))" for moment in (start, end))
        if family == TIMESTAMP:
            first, last = f"epoch_us({start})", f"epoch_us({end})"
        element = {"TIMESTAMP": "make_timestamptz(_e)", "DATETIME": "make_timestamp(_e)"}.get(
            family.kind, "CAST(make_timestamp(_e) AS DATE)"
        )
        return f"list_transform(bq_series({first}, {last}, {amount} * {unit}), lambda _e: {element})"
    # Each step starts from the one before, also in GoogleSQL: 31 January, 28 February, 28 March.
    months = f"bq_nonzero({amount} * {MONTHS[part]})"
    bounds = f"CAST({start} AS TIMESTAMP), CAST({end} AS TIMESTAMP)"
    series = f"generate_series({bounds}, to_months(CAST({months} AS INTEGER)))"
    return f"list_transform({series}, lambda _e: CAST(_e AS {family.duckdb}))"

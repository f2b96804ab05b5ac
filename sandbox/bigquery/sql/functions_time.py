"""DATE and TIMESTAMP: construction, the present, arithmetic, truncation, difference, series, text."""

import re
from dataclasses import dataclass

from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.sql import date_literals
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import can_coerce, cast, coerce
from sandbox.bigquery.sql.compiler_base import CompilerBase
from sandbox.bigquery.sql.environment import Variable
from sandbox.bigquery.sql.expression import Expression, derive, fail
from sandbox.bigquery.sql.scopes import Scope
from sandbox.bigquery.sql.signatures import define, special
from sandbox.bigquery.sql.typesystem import DATE, INT64, STRING, TIMESTAMP, Type, array_of, text_literal

define(
    """
UNIX_SECONDS(TIMESTAMP) -> INT64 = bq_floor_div(epoch_us({0}), 1000000)
UNIX_MICROS(TIMESTAMP) -> INT64 = epoch_us({0})
TIMESTAMP_SECONDS(INT64) -> TIMESTAMP = bq_timestamp_of({0} * 1000000)
"""
)

_FAMILIES = {"DATE": DATE, "TIMESTAMP": TIMESTAMP}
_MICROSECONDS = {
    "MICROSECOND": 1, "MILLISECOND": 1_000, "SECOND": 1_000_000, "MINUTE": 60_000_000, "HOUR": 3_600_000_000,
    "DAY": 86_400_000_000,
}  # fmt: skip
_DAYS = {"DAY": 1, "WEEK": 7}
_TRUNCATIONS = {"DAY": "day", "ISOWEEK": "week", "MONTH": "month", "QUARTER": "quarter", "YEAR": "year"}


@dataclass(frozen=True)
class Zone:
    """A time zone as DuckDB text, or a fixed offset in minutes (which DuckDB's zones do not know)."""

    sql: str = "'UTC'"
    offset: int | None = None
    value: Expression | None = None

    def local(self, timestamp: str) -> str:
        """A TIMESTAMP's wall clock there."""
        if self.offset is None:
            return f"timezone({self.sql}, {timestamp})"
        return f"(timezone('UTC', {timestamp}) + to_minutes({self.offset}))"

    @property
    def parts(self) -> tuple[Expression, ...]:
        """The expressions in it."""
        return (self.value,) if self.value is not None else ()


def _zone(compiler: CompilerBase, call: n.Call, index: int, scope: Scope) -> Zone:
    """The time zone given as an argument; UTC without one."""
    if index >= len(call.arguments):
        return Zone()
    value = compiler.expression(call.arguments[index], scope)
    value = compiler.required(value, STRING, f"A time zone must be a STRING, but is {value.type}", call.position)
    if isinstance(value.literal, str):
        match = re.fullmatch(r"(?:UTC)?([-+])(\d{1,2})(?::?(\d{2}))?", value.literal)
        if match:
            minutes = int(match[2]) * 60 + int(match[3] or 0)
            return Zone(offset=-minutes if match[1] == "-" else minutes)
    return Zone(f"bq_checked_zone({value.sql})" if not isinstance(value.literal, str) else value.sql, value=value)


def _argument(compiler: CompilerBase, call: n.Call, index: int, type: Type, scope: Scope) -> Expression:
    """An argument as a type."""
    value = compiler.expression(call.arguments[index], scope)
    if not can_coerce(value, type):
        if value.type.kind in _FAMILIES and type.kind in _FAMILIES:
            raise not_implemented(f"{call.name} of a {value.type}")
        compiler.mismatch(f"function {call.name}", [value.type], call.position)
    return coerce(value, type)


def _part(node: n.Node) -> str:
    """A date part given as an argument."""
    if isinstance(node, n.Path) and len(node.names) == 1:
        return node.names[0].upper()
    if isinstance(node, n.Call) and node.name == "WEEK":
        raise not_implemented("the date part WEEK with a day")
    fail("A valid date part name is required", node.position)


def _step(compiler: CompilerBase, call: n.Call, index: int, scope: Scope) -> tuple[Expression, str]:
    """An argument like ``INTERVAL n PART``."""
    step = call.arguments[index]
    if not isinstance(step, n.IntervalLiteral):
        raise not_implemented(f"{call.name} with anything but INTERVAL n part")
    amount = compiler.expression(step.value, scope)
    message = f"Interval value must be coercible to INT64 type, but has type {amount.type}"
    return compiler.required(amount, INT64, message, step.position), step.part


def _unsupported(call: n.Call, part: str) -> None:
    fail(f"{call.name} does not support the {part} date part", call.position)


# ---- construction and the present


@special("TIMESTAMP")
def _timestamp(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    if len(call.arguments) != 1:
        raise not_implemented("TIMESTAMP with a time zone")
    value = compiler.expression(call.arguments[0], scope)
    if isinstance(value.literal, str) and date_literals.is_valid(value.literal, "TIMESTAMP"):
        return coerce(value, TIMESTAMP)
    if value.is_null or value.type.kind == "TIMESTAMP":
        return coerce(value, TIMESTAMP)
    if value.type.kind not in ("DATE", "STRING"):
        compiler.mismatch("function TIMESTAMP", [value.type], call.position)
    return cast(value, TIMESTAMP)


@special("DATE")
def _date(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    if len(call.arguments) == 3:
        raise not_implemented("DATE of year, month and day")
    value = compiler.expression(call.arguments[0], scope)
    if value.is_null:
        return coerce(value, DATE)
    if value.type.kind == "TIMESTAMP":
        zone = _zone(compiler, call, 1, scope)
        return derive(f"CAST({zone.local(value.sql)} AS DATE)", DATE, value, *zone.parts)
    if value.type.kind not in ("DATE", "STRING") or len(call.arguments) > 1:
        compiler.mismatch("function DATE", [value.type], call.position)
    return cast(value, DATE)


@special("CURRENT_TIMESTAMP", "CURRENT_DATE")
def _now(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    type = _FAMILIES[call.name.removeprefix("CURRENT_")]
    if (type == TIMESTAMP and call.arguments) or len(call.arguments) > 1:
        compiler.mismatch(f"function {call.name}", [], call.position)
    moment = compiler.environment.bind("now", Variable(TIMESTAMP, compiler.environment.now))
    if type == TIMESTAMP:
        return moment
    zone = _zone(compiler, call, 0, scope)
    return derive(f"CAST({zone.local(moment.sql)} AS DATE)", DATE, moment, *zone.parts)


# ---- arithmetic


@special(*(f"{family}_{verb}" for family in _FAMILIES for verb in ("ADD", "SUB")))
def _add(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    family = _FAMILIES[call.name.split("_")[0]]
    value = _argument(compiler, call, 0, family, scope)
    sign = "-" if call.name.endswith("SUB") else "+"
    amount, part = _step(compiler, call, 1, scope)
    if family == DATE and part in ("MONTH", "QUARTER", "YEAR"):
        raise not_implemented(f"{call.name} of {part}")
    if part not in (_MICROSECONDS if family == TIMESTAMP else _DAYS):
        _unsupported(call, part)
    sql = (
        f"bq_timestamp_of(epoch_us({value.sql}) {sign} {amount.sql} * {_MICROSECONDS[part]})"
        if family == TIMESTAMP
        else f"bq_date({value.sql} {sign} CAST({amount.sql} * {_DAYS[part]} AS INTEGER))"
    )
    return derive(sql, family, value, amount)


@special("DATE_TRUNC", "TIMESTAMP_TRUNC")
def _trunc(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    family = _FAMILIES[call.name.removesuffix("_TRUNC")]
    value = _argument(compiler, call, 0, family, scope)
    part = _part(call.arguments[1])
    if len(call.arguments) > 2:
        raise not_implemented(f"{call.name} with a time zone")
    if family == TIMESTAMP and part in _MICROSECONDS:
        sql = f"bq_floor_timestamp({value.sql}, {_MICROSECONDS[part]})"
    elif part in _TRUNCATIONS:
        local = f"date_trunc('{_TRUNCATIONS[part]}', {Zone().local(value.sql) if family == TIMESTAMP else value.sql})"
        sql = f"timezone('UTC', {local})" if family == TIMESTAMP else f"CAST({local} AS DATE)"
    elif part in ("WEEK", "ISOYEAR"):
        raise not_implemented(f"{call.name} to {part}")
    else:
        _unsupported(call, part)
    return derive(sql, family, value)


@special("TIMESTAMP_DIFF")
def _diff(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    later, earlier = (_argument(compiler, call, index, TIMESTAMP, scope) for index in (0, 1))
    part = _part(call.arguments[2])
    if part not in _MICROSECONDS:
        _unsupported(call, part)
    sql = f"((epoch_us({later.sql}) - epoch_us({earlier.sql})) // {_MICROSECONDS[part]})"
    return derive(sql, INT64, later, earlier)


@special("GENERATE_TIMESTAMP_ARRAY")
def _series(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    start, end = (_argument(compiler, call, index, TIMESTAMP, scope) for index in (0, 1))
    amount, part = _step(compiler, call, 2, scope)
    if part not in _MICROSECONDS:
        _unsupported(call, part)
    series = f"bq_series(epoch_us({start.sql}), epoch_us({end.sql}), {amount.sql} * {_MICROSECONDS[part]})"
    return derive(f"list_transform({series}, lambda _e: make_timestamptz(_e))", array_of(TIMESTAMP), start, end, amount)


# ---- text


_FORMATS = {
    "Y": "\x01", "m": "%m", "d": "%d", "H": "%H", "M": "%M", "S": "%S", "F": "%Y-%m-%d", "T": "%H:%M:%S", "y": "%y",
    "%": "%%",
}  # fmt: skip
"""GoogleSQL's elements in DuckDB's words, where both mean the same by it."""


def _duckdb_format(pattern: object) -> str:
    if not isinstance(pattern, str):
        raise not_implemented("FORMAT_TIMESTAMP with a pattern that is not a literal")

    def translated(match: re.Match[str]) -> str:
        if match[1] not in _FORMATS:
            raise not_implemented(f"FORMAT_TIMESTAMP with %{match[1]}")
        return _FORMATS[match[1]]

    return re.sub(r"%(.?)", translated, pattern)


@special("FORMAT_TIMESTAMP")
def _format(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    pattern = _argument(compiler, call, 0, STRING, scope)
    value = _argument(compiler, call, 1, TIMESTAMP, scope)
    zone = _zone(compiler, call, 2, scope)
    local, written = zone.local(value.sql), _duckdb_format(pattern.literal)
    sql = f"strftime({local}, {text_literal(written)})"
    if "\x01" in written:
        # %Y has no leading zeros in GoogleSQL.
        sql = f"replace({sql}, chr(1), CAST(year({local}) AS VARCHAR))"
    return derive(sql, STRING, pattern, value, *zone.parts)

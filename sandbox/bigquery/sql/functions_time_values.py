"""Dates and times: construction, the present, and text."""

from collections.abc import Callable

from sandbox.bigquery.sql import date_literals
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import can_coerce, cast, coerce
from sandbox.bigquery.sql.compiler_base import CompilerBase
from sandbox.bigquery.sql.expression import Expression, derive, fail
from sandbox.bigquery.sql.functions_time import FAMILIES, argument, zone_argument
from sandbox.bigquery.sql.scopes import Scope
from sandbox.bigquery.sql.signatures import special
from sandbox.bigquery.sql.time_parts import (
    Zone,
    interval_of,
)
from sandbox.bigquery.sql.typesystem import (
    DATE,
    DATETIME,
    INT64,
    INTERVAL,
    STRING,
    TIME,
    TIMESTAMP,
    Type,
    text_literal,
)


@special("TIMESTAMP")
def _timestamp(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    value = compiler.expression(call.arguments[0], scope)
    zone = zone_argument(compiler, call, 1, scope)
    kind = value.type.kind
    if isinstance(value.literal, str) and date_literals.is_valid(value.literal, "TIMESTAMP") and zone == Zone():
        return coerce(value, TIMESTAMP)
    if value.is_null or kind == "TIMESTAMP":
        return coerce(value, TIMESTAMP)
    if kind in ("DATE", "DATETIME"):
        return derive(zone.instant(f"CAST({value.sql} AS TIMESTAMP)"), TIMESTAMP, value, *zone.parts)
    if kind != "STRING":
        compiler.mismatch("function TIMESTAMP", [value.type], call.position)
    if zone == Zone():
        return cast(value, TIMESTAMP)
    name = zone.sql if zone.offset is None else text_literal(f"{zone.offset // 60:+03d}:{zone.offset % 60:02d}")
    return derive(f"bq_parse_timestamp_in({value.sql}, {name})", TIMESTAMP, value, *zone.parts)


def _integers(compiler: CompilerBase, call: n.Call, scope: Scope) -> list[Expression]:
    return [argument(compiler, call, index, INT64, scope) for index in range(len(call.arguments))]


@special("DATE")
def _date(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    if len(call.arguments) == 3:
        parts = _integers(compiler, call, scope)
        return derive(f"bq_make_date({', '.join(part.sql for part in parts)})", DATE, *parts)
    return _local_part(compiler, call, scope, DATE)


@special("DATETIME")
def _datetime(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    if len(call.arguments) == 6:
        parts = _integers(compiler, call, scope)
        return derive(f"bq_make_datetime({', '.join(part.sql for part in parts)})", DATETIME, *parts)
    if len(call.arguments) == 2:
        first = compiler.expression(call.arguments[0], scope)
        if first.type.kind == "DATE":
            clock = argument(compiler, call, 1, TIME, scope)
            return derive(f"({first.sql} + {clock.sql})", DATETIME, first, clock)
    return _local_part(compiler, call, scope, DATETIME)


@special("TIME")
def _time(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    if len(call.arguments) == 3:
        parts = _integers(compiler, call, scope)
        return derive(f"bq_make_time({', '.join(part.sql for part in parts)})", TIME, *parts)
    return _local_part(compiler, call, scope, TIME)


def _local_part(compiler: CompilerBase, call: n.Call, scope: Scope, type: Type) -> Expression:
    """DATE(x), DATETIME(x) or TIME(x), for a TIMESTAMP possibly in a zone."""
    if not 1 <= len(call.arguments) <= 2:
        compiler.mismatch(f"function {call.name}", [], call.position)
    value = compiler.expression(call.arguments[0], scope)
    if value.is_null:
        return coerce(value, type)
    if value.type.kind == "TIMESTAMP":
        zone = zone_argument(compiler, call, 1, scope)
        return derive(f"CAST({zone.local(value.sql)} AS {type.duckdb})", type, value, *zone.parts)
    allowed = {
        "DATE": ("DATETIME", "DATE", "STRING"),
        "DATETIME": ("DATE", "DATETIME", "STRING"),
        "TIME": ("DATETIME", "TIME", "STRING"),
    }
    if value.type.kind not in allowed[type.kind] or len(call.arguments) > 1:
        compiler.mismatch(f"function {call.name}", [value.type], call.position)
    return cast(value, type)


@special("STRING")
def _string(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    value = compiler.expression(call.arguments[0], scope)
    if value.type.kind == "JSON":
        return derive(f"bq_json_string({value.sql})", STRING, value)
    if value.type.kind == "TIMESTAMP" and len(call.arguments) == 2:
        zone = compiler.expression(call.arguments[1], scope)
        return derive(f"bq_timestamp_text_in({value.sql}, {zone.sql})", STRING, value, zone)
    if value.type.kind not in FAMILIES and not value.is_null:
        compiler.mismatch("function STRING", [value.type], call.position)
    return cast(value, STRING)


def _now(compiler: CompilerBase, call: n.Call, scope: Scope, type: Type) -> Expression:
    from sandbox.bigquery.sql.environment import Variable

    if (type == TIMESTAMP and call.arguments) or len(call.arguments) > 1:
        compiler.mismatch(f"function {call.name}", [], call.position)
    moment = compiler.environment.bind("now", Variable(TIMESTAMP, compiler.environment.now))
    if type == TIMESTAMP:
        return moment
    zone = zone_argument(compiler, call, 0, scope)
    return derive(f"CAST({zone.local(moment.sql)} AS {type.duckdb})", type, moment, *zone.parts)


def _register_now(name: str, type: Type) -> None:
    handler: Callable[..., Expression] = lambda compiler, call, scope: _now(compiler, call, scope, type)  # noqa: E731
    special(name)(handler)


_NATIVE_FORMATS = {
    "Y": "\x01",
    "m": "%m",
    "d": "%d",
    "H": "%H",
    "M": "%M",
    "S": "%S",
    "F": "%Y-%m-%d",
    "T": "%H:%M:%S",
    "y": "%y",
    "%": "%%",
}


def _native_format(pattern: object) -> str | None:
    """The format in DuckDB's words when both mean the same by it."""
    if not isinstance(pattern, str):
        return None
    out, rest = "", pattern
    while rest:
        if rest[0] != "%":
            out, rest = out + rest[0], rest[1:]
            continue
        if len(rest) < 2 or rest[1] not in _NATIVE_FORMATS:
            return None
        out, rest = out + _NATIVE_FORMATS[rest[1]], rest[2:]
    return out


def _has_clock(pattern: object) -> bool:
    return isinstance(pattern, str) and any(element in pattern for element in ("%H", "%M", "%S", "%T"))


@special("FORMAT_DATE", "FORMAT_DATETIME", "FORMAT_TIME", "FORMAT_TIMESTAMP")
def _format(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    type = FAMILIES[call.name.removeprefix("FORMAT_")]
    if len(call.arguments) < 2:
        compiler.mismatch(f"function {call.name}", [], call.position)
    pattern = argument(compiler, call, 0, STRING, scope)
    value = compiler.expression(call.arguments[1], scope)
    if not can_coerce(value, type):
        compiler.mismatch(f"function {call.name}", [pattern.type, value.type], call.position)
    value = coerce(value, type)
    zone = zone_argument(compiler, call, 2, scope) if type == TIMESTAMP else Zone()
    native = _native_format(pattern.literal) if type != DATE or not _has_clock(pattern.literal) else None
    local = zone.local(value.sql) if type == TIMESTAMP else value.sql
    if native is not None and type != TIME:
        sql = f"strftime({local}, {text_literal(native)})"
        if "\x01" in native:
            # %Y has no leading zeros in GoogleSQL.
            sql = f"replace({sql}, chr(1), CAST(year({local}) AS VARCHAR))"
        return derive(sql, STRING, pattern, value, *zone.parts)
    name = (
        zone.sql
        if zone.offset is None
        else text_literal(f"{'-' if zone.offset < 0 else '+'}{abs(zone.offset) // 60:02d}:{abs(zone.offset) % 60:02d}")
    )
    moment = {"DATE": f"CAST({value.sql} AS TIMESTAMP)", "TIME": f"(DATE '1970-01-01' + {value.sql})"}.get(
        type.kind, value.sql
    )
    micros = f"epoch_us({moment})"
    return derive(
        f"bq_format_time({pattern.sql}, {micros}, {name}, '{type.kind}')", STRING, pattern, value, *zone.parts
    )


@special("PARSE_DATE", "PARSE_DATETIME", "PARSE_TIME", "PARSE_TIMESTAMP")
def _parse(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    type = FAMILIES[call.name.removeprefix("PARSE_")]
    if len(call.arguments) < 2:
        compiler.mismatch(f"function {call.name}", [], call.position)
    pattern, value = (argument(compiler, call, index, STRING, scope) for index in (0, 1))
    zone = zone_argument(compiler, call, 2, scope) if type == TIMESTAMP else Zone()
    name = (
        zone.sql
        if zone.offset is None
        else text_literal(f"{'-' if zone.offset < 0 else '+'}{abs(zone.offset) // 60:02d}:{abs(zone.offset) % 60:02d}")
    )
    micros = f"bq_parse_time_text({pattern.sql}, {value.sql}, {name}, '{type.kind}')"
    made = {"TIMESTAMP": f"make_timestamptz({micros})", "DATETIME": f"make_timestamp({micros})"}.get(
        type.kind, f"CAST(make_timestamp({micros}) AS {type.duckdb})"
    )
    return derive(made, type, pattern, value, *zone.parts)


@special("MAKE_INTERVAL")
def _make_interval(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    names = ("year", "month", "day", "hour", "minute", "second")
    amounts = dict(zip(names, call.arguments, strict=False)) | call.named
    parts, pieces = [], []
    for name, node in amounts.items():
        if name not in names:
            fail(f"Named argument `{name}` not found in signature for call to function MAKE_INTERVAL", call.position)
        value = compiler.required(compiler.expression(node, scope), INT64, "MAKE_INTERVAL takes INT64", node.position)
        parts.append(value)
        pieces.append(interval_of(value.sql, name.upper()) or "")
    return derive("(" + (" + ".join(pieces) or "to_days(0)") + ")", INTERVAL, *parts)


for _kind, _type in FAMILIES.items():
    _register_now(f"CURRENT_{_kind}", _type)

"""Date parts: what EXTRACT, TRUNC and DIFF do with each, time zones, and INTERVAL literals."""

import re
from dataclasses import dataclass

from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import can_coerce, coerce
from sandbox.bigquery.sql.compiler_base import CompilerBase
from sandbox.bigquery.sql.expression import Expression, derive, fail
from sandbox.bigquery.sql.lexer import Position
from sandbox.bigquery.sql.scopes import Scope
from sandbox.bigquery.sql.typesystem import DATE, DATETIME, INT64, INTERVAL, STRING, TIME

MICROSECONDS = {
    "MICROSECOND": 1, "MILLISECOND": 1_000, "SECOND": 1_000_000, "MINUTE": 60_000_000, "HOUR": 3_600_000_000,
    "DAY": 86_400_000_000,
}  # fmt: skip
MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
DAYS = {"DAY": 1, "WEEK": 7}
_WEEKDAYS = ("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY")
CLOCK_PARTS = ("MICROSECOND", "MILLISECOND", "SECOND", "MINUTE", "HOUR")
CALENDAR_PARTS = ("DAY", "WEEK", "ISOWEEK", "MONTH", "QUARTER", "YEAR", "ISOYEAR")


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

    def instant(self, local: str) -> str:
        """The TIMESTAMP of a wall clock there."""
        if self.sql == "'UTC'" and self.offset is None:
            return f"timezone('UTC', {local})"
        if self.offset is None:
            return f"bq_instant({self.sql}, {local})"
        return f"timezone('UTC', {local} - to_minutes({self.offset}))"

    @property
    def parts(self) -> tuple[Expression, ...]:
        """The expressions in it."""
        return (self.value,) if self.value is not None else ()


def time_zone(compiler: CompilerBase, value: Expression | None, position: Position) -> Zone:
    """The zone an argument names; UTC without one."""
    if value is None:
        return Zone()
    if not can_coerce(value, STRING):
        fail(f"A time zone must be a STRING, but is {value.type}", position)
    value = coerce(value, STRING)
    if isinstance(value.literal, str):
        match = re.fullmatch(r"(?:UTC)?([-+])(\d{1,2})(?::?(\d{2}))?", value.literal)
        if match:
            minutes = int(match[2]) * 60 + int(match[3] or 0)
            return Zone(offset=-minutes if match[1] == "-" else minutes)
    return Zone(f"bq_zone({value.sql})" if not isinstance(value.literal, str) else value.sql, value=value)


def part_of(node: n.Node) -> str:
    """A date part given as an argument: ``DAY`` or ``WEEK(MONDAY)``."""
    if isinstance(node, n.Path) and len(node.names) == 1:
        return node.names[0].upper()
    if isinstance(node, n.Call) and node.name == "WEEK" and len(node.arguments) == 1:
        return f"WEEK({part_of(node.arguments[0])})"
    fail("A valid date part name is required", node.position)


def week_start(part: str) -> int | None:
    """On which day (Sunday = 0) the weeks of WEEK, WEEK(day) and ISOWEEK begin; None for other parts."""
    if part == "WEEK":
        return 0
    if part == "ISOWEEK":
        return 1
    match = re.fullmatch(r"WEEK\((\w+)\)", part)
    return _WEEKDAYS.index(match[1]) if match and match[1] in _WEEKDAYS else None


def _shift(start: int) -> int:
    """How many days later DuckDB's Monday weeks begin than those that begin on ``start``."""
    return (1 - start) % 7


def truncated(local: str, part: str) -> str | None:
    """A DATE or DATETIME cut to the beginning of a part; None for an unknown part."""
    start = week_start(part)
    if start is not None:
        days = _shift(start)
        if days == 0:
            return f"date_trunc('week', {local})"
        return f"(date_trunc('week', {local} + to_days({days})) - to_days({days}))"
    if part == "ISOYEAR":
        return f"date_trunc('week', make_timestamp(isoyear({local}), 1, 4, 0, 0, 0))"
    if part in CLOCK_PARTS or part in CALENDAR_PARTS:
        return f"date_trunc('{part.lower()}', {local})"
    return None


def boundaries(later: str, earlier: str, part: str) -> str | None:
    """How many boundaries of a part lie between two DATEs or DATETIMEs."""
    if week_start(part) is not None:
        return f"(date_diff('day', {truncated(earlier, part)}, {truncated(later, part)}) // 7)"
    if part == "ISOYEAR":
        return f"(isoyear({later}) - isoyear({earlier}))"
    if part in CLOCK_PARTS or part in CALENDAR_PARTS:
        return f"date_diff('{part.lower()}', {earlier}, {later})"
    return None


def extract(
    compiler: CompilerBase, part: str, value: Expression, zone_value: Expression | None, position: Position
) -> Expression:
    """EXTRACT."""
    kind = value.type.kind
    if kind == "JSON" or kind not in ("DATE", "DATETIME", "TIME", "TIMESTAMP", "INTERVAL"):
        fail(f"EXTRACT from {value.type} is not supported", position)
    if zone_value is not None and kind != "TIMESTAMP":
        fail(f"EXTRACT from {kind} does not support AT TIME ZONE", position)
    zone = time_zone(compiler, zone_value, position)
    local = zone.local(value.sql) if kind == "TIMESTAMP" else value.sql
    typed = {"DATE": DATE, "TIME": TIME, "DATETIME": DATETIME}.get(part)
    if typed is not None and kind in ("TIMESTAMP", "DATETIME"):
        return derive(f"CAST({local} AS {typed.duckdb})", typed, value, *zone.parts)
    sql = _extracted(part, local, kind)
    if sql is None:
        fail(f"EXTRACT from {kind} does not support the {part} date part", position)
    return derive(f"CAST({sql} AS BIGINT)", INT64, value, *zone.parts)


def _extracted(part: str, local: str, kind: str) -> str | None:
    if kind == "INTERVAL":
        return _extracted_from_interval(part, local)
    if (part in CLOCK_PARTS and kind == "DATE") or (part not in CLOCK_PARTS and kind == "TIME"):
        return None
    if part == "MICROSECOND":
        return f"(microsecond({local}) % 1000000)"
    if part == "MILLISECOND":
        return f"(microsecond({local}) % 1000000 // 1000)"
    if part == "DAYOFWEEK":
        return f"(dayofweek({local}) + 1)"
    if part == "ISOWEEK":
        return f"week({local})"
    start = week_start(part)
    if start is not None:
        return f"((dayofyear({local}) + 6 - (dayofweek({local}) - {start} + 7) % 7) // 7)"
    if part in ("SECOND", "MINUTE", "HOUR", "DAY", "DAYOFYEAR", "MONTH", "QUARTER", "YEAR", "ISOYEAR"):
        return f"{part.lower()}({local})"
    return None


def _extracted_from_interval(part: str, value: str) -> str | None:
    if part in ("YEAR", "MONTH", "DAY"):
        return f"{part.lower()}({value})"
    if part in ("HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND"):
        return f"bq_interval_part({value}, '{part}')"
    return None


# ---- intervals


def interval_literal(compiler: CompilerBase, node: n.IntervalLiteral, scope: Scope) -> Expression:
    """``INTERVAL 5 MINUTE`` and ``INTERVAL '1-2' YEAR TO MONTH``."""
    value = compiler.expression(node.value, scope)
    if node.to_part is not None:
        return _range_interval(value, node.part, node.to_part, node.position)
    if isinstance(value.literal, str) and node.part == "SECOND":
        return derive(f"to_microseconds(CAST(round({float(value.literal)} * 1000000) AS BIGINT))", INTERVAL, value)
    if isinstance(value.literal, str) and re.fullmatch(r"\s*[-+]?\d+\s*", value.literal):
        value = Expression(f"({int(value.literal)})::BIGINT", INT64, literal=int(value.literal))
    value = compiler.required(
        value, INT64, f"Interval value must be coercible to INT64 type, but has type {value.type}", node.position
    )
    sql = interval_of(value.sql, node.part)
    if sql is None:
        fail(f"Unsupported interval part {node.part}", node.position)
    return derive(sql, INTERVAL, value)


def interval_of(amount: str, part: str) -> str | None:
    """So many of a part as a DuckDB INTERVAL."""
    if part in MONTHS:
        return f"to_months(CAST({amount} * {MONTHS[part]} AS INTEGER))"
    if part in DAYS:
        return f"to_days(CAST({amount} * {DAYS[part]} AS INTEGER))"
    if part in MICROSECONDS:
        return f"to_microseconds({amount} * {MICROSECONDS[part]})"
    return None


_ORDER = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")


def _range_interval(value: Expression, first: str, last: str, position: Position) -> Expression:
    if not isinstance(value.literal, str) or first not in _ORDER or last not in _ORDER:
        fail(f"Unsupported interval from {first} to {last}", position)
    parts = _ORDER[_ORDER.index(first) : _ORDER.index(last) + 1]
    text = value.literal.strip()
    pieces = re.findall(r"([-+]?)(\d+(?:\.\d+)?)", text)
    if len(pieces) != len(parts):
        fail(f"Invalid INTERVAL value '{text}'", position)
    # A sign counts for its own group: year-month, day, time. Only a minus between years and months is a dash.
    totals = {"months": 0, "days": 0, "micros": 0}
    sign = {"months": 1, "days": 1, "micros": 1}
    for index, (part, (mark, digits)) in enumerate(zip(parts, pieces, strict=True)):
        group = "months" if part in MONTHS else "days" if part == "DAY" else "micros"
        is_first = part != "MONTH" or index == 0
        if mark == "-" and is_first and part in ("YEAR", "MONTH", "DAY", "HOUR", parts[0]):
            sign[group] = -1
        unit = MONTHS.get(part) or (1 if part == "DAY" else MICROSECONDS[part])
        totals[group] += sign[group] * round(float(digits) * unit)
    sql = f"(to_months({totals['months']}) + to_days({totals['days']}) + to_microseconds({totals['micros']}))"
    return derive(sql, INTERVAL, value)

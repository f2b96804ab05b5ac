"""Texts and JSON scalars as BigQuery reads them into columns; answers what NDJSON carries (see ``staging``)."""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.model import Field
from sandbox.bigquery.staging import carried_float

Decode = Callable[[Any], Any]


class BadValue(Exception):
    """A value that a column does not take; the message is for the client."""


_INTEGER = re.compile(r"\s*[+-]?\d+\s*\Z", re.ASCII)
_MOST, _LEAST = 2**63 - 1, -(2**63)
_TRUE = {"true", "t", "yes", "y", "1"}
_FALSE = {"false", "f", "no", "n", "0"}
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})\Z", re.ASCII)
_CLOCK = r"(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{0,9}))?)?"
_MOMENT = re.compile(r"(\d{4}-\d{1,2}-\d{1,2})(?:[Tt ]" + _CLOCK + r")?\s*(.*)\Z", re.ASCII)
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?\Z", re.ASCII)
_EPOCH_TEXT = re.compile(r"\s*-?\d{5,19}(\.\d+)?\s*\Z", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_SECOND = 253_402_300_799


def _unconvertible(value: Any, kind: str) -> BadValue:
    return BadValue(
        f"Could not convert value to {kind}. Value: {value if isinstance(value, str) else json.dumps(value)}"
    )


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (dict, list)):
        raise _unconvertible(value, "string")
    return json.dumps(value)


def _integer(value: Any) -> int:
    if isinstance(value, str) and _INTEGER.match(value):
        number = int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, float) and value.is_integer():
        number = int(value)
    else:
        raise _unconvertible(value, "integer")
    if not _LEAST <= number <= _MOST:
        raise _unconvertible(value, "integer")
    return number


def _float(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)) or "_" in str(value):
        raise _unconvertible(value, "double")
    try:
        return carried_float(float(value))
    except (ValueError, OverflowError):
        raise _unconvertible(value, "double") from None


def _boolean(value: Any) -> bool:
    word = str(value).strip().lower() if isinstance(value, (bool, int, str)) else ""
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise _unconvertible(value, "boolean")


def _date(value: Any) -> str:
    match = _DATE.match(value.strip()) if isinstance(value, str) else None
    try:
        if match:
            return date(*map(int, match.groups())).isoformat()
    except ValueError:
        pass
    raise _unconvertible(value, "date")


def _clock(groups: tuple[str | None, ...]) -> time:
    hour, minute, second, fraction = groups
    micros = int((fraction or "").ljust(6, "0")[:6] or 0)
    return time(int(hour or 0), int(minute or 0), int(second or 0), micros)


def _timestamp(value: Any) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _from_epoch(value)
    if not isinstance(value, str):
        raise _unconvertible(value, "timestamp")
    return _timestamp_of_text(value)


@lru_cache(4096)  # the rows of a cycle share their moment
def _timestamp_of_text(value: str) -> str:
    if _EPOCH_TEXT.match(value):
        return _from_epoch(float(value) if "." in value else int(value))
    moment, zone = _moment(value, "timestamp")
    try:
        if zone:
            moment = moment.replace(tzinfo=_zone(zone)).astimezone(UTC).replace(tzinfo=None)
        return moment.isoformat(sep=" ") + "+00"
    except (ValueError, OverflowError, ZoneInfoNotFoundError, OSError):
        raise _unconvertible(value, "timestamp") from None


def _from_epoch(number: float) -> str:
    """Seconds since 1970; too large for seconds, then milliseconds, then microseconds."""
    for unit in (1, 1_000, 1_000_000):
        if abs(number) <= _LAST_SECOND * unit:
            micros = number * (1_000_000 // unit) if isinstance(number, int) else round(number * (1_000_000 // unit))
            try:
                return (_EPOCH + timedelta(microseconds=micros)).isoformat(sep=" ")
            except (OverflowError, ValueError):
                break
    raise _unconvertible(number, "timestamp")


def _moment(value: Any, kind: str) -> tuple[datetime, str]:
    """A date and time without its zone, and the zone's text."""
    match = _MOMENT.match(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise _unconvertible(value, kind)
    day, *clock, zone = match.groups()
    try:
        return datetime.combine(date(*map(int, day.split("-"))), _clock(tuple(clock))), zone
    except ValueError:
        raise _unconvertible(value, kind) from None


def _zone(text: str) -> timezone | ZoneInfo:
    if text.upper() in ("Z", "UTC"):
        return UTC
    offset = _OFFSET.match(text)
    if offset is None:
        return ZoneInfo(text)
    sign, hours, minutes = offset.groups()
    shift = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return timezone(shift if sign == "+" else -shift)


_DECODERS: dict[str, Decode] = {
    "STRING": _string, "INTEGER": _integer, "FLOAT": _float, "BOOLEAN": _boolean, "DATE": _date,
    "TIMESTAMP": _timestamp,
}  # fmt: skip


def scalar_decoder(field: Field) -> Decode:
    """What turns one JSON scalar or text into what NDJSON carries into a column; raises ``BadValue``."""
    decode = _DECODERS.get(field["type"])
    if decode is None:
        raise not_implemented(f"loading columns of type {field['type']}")
    return decode

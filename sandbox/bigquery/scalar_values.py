"""Texts and JSON scalars as BigQuery reads them into columns; answers what NDJSON carries (see ``staging``)."""

import base64
import binascii
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import lru_cache, partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox.bigquery.model import Field
from sandbox.bigquery.staging import carried_bytes, carried_float

Decode = Callable[[Any], Any]


class BadValue(Exception):
    """A value that a column does not take; the message is for the client."""


_INTEGER = re.compile(r"\s*[+-]?\d+\s*\Z", re.ASCII)
_MOST, _LEAST = 2**63 - 1, -(2**63)
_TRUE = {"true", "t", "yes", "y", "1"}
_FALSE = {"false", "f", "no", "n", "0"}
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})\Z", re.ASCII)
_CLOCK = r"(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{0,9}))?)?"
_TIME = re.compile(_CLOCK + r"\Z", re.ASCII)
_MOMENT = re.compile(r"(\d{4}-\d{1,2}-\d{1,2})(?:[Tt ]" + _CLOCK + r")?\s*(.*)\Z", re.ASCII)
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?\Z", re.ASCII)
_EPOCH_TEXT = re.compile(r"\s*-?\d{5,19}(\.\d+)?\s*\Z", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_SECOND = 253_402_300_799
_NUMERIC_LIMIT = Decimal("99999999999999999999999999999.999999999")
_NUMERIC_STEP = Decimal("1e-9")
_EXACT = Context(prec=100)


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


def _numeric(value: Any) -> str:
    number = _decimal(value, "numeric")
    if number.copy_abs() > _NUMERIC_LIMIT:  # abs() would round to the context's 28 digits
        raise _unconvertible(value, "numeric")
    return format(number.quantize(_NUMERIC_STEP, ROUND_HALF_UP, _EXACT), "f")


def _bignumeric(value: Any) -> str:
    return format(_decimal(value, "bignumeric"), "f")


def _decimal(value: Any, kind: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)) or "_" in str(value):
        raise _unconvertible(value, kind)
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise _unconvertible(value, kind) from None
    if not number.is_finite():
        raise _unconvertible(value, kind)
    return number


def _boolean(value: Any) -> bool:
    word = str(value).strip().lower() if isinstance(value, (bool, int, str)) else ""
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise _unconvertible(value, "boolean")


def _bytes(value: Any) -> str:
    if not isinstance(value, str):
        raise _unconvertible(value, "bytes")
    try:
        # Both alphabets, and padding that was left out.
        text = value.replace("-", "+").replace("_", "/").rstrip("=")
        return carried_bytes(base64.b64decode(text + "=" * (-len(text) % 4), validate=True))
    except (binascii.Error, ValueError):
        raise BadValue(f"Could not decode base64 string to bytes. Value: {value}") from None


def _date(value: Any) -> str:
    match = _DATE.match(value.strip()) if isinstance(value, str) else None
    try:
        if match:
            return date(*map(int, match.groups())).isoformat()
    except ValueError:
        pass
    raise _unconvertible(value, "date")


def _time(value: Any) -> str:
    match = _TIME.match(value.strip()) if isinstance(value, str) else None
    try:
        if match:
            return _clock(match.groups()).isoformat()
    except ValueError:
        pass
    raise _unconvertible(value, "time")


def _clock(groups: tuple[str | None, ...]) -> time:
    hour, minute, second, fraction = groups
    micros = int((fraction or "").ljust(6, "0")[:6] or 0)
    return time(int(hour or 0), int(minute or 0), int(second or 0), micros)


def _datetime(value: Any) -> str:
    moment, zone = _moment(value, "datetime")
    if zone:
        raise _unconvertible(value, "datetime")
    return moment.isoformat(sep=" ")


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


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def json_text(value: Any) -> str:
    """JSON that comes as text, in CSV and in streamed rows."""
    if not isinstance(value, str):
        return _json(value)
    try:
        return _json(json.loads(value, parse_constant=_no_constant))
    except ValueError:
        raise BadValue(f"Invalid JSON value: {value}") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_DECODERS: dict[str, Decode] = {
    "STRING": _string, "INTEGER": _integer, "FLOAT": _float, "NUMERIC": _numeric, "BIGNUMERIC": _bignumeric,
    "BOOLEAN": _boolean, "BYTES": _bytes, "DATE": _date, "TIME": _time, "DATETIME": _datetime,
    "TIMESTAMP": _timestamp, "JSON": _json, "INTERVAL": _string,
}  # fmt: skip


def scalar_decoder(field: Field) -> Decode:
    """What turns one JSON scalar or text into what NDJSON carries into a column; raises ``BadValue``."""
    decode = _DECODERS[field["type"]]
    limit = _limit(field)
    if limit is None:
        return decode
    return lambda value: limit(decode(value))


def _limit(field: Field) -> Decode | None:
    """What a declared length or precision adds, as in STRING(10) and NUMERIC(5, 2)."""
    if field.get("maxLength"):
        # Bytes are carried as four characters each.
        unit = 4 if field["type"] == "BYTES" else 1
        return partial(_limit_length, field["name"], int(field["maxLength"]), unit)
    if field.get("precision"):
        return partial(_limit_precision, field["name"], int(field["precision"]), int(field.get("scale") or 0))
    return None


def _limit_length(name: str, longest: int, unit: int, value: str) -> str:
    length = len(value) // unit
    if length > longest:
        raise BadValue(f"Field {name} has maximum length {longest} but got a value with length {length}")
    return value


def _limit_precision(name: str, precision: int, scale: int, value: str) -> str:
    number = Decimal(value).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, _EXACT)
    if number.copy_abs() >= Decimal(10) ** (precision - scale):
        raise BadValue(f"Field {name} has precision {precision} and scale {scale}, which {value} exceeds")
    return format(number, "f")

"""Texts of numbers and moments, in Python; called row by row, so only for what DuckDB cannot express."""

import math
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal

from sandbox.bigquery.sql import date_literals

_EXACT = Context(prec=100)
_NUMERIC_STEP = Decimal("0.000000001")
_NUMERIC_LIMIT = Decimal(10) ** 29
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def hex_int(text: str) -> int:
    """``0x1F``."""
    value = int(text.strip(), 16)
    if value >= 2**63 and not text.strip().startswith("-"):
        value -= 2**64
    if not -(2**63) <= value < 2**63:
        raise ValueError(f"BQ!Bad int64 value: {text}")
    return value


def _held(value: Decimal, step: Decimal, what: str) -> Decimal:
    result = value.quantize(step, rounding=ROUND_HALF_UP, context=_EXACT)
    if abs(result) >= _NUMERIC_LIMIT:
        raise ValueError(f"BQ!numeric overflow: {what}")
    return result


def float_numeric(value: float) -> Decimal:
    """CAST of FLOAT64 to NUMERIC."""
    if not math.isfinite(value):
        raise ValueError(f"BQ!Illegal conversion of non-finite floating point number to numeric: {value}")
    return _held(Decimal(value), _NUMERIC_STEP, str(value))


def numeric_text(value: Decimal) -> str:
    """A NUMERIC as text, without trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def float_text(value: float) -> str:
    """A FLOAT64 as CAST writes it."""
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return _shortest(value)


def _shortest(value: float) -> str:
    """%.15g, or %.17g where that would not read back as the same number; zero has no sign."""
    text = f"{value:.15g}" if value else "0"
    return text if float(text) == value else f"{value:.17g}"


def json_float_text(value: float) -> str:
    """A FLOAT64 inside JSON; what JSON has no number for is a string."""
    if math.isnan(value):
        return '"NaN"'
    if math.isinf(value):
        return '"Infinity"' if value > 0 else '"-Infinity"'
    return _shortest(value)


def timestamp_micros(text: str) -> int:
    """A TIMESTAMP from text, in microseconds since 1970."""
    try:
        return (date_literals.parse_timestamp(text) - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        raise ValueError(f"BQ!Invalid timestamp: '{text}'") from None


def parse_date_text(text: str) -> date:
    """A DATE from text."""
    try:
        return date_literals.parse_date(text)
    except ValueError:
        raise ValueError(f"BQ!Invalid date: '{text}'") from None


def zone_name(text: str) -> str:
    """A zone's name, checked."""
    try:
        date_literals.zone(text)
    except ValueError:
        raise ValueError(f"BQ!Invalid time zone: {text}") from None
    return text

"""Texts of DATE and TIMESTAMP as GoogleSQL reads them."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

_DAY = r"(\d{4})-(\d{1,2})-(\d{1,2})"
_CLOCK = r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{0,9}))?"
_ZONE = r"(?: ?(Z|z|[-+]\d{1,2}(?::?\d{2})?)| ([A-Za-z][A-Za-z0-9_+\-/]*))?"

PATTERNS = {
    "DATE": rf"^{_DAY}$",
    "TIMESTAMP": rf"^{_DAY}(?:[ Tt]{_CLOCK}{_ZONE})?$",
}
_COMPILED = {kind: re.compile(pattern) for kind, pattern in PATTERNS.items()}
_MICROSECONDS = 6


@lru_cache(maxsize=256)
def zone(name: str) -> timezone | ZoneInfo:
    """A time zone by its name or offset; raises ValueError when there is none."""
    offset = re.fullmatch(r"(?:UTC)?([-+])(\d{1,2})(?::?(\d{2}))?", name)
    if offset:
        shift = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        if shift > timedelta(hours=14):
            raise ValueError(f"Invalid time zone: {name}")
        return timezone(-shift if offset[1] == "-" else shift)
    if name.upper() in ("Z", "UTC"):
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as missing:
        raise ValueError(f"Invalid time zone: {name}") from missing


def _microsecond(fraction: str | None) -> int:
    return int((fraction or "0")[:_MICROSECONDS].ljust(_MICROSECONDS, "0"))


def _match(text: str, kind: str) -> re.Match[str]:
    match = _COMPILED[kind].match(text)
    if match is None:
        raise ValueError(f"Invalid {kind.lower()}: '{text}'")
    return match


def _clock(parts: tuple[str | None, ...]) -> tuple[int, int, int, int]:
    return int(parts[0] or 0), int(parts[1] or 0), int(parts[2] or 0), _microsecond(parts[3])


def parse_date(text: str) -> date:
    """DATE."""
    year, month, day = _match(text, "DATE").groups()[:3]
    return date(int(year), int(month), int(day))


def _leap(clock: tuple[int, int, int, int]) -> tuple[tuple[int, int, int, int], timedelta]:
    """Second 60 is the next minute's first."""
    if clock[2] == 60:
        return (clock[0], clock[1], 59, 0), timedelta(seconds=1)
    return clock, timedelta()


def parse_timestamp(text: str) -> datetime:
    """TIMESTAMP in UTC."""
    groups = _match(text, "TIMESTAMP").groups()
    clock, extra = _leap(_clock(groups[3:7]))
    where = zone(groups[7] or groups[8] or "UTC")
    local = datetime(int(groups[0]), int(groups[1]), int(groups[2]), *clock, tzinfo=where)
    return local.astimezone(UTC) + extra


def is_valid(text: str, kind: str) -> bool:
    """Whether the text is a value of that type."""
    try:
        _PARSERS[kind](text)
    except (ValueError, OverflowError):
        return False
    return True


_PARSERS = {"DATE": parse_date, "TIMESTAMP": parse_timestamp}


def duckdb_literal(text: str, kind: str) -> str:
    """The text as a DuckDB literal of the type."""
    if kind == "DATE":
        return f"DATE '{parse_date(text).isoformat()}'"
    return f"TIMESTAMPTZ '{parse_timestamp(text).replace(tzinfo=None).isoformat(sep=' ')}+00'"

"""FORMAT_* and PARSE_* of dates and times, and INTERVAL as text."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from sandbox.bigquery.sql import date_literals

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MICROSECOND = timedelta(microseconds=1)
_SECONDS_PER_DAY = 86_400


@lru_cache(maxsize=512)
def format_tokens(pattern: str) -> tuple[str, ...]:
    """A format split into elements and plain text."""
    return tuple(re.findall(r"%\^?E(?:\d|\*)[SY]|%E[zY]|%[EO]?\^?[a-zA-Z%]|[^%]+|%", pattern))


def _fraction(moment: datetime, digits: int | None) -> str:
    text = f"{moment.microsecond:06d}"
    text = text.rstrip("0") if digits is None else text.ljust(digits, "0")[:digits]
    return f"{moment.second:02d}" + (f".{text}" if text else "")


def _offset(moment: datetime, colon: bool) -> str:
    shift = moment.utcoffset() or timedelta()
    minutes = int(shift.total_seconds() // 60)
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}{':' if colon else ''}{abs(minutes) % 60:02d}"


def _zone_name(moment: datetime) -> str:
    """UTC, UTC-4 or UTC+0530: never a zone's own abbreviation."""
    minutes = int((moment.utcoffset() or timedelta()).total_seconds() // 60)
    if minutes == 0:
        return "UTC"
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{sign}{hours:02d}{rest:02d}" if rest else f"UTC{sign}{hours}"


def _hour12(moment: datetime) -> int:
    return moment.hour % 12 or 12


def _week(moment: datetime, first: int) -> int:
    """%U (weeks from Sunday, first=6) and %W (from Monday, first=0)."""
    day_of_year = moment.timetuple().tm_yday - 1
    return (day_of_year + 7 - (moment.weekday() - first) % 7) // 7


_FORMATTERS: dict[str, Callable[[datetime], str]] = {
    "%Y": lambda m: str(m.year),
    "%E4Y": lambda m: f"{m.year:04d}",
    "%C": lambda m: f"{m.year // 100:02d}",
    "%y": lambda m: f"{m.year % 100:02d}",
    "%m": lambda m: f"{m.month:02d}",
    "%d": lambda m: f"{m.day:02d}",
    "%e": lambda m: f"{m.day:2d}",
    "%H": lambda m: f"{m.hour:02d}",
    "%k": lambda m: f"{m.hour:2d}",
    "%I": lambda m: f"{_hour12(m):02d}",
    "%l": lambda m: f"{_hour12(m):2d}",
    "%M": lambda m: f"{m.minute:02d}",
    "%S": lambda m: f"{m.second:02d}",
    "%F": lambda m: f"{m.year:04d}-{m.month:02d}-{m.day:02d}",
    "%T": lambda m: f"{m.hour:02d}:{m.minute:02d}:{m.second:02d}",
    "%X": lambda m: f"{m.hour:02d}:{m.minute:02d}:{m.second:02d}",
    "%R": lambda m: f"{m.hour:02d}:{m.minute:02d}",
    "%r": lambda m: f"{_hour12(m):02d}:{m.minute:02d}:{m.second:02d} {'AM' if m.hour < 12 else 'PM'}",
    "%D": lambda m: f"{m.month:02d}/{m.day:02d}/{m.year % 100:02d}",
    "%x": lambda m: f"{m.month:02d}/{m.day:02d}/{m.year % 100:02d}",
    "%c": lambda m: (
        f"{DAYS[m.weekday()][:3]} {MONTHS[m.month - 1][:3]} {m.day:2d} "
        f"{m.hour:02d}:{m.minute:02d}:{m.second:02d} {m.year}"
    ),
    "%A": lambda m: DAYS[m.weekday()],
    "%a": lambda m: DAYS[m.weekday()][:3],
    "%B": lambda m: MONTHS[m.month - 1],
    "%b": lambda m: MONTHS[m.month - 1][:3],
    "%h": lambda m: MONTHS[m.month - 1][:3],
    "%j": lambda m: f"{m.timetuple().tm_yday:03d}",
    "%J": lambda m: f"{(m.date() - _iso_year_start(m)).days + 1:03d}",
    "%p": lambda m: "AM" if m.hour < 12 else "PM",
    "%P": lambda m: "am" if m.hour < 12 else "pm",
    "%Q": lambda m: str((m.month + 2) // 3),
    "%s": lambda m: str((m - EPOCH) // timedelta(seconds=1)),
    "%u": lambda m: str(m.isoweekday()),
    "%w": lambda m: str(m.isoweekday() % 7),
    "%U": lambda m: f"{_week(m, 6):02d}",
    "%W": lambda m: f"{_week(m, 0):02d}",
    "%V": lambda m: f"{m.isocalendar()[1]:02d}",
    "%G": lambda m: str(m.isocalendar()[0]),
    "%g": lambda m: f"{m.isocalendar()[0] % 100:02d}",
    "%z": lambda m: _offset(m, False),
    "%Ez": lambda m: _offset(m, True),
    "%Z": _zone_name,
    "%n": lambda m: "\n",
    "%t": lambda m: "\t",
    "%%": lambda m: "%",
    "%E*S": lambda m: _fraction(m, None),
}


def _iso_year_start(moment: datetime) -> date:
    return date.fromisocalendar(moment.isocalendar()[0], 1, 1)


_CLOCK = frozenset("%H %k %I %l %M %S %T %X %R %r %p %P %c %s %E*S".split())
_CALENDAR = frozenset("%Y %E4Y %C %y %m %d %e %F %D %x %c %A %a %B %b %h %j %Q %u %w %U %W %V %G %g %s".split())
_ZONES = frozenset("%z %Ez %Z".split())


def _is_foreign(element: str, kind: str) -> bool:
    """Whether an element says nothing about a type; it is then printed as it stands."""
    if kind == "DATE" and (element in _CLOCK - {"%c", "%s"} or (element.startswith("%E") and element.endswith("S"))):
        return True
    return (kind == "TIME" and element in _CALENDAR) or (kind != "TIMESTAMP" and element in _ZONES)


def format_time(pattern: str, micros: int, zone: str, kind: str) -> str | None:
    """FORMAT_TIMESTAMP and its sisters; ``micros`` since 1970, on the wall clock unless it is a TIMESTAMP."""
    moment = EPOCH + timedelta(microseconds=micros)
    if kind == "TIMESTAMP":
        moment = moment.astimezone(date_literals.zone(zone))
    out = []
    for token in format_tokens(pattern):
        if token[0] != "%" or token == "%":
            out.append(token)
            continue
        plain = token.replace("^", "")
        fraction = re.fullmatch(r"%E(\d)S", plain)
        if _is_foreign(plain, kind):
            out.append(token)
            continue
        formatter = _FORMATTERS.get(plain) or _FORMATTERS.get(plain.replace("E", "").replace("O", ""))
        if fraction:
            text = _fraction(moment, int(fraction[1])) if fraction[1] != "0" else f"{moment.second:02d}"
        else:
            text = formatter(moment) if formatter else token
        out.append(text.upper() if "^" in token else text)
    return "".join(out)


def timestamp_text_in(micros: int, zone: str) -> str:
    """A TIMESTAMP as text in a zone."""
    moment = (EPOCH + timedelta(microseconds=micros)).astimezone(date_literals.zone(zone))
    fraction = f".{moment.microsecond:06d}" if moment.microsecond else ""
    if fraction.endswith("000"):
        fraction = fraction[:-3]
    offset = _offset(moment, True)
    offset = offset[:3] if offset.endswith(":00") else offset
    return f"{moment.year:04d}-{moment.month:02d}-{moment.day:02d} {moment:%H:%M:%S}{fraction}{offset}"


def interval_text(months: int, days: int, micros: int) -> str:
    """An INTERVAL as ``Y-M D H:M:S``."""
    sign = "-" if months < 0 else ""
    clock_sign = "-" if micros < 0 else ""
    seconds, fraction = divmod(abs(micros), 1_000_000)
    rest = f".{fraction:06d}" if fraction else ""
    if rest.endswith("000"):
        rest = rest[:-3]
    years, month = divmod(abs(months), 12)
    hours, seconds = divmod(seconds, 3600)
    return f"{sign}{years}-{month} {days} {clock_sign}{hours}:{seconds // 60}:{seconds % 60}{rest}"

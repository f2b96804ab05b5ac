"""PARSE_* of dates and times, and their literals in text."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from sandbox.bigquery.sql import date_literals
from sandbox.bigquery.sql.udf_time import DAYS, EPOCH, MICROSECOND, MONTHS, format_tokens


class _Parsed:
    """What a PARSE_* call has read so far."""

    def __init__(self, zone: str) -> None:
        self.year, self.month, self.day = 1970, 1, 1
        self.hour, self.minute, self.second, self.micros = 0, 0, 0, 0
        self.afternoon: bool | None = None
        self.day_of_year: int | None = None
        self.seconds_since_epoch: int | None = None
        self.century: int | None = None
        self.zone = zone
        self.iso_year: int | None = None
        self.iso_week: int | None = None
        self.weekday: int | None = None

    def moment(self) -> datetime:
        """The moment it adds up to."""
        where = date_literals.zone(self.zone)
        if self.seconds_since_epoch is not None:
            return EPOCH + timedelta(seconds=self.seconds_since_epoch, microseconds=self.micros)
        hour = self.hour
        if self.afternoon is not None:
            hour = hour % 12 + (12 if self.afternoon else 0)
        leap, second = (1, 59) if self.second == 60 else (0, self.second)
        year = self.year if self.century is None else self.century * 100 + self.year % 100
        local = datetime(year, self.month, self.day, hour, self.minute, second, self.micros, tzinfo=where)
        if self.day_of_year is not None:
            local = datetime(year, 1, 1, hour, self.minute, second, self.micros, tzinfo=where) + timedelta(
                days=self.day_of_year - 1
            )
            if local.year != year:
                raise ValueError("day of year out of range")
        if self.iso_week is not None and self.iso_year is not None:
            start = date.fromisocalendar(self.iso_year, self.iso_week, self.weekday or 1)
            local = local.replace(year=start.year, month=start.month, day=start.day)
        return local.astimezone(UTC) + timedelta(seconds=leap)


def _two_digit_year(parsed: _Parsed, text: str) -> None:
    value = int(text)
    parsed.year = 2000 + value if value < 69 else 1900 + value


def _clock(parsed: _Parsed, text: str) -> None:
    parts = [int(part) for part in text.split(":")]
    parsed.hour, parsed.minute = parts[0], parts[1]
    if len(parts) > 2:
        parsed.second = parts[2]


def _day(parsed: _Parsed, text: str) -> None:
    parsed.year, parsed.month, parsed.day = (int(part) for part in text.split("-"))


def _us_day(parsed: _Parsed, text: str) -> None:
    month, day, year = text.split("/")
    parsed.month, parsed.day = int(month), int(day)
    _two_digit_year(parsed, year)


def _seconds(parsed: _Parsed, text: str) -> None:
    whole, _, fraction = text.partition(".")
    parsed.second = int(whole)
    parsed.micros = int(fraction[:6].ljust(6, "0")) if fraction else 0


def _month_name(parsed: _Parsed, text: str) -> None:
    parsed.month = next(index for index, name in enumerate(MONTHS, 1) if name[:3].lower() == text[:3].lower())


def _setter(name: str) -> Callable[[_Parsed, str], None]:
    return lambda parsed, text: setattr(parsed, name, int(text))


_MONTH_PATTERN = "|".join([*MONTHS, *(name[:3] for name in MONTHS)])


_DAY_PATTERN = "|".join([*DAYS, *(name[:3] for name in DAYS)])


_READERS: dict[str, tuple[str, Callable[[_Parsed, str], None]]] = {
    "%Y": (r"[+-]?\d{1,5}", _setter("year")),
    "%E4Y": (r"\d{4}", _setter("year")),
    "%y": (r"\d{1,2}", _two_digit_year),
    "%C": (r"\d{1,2}", _setter("century")),
    "%m": (r"\d{1,2}", _setter("month")),
    "%d": (r"\s*\d{1,2}", _setter("day")),
    "%e": (r"\s*\d{1,2}", _setter("day")),
    "%H": (r"\s*\d{1,2}", _setter("hour")),
    "%k": (r"\s*\d{1,2}", _setter("hour")),
    "%I": (r"\s*\d{1,2}", _setter("hour")),
    "%l": (r"\s*\d{1,2}", _setter("hour")),
    "%M": (r"\d{1,2}", _setter("minute")),
    "%S": (r"\d{1,2}", _seconds),
    "%E*S": (r"\d{1,2}(?:\.\d+)?", _seconds),
    "%T": (r"\d{1,2}:\d{1,2}:\d{1,2}", _clock),
    "%X": (r"\d{1,2}:\d{1,2}:\d{1,2}", _clock),
    "%R": (r"\d{1,2}:\d{1,2}", _clock),
    "%F": (r"\d{1,4}-\d{1,2}-\d{1,2}", _day),
    "%D": (r"\d{1,2}/\d{1,2}/\d{1,2}", _us_day),
    "%x": (r"\d{1,2}/\d{1,2}/\d{1,2}", _us_day),
    "%j": (r"\d{1,3}", _setter("day_of_year")),
    "%s": (r"-?\d+", _setter("seconds_since_epoch")),
    "%p": (r"[AaPp][Mm]", lambda parsed, text: setattr(parsed, "afternoon", text.lower() == "pm")),
    "%P": (r"[AaPp][Mm]", lambda parsed, text: setattr(parsed, "afternoon", text.lower() == "pm")),
    "%B": (_MONTH_PATTERN, _month_name),
    "%b": (_MONTH_PATTERN, _month_name),
    "%h": (_MONTH_PATTERN, _month_name),
    "%A": (_DAY_PATTERN, lambda parsed, text: None),
    "%a": (_DAY_PATTERN, lambda parsed, text: None),
    "%z": (r"[-+]\d{1,2}:?\d{2}|Z|z", lambda parsed, text: setattr(parsed, "zone", text.upper())),
    "%Ez": (r"[-+]\d{1,2}:?\d{2}|Z|z", lambda parsed, text: setattr(parsed, "zone", text.upper())),
    "%Z": (r"[A-Za-z0-9_+\-/:]+", lambda parsed, text: setattr(parsed, "zone", text)),
    "%G": (r"\d{1,4}", _setter("iso_year")),
    "%V": (r"\d{1,2}", _setter("iso_week")),
    "%u": (r"[1-7]", _setter("weekday")),
    "%w": (r"[0-6]", lambda parsed, text: None),
    "%U": (r"\d{1,2}", lambda parsed, text: None),
    "%W": (r"\d{1,2}", lambda parsed, text: None),
    "%Q": (r"[1-4]", lambda parsed, text: setattr(parsed, "month", int(text) * 3 - 2)),
}


_COMPOSED = {"%r": "%I:%M:%S %p", "%c": "%a %b %e %H:%M:%S %Y"}


@lru_cache(maxsize=512)
def _reader(pattern: str) -> tuple[re.Pattern[str], tuple[Callable[[_Parsed, str], None], ...]]:
    for element, whole in _COMPOSED.items():
        pattern = pattern.replace(element, whole)
    regex, readers = r"\s*", []
    for token in format_tokens(pattern):
        if token[0] != "%" or token == "%":
            for piece in re.split(r"(\s+)", token):
                regex += r"\s*" if piece.isspace() else re.escape(piece)
            continue
        if token in ("%%", "%n", "%t"):
            regex += "%" if token == "%%" else r"\s*"
            continue
        plain = token.replace("^", "")
        fraction = re.fullmatch(r"%E(\d)S", plain)
        known = _READERS.get("%E*S" if fraction else plain)
        if known is None:
            raise ValueError(f"BQ!Unsupported format element {token}")
        regex += f"({known[0]})"
        readers.append(known[1])
    return re.compile(regex + r"\s*", re.IGNORECASE), tuple(readers)


_KIND_NAMES = {"TIMESTAMP": "timestamp", "DATE": "date", "DATETIME": "datetime", "TIME": "time"}


def parse_time_text(pattern: str, text: str, zone: str, kind: str) -> int:
    """PARSE_TIMESTAMP and its sisters: microseconds since 1970."""
    regex, readers = _reader(pattern)
    match = regex.fullmatch(text)
    if match is None:
        raise ValueError(f'BQ!Failed to parse input string "{text}"')
    parsed = _Parsed(zone if kind == "TIMESTAMP" else "UTC")
    try:
        for reader, value in zip(readers, match.groups(), strict=True):
            reader(parsed, value)
        if kind != "TIMESTAMP":
            parsed.zone = "UTC"
        moment = parsed.moment()
    except (ValueError, OverflowError):
        raise ValueError(f'BQ!Failed to parse input string "{text}"') from None
    return (moment - EPOCH) // MICROSECOND


def parse_timestamp_in(text: str, zone: str) -> int:
    """A TIMESTAMP from text with a default zone."""
    try:
        return (date_literals.parse_timestamp(text, zone) - EPOCH) // MICROSECOND
    except (ValueError, OverflowError):
        raise ValueError(f"BQ!Invalid timestamp: '{text}'") from None


def parse_date_text(text: str) -> date:
    """A DATE from text."""
    try:
        return date_literals.parse_date(text)
    except ValueError:
        raise ValueError(f"BQ!Invalid date: '{text}'") from None


def parse_datetime_text(text: str) -> datetime:
    """A DATETIME from text."""
    try:
        return date_literals.parse_datetime(text)
    except (ValueError, OverflowError):
        raise ValueError(f"BQ!Invalid datetime: '{text}'") from None


def parse_clock_text(text: str) -> str:
    """A TIME from text, in the one form DuckDB reads."""
    try:
        return date_literals.parse_time(text).isoformat()
    except ValueError:
        raise ValueError(f"BQ!Invalid time: '{text}'") from None


def zone_name(text: str) -> str:
    """A zone's name, checked."""
    try:
        date_literals.zone(text)
    except ValueError:
        raise ValueError(f"BQ!Invalid time zone: {text}") from None
    return text

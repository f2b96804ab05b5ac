"""FORMAT_* and PARSE_* of dates and times, and INTERVAL as text."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from sandbox.bigquery.sql import date_literals

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = "January February March April May June July August September October November December".split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MICROSECOND = timedelta(microseconds=1)
_SECONDS_PER_DAY = 86_400


@lru_cache(maxsize=512)
def _tokens(pattern: str) -> tuple[str, ...]:
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
    "%c": lambda m: f"{_DAYS[m.weekday()][:3]} {_MONTHS[m.month - 1][:3]} {m.day:2d} {m.hour:02d}:{m.minute:02d}:{m.second:02d} {m.year}",
    "%A": lambda m: _DAYS[m.weekday()],
    "%a": lambda m: _DAYS[m.weekday()][:3],
    "%B": lambda m: _MONTHS[m.month - 1],
    "%b": lambda m: _MONTHS[m.month - 1][:3],
    "%h": lambda m: _MONTHS[m.month - 1][:3],
    "%j": lambda m: f"{m.timetuple().tm_yday:03d}",
    "%J": lambda m: f"{(m.date() - _iso_year_start(m)).days + 1:03d}",
    "%p": lambda m: "AM" if m.hour < 12 else "PM",
    "%P": lambda m: "am" if m.hour < 12 else "pm",
    "%Q": lambda m: str((m.month + 2) // 3),
    "%s": lambda m: str((m - _EPOCH) // timedelta(seconds=1)),
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
    if kind == "DATE" and (element in _CLOCK - {"%c", "%s"} or element.startswith("%E") and element.endswith("S")):
        return True
    return kind == "TIME" and element in _CALENDAR or kind != "TIMESTAMP" and element in _ZONES


def format_time(pattern: str, micros: int, zone: str, kind: str) -> str | None:
    """FORMAT_TIMESTAMP and its sisters; ``micros`` since 1970, on the wall clock unless it is a TIMESTAMP."""
    moment = _EPOCH + timedelta(microseconds=micros)
    if kind == "TIMESTAMP":
        moment = moment.astimezone(date_literals.zone(zone))
    out = []
    for token in _tokens(pattern):
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
            return _EPOCH + timedelta(seconds=self.seconds_since_epoch, microseconds=self.micros)
        hour = self.hour
        if self.afternoon is not None:
            hour = hour % 12 + (12 if self.afternoon else 0)
        leap, second = (1, 59) if self.second == 60 else (0, self.second)
        year = self.year if self.century is None else self.century * 100 + self.year % 100
        local = datetime(year, self.month, self.day, hour, self.minute, second, self.micros, tzinfo=where)
        if self.day_of_year is not None:
            local = datetime(year, 1, 1, hour, self.minute, second, self.micros, tzinfo=where) + timedelta(days=self.day_of_year - 1)
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
    parsed.month = next(index for index, name in enumerate(_MONTHS, 1) if name[:3].lower() == text[:3].lower())


def _setter(name: str) -> Callable[[_Parsed, str], None]:
    return lambda parsed, text: setattr(parsed, name, int(text))


_MONTH_PATTERN = "|".join([*_MONTHS, *(name[:3] for name in _MONTHS)])
_DAY_PATTERN = "|".join([*_DAYS, *(name[:3] for name in _DAYS)])
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
    for token in _tokens(pattern):
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
    return (moment - _EPOCH) // _MICROSECOND


def timestamp_text_in(micros: int, zone: str) -> str:
    """A TIMESTAMP as text in a zone."""
    moment = (_EPOCH + timedelta(microseconds=micros)).astimezone(date_literals.zone(zone))
    fraction = f".{moment.microsecond:06d}" if moment.microsecond else ""
    if fraction.endswith("000"):
        fraction = fraction[:-3]
    offset = _offset(moment, True)
    offset = offset[:3] if offset.endswith(":00") else offset
    return f"{moment.year:04d}-{moment.month:02d}-{moment.day:02d} {moment:%H:%M:%S}{fraction}{offset}"


def parse_timestamp_in(text: str, zone: str) -> int:
    """A TIMESTAMP from text with a default zone."""
    try:
        return (date_literals.parse_timestamp(text, zone) - _EPOCH) // _MICROSECOND
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

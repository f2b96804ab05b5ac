"""Slack's date tokens (``<!date^1763800000^{date_short} at {time}|fallback>``), always in UTC here."""

import re
from datetime import UTC, datetime

TOKEN = re.compile(r"\{(\w+)\}")


def ordinal(day: int) -> str:
    """Return a day of the month as it is spoken: 1st, 2nd, 11th."""
    suffix = "th" if day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{suffix}"


def _tokens(moment: datetime) -> dict[str, str]:
    day = ordinal(moment.day)
    date = f"{moment:%B} {day}, {moment:%Y}"
    short = f"{moment:%b} {moment.day}, {moment:%Y}"
    long = f"{moment:%A}, {date}"
    return {
        "date_num": f"{moment:%Y-%m-%d}",
        "date_slash": f"{moment:%d/%m/%Y}",
        "date": date,
        "date_pretty": date,
        "date_short": short,
        "date_short_pretty": short,
        "date_long": long,
        "date_long_pretty": long,
        "date_long_full": long,
        "time": f"{moment:%H:%M}",
        "time_secs": f"{moment:%H:%M:%S}",
        "ago": f"{date} {moment:%H:%M}",
        "day_divider_pretty": long,
    }


def format_date(timestamp: str, pattern: str, fallback: str) -> str:
    """Fill a pattern's tokens; the fallback is for timestamps that are none."""
    try:
        moment = datetime.fromtimestamp(float(timestamp), UTC)
    except (ValueError, OverflowError, OSError):
        return fallback
    tokens = _tokens(moment)
    return TOKEN.sub(lambda found: tokens.get(found[1], found[0]), pattern)

"""How long a service asks to be left alone: ``Retry-After`` in seconds or as a date (RFC 9110, 10.2.3)."""

import datetime as dt
import email.utils
import math
from collections.abc import Mapping

LONGEST_SECONDS = 3600.0
"""Nobody is left alone for longer, whatever is written there."""


def retry_after(headers: Mapping[str, str], now: dt.datetime) -> float | None:
    """Return the seconds that an answer asks for, 0 to an hour; None when it names none that can be read.

    Args:
        headers: of the answer; their names in any spelling.
        now: wall clock, aware; the answer's own ``Date`` wins, since the date was meant by that clock.
    """
    named = {name.lower(): str(value).strip() for name, value in headers.items()}
    text = named.get("retry-after", "")
    try:
        seconds = float(text)
    except ValueError:
        until = _date(text)
        seconds = math.nan if until is None else (until - (_date(named.get("date", "")) or now)).total_seconds()
    if math.isnan(seconds):
        return None
    return min(max(seconds, 0.0), LONGEST_SECONDS)


def _date(text: str) -> dt.datetime | None:
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)

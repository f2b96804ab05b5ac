"""What is weather, and how long it is waited out: which failures and answers are tried again, after which pause."""

import email.utils
import random
import socket
import ssl
import time

MAX_ATTEMPTS = 5
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 8.0
RETRIED_STATUSES = frozenset((408, 429, 500, 502, 503, 504))


def is_weather(error: Exception) -> bool:
    """Whether the same request might well succeed in a moment."""
    if isinstance(error, socket.gaierror):
        return error.errno == socket.EAI_AGAIN
    if isinstance(error, ssl.SSLError):
        return isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError))
    return True


def backoff(attempt: int) -> float:
    """Seconds before the next try: twice as long each time, and never two callers at once."""
    return float(min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**attempt) * random.uniform(0.5, 1.5))


def retry_after(value: str | None) -> float | None:
    """Seconds to wait, from either form of the header; None when it is absent or makes no sense."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - time.time())

"""Slack's message timestamps (``"1763800000.123456"``), which are also the messages' identities.

Inside the stand-in a timestamp is an integer of microseconds: exact, ordered and comparable.
"""

from decimal import Decimal, InvalidOperation

MICROSECONDS = 1_000_000


def format_ts(microseconds: int) -> str:
    """Write a timestamp as Slack does: seconds, a dot, six digits."""
    return f"{microseconds // MICROSECONDS}.{microseconds % MICROSECONDS:06d}"


def parse_ts(text: str) -> int:
    """Read a timestamp; ``ValueError`` when it is none. Slack also takes whole seconds and ``"0"``."""
    try:
        seconds = Decimal(text.strip())
        if not seconds.is_finite() or seconds < 0 or seconds > Decimal(10) ** 12:
            raise ValueError(f"not a timestamp: {text!r}")
        return int(seconds * MICROSECONDS)
    except InvalidOperation as error:
        raise ValueError(f"not a timestamp: {text!r}") from error

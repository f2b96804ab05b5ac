"""Times as a person types them at a shell."""

import argparse
import datetime as dt


def read_moment(text: str) -> dt.datetime:
    """Read an RFC 3339 time with an offset, as UTC.

    Raises:
        argparse.ArgumentTypeError: it is no time, or has no offset; says how to write it.
    """
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: write it like 2026-03-01T09:00Z") from None
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} has no offset, so it could be any hour: append Z for UTC, or +01:00")
    return moment.astimezone(dt.UTC)


def read_past_moment(text: str) -> dt.datetime:
    """Read such a time, one that has come.

    Raises:
        argparse.ArgumentTypeError: as `read_moment`, or it is in the future; says what time it is.
    """
    from pedwatch import settings

    moment, now = read_moment(text), settings.now()
    if moment > now:
        raise argparse.ArgumentTypeError(
            f"{text} has not come yet: it is {now:%Y-%m-%dT%H:%MZ}; name a time before it, or leave it out for now"
        )
    return moment

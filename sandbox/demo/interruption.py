"""Turns signals into an ordinary exit, so that every ``finally`` runs and nothing is left behind."""

import signal
from typing import NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _leave(number: int, _: object) -> NoReturn:
    # Cleaning up is not to be interrupted in turn: everything started is on a leash that gives up by itself.
    for ignored in _SIGNALS:
        signal.signal(ignored, signal.SIG_IGN)
    raise SystemExit(128 + number)


def exit_on_signals() -> None:
    """Leave in order on SIGINT, SIGTERM and SIGHUP, even where a background shell has SIGINT ignored."""
    for number in _SIGNALS:
        signal.signal(number, _leave)

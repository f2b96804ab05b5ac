"""Time in a task's process: what it waits passes on its own clock, and hardly on the wall's.

A process has a clock file of its own (PEDWATCH_CLOCK). ``time.sleep`` moves that on, and ``time.monotonic`` with it, so
that leases, patience and pauses take what they take while the machine goes on at once.
"""

import datetime as dt
import os
import time
from pathlib import Path

HASTE = 200.0
"""A second of waiting takes so much less on the wall."""

_sleep, _monotonic = time.sleep, time.monotonic


class Passing:
    """The clock of a process.

    Args:
        file: what PEDWATCH_CLOCK names; written here and nowhere else.
        now: what it shows at first, UTC.
    """

    lived_by: "Passing | None" = None
    """That which the process lives by; None: the machine's."""

    def __init__(self, file: Path, now: dt.datetime) -> None:
        self._file, self.now, self.waited = file, now, 0.0
        self._write()

    def passes(self, seconds: float) -> None:
        """Let seconds pass."""
        seconds = max(0.0, seconds)
        self.waited += seconds
        self.now += dt.timedelta(seconds=seconds)
        self._write()
        _sleep(min(seconds / HASTE, 0.2))

    def _write(self) -> None:
        draft = self._file.with_suffix(".new")
        draft.write_text(self.now.isoformat())
        os.replace(draft, self._file)


def _sleeps(seconds: float) -> None:
    if Passing.lived_by is None:
        _sleep(seconds)
    else:
        Passing.lived_by.passes(seconds)


def install() -> None:
    """Put the clock in front of the machine's: before anything is imported that keeps ``time.sleep`` as a default."""
    time.sleep = _sleeps  # type: ignore[assignment]
    time.monotonic = lambda: _monotonic() + (Passing.lived_by.waited if Passing.lived_by else 0.0)

"""A point in time after which nothing more is tried, and a way to be told to stop before it."""

import threading
import time

from replica_collector.errors import Cancelled


class Deadline:
    """A wall-clock bound that also ends when ``cancel`` is set, and never later than the one it lies ``within``."""

    def __init__(self, seconds: float, cancel: threading.Event | None = None, within: "Deadline | None" = None) -> None:
        self._cancel = cancel or threading.Event()
        self._within = within
        self.allow(seconds)

    def allow(self, seconds: float) -> None:
        """Begin anew: this many seconds from now on, as far as the outer deadline leaves them."""
        self._seconds = min(seconds, self._within.left()) if self._within else seconds
        self.ends = time.monotonic() + self._seconds

    def left(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self.ends - time.monotonic())

    def check(self) -> None:
        """Raise ``Cancelled`` or ``TimeoutError`` when there is no time left to work in."""
        if self._cancel.is_set():
            raise Cancelled("stopped before the listing was whole")
        if not self.left():
            raise TimeoutError(f"the time budget of {self._seconds:.3g} s is used up")

    def sleep(self, seconds: float) -> None:
        """Wait, but not beyond the deadline and not after a cancellation."""
        self._cancel.wait(min(seconds, self.left()))
        self.check()

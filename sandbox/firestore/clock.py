"""The server's one clock: which moment a read sees, and which moment a commit gets.

Every moment is in microseconds. A read at T sees all commits at or before T, and no later commit may land there: so a
commit gets a moment above every one handed out, and reads step behind a commit that is still being written.
"""

import threading
import time

from sandbox.firestore.errors import failed_precondition, invalid

HORIZON = 3600 * 1_000_000
"""How far back ``read_time`` may reach."""


class Clock:
    """Hands out moments that only grow."""

    def __init__(self, floor: int = 0) -> None:
        self._changed = threading.Condition()
        self._floor = floor
        self._pending: int | None = None
        self._offset = 0

    def set(self, moment: int) -> None:
        """Let it be that moment now, and time go on from there; scenarios are played in a time of their own.

        Raises:
            ValueError: a later moment has been handed out already, and moments only grow.
        """
        with self._changed:
            if moment < self._floor:
                raise ValueError("time cannot be set back behind a moment that was handed out: start with fresh data")
            self._offset = moment - time.time_ns() // 1000

    def _ticking(self) -> int:
        return time.time_ns() // 1000 + self._offset

    def _now(self) -> int:
        return max(self._ticking(), self._floor)

    def read(self) -> int:
        """Return the moment for a read of the newest state."""
        with self._changed:
            if self._pending is not None:
                return self._pending - 1
            self._floor = self._now()
            return self._floor

    def read_at(self, moment: int) -> int:
        """Return ``moment`` if it may be read: not in the future, and not more than an hour ago."""
        with self._changed:
            if moment <= 0:
                raise invalid("Only timestamps past epoch are supported.")
            if moment > self._now():
                raise invalid("The requested 'read_time' cannot be in the future.")
            if moment < self.oldest():
                raise failed_precondition("The requested snapshot version is too old.")
            self._floor = max(self._floor, moment)
            self._changed.wait_for(lambda: self._pending is None or moment < self._pending)
            return moment

    def oldest(self) -> int:
        """Return the oldest moment that may be read."""
        return self._ticking() - HORIZON

    def begin_commit(self) -> int:
        """Return the moment of a commit; one commit at a time, ended by :meth:`end_commit`."""
        with self._changed:
            self._floor = self._pending = max(self._ticking(), self._floor + 1)
            return self._pending

    def end_commit(self) -> None:
        """Let reads see the commit, or go on without it when it failed."""
        with self._changed:
            self._pending = None
            self._changed.notify_all()

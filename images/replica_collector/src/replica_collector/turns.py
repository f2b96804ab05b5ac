"""Whose page is fetched now: few at once, in the order in which clusters answered, and none that keeps others waiting.

A turn is taken before each request and kept from page to page, so that who comes first is listed whole. It is given
back for every pause. A server that lets a page be waited for longer than a moment loses it to the next in line: that
cluster goes on without, and stands at the end of the line when it wants its next page. So a silent, dripping or
throttling cluster costs the others a moment of one turn, however long its own time is.

One page at a time is unpacked and turned into rows: more would cost memory and save nothing, as Python runs one thread.
"""

import itertools
import threading
import time

from replica_collector.deadline import Deadline

# A page of 500 objects takes a healthy API server some tenths of a second.
MOMENT_SECONDS = 2.0
# How soon one who waits notices a cancellation.
SLICE_SECONDS = 0.5


class Sheet:
    """Where pages are unpacked, one after the other: a new place for each would be paid for by its size, in zeros."""

    def __init__(self) -> None:
        self._place = bytearray()

    def of(self, size: int) -> bytearray:
        """Return a place for at least so many bytes, whose former content is nobody's any more."""
        if len(self._place) < size:
            self._place = bytearray(size)
        return self._place


class Turn:
    """The turn of one who has nobody to wait for."""

    def take(self) -> None:
        """Wait until a page may be fetched; the page before it is done with."""

    def __init__(self) -> None:
        self.sheet = Sheet()

    def unpack(self) -> "Sheet":
        """A page is here: wait until nobody else has one unpacked; the sheet is theirs until ``take`` or ``leave``."""
        return self.sheet

    def leave(self) -> None:
        """Let the others go on, for a pause or for good."""


class Turns:
    """The line in which the clusters of a batch stand, ``count`` of them at work."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._places = itertools.count()
        self._changed = threading.Condition()
        self._since: dict[_Place, float] = {}  # who is at work, and since when on this page
        self._waiting: set[_Place] = set()
        self._desk = threading.Lock()
        self._sheet = Sheet()

    def line_up(self, deadline: Deadline) -> Turn:
        """Give a place behind all who were given one before; its waiting is bounded by the deadline."""
        return _Place(self, deadline, next(self._places))

    def _is_granted(self, place: "_Place") -> bool:
        if place is not min(self._waiting, key=lambda waiting: waiting.rank):
            return False
        if len(self._since) >= self._count:
            slowest = min(self._since, key=self._since.__getitem__)
            if time.monotonic() - self._since[slowest] < MOMENT_SECONDS:
                return False
            del self._since[slowest]
            slowest.losses += 1
        return True

    def _pause(self) -> float:
        """Seconds after which another look at the line may tell something new."""
        oldest = min(self._since.values(), default=0.0)
        return min(SLICE_SECONDS, max(0.01, oldest + MOMENT_SECONDS - time.monotonic()))


class _Place(Turn):
    def __init__(self, turns: Turns, deadline: Deadline, number: int) -> None:
        self.sheet = turns._sheet
        self._turns = turns
        self._deadline = deadline
        self._number = number
        self._is_unpacking = False
        self.losses = 0

    @property
    def rank(self) -> tuple[int, int]:
        """Who kept others waiting comes after all who did not."""
        return (self.losses, self._number)

    def take(self) -> None:
        line = self._turns
        self._leave_desk()
        with line._changed:
            if self in line._since:
                line._since[self] = time.monotonic()
                return
            line._waiting.add(self)
            try:
                self._deadline.check()
                while not line._is_granted(self):
                    line._changed.wait(line._pause())
                    self._deadline.check()
                line._since[self] = time.monotonic()
            finally:
                line._waiting.discard(self)
                line._changed.notify_all()

    def unpack(self) -> Sheet:
        if self._is_unpacking:
            return self.sheet
        with self._turns._changed:
            if self in self._turns._since:  # the server has done its part
                self._turns._since[self] = float("inf")
        while not self._turns._desk.acquire(timeout=SLICE_SECONDS):
            self._deadline.check()
        self._is_unpacking = True
        return self.sheet

    def leave(self) -> None:
        self._leave_desk()
        with self._turns._changed:
            if self._turns._since.pop(self, None) is not None:
                self._turns._changed.notify_all()

    def _leave_desk(self) -> None:
        if self._is_unpacking:
            self._is_unpacking = False
            self._turns._desk.release()

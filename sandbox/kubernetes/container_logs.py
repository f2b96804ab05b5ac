"""What a container wrote, line by line, each with the time it arrived."""

from collections import deque
from datetime import UTC, datetime, timedelta

KEEP_BYTES = 10 * 2**20  # a kubelet keeps about as much of one container
MAX_LINE = 1 * 2**20
TAIL_LINES, TAIL_BYTES = 80, 2048

Line = tuple[datetime, bytes]


class ContainerLog:
    """The log of one container; old lines go when it grows too large."""

    def __init__(self) -> None:
        """Begin empty."""
        self._lines: deque[Line] = deque()
        self._first = self._size = 0
        self._partial = b""

    @property
    def end(self) -> int:
        """Return the number the next line will have."""
        return self._first + len(self._lines)

    def feed(self, chunk: bytes) -> None:
        """Take what the container wrote."""
        *whole, self._partial = (self._partial + chunk).split(b"\n")
        for line in whole:
            self._append(line + b"\n")
        if len(self._partial) >= MAX_LINE:
            self.close()

    def close(self) -> None:
        """Take an unfinished last line as it is."""
        if self._partial:
            self._append(self._partial + b"\n")
            self._partial = b""

    def _append(self, line: bytes) -> None:
        self._lines.append((datetime.now(UTC), line))
        self._size += len(line)
        while self._size > KEEP_BYTES:
            self._size -= len(self._lines.popleft()[1])
            self._first += 1

    def since(self, number: int) -> list[Line]:
        """Return the lines from a number on."""
        skip = max(number - self._first, 0)
        return [line for position, line in enumerate(self._lines) if position >= skip]

    def begin(self, tail: int | None, since_seconds: int | None) -> int:
        """Return the number of the first line a reader asked for."""
        number = self._first if tail is None else max(self._first, self.end - tail)
        if since_seconds is not None:
            oldest = datetime.now(UTC) - timedelta(seconds=since_seconds)
            while number < self.end and self._lines[number - self._first][0] < oldest:
                number += 1
        return number

    def tail(self) -> str:
        """Return the last words, as a termination message holds them."""
        last = b"".join(line for _, line in list(self._lines)[-TAIL_LINES:])
        return last[-TAIL_BYTES:].decode(errors="replace")


def stamped(line: Line) -> bytes:
    """Return a line with its time in front, as ``timestamps=true`` asks."""
    return line[0].strftime("%Y-%m-%dT%H:%M:%S.%f000Z ").encode() + line[1]

"""What a container wrote last: its termination message, where it has none of its own."""

TAIL_LINES, TAIL_BYTES = 80, 2048


class LastWords:
    """The end of what one container writes."""

    def __init__(self) -> None:
        """Begin silent."""
        self._kept = b""

    def feed(self, chunk: bytes) -> None:
        """Take what the container wrote."""
        self._kept = (self._kept + chunk)[-TAIL_BYTES:]

    def text(self) -> str:
        """Return the last lines, as a termination message holds them."""
        return b"".join(self._kept.splitlines(keepends=True)[-TAIL_LINES:]).decode(errors="replace")

"""How long each stage of the demo took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stages:
    """Measures stages by name; a stage entered again adds up."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._started = time.monotonic()

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        """Count the time of a block towards a stage."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - started

    def total(self) -> float:
        """Return the time since the beginning."""
        return time.monotonic() - self._started

    def rounded(self) -> dict[str, float]:
        """Return all stages, and their total, in tenths of seconds."""
        return {name: round(seconds, 1) for name, seconds in {**self.seconds, "total": self.total()}.items()}

"""What goes wrong, and when: drawn from the seed for each try of a task by its own name. Pure but for `events`."""

from typing import Any

from soak.scheduler import Mishap, Try


class Trouble:
    """None at all."""

    def mishap(self, number: int, attempt: Try) -> Mishap:
        """Return what befalls a try."""
        return Mishap()

    def events(self, engine: Any, number: int) -> None:
        """Let happen what happens before a cycle."""

    def is_paused(self, number: int) -> bool:
        """Tell whether nothing runs in a cycle."""
        return False

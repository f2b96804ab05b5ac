"""Waking whoever waits for a pod to change."""

import asyncio


class Bell:
    """Wakes everyone who waits. Check first, then wait without an await between: then no ring is missed."""

    def __init__(self) -> None:
        """Begin silent."""
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake all who wait now."""
        self._rung.set()
        self._rung = asyncio.Event()

    async def wait(self) -> None:
        """Wait for the next ring."""
        await self._rung.wait()

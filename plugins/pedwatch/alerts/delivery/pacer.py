"""Keeps a sender to Slack's limits, so that it is not refused: sleeping a second is less than losing a cycle."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

CHANNEL_INTERVAL_SECONDS = 1.05  # chat.postMessage: about one message a second and channel
MINUTE = 60.0
POSTS_A_MINUTE = 230
"""chat.postMessage in a workspace: "several hundred" a minute; 240 are taken for granted, ten are for other senders."""

EDITS_A_MINUTE = 48
"""chat.update, tier 3: more than 50 a minute in a workspace."""


@dataclass
class Pacer:
    """Measures time, and sleeps until a call may be made.

    Limits are of any minute, not of calendar minutes: what was unused before may come at once, as Slack allows it.

    Args:
        pause: sleeps so many seconds.
        clock: seconds; never goes back.
    """

    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._next: dict[str, float] = {}
        self._posts: deque[float] = deque()
        self._edits: deque[float] = deque()

    def delay(self, channel: str, is_slack: bool = True) -> float:
        """Return in how many seconds the channel, and the workspace if it is Slack's, may be posted to again."""
        delay = max(0.0, self._next.get(channel, 0.0) - self.clock())
        return max(delay, self._delay(self._posts, POSTS_A_MINUTE)) if is_slack else delay

    def wait(self, channel: str, is_slack: bool = True) -> None:
        """Sleep until the channel may be posted to again."""
        delay = self.delay(channel, is_slack)
        if delay > 0:
            self.pause(delay)
        self._next[channel] = self.clock() + CHANNEL_INTERVAL_SECONDS
        if is_slack:
            self._posts.append(self.clock())

    def edit_delay(self) -> float:
        """Return in how many seconds a message may be edited; 0 when at once."""
        return max(0.0, self._delay(self._edits, EDITS_A_MINUTE))

    def wait_to_edit(self) -> None:
        """Sleep until a message may be edited."""
        delay = self.edit_delay()
        if delay > 0:
            self.pause(delay)
        self._edits.append(self.clock())

    def _delay(self, made: deque[float], most: int) -> float:
        now = self.clock()
        while made and made[0] <= now - MINUTE:
            made.popleft()
        return made[-most] + MINUTE - now if len(made) >= most else 0.0

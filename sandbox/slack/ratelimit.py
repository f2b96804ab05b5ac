"""Slack's rate limits: posts by channel and by workspace, all else by tiers.

A channel takes one message a second with short bursts, a workspace "several hundred" a minute; the tiers are calls a
minute, by method.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.slack.errors import RateLimited

POSTS_PER_SECOND = 1.0
POST_BURST = 3
WORKSPACE_POSTS_PER_MINUTE = 240
#: Calls per minute; a whole minute's allowance may come as a burst.
TIERS: dict[str, int] = {
    "auth.test": 600,
    "blocks.validate": 600,
    "chat.delete": 50,
    "chat.getPermalink": 600,
    "chat.update": 50,
    "conversations.history": 50,
    "conversations.info": 50,
    "conversations.replies": 50,
    "reactions.get": 50,
}


@dataclass
class Bucket:
    """A token bucket: ``size`` calls at once, refilled at ``rate`` a second."""

    size: float
    rate: float
    level: float
    filled_at: float

    def take(self, now: float) -> float:
        """Take one token and return 0, or return the seconds until there is one."""
        self.level = min(self.size, self.level + (now - self.filled_at) * self.rate)
        self.filled_at = now
        if self.level >= 1:
            self.level -= 1
            return 0.0
        return (1 - self.level) / self.rate


class RateLimits:
    """The buckets of one app in one workspace."""

    def __init__(self, is_on: bool = True, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with full buckets; ``clock`` gives seconds and never goes back."""
        self.is_on = is_on
        self._clock = clock
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def refill(self) -> None:
        """Forget all calls so far."""
        self._buckets.clear()

    def check(self, method: str, channel: str) -> None:
        """Count a call, or raise ``RateLimited`` when it is one too many."""
        if not self.is_on:
            return
        if method == "chat.postMessage":
            self._take((method, channel), float(POST_BURST), POSTS_PER_SECOND)
            self._take((method, ""), float(WORKSPACE_POSTS_PER_MINUTE), WORKSPACE_POSTS_PER_MINUTE / 60)
        else:
            self._take((method, ""), float(TIERS[method]), TIERS[method] / 60)

    def _take(self, key: tuple[str, str], size: float, rate: float) -> None:
        now = self._clock()
        wait = self._buckets.setdefault(key, Bucket(size, rate, size, now)).take(now)
        if wait:
            raise RateLimited(max(1, math.ceil(wait)))

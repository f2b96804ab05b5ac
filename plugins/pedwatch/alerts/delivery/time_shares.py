"""How long a batch may be sent: each kind of channel has its share, so that none uses up the time of another."""

import math
from collections.abc import Callable, Sequence

from pedwatch.alerts.transport import OutOfTimeError, kind_of

SLACK_SHARE = 4
"""Of rows and of time Slack gets so much to one of each other kind of channel."""


class TimeShares:
    """The time of a batch, by a clock that never goes back; a kind's share begins with its first row.

    A Slack that times out must not use up the lease of the mails that were to say the same. The last kind has all that
    is left.

    Args:
        clock: seconds.
        usable_until: by the clock; no call begins later.
        channels: of the rows, in the order in which they are sent.
    """

    def __init__(self, clock: Callable[[], float], usable_until: float, channels: Sequence[str]) -> None:
        self._clock, self._usable_until = clock, usable_until
        self._ends: dict[str, float] = {}
        self.used_up: set[str] = set()
        """Kinds of channels whose share is used up."""
        shares = {kind: SLACK_SHARE if kind == "slack" else 1 for kind in map(kind_of, channels)}
        usable = usable_until - clock()
        self._seconds = {kind: usable * share / sum(shares.values()) for kind, share in shares.items()}
        if channels:
            self._seconds[kind_of(channels[-1])] = math.inf

    def check(self, channel: str, delay: float = 0.0) -> None:
        """Refuse to begin a call, after so many seconds, for which there is no time: nobody sleeps for nothing.

        Raises:
            OutOfTimeError: the next batch, or the next task, goes on.
        """
        kind, now = kind_of(channel), self._clock()
        ends_at = self._ends.setdefault(kind, now + self._seconds.get(kind, math.inf))
        if now + delay >= min(ends_at, self._usable_until):
            self.used_up.add(kind)
            raise OutOfTimeError

"""How old is what a page shows, and whether cycles are missing. Pure; times in UTC."""

import datetime as dt
from dataclasses import dataclass

from pedwatch.alerts.wording import counted, duration


@dataclass(frozen=True)
class Freshness:
    """What the first line of each page says.

    Attributes:
        cycle: the newest that was judged and folded; None where there never was one.
        age: since then.
        missing: cycles that should have been there since.
    """

    cycle: dt.datetime | None
    age: dt.timedelta
    missing: int

    @property
    def is_late(self) -> bool:
        """Whether what is shown is not how things are."""
        return self.cycle is None or self.missing > 0

    @property
    def state(self) -> str:
        """One word, for styles and for scripts: ``current``, ``late`` or ``never``."""
        return "never" if self.cycle is None else "late" if self.missing else "current"

    @property
    def words(self) -> str:
        """The line itself."""
        if self.cycle is None:
            return (
                "Nothing was judged yet: ped_replica_watch has not finished a run. Nothing is known, which is not good."
            )
        told = f"As of {self.cycle:%Y-%m-%d %H:%M} UTC, {duration(self.age)} ago"
        if not self.missing:
            return told
        missed = counted(self.missing, "cycle is missing", "cycles are missing")
        return f"{told}: {missed} since. What is true now is not known; look at the runs of ped_replica_watch."


def freshness(cycle: dt.datetime | None, period: dt.timedelta, now: dt.datetime) -> Freshness:
    """Return how old the newest cycle is.

    A cycle is due one period after the one before it, and has a period to be judged: until then none is missing.
    """
    if cycle is None:
        return Freshness(None, dt.timedelta(0), 0)
    age = max(now - cycle, dt.timedelta(0))
    return Freshness(cycle, age, max(0, age // period - 1))

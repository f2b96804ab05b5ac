"""When the cycles of a soak are, and between which of them something large happens. Pure; times in UTC."""

import datetime as dt
from dataclasses import dataclass

START = dt.datetime(2026, 3, 2, 0, 5, tzinfo=dt.UTC)
"""The first cycle: a Monday."""
MINUTE = dt.timedelta(minutes=1)
A_DAY = 288
"""Cycles of five minutes in a day."""
SHORT, LONG = 5, 10
"""Minutes of a cycle, before and after their length is changed."""


@dataclass(frozen=True)
class Calendar:
    """The numbers of cycles at which something happens, counted from 0; None: it does not.

    Attributes:
        deploy: a build arrives file by file, and is whole a cycle later.
        rollback: the build before it comes back the same way.
        gap: before this one nothing ran for ``gap_hours``.
        retire: a cluster is taken away, and retired by name.
        longer: cycles are `LONG` from here on.
    """

    deploy: int | None = None
    rollback: int | None = None
    gap: int | None = None
    gap_hours: int = 60
    retire: int | None = None
    longer: int | None = None

    @classmethod
    def of(cls, cycles: int, *, has_deploys: bool = True) -> "Calendar":
        """Spread everything over so many cycles."""
        return cls(
            deploy=cycles // 4 if has_deploys else None,
            rollback=cycles * 2 // 5 if has_deploys else None,
            gap=cycles * 11 // 20,
            gap_hours=60 if cycles >= A_DAY // 2 else 1,
            retire=cycles * 7 // 10,
            longer=cycles * 17 // 20,
        )

    def minutes(self, number: int) -> int:
        """Return how long a cycle is."""
        return LONG if self.longer is not None and number >= self.longer else SHORT

    def moment(self, number: int) -> dt.datetime:
        """Return the time of a cycle."""
        found = START + number * SHORT * MINUTE
        if self.gap is not None and number >= self.gap:
            found += self.gap_hours * 60 * MINUTE
        if self.longer is not None and number >= self.longer:
            # The first long one ends at the next mark of its own length.
            first = START + self.longer * SHORT * MINUTE
            first += self.gap_hours * 60 * MINUTE if self.gap is not None and self.longer >= self.gap else 0 * MINUTE
            first += (-first.minute % LONG) * MINUTE
            found = first + (number - self.longer) * LONG * MINUTE
        return found

    def number_at(self, cycle: dt.datetime, cycles: int) -> int | None:
        """Return which cycle was played at a time; None where none was."""
        return next((number for number in range(cycles) if self.moment(number) == cycle), None)

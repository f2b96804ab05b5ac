"""What has to be told: breaches that last, from what the oracle says of each cycle, in the words of docs/design.md.

Over in two of the last three cycles that were seen whole, or far over in one; ended by two clean ones in a row, or at
once where nothing runs any more, or it is judged otherwise. What cannot be seen neither counts nor resets.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from soak.judge.evidence import Row

ENDS_AT_ONCE = ("workload_gone", "scope_changed", "cluster_retired", "kind_changed", "limit_rekeyed", "api_changed")
WINDOW, ENOUGH, CLEAN = 3, 2, 2
GROSS, GROSS_PODS = 1.5, 2
CHANGES, CALM, FLAPS_WITHIN = 8, 6, dt.timedelta(hours=2)


@dataclass
class Breach:
    """One time that a subject was over.

    Attributes:
        subject: of the ledger.
        api_id: whose.
        team_id: of the team that hears of it.
        started: its first cycle that was over.
        fired: the cycle in which it had lasted long enough; None where it never did.
        ended: the cycle in which it ended; None while it goes on.
        dark: cycles in which it was open and could not be seen.
        seen: what was said of it in the others.
    """

    subject: str
    api_id: str | None
    team_id: str | None
    started: dt.datetime
    fired: dt.datetime | None = None
    ended: dt.datetime | None = None
    dark: set[dt.datetime] = field(default_factory=set)
    seen: dict[dt.datetime, Row] = field(default_factory=dict)
    _window: list[bool] = field(default_factory=list)
    _changes: list[dt.datetime] = field(default_factory=list)
    _over_run: int = 0
    _clean_run: int = 0
    _is_flapping: bool = False

    def take(self, cycle: dt.datetime, row: Row) -> None:
        """Take what is said of the subject in the next cycle."""
        self.team_id = row["team_id"]
        is_over = row["verdict"] == "over_limit"
        is_gone = row["reason"] in ENDS_AT_ONCE
        if not is_over and row["verdict"] != "within_limit" and not is_gone:
            self.dark.add(cycle)
            return
        self.seen[cycle] = row
        if (self._window and self._window[-1] != is_over) or (not self._window and is_over):
            self._changes.append(cycle)
        self._changes = [change for change in self._changes if change > cycle - FLAPS_WITHIN]
        self._window = [*self._window, is_over][-WINDOW:]
        self._over_run = self._over_run + 1 if is_over else 0
        self._clean_run = 0 if is_over else self._clean_run + 1
        self._is_flapping = self._is_flapping or len(self._changes) > CHANGES
        if max(self._over_run, self._clean_run) >= CALM:
            self._is_flapping = False
        if is_over and self.fired is None and (sum(self._window) >= ENOUGH or is_gross(row)):
            self.fired = cycle
        elif is_over:
            return
        elif self.fired is None:
            if is_gone or not any(self._window):
                self.ended = cycle
        elif is_gone or (self._clean_run >= CLEAN and not self._is_flapping):
            self.ended = cycle


def is_gross(row: Row) -> bool:
    """Tell whether a subject is so far over that one cycle is enough."""
    runs = row["measured"] if row["running"] is None else row["running"]
    return bool(runs >= GROSS * row["max_replicas"] and runs >= row["max_replicas"] + GROSS_PODS)


class Breaches:
    """Follows every subject that is over, cycle by cycle; of all others nothing is kept."""

    def __init__(self) -> None:
        self.ended: list[Breach] = []
        self._open: dict[str, Breach] = {}
        self._changes: dict[str, list[dt.datetime]] = {}

    def take(self, cycle: dt.datetime, rows: Iterable[Row]) -> None:
        """Take what is said of all subjects in the next cycle."""
        for row in rows:
            subject = row["subject"]
            breach = self._open.get(subject)
            if breach is None:
                if row["verdict"] != "over_limit":
                    continue
                before = self._changes.get(subject, [])
                breach = Breach(subject, row["api_id"], row["team_id"], cycle, _changes=before)
                self._open[subject] = breach
            breach.take(cycle, row)
            if breach.ended is not None:
                self._changes[subject] = breach._changes
                self.ended.append(self._open.pop(subject))

    def all(self) -> list[Breach]:
        """Return all that there were, those that go on last."""
        return [*self.ended, *self._open.values()]

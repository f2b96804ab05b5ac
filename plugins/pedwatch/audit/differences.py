"""What the recomputation says otherwise than the live ledger, and why. Pure.

The live ledger is compared with the verdict as known then, and that with the verdict as known now: the first step can
only differ by data, policy or rules that came later, the second only by limits that were learnt later
(docs/design.md#d3).
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pedwatch.audit.judged import KNOWN_AS, Judged, Row
from pedwatch.cycles import period_of

NOT_JUDGED_LIVE, LATE_DATA, LATE_LIMIT = "not_judged_live", "late_data", "late_limit"
POLICY_VERSION, RULE_VERSION = "policy_version", "rule_version"
CAUSES = {
    NOT_JUDGED_LIVE: "no live run judged the cycle",
    LATE_DATA: "observations that were not loaded yet when it was judged live",
    LATE_LIMIT: "a limit version that was learnt later, or with a later date",
    POLICY_VERSION: "another version of the platform's policy",
    RULE_VERSION: "another version of pedwatch's own rules; or cycles before it, which grace and surge look back at, "
    "were seen late",
}

_JUDGED = (
    "verdict measured running is_lower_bound offender is_over_strict limit_id limit_version max_replicas ceiling "
    "exemption_id surge_allowance policy_version reason workload_count spec_replicas status_replicas "
    "hpa_current_replicas"
).split()
_SEEN = "spec_replicas status_replicas hpa_current_replicas is_lower_bound".split()
_LIMIT = "limit_id limit_version max_replicas exemption_id".split()
_SHOWN = "verdict measured is_over_strict limit_id limit_version max_replicas ceiling policy_version".split()
COLUMNS = [
    *"cycle subject scope environment cluster team_id api_id causes source_repo source_commit approver ticket".split(),
    *(f"{known_as}_{name}" for known_as in KNOWN_AS for name in _SHOWN),
]
"""Columns of differences.csv."""


def _differ(one: Row | None, other: Row | None, names: Iterable[str]) -> bool:
    if one is None or other is None:
        return one is not other
    return any(one[name] != other[name] for name in names)


def causes_of(judged: Judged, is_cycle_judged_live: bool) -> tuple[str, ...]:
    """Return why the three do not agree, in the order of ``CAUSES``; nothing when they do."""
    found = set()
    if _differ(judged.live, judged.then, _JUDGED):
        found |= _since_live(judged, is_cycle_judged_live)
    if _differ(judged.then, judged.now, _JUDGED):
        found.add(LATE_LIMIT)  # same data, same policy, same rules: only what is known of limits is not the same
    return tuple(cause for cause in CAUSES if cause in found)


def _since_live(judged: Judged, is_cycle_judged_live: bool) -> set[str]:
    live, then = judged.live, judged.then
    if not is_cycle_judged_live:
        return {NOT_JUDGED_LIVE}
    if live is None or then is None:
        # A limit decides who a subject is: with another scope it goes by another name.
        return {LATE_LIMIT if judged.now is not None and then is None else LATE_DATA}
    tests = {LATE_DATA: _SEEN, POLICY_VERSION: ["policy_version"]}
    found = {cause for cause, names in tests.items() if _differ(live, then, names)}
    # Of what was not seen no exemption is named: only with the same data a limit's fields tell of the limit.
    if not found and _differ(live, then, _LIMIT):
        return {LATE_LIMIT}
    return found or {RULE_VERSION}


@dataclass(frozen=True)
class Difference:
    """One subject over cycles in which it differs in the same way; ``cycles`` of them from first to last.

    ``period`` is the length of the first.
    """

    first_cycle: dt.datetime
    last_cycle: dt.datetime
    cycles: int
    period: dt.timedelta
    subject: str
    team_id: str | None
    api_id: str | None
    causes: tuple[str, ...]
    verdicts: tuple[str | None, str | None, str | None]
    limits: tuple[str | None, str | None, str | None]
    commit: str | None
    approver: str | None

    @property
    def changes_verdict(self) -> bool:
        """Tell whether the verdict is another, or only what it was judged by."""
        return len(set(self.verdicts)) > 1

    @property
    def _manner(self) -> tuple[Any, ...]:
        return self.subject, self.causes, self.verdicts, self.limits, self.commit

    def goes_on(self, later: "Difference") -> bool:
        """Tell whether a later one is the same, one cycle on."""
        return self._manner == later._manner and later.first_cycle - self.last_cycle <= later.period


def _limit_in_words(row: Row | None) -> str | None:
    if row is None or row["limit_id"] is None:
        return None
    return f"{row['max_replicas']} (v{row['limit_version']})"


def _granted_by(judged: Judged, versions: Mapping[tuple[str, int], Row]) -> Row:
    """Return the limit version that made the difference: that known now, else then."""
    for row in (judged.now, judged.then, judged.live):
        if row is not None and (found := versions.get((row["limit_id"], row["limit_version"]))):
            return found
    return {}


def difference_row(judged: Judged, causes: tuple[str, ...], versions: Mapping[tuple[str, int], Row]) -> dict[str, Any]:
    """Return the row of differences.csv; ``versions`` are limit versions by id and version."""
    who, grant = judged.subject, _granted_by(judged, versions) if LATE_LIMIT in causes else {}
    row = {name: who[name] for name in ("cycle", "subject", "scope", "environment", "cluster", "team_id", "api_id")}
    row |= {name: grant.get(name) for name in ("source_repo", "source_commit", "approver", "ticket")}
    for known_as in KNOWN_AS:
        known = judged.known(known_as)
        row |= {f"{known_as}_{name}": known[name] if known else None for name in _SHOWN}
    return row | {"causes": " ".join(causes)}


def difference(judged: Judged, row: Mapping[str, Any]) -> Difference:
    """Return the difference of one cycle, from what `difference_row` made of it."""
    three = [judged.known(known_as) for known_as in KNOWN_AS]
    then, now, live = ((known["verdict"], _limit_in_words(known)) if known else (None, None) for known in three)
    return Difference(
        first_cycle=judged.cycle,
        last_cycle=judged.cycle,
        cycles=1,
        period=period_of(judged.subject["cycle_minutes"]),
        subject=row["subject"],
        team_id=row["team_id"],
        api_id=row["api_id"],
        causes=tuple(row["causes"].split()),
        verdicts=(then[0], now[0], live[0]),
        limits=(then[1], now[1], live[1]),
        commit=row["source_commit"],
        approver=row["approver"],
    )


class Spans:
    """Puts differences of neighbouring cycles together, so that a person can read them."""

    def __init__(self) -> None:
        self._open: dict[str, Difference] = {}
        self._closed: list[Difference] = []

    def add(self, one: Difference) -> None:
        """Take the next difference; cycles come in order."""
        before = self._open.get(one.subject)
        if before is not None and before.goes_on(one):
            one = replace(before, last_cycle=one.last_cycle, cycles=before.cycles + 1)
        elif before is not None:
            self._closed.append(before)
        self._open[one.subject] = one

    def __iter__(self) -> Iterator[Difference]:
        """Yield them all, oldest first."""
        return iter(sorted([*self._closed, *self._open.values()], key=lambda one: (one.first_cycle, one.subject)))

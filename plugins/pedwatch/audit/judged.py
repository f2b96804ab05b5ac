"""Verdicts of one subject and cycle, side by side: as known then, as known now, as judged live. Pure; streams."""

import datetime as dt
import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

Row = Mapping[str, Any]
KnownAs = Literal["then", "now", "live"]
KNOWN_AS: tuple[KnownAs, ...] = ("then", "now", "live")

COLUMNS = (
    "cycle cycle_minutes fingerprint subject scope environment cluster namespace workload_kind workload_name "
    "workload_count api_id team_id verdict measured running is_lower_bound offender is_over_strict limit_id "
    "limit_version max_replicas "
    "ceiling exemption_id is_contested surge_allowance is_past_deadline spec_replicas status_replicas "
    "hpa_current_replicas hpa_max_replicas policy_version limits_known_at reason"
).split()
"""Columns of verdicts.csv: what was judged, and by what."""


@dataclass(frozen=True)
class Judged:
    """What was said of one subject in one cycle; None where nothing was."""

    cycle: dt.datetime
    then: Row | None
    now: Row | None
    live: Row | None

    @property
    def subject(self) -> Row:
        """Any of the rows, for what is the same in all of them: who it is about."""
        found = self.then or self.now or self.live
        assert found is not None
        return found

    def known(self, known_as: KnownAs) -> Row | None:
        """Return the row of one of the three."""
        row: Row | None = getattr(self, known_as)
        return row


def _key(tagged: tuple[KnownAs, Row]) -> tuple[dt.datetime, str]:
    return tagged[1]["cycle"], tagged[1]["subject"]


def side_by_side(then: Iterable[Row], now: Iterable[Row], live: Iterable[Row]) -> Iterator[Judged]:
    """Join three streams, each ordered by cycle and subject, into one in the same order."""
    streams = [_tagged(name, rows) for name, rows in zip(KNOWN_AS, (then, now, live), strict=True)]
    for (cycle, _), group in groupby(heapq.merge(*streams, key=_key), key=_key):
        rows: dict[str, Row] = dict(group)
        yield Judged(cycle, rows.get("then"), rows.get("now"), rows.get("live"))


def _tagged(name: KnownAs, rows: Iterable[Row]) -> Iterator[tuple[KnownAs, Row]]:
    return ((name, row) for row in rows)


def by_cycle(judged: Iterable[Judged]) -> Iterator[tuple[dt.datetime, list[Judged]]]:
    """Group what `side_by_side` yields, cycle by cycle."""
    for cycle, group in groupby(judged, key=lambda item: item.cycle):
        yield cycle, list(group)

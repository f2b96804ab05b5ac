"""What each statement bills, by BigQuery's rules.

The rules (cloud.google.com/bigquery: pricing, "on-demand", and the page on DML, "pricing"): the columns that
are read, in the partitions that a condition leaves; ten megabytes at least for each table of each statement; a MERGE
that updates or deletes, an UPDATE and a DELETE all columns of the partitions they scan, or of the whole table; of a
script each statement by itself, and a condition or a DECLARE that asks a table is one; load jobs, listings and failed
statements nothing. Clustering is not counted: neither does BigQuery when it holds a statement against
``maximumBytesBilled``.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.billed_statements import Catalog, Scan, Statement
from bench.fleet_sizes import Fleet, width
from bench.partition_bounds import FIRST

MIB, TIB = 1 << 20, 1 << 40
LEAST = 10 * MIB
_UNITS = {"HOUR": dt.timedelta(hours=1), "DAY": dt.timedelta(days=1), "MONTH": dt.timedelta(days=30)}
_AFTER_A_STOP = 0.001
WHOLE = ("notifications",)
"""Partitioned tables most of whose readers need all of them; no view leaves their partitions to its reader."""
_MIDNIGHT = dt.datetime(2026, 3, 3, tzinfo=dt.UTC)


def values_at(now: dt.datetime, period: dt.timedelta) -> dict[str, dt.datetime]:
    """Return what parameters and variables are in a run at that moment; an audit's are of the day before.

    ``period`` is the length of cycles.
    """
    hour = now.replace(minute=0)
    midnight = hour.replace(hour=0)
    day = dt.timedelta(days=1)
    return {
        "now": now,
        "since": now - dt.timedelta(days=2),
        "cycle": now,
        "known_at": now,
        "computed_at": now,
        "first_hour": hour - _UNITS["HOUR"] if now.minute < 15 else hour,
        "last_hour": hour,
        "v_after": now - period,
        "v_prior_cycle": now - period,
        "cursor": now - period,
        "expected_cursor": now - period,
        "read_time": now,
        "previous_read_time": now - period,
        "period_start": midnight - day,
        "period_end": midnight,
        "day": midnight - day,
        "first_day": midnight - 30 * day,
        "last_day": midnight - day,
        "newest_from": midnight - 2 * day,
        "oldest": midnight - 40 * day,
        "v_from": midnight - day,
        "v_to": midnight,
        "moment": midnight - day,
    }


def worst_values(now: dt.datetime, period: dt.timedelta) -> dict[str, dt.datetime]:
    """Return them in a run after a stop of a day or longer: what is looked back at is as much as ever is."""
    day_before = now - dt.timedelta(days=1)
    moved = {"v_after": day_before, "cursor": day_before, "expected_cursor": day_before, "since": FIRST}
    return values_at(now, period) | moved


@dataclass(frozen=True)
class Bill:
    """What a statement or a month bills, in bytes, and for how many references of tables."""

    bytes: float
    references: float

    def __add__(self, other: "Bill") -> "Bill":
        """Return the sum of two."""
        return Bill(self.bytes + other.bytes, self.references + other.references)

    def times(self, number: float) -> "Bill":
        """Return what it comes to when it is run so often."""
        return Bill(self.bytes * number, self.references * number)


NOTHING = Bill(0, 0)


class Prices:
    """What statements bill in a fleet.

    Args:
        catalog: of the tree whose statements they are.
        fleet: what is watched.
        is_worst: at the end of a day, after a stop, with every condition of a script taken for true.
        asked: of what a view leaves to its reader's filter, how far that reaches back; None: to the beginning.
    """

    def __init__(
        self, catalog: Catalog, fleet: Fleet, is_worst: bool = False, asked: dt.timedelta | None = None
    ) -> None:
        self.catalog, self.fleet, self._is_worst, self._asked = catalog, fleet, is_worst, asked
        self._values = worst_values if is_worst else values_at
        self._moments = [_MIDNIGHT - fleet.period] if is_worst else fleet.moments()
        self._known: dict[str, Bill] = {}

    def of(self, name: str) -> Bill:
        """Return what a file bills when it is run once, on average over the cycles of a day."""
        if name not in self._known:
            searches = [each for each in self.catalog.statements(name, self.fleet.cycle_minutes) if _is_search(each)]
            total = NOTHING
            for statement in self.catalog.statements(name, self.fleet.cycle_minutes):
                if not _is_search(statement):
                    total += self.statement(statement).times(self._share(statement))
            if searches:
                # Further back than a quarter of an hour after a stop only. Each goes back to where the one before it
                # began, which found nothing: there was nothing to read.
                dearest = max((self.statement(each) for each in searches), key=lambda bill: bill.bytes)
                total += dearest if self._is_worst else dearest.times(_AFTER_A_STOP)
            self._known[name] = total
        return self._known[name]

    def largest(self, name: str) -> float:
        """Return the bytes of the dearest statement of a file."""
        return max(
            (self.statement(each).bytes for each in self.catalog.statements(name, self.fleet.cycle_minutes)),
            default=0.0,
        )

    def statement(self, statement: Statement) -> Bill:
        """Return what one statement bills when it runs."""
        at = self._moments
        tables = {scan.table for scan in statement.scans}
        read = sum(self._table(table, statement, now) for table in tables for now in at) / len(at)
        return Bill(read, len(tables))

    def _share(self, statement: Statement) -> float:
        """In what share of its runs a file comes to a statement."""
        share = 1.0
        for condition in () if self._is_worst else statement.conditions:
            if condition == "v_has_members":
                share *= self.fleet.firing_cycles_per_day / self.fleet.cycles_per_day
            elif condition == "v_asks.others":
                share *= self.fleet.share_of_cycles_in_which_others_matter
            elif "measured_workloads" in condition or "v_asks" in condition:
                share *= self.fleet.share_of_cycles_that_ask_for_the_past
        return share

    def _table(self, table: str, statement: Statement, now: dt.datetime) -> float:
        scans = [scan for scan in statement.scans if scan.table == table]
        columns: set[str] = set().union(*(scan.columns for scan in scans))
        kinds: Mapping[str, Any] = self.catalog.tables.get(table, {})
        row = sum(width(column, kinds.get(column, "STRING"), table) for column in columns)
        return max(LEAST, self._rows(table, scans, now) * row)

    def _rows(self, table: str, scans: list[Scan], now: dt.datetime) -> float:
        if table in self.catalog.ranges:
            is_one = all(any(bound.operator == "$equal" for bound in scan.bounds) for scan in scans)
            return self.fleet.rows(table) / (self.catalog.ranges[table] if is_one else 1)
        per_cycle = self.fleet.rows_per_cycle(table)
        if per_cycle is None or table not in self.catalog.partitions:  # as in an older tree
            return self.fleet.rows(table)
        unit = _UNITS[self.catalog.partitions[table][1]]
        spans = [self._span(scan, now) for scan in scans]
        first, last = min(span[0] for span in spans), max(span[1] for span in spans)
        if first == FIRST and table in WHOLE:
            return self.fleet.rows(table)
        start = _floor(max(first, now - dt.timedelta(days=400)), unit)
        end = min(_floor(min(last, now), unit) + unit, now + self.fleet.period)
        return max(0.0, (end - start) / self.fleet.period) * per_cycle

    def _span(self, scan: Scan, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
        """Return the first and the last moment of the partition column that a scan may read."""
        if not scan.bounds and self._asked is not None and scan.table not in WHOLE:
            return now - self._asked, now
        return scan.span(self._values, now, self.fleet.period)


def _is_search(statement: Statement) -> bool:
    return any(
        condition.startswith(("v_prior_cycle IS NULL", "v_prior.cycle IS NULL")) for condition in statement.conditions
    )


def _floor(moment: dt.datetime, unit: dt.timedelta) -> dt.datetime:
    return moment - (moment - FIRST) % unit

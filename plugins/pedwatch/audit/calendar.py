"""What the calendar misses: days without a pack, packs older than their data, cycles that nobody finished. Pure.

It begins with the first day on which anything was collected, and ends with the last whose audit must have run.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pedwatch.audit import chain

LABEL = "daily"
"""Label of the packs that ped_replica_audit writes by itself every day: those that every day has to have."""
DUE_AFTER = dt.timedelta(hours=3)
"""After its end a day is audited: so long a run of ped_replica_audit may take."""
Kind = Literal["no_pack", "older_pack", "unfinished_cycles", "nobody_looked"]
_NOTHING_MAKES_THEM = "nothing makes them: what ran then is not known, and packs say no_record"


@dataclass(frozen=True)
class Day:
    """A day in the report's time zone: from, and to, which is excluded; UTC."""

    day: dt.date
    start: dt.datetime
    end: dt.datetime


@dataclass(frozen=True)
class Gap:
    """Something that is missing, of one day or of several in a row.

    Args:
        kind: of what.
        first: day.
        last: day, included.
        what: in words, without the days.
        fix: the command that makes it, or that none does.
    """

    kind: Kind
    first: dt.date
    last: dt.date
    what: str
    fix: str

    @property
    def is_to_be_made(self) -> bool:
        """Whether a command makes it; what nobody looked at is lost, and packs say so."""
        return self.kind != "nobody_looked"

    @property
    def days(self) -> str:
        """Say which days."""
        return f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"

    def __str__(self) -> str:
        """Write it as one line."""
        return f"{self.days}: {self.what}. To do: {self.fix}"


def days_due(first_cycle: dt.datetime | None, now: dt.datetime, zone: ZoneInfo, most: int) -> list[Day]:
    """Return the days that have to have a pack, oldest first.

    Args:
        first_cycle: that was ever collected; None when none was.
        now: UTC.
        zone: of the report.
        most: how many days back.
    """
    if first_cycle is None:
        return []
    last = (now - DUE_AFTER).astimezone(zone).date() - dt.timedelta(days=1)
    first = max(first_cycle.astimezone(zone).date(), last - dt.timedelta(days=most - 1))
    return [_day(first + dt.timedelta(days=number), zone) for number in range((last - first).days + 1)]


def days_between(packs: Iterable[str]) -> list[dt.date]:
    """Return the days between the first and the last of some packs that none of them is of."""
    periods = {pack.partition("/")[0] for pack in packs if chain.parts_of(pack)}
    covered = _as_of({"period": period, "inputs_as_of": None} for period in periods)
    if not covered:
        return []
    first, last = min(covered), max(covered)
    each = (first + dt.timedelta(days=number) for number in range((last - first).days))
    return [day for day in each if day not in covered]


def _day(day: dt.date, zone: ZoneInfo) -> Day:
    start, end = (dt.datetime.combine(each, dt.time(), zone) for each in (day, day + dt.timedelta(days=1)))
    return Day(day, start.astimezone(dt.UTC), end.astimezone(dt.UTC))


def gaps(
    days: Sequence[Day],
    recorded: Iterable[Mapping[str, Any]],
    packs: Iterable[Mapping[str, Any]],
    first_cycle: dt.datetime,
    period: dt.timedelta,
) -> list[Gap]:
    """Return what is missing, by kind and day; days in a row that miss the same are one.

    Args:
        days: that are due.
        recorded: rows of ``audit/recorded_days.sql``, one for each of them.
        packs: rows of ``audit/day_packs.sql``.
        first_cycle: that was ever collected.
        period: the length of cycles.
    """
    rows = {row["day"]: row for row in recorded}
    as_of = _as_of(packs)
    found: dict[Kind, list[Gap]] = {"no_pack": [], "older_pack": [], "unfinished_cycles": [], "nobody_looked": []}
    for day in days:
        row = rows[day.day]
        looked = dt.timedelta(minutes=row["looked_minutes"])
        if row["cycles"] and day.day not in as_of:
            _add(found["no_pack"], Gap("no_pack", day.day, day.day, "no evidence pack", ""))
        elif row["cycles"] and (late := _late(row, as_of[day.day])):
            _add(found["older_pack"], Gap("older_pack", day.day, day.day, f"the pack is older than its {late}", ""))
        if row["unfinished_cycles"]:
            what = f"{row['unfinished_cycles']} cycles were collected, and no run finished them"
            fix = _backfill("ped_replica_watch", row["first_unfinished"] - period, row["last_unfinished"] - period)
            found["unfinished_cycles"].append(Gap("unfinished_cycles", day.day, day.day, what, fix))
        missing = day.end - max(day.start, first_cycle) - looked
        if missing > dt.timedelta():
            what = f"{missing / dt.timedelta(hours=1):.1f} hours in which nobody looked at any cluster"
            found["nobody_looked"].append(Gap("nobody_looked", day.day, day.day, what, _NOTHING_MAKES_THEM))
    audits = [replace(gap, fix=_audits(gap)) for gap in found["no_pack"] + found["older_pack"]]
    return audits + found["unfinished_cycles"] + found["nobody_looked"]


def _add(run: list[Gap], gap: Gap) -> None:
    """Append a gap, to the one before where it goes on."""
    if run and run[-1].what == gap.what and gap.first - run[-1].last == dt.timedelta(days=1):
        run[-1] = replace(run[-1], last=gap.last)
    else:
        run.append(gap)


def _as_of(packs: Iterable[Mapping[str, Any]]) -> dict[dt.date, dt.datetime | None]:
    """Return of each day that has a pack, of its own or within a longer period, how new what it holds is."""
    found: dict[dt.date, dt.datetime | None] = {}
    for pack in packs:
        first, _, last = pack["period"].partition("_")
        begin, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last or first)
        for number in range((end - begin).days + 1):
            day = begin + dt.timedelta(days=number)
            known = [moment for moment in (found.get(day), pack["inputs_as_of"]) if moment is not None]
            found[day] = max(known, default=None)
    return found


def _late(row: Mapping[str, Any], as_of: dt.datetime | None) -> str:
    """Say what of a day was recorded after what its pack holds; empty when nothing was."""
    moments = {"data": row["observations_recorded_at"], "limits": row["limits_learnt_at"]}
    return " and ".join(name for name, at in moments.items() if at is not None and (as_of is None or at > as_of))


def _audits(gap: Gap) -> str:
    """Return the backfill of audits of some days, from noon before the first to noon of the last (docs/audit.md)."""
    noon = dt.time(12)
    before = dt.datetime.combine(gap.first - dt.timedelta(days=1), noon)
    return _backfill("ped_replica_audit", before, dt.datetime.combine(gap.last, noon))


def _backfill(dag_id: str, start: dt.datetime, end: dt.datetime) -> str:
    return (
        f"airflow backfill create --dag-id {dag_id} --reprocess-behavior completed "
        f"--from-date {start:%Y-%m-%dT%H:%M} --to-date {end:%Y-%m-%dT%H:%M}"
    )

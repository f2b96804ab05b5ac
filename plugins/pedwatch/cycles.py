"""Cycles: the marks of data time everything is keyed by, as far apart as ``cycle_minutes`` says. Pure.

A cycle is the end of a run's data interval, else its ``run_after`` taken down to a mark (docs/design.md#cycles). It
stands for the time since the mark before it: so two cycles are neighbours where the later one is no longer than what
lies between them, also where the length of cycles was changed (docs/decisions/0058).
"""

import datetime as dt
from collections.abc import Iterator, Mapping

PERIOD = dt.timedelta(minutes=5)
"""The length of a cycle where the configuration names none."""

SHORTEST = dt.timedelta(minutes=1)
LONGEST = dt.timedelta(hours=1)
LOADABLE = dt.timedelta(hours=2)
"""For so long after it began an hour may be loaded; later nothing of it changes any more."""

LATE_FILES = dt.timedelta(minutes=15)


def floor_to_cycle(moment: dt.datetime, period: dt.timedelta) -> dt.datetime:
    """Return the last mark of cycles of that length not after ``moment`` (aware), in UTC."""
    if moment.tzinfo is None:
        raise ValueError("naive time: cycles are UTC")
    moment = moment.astimezone(dt.UTC)
    hour = moment.replace(minute=0, second=0, microsecond=0)
    return moment - (moment - hour) % period


def cycle_of_run(data_interval_end: dt.datetime | None, run_after: dt.datetime, period: dt.timedelta) -> dt.datetime:
    """Return the cycle of a DAG run; runs triggered without a logical date have no data interval."""
    return floor_to_cycle(data_interval_end or run_after, period)


def cron(period: dt.timedelta) -> str:
    """Write the schedule of cycles of that length, an hour of which is a whole number."""
    minutes = period // dt.timedelta(minutes=1)
    return "0 * * * *" if period == LONGEST else f"*/{minutes} * * * *"


def minutes_of(period: dt.timedelta) -> int:
    """Return the length of a cycle as tables hold it."""
    return period // dt.timedelta(minutes=1)


def period_of(minutes: int) -> dt.timedelta:
    """Read the length of a cycle as tables hold it."""
    return dt.timedelta(minutes=minutes)


def cycles_between(after: dt.datetime, until: dt.datetime, period: dt.timedelta) -> Iterator[dt.datetime]:
    """Yield the cycles in (after, until], oldest first."""
    cycle = floor_to_cycle(after, period) + period
    while cycle <= until:
        yield cycle
        cycle += period


def cycles_of(
    recorded: Mapping[dt.datetime, dt.timedelta], after: dt.datetime, until: dt.datetime, period: dt.timedelta
) -> list[dt.datetime]:
    """Return the cycles in (after, until]: those that are recorded, and those of which there is no record.

    Missing ones are as far apart as the next that is recorded says; behind the last one, as ``period`` says.

    Args:
        recorded: the length of each cycle that is recorded.
        after: the last moment that does not count.
        until: the last that does.
        period: the length of cycles behind those that are recorded.
    """
    found: list[dt.datetime] = []
    last = after
    for cycle in sorted(cycle for cycle in recorded if after < cycle <= until):
        first_missing = last + (cycle - last) % recorded[cycle]
        while first_missing < cycle:
            if first_missing > last:
                found.append(first_missing)
            first_missing += recorded[cycle]
        found.append(cycle)
        last = cycle
    return [*found, *cycles_between(last, until, period)]


def compact(cycle: dt.datetime) -> str:
    """Write a cycle as it stands in object names: ``20260302T100500Z``."""
    return cycle.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")


def hour_partition(cycle: dt.datetime) -> str:
    """Write the hour a cycle belongs to: ``2026030210``; 11:00 belongs to hour 11."""
    return cycle.astimezone(dt.UTC).strftime("%Y%m%d%H")


def hours_to_load(cycle: dt.datetime, now: dt.datetime) -> list[dt.datetime]:
    """Return the hours a live run of ``cycle`` loads: its own and, early in an hour, the one before for late files.

    None that began two hours ago or more, whoever clears which task: it is evidence by then.
    """
    hour = cycle.replace(minute=0, second=0, microsecond=0)
    wanted = [hour - dt.timedelta(hours=1), hour] if cycle - hour < LATE_FILES else [hour]
    return [hour for hour in wanted if now - hour < LOADABLE]

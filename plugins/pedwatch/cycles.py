"""Cycles: the five-minute marks of data time everything is keyed by. Pure.

A cycle is the end of a run's data interval, else its ``run_after`` floored to five minutes (docs/design.md#cycles).
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

PERIOD = dt.timedelta(minutes=5)
LOADABLE = dt.timedelta(hours=2)
"""For so long after it began an hour may be loaded; later nothing of it changes any more."""

CLOCK_BEHIND = dt.timedelta(minutes=1)
"""By so much a worker's clock may be behind the one that made the run: its cycle is no future to be denied."""

LATE_FILES = dt.timedelta(minutes=15)
SCHEDULED, MANUAL, BACKFILL = "scheduled", "manual", "backfill"
KNOWN_RUN_TYPES = (SCHEDULED, MANUAL, BACKFILL, "asset_triggered")


def floor_to_cycle(moment: dt.datetime) -> dt.datetime:
    """Return the last five-minute mark not after ``moment`` (aware), in UTC."""
    if moment.tzinfo is None:
        raise ValueError("naive time: cycles are UTC")
    moment = moment.astimezone(dt.UTC)
    return moment.replace(minute=moment.minute - moment.minute % 5, second=0, microsecond=0)


def cycle_of_run(data_interval_end: dt.datetime | None, run_after: dt.datetime) -> dt.datetime:
    """Return the cycle of a DAG run; runs triggered without a logical date have no data interval."""
    return floor_to_cycle(data_interval_end or run_after)


def cycles_between(after: dt.datetime, until: dt.datetime) -> Iterator[dt.datetime]:
    """Yield the cycles in (after, until], oldest first."""
    cycle = floor_to_cycle(after) + PERIOD
    while cycle <= until:
        yield cycle
        cycle += PERIOD


def compact(cycle: dt.datetime) -> str:
    """Write a cycle as it stands in object names: ``20260302T100500Z``."""
    return cycle.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")


def hour_partition(cycle: dt.datetime) -> str:
    """Write the hour a cycle belongs to: ``2026030210``; 11:00 belongs to hour 11."""
    return cycle.astimezone(dt.UTC).strftime("%Y%m%d%H")


def in_hour(cycle: dt.datetime, hour: dt.datetime) -> bool:
    """Tell whether a cycle belongs to the hour that begins at ``hour``."""
    return hour_partition(cycle) == hour_partition(hour)


def hours_to_load(cycle: dt.datetime, now: dt.datetime) -> list[dt.datetime]:
    """Return the hours a live run of ``cycle`` loads: its own and, early in an hour, the one before for late files.

    None that began two hours ago or more, whoever clears which task: it is evidence by then.
    """
    hour = cycle.replace(minute=0, second=0, microsecond=0)
    wanted = [hour - dt.timedelta(hours=1), hour] if cycle - hour < LATE_FILES else [hour]
    return [hour for hour in wanted if now - hour < LOADABLE]


@dataclass(frozen=True)
class Gates:
    """What a run may do. The default is to deny (docs/design.md#d9)."""

    origin: Literal["live", "backfill"]
    may_collect: bool
    may_notify: bool
    reason: str


def gates(cycle: dt.datetime, now: dt.datetime, run_type: str, allow_notify: bool) -> Gates:
    """Decide what a run of ``cycle`` that starts at ``now`` may do.

    The past cannot be observed: only a run that starts within one period of its cycle, and is no backfill, collects.
    A run that starts less than a minute before its cycle has a worker whose clock is behind.
    It may alert only when scheduled, or manual with the explicit parameter ``allow_notify``.
    """
    if run_type not in KNOWN_RUN_TYPES:
        return Gates("backfill", False, False, f"run type {run_type!r} is not known: denied")
    if run_type == BACKFILL:
        return Gates("backfill", False, False, "a backfill re-compares stored observations and never alerts")
    age = now - cycle
    if age < -CLOCK_BEHIND:
        return Gates("backfill", False, False, "the cycle lies in the future")
    if age >= PERIOD:
        return Gates("backfill", False, False, f"the run starts {int(age.total_seconds())} s after its cycle: stale")
    if run_type == SCHEDULED or (run_type == MANUAL and allow_notify):
        return Gates("live", True, True, "live")
    return Gates("live", True, False, "a manual run alerts only with allow_notify")

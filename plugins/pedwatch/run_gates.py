"""What a run may do, by its type and by how late it starts: collect, alert, or re-compare alone. Pure; times in UTC."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal

CLOCK_BEHIND = dt.timedelta(minutes=1)
"""By so much a worker's clock may be behind the one that made the run: its cycle is no future to be denied."""

SCHEDULED, MANUAL, BACKFILL = "scheduled", "manual", "backfill"
KNOWN_RUN_TYPES = (SCHEDULED, MANUAL, BACKFILL, "asset_triggered")


@dataclass(frozen=True)
class Gates:
    """What a run may do. The default is to deny (docs/design.md#d9)."""

    origin: Literal["live", "backfill"]
    may_collect: bool
    may_notify: bool
    reason: str


def run_type_of(dag_run: Any) -> str:
    """Return the type of a run as text, whatever Airflow hands out."""
    return str(getattr(dag_run.run_type, "value", dag_run.run_type))


def gates(cycle: dt.datetime, now: dt.datetime, run_type: str, allow_notify: bool, period: dt.timedelta) -> Gates:
    """Decide what a run of ``cycle`` that starts at ``now`` may do.

    The past cannot be observed: only a run that starts within a ``period`` of its cycle, and is no backfill, collects.
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
    if age >= period:
        return Gates("backfill", False, False, f"the run starts {int(age.total_seconds())} s after its cycle: stale")
    if run_type == SCHEDULED or (run_type == MANUAL and allow_notify):
        return Gates("live", True, True, "live")
    return Gates("live", True, False, "a manual run alerts only with allow_notify")

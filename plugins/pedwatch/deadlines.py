"""How long the parts of a run may take, by the length of a cycle. Pure.

At five minutes and more they are what they take in a large fleet; where cycles are shorter, each has its share of one.
"""

import datetime as dt

LOADS_A_DAY = 1_500
"""What BigQuery takes of load jobs into one table, those that fail included."""

CLOCK_SKEW = dt.timedelta(seconds=60)
"""A lease is not used in its last minute: the next sender's clock may be ahead."""


def run_lasts(period: dt.timedelta) -> dt.timedelta:
    """Return when a run of the watch is ended by Airflow, whatever it does: before the next one begins."""
    return 0.9 * period


def collection(period: dt.timedelta) -> dt.timedelta:
    """Return how long after a run began its collection closes, whoever is missing.

    What comes after it, each task behind a queue of ten seconds, is to end within 60 % of a cycle of five minutes.
    """
    return min(dt.timedelta(seconds=90), 0.4 * period)


def load_retries(period: dt.timedelta) -> int:
    """Return how often the load of a cycle is tried again, so that a day of failures stays within the quota.

    What a cycle could not load the next one does: its objects are late then.
    """
    a_day = dt.timedelta(days=1) // period
    return min(2, (LOADS_A_DAY - a_day) // a_day)


def kept_back(period: dt.timedelta) -> dt.timedelta:
    """Return what of a run is for what comes before the plan and after sending.

    A worker that starts, the record of what was sent, the heartbeat.
    """
    return min(dt.timedelta(seconds=60), 0.2 * period)


def patience(period: dt.timedelta) -> dt.timedelta:
    """Return how long after it began a live run waits for the limits of its cycle (docs/design.md#d11)."""
    return min(dt.timedelta(seconds=60), 0.2 * period)


def sending(period: dt.timedelta) -> dt.timedelta:
    """Return how long a task sends unless it is told otherwise; what is left goes out with the next one."""
    return min(dt.timedelta(minutes=3), 0.6 * period)


def sends_at_least(period: dt.timedelta) -> dt.timedelta:
    """Return how long a run sends that is late: else one that is late every time would never tell anything."""
    return min(dt.timedelta(seconds=45), 0.25 * period)


def lease(period: dt.timedelta) -> dt.timedelta:
    """Return how long a sender has what it took from the outbox: a run, and the clocks' difference."""
    return min(dt.timedelta(minutes=4), run_lasts(period) + CLOCK_SKEW)


def sync_task_lasts(period: dt.timedelta) -> dt.timedelta:
    """Return how long the task that reads limits may take."""
    return min(dt.timedelta(minutes=4), 0.8 * period)


def sync_lasts(period: dt.timedelta) -> dt.timedelta:
    """Return when a run of ped_limits_sync is ended, with its task tried again."""
    return min(dt.timedelta(minutes=10), 2 * period)

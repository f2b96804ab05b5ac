"""Reads what the calendar is made of, and returns what it misses."""

import datetime as dt
from zoneinfo import ZoneInfo

from pedwatch.audit import calendar
from pedwatch.audit.bucket.period_pack import DAY_COLUMNS
from pedwatch.audit.calendar import Gap
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse


def read_gaps(warehouse: Warehouse, now: dt.datetime) -> list[Gap]:
    """Return which packs and cycles are missing, as far back as a day can be audited.

    Raises:
        LedgerError: BigQuery refused.
    """
    config, kept = warehouse.config, warehouse.config.retention
    since = now - dt.timedelta(days=kept.tables.collection_runs)
    [row] = warehouse.run("audit/first_collection.sql", {"since": since})
    days = calendar.days_due(row["first_cycle"], now, ZoneInfo(config.report_timezone), kept.auditable_days)
    if not days:
        return []
    listed = [{"day": day.day, "day_start": day.start, "day_end": day.end} for day in days]
    asked = {"days": Typed(DAY_COLUMNS, listed), "period_start": days[0].start, "period_end": days[-1].end}
    recorded = warehouse.run("audit/recorded_days.sql", asked)
    # Of cycles whose heartbeats are forgotten nobody knows whether a run finished them.
    known = {day.day for day in days if day.start >= now - dt.timedelta(days=kept.tables.heartbeats)}
    recorded = [each if each["day"] in known else {**each, "unfinished_cycles": 0} for each in recorded]
    packs = warehouse.run("audit/day_packs.sql", {"label": calendar.LABEL})
    return calendar.gaps(days, recorded, packs, row["first_cycle"], config.period)

"""What a job may bill at most: a guard against a mistake, never against a fleet that grows.

BigQuery refuses a job that would bill more than its ``maximumBytesBilled``, and a statement of a script that would bill
more than its ``statementByteBudget``, before it reads anything; nothing is billed then. The numbers here come from the
cost model (bench/prices.py): what a statement reads at its worst, after a stop of a day and with a year of history, for
each subject that is judged in a cycle. ``tests/test_cost.py`` holds them to the model. Pure.
"""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MIB, GIB = 1 << 20, 1 << 30

MARGIN = 4
"""By how much a job may exceed what the model says of a fleet of the configured size."""
FLOOR = GIB
"""For every job, however small the fleet: ten megabytes for each table that it names, and tables that only grow."""
STATEMENT_SHARE = 0.75
"""Of a script's budget, for one of its statements."""

KIB_PER_SUBJECT = {
    "alerts/digest.sql": 824,  # eight days of verdicts: a Monday tells what was learnt since Friday
    "alerts/fold_input.sql": 152,  # a day of them: after a stop it looks back so far
    "audit/known_names.sql": 14,
    "audit/period_ledger.sql": 172,
    "audit/period_verdicts.sql": 740,
    "audit/sample.sql": 24,
    "limits/replay_proposed.sql": 740,
    "verdicts/advisories.sql": 122,
    "verdicts/compare.sql": 240,  # after months of a stop it looks for what was known before
    "verdicts/judge_period.sql": 740,
    "verdicts/replay_period.sql": 740,
}
"""Statements that look back for days; those over a period by the day of it."""
OTHERS = 64
"""What the rest reads: hours of verdicts and observations, or the outbox and the history of limits, which only grow."""


@dataclass(frozen=True)
class Budget:
    """In bytes: of a job, and of each of its statements where it is a script."""

    job: int
    statement: int


def budget(name: str, subjects: int, parameters: Mapping[str, Any] | None = None) -> Budget:
    """Return what a statement may bill.

    Args:
        name: its file under include/sql.
        subjects: ``cost_guard.subjects``: how many a cycle judges at most.
        parameters: those it is run with; ``period_start`` and ``period_end`` say how many days it reads.
    """
    per_subject = KIB_PER_SUBJECT.get(name, OTHERS) * 1024 * _days(parameters or {})
    job = MARGIN * (FLOOR + per_subject * subjects)
    return Budget(job, int(job * STATEMENT_SHARE))


def subjects_for(name: str, needed: int, parameters: Mapping[str, Any] | None = None) -> int:
    """Return the least ``cost_guard.subjects`` by which a statement may bill so many bytes, to two digits."""
    per_subject = MARGIN * STATEMENT_SHARE * KIB_PER_SUBJECT.get(name, OTHERS) * 1024 * _days(parameters or {})
    least = max(1.0, (needed - MARGIN * STATEMENT_SHARE * FLOOR) / per_subject)
    unit = 10 ** max(0, math.floor(math.log10(least)) - 1)
    return math.ceil(least / unit) * unit


def _days(parameters: Mapping[str, Any]) -> int:
    start, end = parameters.get("period_start"), parameters.get("period_end")
    if not isinstance(start, dt.datetime) or not isinstance(end, dt.datetime):
        return 1
    return max(1, math.ceil((end - start) / dt.timedelta(days=1)))


def in_words(size: int) -> str:
    """Say a number of bytes as people do: in GiB, or in MiB where it is less than one."""
    return f"{size / GIB:.1f} GiB" if size >= GIB else f"{size / MIB:.0f} MiB"

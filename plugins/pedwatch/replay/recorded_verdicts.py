"""Reads recorded verdicts anew for a replay."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pedwatch.audit.period_episodes import warm_up
from pedwatch.config import PolicyConfig, PolicyOverride, Slack
from pedwatch.cycles import period_of
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.replay.thresholds import JUDGING, Outcome, replay


@dataclass(frozen=True)
class Covered:
    """The cycles of a period that were observed.

    Attributes:
        cycles: how many.
        oldest: the first of them.
        newest: the last.
        longest: the length of the longest.
    """

    cycles: int
    oldest: dt.datetime
    newest: dt.datetime
    longest: dt.timedelta


_TYPES = {"tolerance_ratio": "FLOAT64"}


def covered(warehouse: Warehouse, start: dt.datetime, end: dt.datetime) -> Covered | None:
    """Return what was observed in ``start <= cycle < end``; None when nothing was.

    Raises:
        LedgerError: BigQuery refused.
    """
    [row] = warehouse.run("limits/replayable_cycles.sql", {"period_start": start, "period_end": end})
    if not row["cycles"]:
        return None
    return Covered(row["cycles"], row["oldest"], row["newest"], period_of(row["longest_minutes"]))


def replayed(
    warehouse: Warehouse,
    start: dt.datetime,
    end: dt.datetime,
    longest: dt.timedelta,
    settings: Mapping[str, Any],
    policy: PolicyConfig,
    slack: Slack,
) -> Outcome:
    """Return what would have been sent in ``start <= cycle < end`` under a policy.

    Args:
        warehouse: where observations, limits and the ledger are.
        start: first moment, UTC.
        end: first moment after, UTC.
        longest: length of the longest cycle: the fold begins so many of them before, as audits' does.
        settings: what ``policy`` sets for everybody; decides verdicts where they depend on it.
        policy: decides about episodes.
        slack: decides about storms and reminders.

    Raises:
        LedgerError: BigQuery refused.
    """
    given = PolicyOverride.model_validate(dict(settings)).model_dump()
    parameters = {
        "period_start": start - warm_up([longest]),
        "period_end": end,
        "known_at": Typed("TIMESTAMP", None),
        **{name: Typed(_TYPES.get(name, "INT64"), given[name]) for name in JUDGING},
    }
    return replay(warehouse.stream("verdicts/replay_period.sql", parameters), policy, slack, start)

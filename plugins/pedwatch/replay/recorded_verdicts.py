"""Reads recorded verdicts anew for a replay."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from pedwatch.config import PolicyConfig, PolicyOverride, Slack
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.replay.thresholds import JUDGING, Outcome, replay

_TYPES = {"tolerance_ratio": "FLOAT64"}


def replayed(
    warehouse: Warehouse,
    start: dt.datetime,
    end: dt.datetime,
    settings: Mapping[str, Any],
    policy: PolicyConfig,
    slack: Slack,
) -> Outcome:
    """Return what would have been sent in ``start <= cycle < end`` under a policy.

    Args:
        warehouse: where observations, limits and the ledger are.
        start: first moment, UTC.
        end: first moment after, UTC.
        settings: what ``policy`` sets for everybody; decides verdicts where they depend on it.
        policy: decides about episodes.
        slack: decides about storms and reminders.

    Raises:
        LedgerError: BigQuery refused.
    """
    given = PolicyOverride.model_validate(dict(settings)).model_dump()
    parameters = {
        "period_start": start,
        "period_end": end,
        "known_at": Typed("TIMESTAMP", None),
        **{name: Typed(_TYPES.get(name, "INT64"), given[name]) for name in JUDGING},
    }
    return replay(warehouse.stream("verdicts/replay_period.sql", parameters), policy, slack)

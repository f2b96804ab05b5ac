"""Commits a fold: cursor, episodes and outbox together, whatever their size (docs/decisions/0039)."""

import datetime as dt
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from pedwatch.alerts.episodes import Episode
from pedwatch.alerts.notifications import Notification
from pedwatch.alerts.table_rows import EPISODE_COLUMNS, NOTIFICATION_COLUMNS, episode_to_row, notification_to_row
from pedwatch.cycles import period_of
from pedwatch.hooks.parameters import Typed, most_bytes
from pedwatch.hooks.staging import stage
from pedwatch.hooks.warehouse import Warehouse

log = logging.getLogger(__name__)

CURSOR = "fold_cursor"
STAGING = "fold_staging"
MOST_BYTES = 5_000_000
"""Of what travels as parameters: BigQuery takes 10 MB a request, the statement and the JSON around it included."""


@dataclass(frozen=True)
class Cursor:
    """How far was folded."""

    cycle: dt.datetime
    period: dt.timedelta
    """The length of cycles by which episodes go on up to there."""


@dataclass(frozen=True)
class Step:
    """From where to where a fold goes, and whose it is."""

    cycle: dt.datetime
    cursor: dt.datetime | None
    """Where the cursor stood when its input was read; None before the first fold."""
    computed_at: dt.datetime
    run_id: str


def live_cursor(warehouse: Warehouse) -> Cursor | None:
    """Return up to where was folded; None before the first fold. Listed, not queried: that bills nothing.

    What it says may be overtaken before it is used; then the commit is refused.

    Raises:
        LedgerError: BigQuery refused, or there is no such table.
    """
    rows = warehouse.listed(CURSOR, {"name": "STRING", "cycle": "TIMESTAMP", "cycle_minutes": "INTEGER"})
    found = [Cursor(row["cycle"], period_of(row["cycle_minutes"])) for row in rows if row["name"] == "live"]
    return max(found, key=lambda cursor: cursor.cycle, default=None)


def commit_fold(
    warehouse: Warehouse, step: Step, changed: Sequence[Episode], notifications: Sequence[Notification]
) -> None:
    """Move the cursor, and write what changed and what has to be told; all of it or nothing.

    Raises:
        LedgerError: BigQuery refused, or another fold moved the cursor or replaced the staged rows meanwhile.
    """
    move = {
        "cycle": step.cycle,
        "computed_at": step.computed_at,
        "expected_cursor": Typed("TIMESTAMP", step.cursor),
    }
    if not (changed or notifications):
        warehouse.write("alerts/move_cursor.sql", move)
        return
    episodes = [episode_to_row(episode) for episode in changed]
    messages = [notification_to_row(notification) for notification in notifications]
    move["run_id"] = step.run_id
    if most_bytes(episodes) + most_bytes(messages) <= MOST_BYTES:
        rows = {"episodes": Typed(EPISODE_COLUMNS, episodes), "notifications": Typed(NOTIFICATION_COLUMNS, messages)}
        warehouse.write("alerts/commit_fold.sql", move | rows)
        return
    fold_id = uuid.uuid4().hex  # a retried task and its zombie are two folds
    log.info("fold of %s: %s episodes and %s messages are staged", step.cycle, len(episodes), len(messages))
    staged = stage(
        warehouse,
        STAGING,
        [
            *({"fold_id": fold_id, "episode": episode} for episode in episodes),
            *({"fold_id": fold_id, "notification": message} for message in messages),
        ],
    )
    warehouse.write("alerts/commit_staged_fold.sql", move | {"fold_id": fold_id, "staged_rows": staged})

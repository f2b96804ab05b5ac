"""The task that folds the live ledger into episodes and writes the outbox, in one transaction (DESIGN D7, D8)."""

import datetime as dt
import logging
from typing import Any

from pedwatch.alerts import ledger, reconcile, rows
from pedwatch.alerts.episodes import Episode
from pedwatch.config import Config
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse

log = logging.getLogger(__name__)


def _observations(found: dict[str, Any]) -> list[ledger.SubjectObservation]:
    return [
        *(ledger.from_verdict(row) for row in found["verdicts"]),
        *(ledger.from_cluster(row) for row in found["clusters"]),
        *(
            ledger.from_limits_known(row["cycle"], row["limits_known_at"])
            for row in found["limits_known"]
            if row["limits_known_at"] is not None
        ),
    ]


def _log_firing(episodes: list[Episode], cycle: dt.datetime) -> None:
    """One structured line per firing episode and cycle, so that a log-based metric can alert when Slack cannot."""
    for episode in episodes:
        if episode.state in ("firing", "recovering"):
            log.info(
                "pedwatch_episode_firing episode_id=%s subject=%s measured=%s max_replicas=%s severity=%s cycle=%s",
                episode.episode_id,
                episode.subject.name,
                episode.measured,
                episode.max_replicas,
                episode.severity,
                cycle.isoformat(),
            )


def fold_alerts(
    warehouse: Warehouse, config: Config, cycle: dt.datetime, now: dt.datetime, run_id: str, may_notify: bool
) -> dict[str, int]:
    """Fold everything up to ``cycle`` and write what has to be told; a cycle behind the cursor changes nothing.

    Returns:
        ``episodes``: rows written; ``notifications``: outbox rows written; ``deliverable``: messages to send.
    """
    found = warehouse.run("alerts/fold_input.sql", {"cycle": cycle})[0]
    known = [rows.episode_from_row(row) for row in found["episodes"]]
    changed: list[Episode] = []
    if found["cursor_cycle"] is None or found["cursor_cycle"] < cycle:
        changed = ledger.fold_period(known, _observations(found), found["after_cycle"], cycle, config.policy)
    newest = {e.episode_id: e for e in known} | {e.episode_id: e for e in changed}
    untold = [rows.episode_from_row(row) for row in found["untold_episodes"]]
    told = {row["episode_id"]: reconcile.told_from_row(row) for row in found["told"]}
    notifications: list[reconcile.Notification] = []
    if may_notify:
        to_tell = {e.episode_id: e for e in untold} | newest
        limits_as_of = _stale_limits_time(found, cycle)
        notifications = reconcile.reconcile(to_tell.values(), told, cycle, config.slack, limits_as_of)
    _log_firing(list(newest.values()), cycle)
    if changed or notifications or found["cursor_cycle"] is None or found["cursor_cycle"] < cycle:
        warehouse.write(
            "alerts/commit_fold.sql",
            {
                "cycle": cycle,
                "computed_at": now,
                "run_id": run_id,
                "expected_cursor": Typed("TIMESTAMP", found["cursor_cycle"]),
                "episodes": Typed(rows.EPISODE_COLUMNS, [rows.episode_to_row(e) for e in changed]),
                "notifications": Typed(rows.NOTIFICATION_COLUMNS, [rows.notification_to_row(n) for n in notifications]),
            },
        )
    waiting = sum(n.status == "unsent" for n in notifications) + found["waiting"]
    return {"episodes": len(changed), "notifications": len(notifications), "deliverable": waiting if may_notify else 0}


def _stale_limits_time(found: dict[str, Any], cycle: dt.datetime) -> dt.datetime | None:
    """Return when the limits were read, if that was before the cycle they judged; else None."""
    known = [row["limits_known_at"] for row in found["limits_known"] if row["cycle"] == cycle]
    return known[0] if known and known[0] is not None and known[0] < cycle else None

"""Folds the live ledger into episodes and writes the outbox, in one transaction: the task ``fold_episodes``.

Why so: docs/design.md#d7, #d8.
"""

import datetime as dt
import logging
from dataclasses import replace
from typing import Any

from pedwatch.alerts import ledger, limit_messages, message_lookup, reconcile, retirement, silence, table_rows
from pedwatch.alerts.carried import carried, to_write
from pedwatch.alerts.copies import with_copies
from pedwatch.alerts.episodes import Episode
from pedwatch.alerts.fold import fold_period
from pedwatch.alerts.live import acknowledged
from pedwatch.alerts.live.acknowledged import Reactions
from pedwatch.alerts.live.commit import Cursor, Step, commit_fold, live_cursor
from pedwatch.alerts.live.failure_reports import settle_reports
from pedwatch.alerts.notifications import Notification
from pedwatch.alerts.observed import SubjectObservation
from pedwatch.alerts.surroundings import Surroundings
from pedwatch.alerts.welcome import with_welcomes
from pedwatch.config import Config
from pedwatch.cycles import cycles_of, minutes_of, period_of
from pedwatch.errors import LedgerError
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse

log = logging.getLogger(__name__)

SUBJECT_COLUMNS = {"fingerprint": "STRING", "limit_id": "STRING", "limit_version": "INT64"}
SUBJECTS_AT_ONCE = 10_000
"""Some 2 MB of a request, of 10."""
PAGED = ("verdicts", "episodes", "untold_episodes", "told")
"""What the fold's input brings in as many rows as it takes."""


LOOKED_BACK = 3
"""So many cycles before the first that is folded tell what a subject was before."""


def _input(warehouse: Warehouse, cycle: dt.datetime, cursor: Cursor | None) -> dict[str, Any]:
    """Ask for everything one fold needs."""
    asked = {"cycle": cycle, "cursor": Typed("TIMESTAMP", cursor.cycle if cursor else None)}
    back = minutes_of(LOOKED_BACK * _longer(warehouse.config, cursor))
    first, *others = warehouse.run("alerts/fold_input.sql", asked, lookback_minutes=back)
    return first | {name: [*first[name], *(item for page in others for item in page[name])] for name in PAGED}


def _longer(config: Config, cursor: Cursor | None) -> dt.timedelta:
    """Return the length of cycles: of the last that was folded where that is longer than they are now."""
    return max(config.period, cursor.period) if cursor else config.period


def _observations(
    found: dict[str, Any], known: list[Episode], lengths: dict[dt.datetime, dt.timedelta], period: dt.timedelta
) -> list[SubjectObservation]:
    return [
        *ledger.from_verdicts(found["verdicts"], known),
        *ledger.from_clusters(found["clusters"], known),
        *(
            ledger.from_limits_known(row["cycle"], row["limits_known_at"], lengths.get(row["cycle"], period))
            for row in found["limits_known"]
            if row["limits_known_at"] is not None
        ),
    ]


def _is_firing(episode: Episode) -> bool:
    return episode.state in ("firing", "recovering")


def _log_firing(episodes: list[Episode], cycle: dt.datetime) -> None:
    """One structured line per firing episode and cycle, so that a log-based metric can alert when Slack cannot."""
    for episode in episodes:
        if _is_firing(episode):
            log.info(
                "pedwatch_episode_firing episode_id=%s subject=%s measured=%s max_replicas=%s severity=%s cycle=%s",
                episode.episode_id,
                episode.subject.name,
                episode.measured,
                episode.max_replicas,
                episode.severity,
                cycle.isoformat(),
            )


def _notifications(
    warehouse: Warehouse,
    config: Config,
    cycle: dt.datetime,
    found: dict[str, Any],
    episodes: list[Episode],
    now: dt.datetime,
    run_url: str,
    reactions: Reactions | None,
    pages_url: str,
) -> list[Notification]:
    """Compare what is true with what was told; what messages say beyond that is asked only when there is something."""
    told = {row["episode_id"]: reconcile.told_from_row(row) for row in found["told"]}
    holding = acknowledged.acknowledged(warehouse, episodes, told, cycle, config.period, now, config.slack, reactions)
    around = Surroundings(policies=config.policy, acknowledged=holding, period=config.period)
    asked = reconcile.needs_lookup(episodes, told, cycle, config.slack, around)
    known: dict[str, message_lookup.Known] = {}
    if asked:
        subjects = [
            {"fingerprint": e.subject.fingerprint, "limit_id": e.subject.limit_id, "limit_version": e.limit_version}
            for e in asked
        ]
        for start in range(0, len(subjects), SUBJECTS_AT_ONCE):
            batch = Typed(SUBJECT_COLUMNS, subjects[start : start + SUBJECTS_AT_ONCE])
            rows_found = warehouse.run("alerts/message_lookup.sql", {"cycle": cycle, "subjects": batch})
            known |= message_lookup.known_from_rows(rows_found, cycle, config.period)
    links = message_lookup.links_of(config, found["clusters"], run_url or None, pages_url or None)
    around = replace(around, known=known, links=links, limits_as_of=_stale_limits_time(found, cycle))
    moved = limit_messages.rows_elsewhere(told.values(), config.slack, cycle, links.for_help)
    return reconcile.reconcile(episodes, told, cycle, config.slack, around) + with_copies(moved, config.slack)


def _about_gap(config: Config, last: Cursor | None, cycle: dt.datetime, run_url: str) -> list[Notification]:
    """Tell which cycles nobody judged before this one: ped_limits_sync may have been down as well."""
    judged, period = last.cycle if last else None, _longer(config, last)
    row = silence.row_after_gap(judged, cycle, period, config.slack.platform_channel, run_url or None)
    return with_copies([row], config.slack) if row else []


def fold_alerts(
    warehouse: Warehouse,
    config: Config,
    cycle: dt.datetime,
    now: dt.datetime,
    run_id: str,
    may_notify: bool,
    run_url: str = "",
    reactions: Reactions | None = None,
    pages_url: str = "",
) -> dict[str, int]:
    """Fold everything up to ``cycle`` and write what has to be told; a cycle behind the cursor changes nothing.

    Returns:
        ``episodes``: rows written; ``notifications``: outbox rows written; ``deliverable``: messages to send;
        ``firing``: APIs over their limit in the cycle; ``fired``: those of them that began to fire in it.
    """
    cursor = live_cursor(warehouse)
    found = _input(warehouse, cycle, cursor)
    stored = [table_rows.episode_from_row(row) for row in found["episodes"]]
    known = [carried(episode, cursor.cycle, cursor.period) for episode in stored] if cursor else stored
    is_new = cursor is None or cursor.cycle < cycle
    folded: list[Episode] = []
    if is_new:
        retired = retirement.retired_in(found["clusters"])
        lengths = {cycle: config.period} | {row["cycle"]: period_of(row["cycle_minutes"]) for row in found["clusters"]}
        seen = _observations(found, known, lengths, config.period)
        cycles = cycles_of(lengths, found["after_cycle"], cycle, config.period)
        folded = fold_period(known, seen, cycles, config.policy, retired)
    changed = to_write(stored, folded, cycle, config.period)
    newest = {e.episode_id: e for e in known} | {e.episode_id: e for e in folded}
    untold = [table_rows.episode_from_row(row) for row in found["untold_episodes"]]
    notifications: list[Notification] = []
    settled = _settled(warehouse, config, run_id) if may_notify and found["reported"] else 0
    if may_notify:
        to_tell = {e.episode_id: e for e in untold} | newest
        of_whom = list(to_tell.values())
        notifications = _notifications(warehouse, config, cycle, found, of_whom, now, run_url, reactions, pages_url)
        notifications = with_welcomes(notifications, config, found["told_channels"])
        notifications += _about_gap(config, cursor, cycle, run_url)
    _log_firing(list(newest.values()), cycle)
    if is_new or notifications:
        commit_fold(warehouse, Step(cycle, cursor.cycle if cursor else None, now, run_id), changed, notifications)
    waiting = sum(n.status == "unsent" for n in notifications) + found["waiting"] + settled
    firing = [e for e in newest.values() if _is_firing(e) and e.last_cycle == cycle and e.subject.kind == "over_limit"]
    return {
        "episodes": len(changed),
        "notifications": len(notifications),
        "deliverable": waiting if may_notify else 0,
        "firing": len(firing),
        "fired": sum(e.fired_cycle == cycle for e in firing),
    }


def _settled(warehouse: Warehouse, config: Config, run_id: str) -> int:
    """Settle what failed runs reported; what cannot be is ped_limits_sync's, and keeps no alert from being told."""
    try:
        return settle_reports(warehouse, config, run_id)
    except LedgerError as error:
        log.error("reports of failed runs could not be settled: %s", error)
        return 0


def _stale_limits_time(found: dict[str, Any], cycle: dt.datetime) -> dt.datetime | None:
    """Return when the limits were read, if that was before the cycle they judged; else None."""
    known = [row["limits_known_at"] for row in found["limits_known"] if row["cycle"] == cycle]
    return known[0] if known and known[0] is not None and known[0] < cycle else None

"""What limits would have fired over the last days, had they held then: told before they are published."""

import datetime as dt
import threading
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from pedwatch import settings
from pedwatch.alerts.episodes import Episode
from pedwatch.audit.period_episodes import EpisodeFold
from pedwatch.config import Config, PolicyConfig
from pedwatch.hooks import clients
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.limits import matches
from pedwatch.limits.belief_rows import PROPOSAL_COLUMNS, proposal_row
from pedwatch.limits.document_changes import DocumentChange

DAYS = 14
AT_MOST = 500
"""Nobody reads the replay of more changes, and they all travel in one parameter."""
PATIENCE_SECONDS = 60.0
_ALL_KNOWN = dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC)


def would_have_fired(
    changes: Sequence[DocumentChange], config: Config, source: clients.ClientSource | None = None
) -> list[str]:
    """Return lines that say what the changed limits take and how often they would have fired; else why not.

    Never an obstacle: whoever publishes needs no access to BigQuery.
    """
    if not any(change.after for change in changes):
        return []
    if len(changes) > AT_MOST:
        return [f"not replayed: {len(changes)} changes, at most {AT_MOST} are replayed at once"]
    answer: list[str] = []

    def ask() -> None:
        try:
            answer.extend(_replay(changes, config.policy, clients.warehouse(config, source)))
        except Exception as error:  # noqa: BLE001 - whatever keeps BigQuery away must not keep a limit from being published
            answer.append(f"not replayed: BigQuery cannot be asked ({_briefly(error)})")

    # The client goes on trying for ten minutes where there is no network.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(PATIENCE_SECONDS)
    return answer or [f"not replayed: BigQuery did not answer within {PATIENCE_SECONDS:g} s"]


def _briefly(error: Exception) -> str:
    return " ".join(str(error).partition("; reason")[0].split())[:200]


def _replay(changes: Sequence[DocumentChange], policy: PolicyConfig, warehouse: Warehouse) -> list[str]:
    end = settings.now()
    period = {"period_start": end - dt.timedelta(days=DAYS), "period_end": end}
    [observed] = warehouse.run("limits/replayable_cycles.sql", period)
    if not observed["cycles"]:
        return [f"no history to replay: nothing was observed in the last {DAYS} days"]
    lines, is_any_taken = _matches(changes, observed["newest"], period, warehouse)
    parameters = {
        **period,
        "known_at": _ALL_KNOWN,
        "replaced": Typed("ARRAY<STRING>", [change.document_id for change in changes]),
        "proposed": Typed(PROPOSAL_COLUMNS, [proposal_row(change.after) for change in changes if change.after]),
    }
    rows = warehouse.run("limits/replay_proposed.sql", parameters)
    episodes = fired(rows, policy)
    if not episodes and not is_any_taken:  # that they would not have fired is no praise then
        return [*lines, "nothing to replay: none of it matches what runs"]
    return lines + describe(episodes, observed["cycles"])


def _matches(
    changes: Sequence[DocumentChange], newest: dt.datetime, period: Mapping[str, Any], warehouse: Warehouse
) -> tuple[list[str], bool]:
    """Return what each limit takes of what was seen last, and whether any of them takes anything."""
    limits = [change.after for change in changes if change.after]
    proposed = Typed(PROPOSAL_COLUMNS, [proposal_row(limit) for limit in limits])
    taken = warehouse.run("limits/taken_workloads.sql", {"cycle": newest, "proposed": proposed})
    environments: dict[str, str] = {}
    apis: set[tuple[str, str]] = set()
    if len({row["limit_id"] for row in taken}) < len(limits):
        clusters = warehouse.run("observations/seen_clusters.sql", {"since": newest})
        environments = {row["cluster"]: row["environment"] for row in clusters}
        apis = {(row["team_id"], row["api_id"]) for row in warehouse.run("audit/known_names.sql", period)}
    return matches.described(limits, taken, matches.Surroundings(environments, apis), newest), bool(taken)


def fired(rows: Iterable[Mapping[str, Any]], policy: PolicyConfig) -> list[Episode]:
    """Fold verdicts, ordered by cycle, and return the episodes that would have been told, oldest first."""
    fold = EpisodeFold([])
    for cycle, of_cycle in groupby(rows, key=lambda row: row["cycle"]):
        fold.cycle(cycle, of_cycle, [], policy)
    began = dt.datetime.min.replace(tzinfo=dt.UTC)
    return [episode for episode in fold.episodes_since(began) if episode.fired_cycle is not None]


def describe(episodes: Sequence[Episode], cycles: int) -> list[str]:
    """Say it in words, a line for each limit and place."""
    period = f"in the last {DAYS} days ({cycles} cycles observed)"
    if not episodes:
        return [f"would not have fired {period}"]
    by_place: dict[tuple[str, str], list[Episode]] = {}
    for episode in episodes:
        by_place.setdefault((episode.subject.limit_id or "", episode.subject.name), []).append(episode)
    lines = [f"would have fired {_times(len(episodes))} {period}:"]
    for (limit_id, name), found in sorted(by_place.items()):
        first = min(episode.fired_cycle for episode in found if episode.fired_cycle)
        peak = max(found, key=lambda episode: episode.peak_measured or 0)
        lines.append(
            f"    {limit_id}: {_times(len(found))} ({name}), first {first:%Y-%m-%d %H:%M} UTC, "
            f"at most {peak.peak_measured} pods, {_ceiling(peak)} allowed"
        )
    return lines


def _ceiling(episode: Episode) -> str:
    return str(episode.memory.over_ceiling) if episode.memory.over_ceiling is not None else "fewer"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"

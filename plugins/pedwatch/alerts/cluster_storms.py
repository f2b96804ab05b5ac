"""Many clusters that are not seen, or not accepted, for one cause are one message with a table. Pure."""

import datetime as dt
from collections.abc import Sequence

from pedwatch.alerts.causes import in_words
from pedwatch.alerts.episodes import Episode
from pedwatch.alerts.messages import Message
from pedwatch.alerts.notifications import Telling
from pedwatch.alerts.wording import clock_time, counted, duration

KINDS = ("blind_cluster", "unaccepted_cluster")
_ROW_EACH, _NAMED_EACH = 15, 10
_MUTED = (
    "their APIs are unknown, not within their limits; until a cluster is back, no other message about its APIs but of "
    "what is over its limit in the part that was seen"
)
_WAIT = "they are not collected until the configuration says where they are: alerts there neither go on nor end"
_RUNBOOKS = {
    "blind_cluster": "docs/runbooks/a-cluster-is-blind.md",
    "unaccepted_cluster": "docs/runbooks/a-cluster-is-not-accepted.md",
}


def _names(episodes: Sequence[Episode], most: int = 30) -> str:
    names = sorted(episode.subject.cluster or episode.subject.name for episode in episodes)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _order(episode: Episode) -> tuple[dt.datetime, str, str]:
    return episode.started_cycle, episode.subject.environment or "", episode.subject.name


def thread(members: Sequence[Telling]) -> str:
    """Write what the thread's log says of news of members."""
    by_reason: dict[str, list[Episode]] = {}
    for telling in members:
        by_reason.setdefault(telling.reason, []).append(telling.episode)
    parts = []
    for reason, episodes in by_reason.items():
        count = counted(len(episodes), "cluster")
        if reason == "resolved":
            longest = max((e.resolved_cycle or e.last_cycle) - e.started_cycle for e in episodes)
            retired = sum(e.end_reason == "cluster_retired" for e in episodes)
            how = "seen again" if not retired else "retired" if retired == len(episodes) else "seen again or retired"
            parts.append(f"Resolved: {count} {how} after {duration(longest)}: {_names(episodes)}.")
        elif reason == "first":
            parts.append(f"{count} more: {_names(episodes)}.")
        else:
            parts.append(f"Still: {count}: {_names(episodes)}.")
    return " ".join(parts)


def message(
    kind: str,
    cause: str | None,
    open_episodes: Sequence[Episode],
    count: int,
    since: dt.datetime,
    cycle: dt.datetime,
) -> Message:
    """Write the parent of a storm of clusters; ``count``: how many it ever was about."""
    started = clock_time(since, cycle)
    clusters = counted(count, "cluster")
    is_blind = kind == "blind_cluster"
    if not open_episodes:
        were = "went dark at" if is_blind else "waited to be accepted since"
        no_more = "is dark any more" if is_blind else "waits any more"
        summary = f"none of {clusters} that {were} {started} {no_more}, after {duration(cycle - since)}"
        return Message(":large_green_circle:", "Resolved", summary)
    still = counted(len(open_episodes), "cluster")
    of = f" of {count}" if len(open_episodes) < count else ""
    what = "could not be seen whole" if is_blind else "wait to be accepted"
    notes = [_MUTED if is_blind else _WAIT, "one message for all of them; how it ends is told in this thread"]
    return Message(
        mark=":black_circle:",
        title="Many clusters blind" if is_blind else "Many clusters not accepted",
        summary=f"{still}{of} {what} since {started}: {in_words(cause)}",
        advice=f"Look for what they have in common: it is one cause. See {_RUNBOOKS[kind]}",
        notes=notes,
        lines=_which(is_blind, open_episodes),
        table=_table(is_blind, cause, sorted(open_episodes, key=_order), cycle),
    )


def _by_environment(episodes: Sequence[Episode]) -> dict[str, list[Episode]]:
    """Return them by environment, the one with the most first."""
    groups: dict[str, list[Episode]] = {}
    for episode in episodes:
        groups.setdefault(episode.subject.environment or "unknown", []).append(episode)
    return dict(sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])))


def _table(is_blind: bool, cause: str | None, episodes: Sequence[Episode], cycle: dt.datetime) -> list[list[str]]:
    """Return a row for each cluster; of many that went dark, one for each environment, as each row says the same."""
    if is_blind and len(episodes) > _ROW_EACH:
        rows = [
            [name, str(len(found)), clock_time(found[0].started_cycle, cycle)]
            for name, found in _by_environment(episodes).items()
        ]
        return [["Environment", "Clusters", "Dark since"], *rows]
    rows = [
        [
            episode.subject.cluster or episode.subject.name,
            episode.subject.environment or "unknown",
            clock_time(episode.started_cycle, cycle) if is_blind else episode.memory.detail or in_words(cause),
        ]
        for episode in episodes
    ]
    return [["Cluster", "Environment", "Dark since" if is_blind else "What is known"], *rows]


def _which(is_blind: bool, episodes: Sequence[Episode]) -> list[str]:
    """Name some of each environment where the table has no row for each."""
    if not is_blind or len(episodes) <= _ROW_EACH:
        return []
    return [f"{name}: {_names(found, _NAMED_EACH)}" for name, found in _by_environment(episodes).items()]

"""Many clusters that are not seen, or not accepted, for one cause are one message with a table. Pure."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from pedwatch.alerts.causes import in_words
from pedwatch.alerts.episodes import Episode
from pedwatch.alerts.messages import Message
from pedwatch.alerts.notifications import Telling
from pedwatch.alerts.wording import clock_time, counted, duration

KINDS = ("blind_cluster", "unaccepted_cluster")
_ROW_EACH, _NAMED_EACH = 15, 10
_MUTED = (
    "what their APIs run is not known, which does not mean that they are within their limits; until a cluster is back, "
    "only those of its APIs that are over in the part that was seen are told of"
)
_WAIT = "they are not collected until the configuration says where they are: alerts there neither go on nor end"
_WORDS = {
    "blind_cluster": ("seen again", "dark"),
    "unaccepted_cluster": ("accepted, where they were, or gone", "waiting to be accepted"),
}
_RUNBOOKS = {
    "blind_cluster": "docs/runbooks/a-cluster-is-blind.md",
    "unaccepted_cluster": "docs/runbooks/a-cluster-is-not-accepted.md",
}


def _names(episodes: Sequence[Episode], most: int = 30) -> str:
    names = sorted(episode.subject.cluster or episode.subject.name for episode in episodes)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _order(episode: Episode) -> tuple[dt.datetime, str, str]:
    return episode.started_cycle, episode.subject.environment or "", episode.subject.name


@dataclass(frozen=True)
class Counts:
    """How many clusters a storm was ever about, and how many of them were retired by name."""

    members: int
    retired: int


def line(telling: Telling) -> str:
    """Write what is new of one cluster."""
    episode = telling.episode
    name = episode.subject.cluster or episode.subject.name
    back, still = _WORDS[episode.subject.kind]
    if telling.reason != "resolved":
        return f"{name} is {still}"
    is_retired = episode.end_reason == "cluster_retired"
    lasted = duration((episode.resolved_cycle or episode.last_cycle) - episode.started_cycle)
    return f"{name} {'was retired by name' if is_retired else f'is {back}'} after {lasted}"


def thread(
    kind: str,
    news: Sequence[Telling],
    standing: Sequence[Episode],
    counts: Counts,
    since: dt.datetime,
    cycle: dt.datetime,
) -> str:
    """Write what the thread's log says; without news of any, that some stay as they are.

    Args:
        kind: of their episodes.
        news: those that there is something to say of.
        standing: those that go on.
        counts: of all.
        since: when it began.
        cycle: the one that is told.
    """
    back, still = _WORDS[kind]
    clusters, lasted = counted(counts.members, "cluster"), duration(cycle - since)
    if not standing:
        if counts.retired == counts.members:
            return f"Resolved: all {clusters} were retired by name after {lasted}."
        retired = f", or retired by name ({counts.retired})" if counts.retired else ""
        return f"Resolved: all {clusters} are {back}{retired} after {lasted}."
    joined = [telling.episode for telling in news if telling.reason == "first"]
    others = [telling.episode for telling in news if telling.reason not in ("first", "resolved")]
    returned = counts.members - len(standing)
    parts = [f"{counted(len(joined), 'cluster')} more: {_names(joined)}."] if joined else []
    if returned:
        gone = ", or retired by name" if counts.retired else ""
        parts.append(
            f"{returned} of {clusters} {'is' if returned == 1 else 'are'} {back}{gone}; "
            f"still {still} after {lasted}: {_names(standing)}."
        )
    elif others or not joined:
        parts.append(f"Still {still} after {lasted}: {_names(others or standing)}.")
    return " ".join(parts)


def message(
    kind: str,
    cause: str | None,
    open_episodes: Sequence[Episode],
    counts: Counts,
    since: dt.datetime,
    cycle: dt.datetime,
) -> Message:
    """Write the parent of a storm of clusters."""
    started = clock_time(since, cycle)
    clusters = counted(counts.members, "cluster")
    is_blind = kind == "blind_cluster"
    if not open_episodes:
        were = "went dark at" if is_blind else "waited to be accepted since"
        no_more = "is dark any more" if is_blind else "waits any more"
        summary = f"none of {clusters} that {were} {started} {no_more}, after {duration(cycle - since)}"
        return Message(":large_green_circle:", "Resolved", summary)
    still = counted(len(open_episodes), "cluster")
    of = f" of {counts.members}" if len(open_episodes) < counts.members else ""
    what = "could not be seen whole" if is_blind else "wait to be accepted"
    notes = [
        _MUTED if is_blind else _WAIT,
        "one message for all of them; that the last is back is told in this thread",
    ]
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

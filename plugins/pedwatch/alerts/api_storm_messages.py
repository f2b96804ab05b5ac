"""What is said of many APIs of a team that went over their limits in one cycle: a list, and how each ends. Pure."""

import datetime as dt
from collections.abc import Sequence

from pedwatch.alerts import guidance
from pedwatch.alerts.episodes import Episode
from pedwatch.alerts.messages import Message
from pedwatch.alerts.notifications import Telling
from pedwatch.alerts.wording import api_of, clock_time, counted, duration, peak_of, place

_THREAD_LINES = 30
_ENDED = {
    "limit_raised": "the limit was raised",
    "replicas_fell": "the replicas fell back",
    "workload_gone": "the workload is gone",
    "scope_changed": "the limit counts differently now",
    "environment_changed": "its cluster is in another environment now",
    "cluster_retired": "its cluster was retired",
    "kind_changed": "its pods are those of another kind of workload now",
    "limit_rekeyed": "its limit has another key",
    "api_changed": "its labels name another API now, which judges it",
}
_CHANGED = {
    "worse": "is critical now",
    "reminder": "is still over",
    "flapping": "goes on and off its limit",
    "steady": "no longer goes on and off, but is over",
    "frozen": "is not judged any more: its limit or its labels are gone, or nothing counts it",
    "judged_again": "is judged again, and over",
    "acknowledged": "is acknowledged",
    "exempted": "is exempt for now",
    "exemption_ending": "has an exemption that ends soon",
    "exemption_ended": "is over, and its exemption has ended",
    "exemption_exceeded": "is over, more than its exemption allows",
}


def line(episode: Episode) -> str:
    """Write what there is of one API."""
    severity = ", critical" if episode.severity == "critical" else ""
    least = "at least " if episode.memory.is_lower_bound else ""
    return f"{api_of(episode)}: {least}{episode.measured} of {episode.max_replicas} in {place(episode)}{severity}"


def news(telling: Telling) -> str:
    """Write what is new of one API."""
    episode = telling.episode
    if telling.reason != "resolved":
        return f"{line(episode)} {_CHANGED.get(telling.reason, telling.reason)}"
    ended = episode.resolved_cycle or episode.last_cycle
    cause = _ENDED.get(episode.end_reason or "", "it ended")
    return (
        f"{api_of(episode)} in {place(episode)} after {duration(ended - episode.over_since)}, "
        f"peak {peak_of(episode)}: {cause}"
    )


def _thread(members: Sequence[Telling]) -> str:
    parts = []
    ended = [news(telling) for telling in members if telling.reason == "resolved"]
    others = [news(telling) for telling in members if telling.reason not in ("resolved", "first")]
    for title, lines in (("Resolved", ended), ("Changed", others)):
        if lines:
            more = f"; +{len(lines) - _THREAD_LINES} more" if len(lines) > _THREAD_LINES else ""
            parts.append(f"{title}: {'; '.join(lines[:_THREAD_LINES])}{more}.")
    return " ".join(parts)


def _excess(episode: Episode) -> tuple[bool, float, str]:
    over = (episode.runs or 0) - (episode.max_replicas or 0)
    return (episode.severity != "critical", -over, api_of(episode))


def message(
    team_id: str | None,
    members: Sequence[Telling],
    open_episodes: Sequence[Episode],
    count: int,
    since: dt.datetime,
    cycle: dt.datetime,
    contact: str,
) -> Message:
    """Write the parent of a team's storm.

    Args:
        team_id: the team.
        members: those that have news.
        open_episodes: those that go on.
        count: how many it was ever about.
        since: when it began.
        cycle: the one that is told.
        contact: whom to ask, in words.
    """
    team = team_id or "unknown team"
    started = clock_time(since, cycle)
    if not open_episodes:
        summary = f"all {counted(count, 'API')} of {team} that went over at {started} are within their limits or gone"
        return Message(":large_green_circle:", "Resolved", summary, thread=_thread(members), facts=[("Team", team)])
    critical = sum(episode.severity == "critical" for episode in open_episodes)
    if len(open_episodes) == count:
        summary = f"{counted(count, 'API')} of {team} went over their limits in one cycle, {started}"
    else:
        summary = f"{len(open_episodes)} of {counted(count, 'API')} of {team} that went over at {started} still are"
    ordered = sorted(open_episodes, key=_excess)
    return Message(
        mark=":red_circle:" if critical else ":large_orange_circle:",
        title="Many over limit",
        summary=summary,
        facts=[("Team", team), ("Over now", str(len(open_episodes))), ("Critical", str(critical)), ("Since", started)],
        advice=guidance.when_many_over(contact),
        notes=["one message for all of them; how they end is told in this thread", guidance.WHAT_IT_IS],
        thread=_thread(members),
        mention=next((telling.mention for telling in members if telling.reason == "first"), None),
        lines=[line(episode) for episode in ordered],
    )


def left_in_shadow(team_id: str | None, count: int, since: dt.datetime, cycle: dt.datetime) -> Message:
    """Write what the outbox keeps of a storm that nobody is told of any more."""
    summary = (
        f"{counted(count, 'API')} of {team_id or 'unknown team'} that went over at {clock_time(since, cycle)} are told "
        "of no more: the team is in shadow, and the channel that knew of them is not in the configuration any more"
    )
    return Message(":white_circle:", "Not told any more", summary)

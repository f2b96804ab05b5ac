"""Many new episodes of one team in one cycle are one message, with a list; its thread tells how they end. Pure.

The members get no parent of their own: their outbox rows are ``grouped`` and name the storm's row that tells them.
"""

import datetime as dt
import json
import uuid
from collections.abc import Mapping

from pedwatch.alerts.episodes import NAMESPACE, Episode
from pedwatch.alerts.messages import Message
from pedwatch.alerts.notifications import Notification, Telling, Told, notification_id, notification_of
from pedwatch.alerts.wording import api_of, clock_time, counted, duration, place, pods

Groups = dict[str, list[Telling]]
_THREAD_LINES = 30
_ENDED = {
    "limit_raised": "the limit was raised",
    "replicas_fell": "the replicas fell back",
    "workload_gone": "the workload is gone",
    "scope_changed": "the limit counts differently now",
    "environment_changed": "its cluster is in another environment now",
}
_CHANGED = {
    "worse": "is critical now",
    "reminder": "is still over",
    "flapping": "goes on and off its limit",
    "steady": "no longer goes on and off, but is over",
    "frozen": "is not judged any more: its limit or its labels are gone",
    "judged_again": "is judged again, and over",
    "exempted": "is exempt for now",
    "exemption_ending": "has an exemption that ends soon",
    "exemption_ended": "is over, and its exemption has ended",
    "exemption_exceeded": "is over, more than its exemption allows",
}


def storm_id(team_id: str | None, channel: str, cycle: dt.datetime) -> str:
    """Return the id a storm has in the outbox, where episodes have theirs."""
    return str(uuid.uuid5(NAMESPACE, f"storm|{team_id}|{channel}|{cycle.astimezone(dt.UTC).isoformat()}"))


def group(tellings: list[Telling], storm_above: int, cycle: dt.datetime) -> tuple[Groups, list[Telling]]:
    """Separate what a storm tells (new ones by team, and news of members of older storms) from what stands alone."""
    fresh: dict[tuple[str | None, str, str], list[Telling]] = {}
    grouped: Groups = {}
    alone = []
    for telling in tellings:
        storm = telling.state.get("storm")
        if storm and telling.destination != "suppressed":
            grouped.setdefault(storm, []).append(telling)
        elif telling.reason == "first" and telling.episode.subject.kind == "over_limit":
            key = (telling.episode.subject.team_id, telling.channel, telling.destination)
            fresh.setdefault(key, []).append(telling)
        else:
            alone.append(telling)
    for (team_id, channel, destination), members in fresh.items():
        if len(members) > storm_above and destination != "suppressed":
            grouped[storm_id(team_id, channel, cycle)] = members
        else:
            alone.extend(members)
    return grouped, alone


def _excess(episode: Episode) -> tuple[bool, float, str]:
    over = (episode.measured or 0) - (episode.max_replicas or 0)
    return (episode.severity != "critical", -over, api_of(episode))


def _line(episode: Episode) -> str:
    severity = ", critical" if episode.severity == "critical" else ""
    least = "at least " if episode.memory.is_lower_bound else ""
    return f"{api_of(episode)}: {least}{episode.measured} of {episode.max_replicas} in {place(episode)}{severity}"


def _news(telling: Telling) -> str:
    episode = telling.episode
    if telling.reason != "resolved":
        return f"{_line(episode)} {_CHANGED.get(telling.reason, telling.reason)}"
    ended = episode.resolved_cycle or episode.last_cycle
    cause = _ENDED.get(episode.end_reason or "", "it ended")
    return (
        f"{api_of(episode)} in {place(episode)} after {duration(ended - episode.over_since)}, "
        f"peak {pods(episode.peak_measured)}: {cause}"
    )


def _thread(members: list[Telling]) -> str:
    parts = []
    ended = [_news(telling) for telling in members if telling.reason == "resolved"]
    others = [_news(telling) for telling in members if telling.reason not in ("resolved", "first")]
    for title, lines in (("Resolved", ended), ("Changed", others)):
        if lines:
            more = f"; +{len(lines) - _THREAD_LINES} more" if len(lines) > _THREAD_LINES else ""
            parts.append(f"{title}: {'; '.join(lines[:_THREAD_LINES])}{more}.")
    return " ".join(parts)


def _message(
    members: list[Telling], open_episodes: list[Episode], count: int, since: dt.datetime, cycle: dt.datetime
) -> Message:
    team = members[0].episode.subject.team_id or "unknown team"
    started = clock_time(since, cycle)
    if not open_episodes:
        summary = f"all {counted(count, 'API')} of {team} that went over at {started} are within their limits or gone"
        thread = _thread(members)
        return Message(":large_green_circle:", "Resolved", summary, thread=thread, facts=[("Team", team)])
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
        notes=["one message for all of them; how they end is told in this thread"],
        thread=_thread(members),
        mention=members[0].mention if members[0].reason == "first" else None,
        lines=[_line(episode) for episode in ordered],
    )


def rows(
    grouped: Groups,
    told: Mapping[str, Told],
    episodes: Mapping[str, Episode],
    cycle: dt.datetime,
    run_url: str | None = None,
) -> list[Notification]:
    """Return the rows of storms and of their members."""
    written = []
    for identifier, members in grouped.items():
        before, first = told.get(identifier), members[0]
        state = before.state if before else {}
        names = [telling.episode.episode_id for telling in members]
        ended = {telling.episode.episode_id for telling in members if telling.reason == "resolved"}
        going_on = [name for name in dict.fromkeys([*state.get("open", []), *names]) if name not in ended]
        since = dt.datetime.fromisoformat(state["since"]) if state else cycle
        count = state.get("members", len(members))
        sequence = before.sequence + 1 if before else 1
        told_by = notification_id(identifier, sequence, first.channel)
        new_state = {
            "phase": "storm" if going_on else "resolved",
            "severity": None,
            "open": going_on,
            "members": count,
            "since": since.isoformat(),
        }
        message = _message(members, [episodes[name] for name in going_on if name in episodes], count, since, cycle)
        if run_url:
            message.links.append(("Airflow run", run_url))
        storm = Notification(
            notification_id=told_by,
            episode_id=identifier,
            sequence=sequence,
            team_id=first.episode.subject.team_id,
            cycle=cycle,
            reason="storm" if going_on else "resolved",
            destination=first.destination,
            channel=first.channel,
            told_state=json.dumps(new_state, sort_keys=True),
            message=message,
            status="unsent",
        )
        written.append(storm)
        for telling in members:
            line = Message(message.mark, message.title, _news(telling) if before else _line(telling.episode))
            written.append(notification_of(telling, cycle, line, storm=identifier, told_by=told_by))
    return written

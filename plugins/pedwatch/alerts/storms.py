"""Many new episodes in one cycle are one message; its thread tells how they end. Pure.

Of a team's APIs, with a list; of clusters that are not seen for one cause, with a table, which others that follow for
the same cause join (docs/decisions/0051). The members get no parent of their own: their outbox rows are ``grouped`` and
name the storm's row that tells them.
"""

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from dataclasses import replace

from pedwatch.alerts import cluster_storms, guidance
from pedwatch.alerts.acknowledgements import Acknowledgement, fact_of, in_force, people_of, thread_of
from pedwatch.alerts.episodes import NAMESPACE, Episode
from pedwatch.alerts.messages import Message
from pedwatch.alerts.notifications import Notification, Telling, Told, notification_id, notification_of
from pedwatch.alerts.routing import is_configured
from pedwatch.alerts.surroundings import Surroundings
from pedwatch.alerts.wording import api_of, clock_time, counted, duration, peak_of, place
from pedwatch.config import Slack

Groups = dict[str, list[Telling]]
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


def storm_id(what: str | None, channel: str, cycle: dt.datetime) -> str:
    """Return the id a storm has in the outbox, where episodes have theirs; ``what``: the team, or kind and cause."""
    return str(uuid.uuid5(NAMESPACE, f"storm|{what}|{channel}|{cycle.astimezone(dt.UTC).isoformat()}"))


def group(
    tellings: list[Telling], told: Mapping[str, Told], slack: Slack, cycle: dt.datetime
) -> tuple[Groups, list[Telling]]:
    """Separate what a storm tells from what stands alone.

    A storm tells new APIs of a team, new clusters with one cause, and news of members of older storms.
    """
    fresh: dict[tuple[str, str | None, str, str], list[Telling]] = {}
    grouped: Groups = {}
    for telling in tellings:
        storm, subject = telling.state.get("storm"), telling.episode.subject
        if telling.destination == "suppressed":
            continue
        if storm:
            grouped.setdefault(storm, []).append(telling)
        elif telling.reason == "first" and subject.kind in ("over_limit", *cluster_storms.KINDS):
            what = subject.team_id if subject.kind == "over_limit" else telling.episode.offender
            fresh.setdefault((subject.kind, what, telling.channel, telling.destination), []).append(telling)
    for (kind, what, channel, _), members in fresh.items():
        is_apis = kind == "over_limit"
        standing = None if is_apis else _standing(told, kind, what, channel, slack)
        if standing:
            grouped.setdefault(standing, []).extend(members)
        elif len(members) > (slack.storm_above if is_apis else slack.clusters_above):
            grouped[storm_id(what if is_apis else f"{kind}|{what}", channel, cycle)] = members
    together = {telling.episode.episode_id for members in grouped.values() for telling in members}
    return grouped, [telling for telling in tellings if telling.episode.episode_id not in together]


def _standing(told: Mapping[str, Told], kind: str, cause: str | None, channel: str, slack: Slack) -> str | None:
    """Return the storm that goes on for the same cause: also one whose channel is gone, since it moves."""
    found = [
        identifier
        for identifier, each in told.items()
        if each.phase == "storm" and each.state.get("kind") == kind and each.state.get("cause") == cause
        if each.channel == channel or not is_configured(each.channel, slack)
    ]
    return min(found, default=None)


def _excess(episode: Episode) -> tuple[bool, float, str]:
    over = (episode.runs or 0) - (episode.max_replicas or 0)
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
        f"peak {peak_of(episode)}: {cause}"
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
    members: list[Telling],
    open_episodes: list[Episode],
    count: int,
    since: dt.datetime,
    cycle: dt.datetime,
    contact: str,
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
        advice=guidance.when_many_over(contact),
        notes=["one message for all of them; how they end is told in this thread", guidance.WHAT_IT_IS],
        thread=_thread(members),
        mention=next((telling.mention for telling in members if telling.reason == "first"), None),
        lines=[_line(episode) for episode in ordered],
    )


def rows(
    grouped: Groups,
    told: Mapping[str, Told],
    episodes: Mapping[str, Episode],
    cycle: dt.datetime,
    slack: Slack,
    around: Surroundings,
) -> list[Notification]:
    """Return the rows of storms and of their members."""
    written, links = [], around.links
    for identifier, members in grouped.items():
        before, first = told.get(identifier), members[0]
        state = before.state if before else {}
        subject = first.episode.subject
        kind, cause = state.get("kind", subject.kind), state.get("cause", first.episode.offender)
        names = [telling.episode.episode_id for telling in members]
        ended = {telling.episode.episode_id for telling in members if telling.reason == "resolved"}
        going_on = [name for name in dict.fromkeys([*state.get("open", []), *names]) if name not in ended]
        began = min(telling.episode.started_cycle for telling in members)
        new_since = began if kind in cluster_storms.KINDS else cycle
        since = dt.datetime.fromisoformat(state["since"]) if state else new_since
        joined = [t for t in members if t.reason == "first" and t.episode.episode_id not in state.get("open", [])]
        count = state.get("members", 0) + len(joined)
        sequence = before.sequence + 1 if before else 1
        told_by = notification_id(identifier, sequence, first.channel)
        new_state = {
            "phase": "storm" if going_on else "resolved",
            "severity": None,
            "kind": kind,
            "cause": cause,
            "open": going_on,
            "members": count,
            "since": since.isoformat(),
        }
        standing = [episodes[name] for name in going_on if name in episodes]
        if kind in cluster_storms.KINDS:
            message = cluster_storms.message(kind, cause, standing, count, since, cycle)
            news = [telling for telling in members if telling.reason != "first" or telling in joined]
            message = replace(message, thread=cluster_storms.thread(news) if before else "")
        else:
            message = _message(members, standing, count, since, cycle, slack.contact)
            message = replace(message, links=[*message.links, *links.for_help])
        if going_on:
            holding = in_force(around.acknowledged.get(identifier, ()), None)
            message = _with_acknowledgement(message, members, holding, cycle)
        if links.run:
            message.links.append(("Airflow run", links.run))
        storm = Notification(
            notification_id=told_by,
            episode_id=identifier,
            sequence=sequence,
            team_id=subject.team_id,
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
            words = _news(telling) if before and telling.reason != "first" else _line(telling.episode)
            if kind in cluster_storms.KINDS:
                words = cluster_storms.thread([telling]).rstrip(".")
            line = Message(message.mark, message.title, words)
            written.append(notification_of(telling, cycle, line, storm=identifier, told_by=told_by))
    return written


def _with_acknowledgement(
    message: Message, members: list[Telling], holding: Acknowledgement | None, cycle: dt.datetime
) -> Message:
    """Say who takes care of all of them; that alone is the news when it is the only one."""
    fact = fact_of(holding, cycle)
    if holding is None or fact is None:
        return message
    is_news = all(telling.reason == "acknowledged" for telling in members)
    return replace(
        message,
        facts=[*message.facts, ("Acknowledged by", fact)],
        thread=thread_of(holding) if is_news else message.thread,
        people=people_of(holding),
    )

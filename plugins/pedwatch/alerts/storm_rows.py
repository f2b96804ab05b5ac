"""The outbox rows of storms and of their members. Pure."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pedwatch.alerts import api_storm_messages, cluster_storm_messages
from pedwatch.alerts.acknowledgements import fact_of, in_force, people_of, thread_of
from pedwatch.alerts.episodes import Episode
from pedwatch.alerts.messages import Message
from pedwatch.alerts.notifications import SOME_BACK, Notification, Telling, Told, notification_id, notification_of
from pedwatch.alerts.routing import is_configured, route_of_team
from pedwatch.alerts.storms import STORM, Groups, Storm, left
from pedwatch.alerts.surroundings import Surroundings
from pedwatch.config import Destination, Slack

SHADOWED = "shadowed"
"""Reason, and phase, of a storm that nobody is told of any more."""


def rows(
    grouped: Groups,
    told: Mapping[str, Told],
    episodes: Mapping[str, Episode],
    cycle: dt.datetime,
    slack: Slack,
    around: Surroundings,
    alone: Sequence[Telling] = (),
) -> list[Notification]:
    """Return the rows of storms and of their members.

    Args:
        grouped: by storm, its members that have news; none where the storm alone has.
        told: what was last told of episodes and storms.
        episodes: by id, all that are open.
        cycle: the one that is told.
        slack: the routing.
        around: what else there is to say.
        alone: what is told beside the storms.
    """
    written = []
    for identifier, members in grouped.items():
        before = told.get(identifier)
        known = Storm.from_told(before) if before else Storm.begun(members, cycle)
        gone = left(identifier, told, alone, episodes) if before else ()
        storm = known.after(members, {*gone} - {telling.episode.episode_id for telling in members})
        reason = _reason(known, storm, members, before is None)
        destination, channel = _place(storm, members, before, slack)
        if not members and destination == "suppressed":
            reason = SHADOWED
        message = _message(reason, known, storm, members, episodes, cycle, slack, before is None)
        if storm.is_of_clusters:
            storm = _heard(storm, reason, cycle)
        message = _finished(message, identifier, storm, members, around, cycle)
        sequence = before.sequence + 1 if before else 1
        told_by = notification_id(identifier, sequence, channel)
        phase = STORM if reason in (STORM, SOME_BACK) else reason
        written.append(
            Notification(
                notification_id=told_by,
                episode_id=identifier,
                sequence=sequence,
                team_id=storm.team_id,
                cycle=cycle,
                reason=reason,
                destination=destination,
                channel=channel,
                told_state=json.dumps(storm.to_state(phase), sort_keys=True),
                message=message,
                status="suppressed" if destination == "suppressed" else "unsent",
            )
        )
        for telling in members:
            line = Message(message.mark, message.title, _line(telling, before is None))
            written.append(notification_of(telling, cycle, line, storm=identifier, told_by=told_by))
    return written


def _reason(known: Storm, storm: Storm, members: Sequence[Telling], is_new: bool) -> str:
    """Return why it is told: clusters that return while others stay dark are shown by the parent alone."""
    if not storm.open:
        return "resolved"
    is_return = bool(members) and all(telling.reason == "resolved" for telling in members)
    return SOME_BACK if known.is_of_clusters and is_return and not is_new else STORM


def _heard(storm: Storm, reason: str, cycle: dt.datetime) -> Storm:
    """Return what the thread of a storm of clusters has heard once this is told."""
    if reason == SOME_BACK:
        return replace(storm, returned_at=cycle)
    return replace(storm, returned_at=None, is_rest_told=storm.is_rest_told or storm.returned_at is not None)


def _place(storm: Storm, members: Sequence[Telling], before: Told | None, slack: Slack) -> tuple[Destination, str]:
    """Return where it is told: where its members are, and without any where it was, if that is still there."""
    if members:
        return members[0].destination, members[0].channel
    assert before is not None, "what is new has members"
    if is_configured(before.channel, slack):
        return before.destination, before.channel
    return ("team", slack.platform_channel) if storm.is_of_clusters else route_of_team(storm.team_id, slack)


def _message(
    reason: str,
    known: Storm,
    storm: Storm,
    members: Sequence[Telling],
    episodes: Mapping[str, Episode],
    cycle: dt.datetime,
    slack: Slack,
    is_new: bool,
) -> Message:
    if reason == SHADOWED:
        return api_storm_messages.left_in_shadow(storm.team_id, storm.members, storm.since, cycle)
    standing = [episodes[name] for name in storm.open if name in episodes]
    if not storm.is_of_clusters:
        return api_storm_messages.message(
            storm.team_id, members, standing, storm.members, storm.since, cycle, slack.contact
        )
    counts = cluster_storm_messages.Counts(storm.members, storm.retired)
    message = cluster_storm_messages.message(storm.kind, storm.cause, standing, counts, storm.since, cycle)
    if is_new:
        return message
    joined = known.joined_by(members)
    news = [telling for telling in members if telling.reason != "first" or telling in joined]
    thread = cluster_storm_messages.thread(storm.kind, news, standing, counts, storm.since, cycle)
    return replace(message, thread=thread)


def _line(telling: Telling, is_new: bool) -> str:
    """Write the member's own row, which nobody is sent."""
    if telling.episode.subject.kind in cluster_storm_messages.KINDS:
        return cluster_storm_messages.line(telling)
    return (
        api_storm_messages.line(telling.episode)
        if is_new or telling.reason == "first"
        else api_storm_messages.news(telling)
    )


def _finished(
    message: Message,
    identifier: str,
    storm: Storm,
    members: Sequence[Telling],
    around: Surroundings,
    cycle: dt.datetime,
) -> Message:
    """Add who takes care of all of them, which is the news where that alone is told, and the links."""
    holding = in_force(around.acknowledged.get(identifier, ()), None) if storm.open else None
    if fact := fact_of(holding, cycle):
        assert holding is not None, "it has a fact"
        is_news = bool(members) and all(telling.reason == "acknowledged" for telling in members)
        message = replace(
            message,
            facts=[*message.facts, ("Acknowledged by", fact)],
            thread=thread_of(holding) if is_news else message.thread,
            people=people_of(holding),
        )
    help_links = [] if storm.is_of_clusters else around.links.for_help
    run = [("Airflow run", around.links.run)] if around.links.run else []
    return replace(message, links=[*message.links, *around.links.now, *help_links, *run])

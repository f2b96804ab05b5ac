"""What a team hears of its limits' documents: that one is not valid, and that it is again. Pure; times in UTC.

Told by the sync that finds it, in the team's channel: until it is mended the version before it stays in force, and who
raised the limit believes that it is raised.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pedwatch.alerts import guidance
from pedwatch.alerts.episodes import NAMESPACE
from pedwatch.alerts.messages import Message
from pedwatch.alerts.notifications import Notification, Told, thread_row
from pedwatch.alerts.routing import is_configured, route_of_team, why_told_here
from pedwatch.alerts.wording import name
from pedwatch.config import Destination, Slack
from pedwatch.cycles import SHORTEST, floor_to_cycle

REJECTED, ACCEPTED = "limit_rejected", "limit_accepted"
"""Reasons of the outbox rows."""


@dataclass(frozen=True)
class Rejected:
    """Why a document is no limit, and whether an earlier version stays in force meanwhile."""

    reason: str
    has_previous_limit: bool


def rows(
    documents: Mapping[str, str | None],
    standing: Mapping[str, Rejected],
    told: Mapping[str, Told],
    slack: Slack,
    read_at: dt.datetime,
    period: dt.timedelta,
    links: list[tuple[str, str]],
) -> list[Notification]:
    """Return what has to be told of documents.

    Args:
        documents: those whose standing has changed, and their teams.
        standing: what is rejected now.
        told: by document, the newest word about it.
        slack: says where its team is told.
        read_at: Firestore's moment of the sync.
        period: the length of cycles.
        links: where the team turns to.
    """
    found = []
    for document_id, team_id in sorted(documents.items()):
        latest, now = told.get(document_id), standing.get(document_id)
        before = latest if latest is not None and latest.phase == "rejected" else None
        if now is None and before is None:
            continue
        if now is not None and before is not None and before.state.get("reason") == now.reason:
            continue
        destination, channel = route_of_team(team_id, slack)
        if before is not None and (before.destination == "suppressed" or is_configured(before.channel, slack)):
            destination, channel = before.destination, before.channel
        if now is None:
            message = _accepted(document_id)
        else:
            message = _rejected(document_id, team_id, now, before is not None, links, slack)
        found.append(_row(document_id, team_id, now, before, channel, destination, read_at, period, message))
    return found


def rows_elsewhere(
    told: Iterable[Told], slack: Slack, cycle: dt.datetime, links: list[tuple[str, str]]
) -> list[Notification]:
    """Return what has to be told of documents again, since the channel of now has heard nothing of it.

    Their team went live, or the channel that was told is in the configuration no more.

    Args:
        told: the newest words about documents that are rejected, among others.
        slack: says where a team is told.
        cycle: the one that is told.
        links: where the team turns to.
    """
    found = []
    for before in told:
        if before.phase != "rejected":
            continue
        team_id, document_id = before.state["team_id"], before.state["document_id"]
        destination, channel = route_of_team(team_id, slack)
        has_heard = before.destination != "suppressed" and is_configured(before.channel, slack)
        if destination == "suppressed" or has_heard:
            continue
        rejection = Rejected(before.state["reason"], before.state["has_previous_limit"])
        message = _rejected(document_id, team_id, rejection, False, links, slack)
        found.append(_row(document_id, team_id, rejection, before, channel, destination, cycle, SHORTEST, message))
    return found


def _row(
    document_id: str,
    team_id: str | None,
    rejection: Rejected | None,
    before: Told | None,
    channel: str,
    destination: Destination,
    read_at: dt.datetime,
    period: dt.timedelta,
    message: Message,
) -> Notification:
    named = f"rejected limit|{document_id}|{read_at.astimezone(dt.UTC).isoformat()}"
    thread = before.episode_id if before else str(uuid.uuid5(NAMESPACE, named))
    sequence = before.sequence + 1 if before else 1
    state = {
        "phase": "rejected" if rejection else "resolved",
        "severity": None,
        "document_id": document_id,
        "team_id": team_id,
        "reason": rejection.reason if rejection else None,
        "has_previous_limit": rejection.has_previous_limit if rejection else None,
    }
    reason, cycle = REJECTED if rejection else ACCEPTED, floor_to_cycle(read_at, period)
    return thread_row(thread, sequence, reason, state, message, channel, cycle, team_id, destination)


def _rejected(
    document_id: str, team_id: str | None, now: Rejected, is_again: bool, links: list[tuple[str, str]], slack: Slack
) -> Message:
    before = "the version before it stays in force"
    means = before if now.has_previous_limit else "its API has no limit"
    return Message(
        mark=":warning:",
        title="Limit not valid",
        summary=f"the document of PED limit {name(document_id)} is not valid: {now.reason}",
        advice=f"Correct it and publish it again, or ask {slack.contact}. Until then {means}",
        notes=[f"team {name(team_id or 'unknown')}{why_told_here(team_id, slack)}", guidance.WHAT_IT_IS],
        thread=f"Still not valid, for another reason: {now.reason}" if is_again else "",
        links=links,
        labels={"alertname": "PedLimitRejected", "limit_id": document_id},
    )


def _accepted(document_id: str) -> Message:
    summary = f"the document of PED limit {name(document_id)} is valid again, or gone"
    labels = {"alertname": "PedLimitRejected", "limit_id": document_id}
    return Message(":large_green_circle:", "Resolved", summary, thread=f"Resolved: {summary}.", labels=labels)

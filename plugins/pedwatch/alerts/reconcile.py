"""Compares each episode's true state with the state last told in its channel; a difference is a message (DESIGN D8).

Level-triggered: gates, outages and shadow mode delay a message, they never consume it. Pure.
"""

import datetime as dt
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pedwatch.alerts.episodes import NAMESPACE, Episode
from pedwatch.alerts.messages import Message, compose
from pedwatch.config import Destination, Slack

_SEVERITY_RANK = {None: 0, "warning": 1, "critical": 2}


@dataclass(frozen=True)
class Told:
    """What was last told of an episode, and where."""

    episode_id: str
    sequence: int
    phase: str
    severity: str | None
    channel: str
    destination: Destination


@dataclass(frozen=True)
class Notification:
    """A row of the outbox to be written."""

    notification_id: str
    episode_id: str
    sequence: int
    team_id: str | None
    cycle: dt.datetime
    reason: str
    destination: Destination
    channel: str
    told_state: str
    message: Message
    status: str


def told_from_row(row: Mapping[str, Any]) -> Told:
    """Read the newest outbox row of an episode."""
    state = json.loads(row["told_state"])
    return Told(
        row["episode_id"], row["sequence"], state["phase"], state["severity"], row["channel"], row["destination"]
    )


def phase_of(episode: Episode) -> str | None:
    """Return what there is to tell: None, firing, flapping, exempted or resolved."""
    if episode.fired_cycle is None:
        return None
    if episode.state == "resolved":
        return "resolved"
    if episode.is_exempted:
        return "exempted"
    return "flapping" if episode.memory.is_flapping else "firing"


def reason_to_tell(episode: Episode, told: Told | None) -> str | None:
    """Return why the channel has to hear of the episode now; None when it already tells the truth."""
    phase = phase_of(episode)
    if phase is None:
        return None
    if told is None:
        return "first" if phase in ("firing", "flapping") else None
    if phase != told.phase:
        reasons = {"resolved": "resolved", "exempted": "exempted", "flapping": "flapping"}
        return reasons.get(phase, "exemption_ended" if told.phase == "exempted" else "worse")
    if phase == "firing" and _SEVERITY_RANK[episode.severity] > _SEVERITY_RANK[told.severity]:
        return "worse"
    return None


def route(episode: Episode, slack: Slack) -> tuple[Destination, str, str | None]:
    """Return destination, channel and mention of a new episode; what has no known team is the platform's (D12)."""
    team = slack.teams.get(episode.subject.team_id or "")
    if episode.subject.kind != "over_limit" or team is None:
        return "team", slack.platform_channel, None
    if team.mode == "canary":
        assert slack.canary_channel is not None, "the configuration requires it for canary teams"
        return "canary", slack.canary_channel, None
    return team.mode, team.channel, team.mention if team.mode == "team" else None


def _notification(
    episode: Episode, told: Told | None, reason: str, cycle: dt.datetime, slack: Slack, limits_as_of: dt.datetime | None
) -> Notification:
    destination, channel, mention = route(episode, slack)
    if told is not None:  # an episode keeps its channel until it is resolved
        destination, channel = told.destination, told.channel
    sequence = told.sequence + 1 if told else 1
    state = {"phase": phase_of(episode), "severity": episode.severity}
    return Notification(
        notification_id=str(uuid.uuid5(NAMESPACE, f"{episode.episode_id}|{sequence}|{channel}")),
        episode_id=episode.episode_id,
        sequence=sequence,
        team_id=episode.subject.team_id,
        cycle=cycle,
        reason=reason,
        destination=destination,
        channel=channel,
        told_state=json.dumps(state, sort_keys=True),
        message=compose(episode, reason, limits_as_of, mention),
        status="suppressed" if destination == "suppressed" else "unsent",
    )


def reconcile(
    episodes: Iterable[Episode],
    told: Mapping[str, Told],
    cycle: dt.datetime,
    slack: Slack,
    limits_as_of: dt.datetime | None = None,
) -> list[Notification]:
    """Return the outbox rows that make every channel tell the truth as of ``cycle``.

    A blind cluster's own alert mutes new messages about its APIs: their state is not known. Told ones still resolve.
    """
    episodes = list(episodes)
    blind = {
        e.subject.cluster
        for e in episodes
        if e.subject.kind == "blind_cluster" and phase_of(e) in ("firing", "flapping")
    }
    rows = []
    for episode in episodes:
        reason = reason_to_tell(episode, told.get(episode.episode_id))
        is_muted = episode.subject.kind == "over_limit" and episode.subject.cluster in blind and reason == "first"
        if reason is not None and not is_muted:
            rows.append(_notification(episode, told.get(episode.episode_id), reason, cycle, slack, limits_as_of))
    return rows

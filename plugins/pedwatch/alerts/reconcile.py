"""Compares each episode's true state with the state last told in its channel; a difference is a message.

Level-triggered (docs/design.md#d8): gates, outages and shadow mode delay a message, they never consume it. Pure.
"""

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pedwatch.alerts import copies, episode_messages, platform_messages, storm_rows, storms
from pedwatch.alerts.acknowledgements import RANKS
from pedwatch.alerts.episode_facts import Context
from pedwatch.alerts.episodes import Episode
from pedwatch.alerts.message_lookup import Known
from pedwatch.alerts.messages import Message
from pedwatch.alerts.notifications import Notification, Telling, Told, notification_of
from pedwatch.alerts.reminders import reminders_due
from pedwatch.alerts.routing import is_configured, route, why_told_here
from pedwatch.alerts.surroundings import Surroundings
from pedwatch.config import Slack

ANNOUNCE_BEFORE = dt.timedelta(days=3)
_MUTED_WHILE_BLIND = ("first", "worse", "steady", "reminder", "flapping", "frozen", "judged_again")
FREEZING = (
    "labels_removed",
    "labels_missing",
    "document_rejected",
    "no_limit_matches",
    "limit_withdrawn",
    "hpa_is_stale",
    "relabelled",
)
"""Reasons of the ledger that freeze an episode until somebody acts; a cluster that is not seen tells of itself."""


def told_from_row(row: Mapping[str, Any]) -> Told:
    """Read the newest outbox row of an episode."""
    state = json.loads(row["told_state"])
    where, parent_ts, message_ts = row["destination"], row.get("parent_ts"), row.get("message_ts")
    return Told(row["episode_id"], row["sequence"], row["channel"], where, state, parent_ts, message_ts)


def phase_of(episode: Episode) -> str | None:
    """Return what there is to tell: None, firing, flapping, exempted or resolved."""
    if episode.fired_cycle is None:
        return None
    if episode.state == "resolved":
        return "resolved"
    if episode.is_exempted:
        return "exempted"
    return "flapping" if episode.memory.is_flapping else "firing"


def frozen_by(episode: Episode) -> str | None:
    """Return why an open episode can neither go on nor end until somebody acts; None when it can."""
    reason = episode.memory.frozen_by if episode.is_open else None
    return reason if reason in FREEZING else None


def is_ending_soon(episode: Episode, known: Known | None, cycle: dt.datetime) -> bool:
    """Tell whether the exemption an open episode is muted by ends within three days."""
    exemption = known.exemption if known and episode.is_exempted and episode.is_open else None
    return exemption is not None and cycle < exemption.ends_at <= cycle + ANNOUNCE_BEFORE


def reason_to_tell(
    episode: Episode,
    told: Told | None,
    is_ending: bool = False,
    due_reminders: int = 0,
    acknowledged: str | None = None,
) -> str | None:
    """Return why the channel has to hear of the episode now; None when it already tells the truth.

    Args:
        episode: as folded.
        told: what was last told of it.
        is_ending: the exemption it is muted by ends soon.
        due_reminders: how many reminders should have been told by now.
        acknowledged: id of the acknowledgement in force, which quiets reminders.
    """
    phase = phase_of(episode)
    if told is None:
        if phase in ("firing", "flapping"):
            return "first"
        return "exemption_ending" if is_ending else None
    if phase is None:  # announced while exempt, and never over on its own
        return "resolved" if episode.state == "inactive" and told.phase != "resolved" else None
    if phase == "firing" and told.phase != "firing" and episode.state == "recovering":
        return None  # within its limit: it resolves, or goes over again, in a cycle or two
    if phase != told.phase:
        reasons = {"resolved": "resolved", "exempted": "exempted", "flapping": "flapping"}
        ended = "exemption_exceeded" if episode.memory.is_over_exemption else "exemption_ended"
        return reasons.get(phase, ended if told.phase == "exempted" else "steady")
    if phase == "exempted" and is_ending and not told.state.get("ending_said"):
        return "exemption_ending"
    if phase == "firing" and episode.state == "firing" and frozen_by(episode) != told.state.get("frozen"):
        return "frozen" if frozen_by(episode) else "judged_again"
    if phase == "firing" and RANKS[episode.severity] > RANKS[told.severity]:
        return "worse"
    if phase == "firing" and acknowledged is not None:
        return "acknowledged" if acknowledged != told.state.get("acknowledged") else None
    return "reminder" if phase == "firing" and due_reminders > told.state.get("reminders", 0) else None


def _telling(
    episode: Episode, told: Told | None, cycle: dt.datetime, slack: Slack, around: Surroundings
) -> Telling | None:
    known = around.known.get(episode.subject.fingerprint)
    destination, channel, mention = route(episode, slack)
    is_going_live = told is not None and told.destination == "suppressed" != destination
    is_moving = told is not None and told.destination != "suppressed" and not is_configured(told.channel, slack)
    begins_anew = (is_going_live or is_moving) and phase_of(episode) in ("firing", "flapping", "exempted")
    effective = None if begins_anew else told  # its own channel has heard nothing yet
    if told is not None and not begins_anew and not is_moving:
        # An episode keeps its channel until it is resolved; where that is gone, its end is told in the one of now.
        destination, channel = told.destination, told.channel
    is_ending, due = is_ending_soon(episode, known, cycle), reminders_due(episode, cycle, slack)
    holding = around.acknowledgement_of(episode, effective)
    acknowledged = holding.acknowledgement_id if holding else None
    reason = reason_to_tell(episode, effective, is_ending, due, acknowledged)
    if reason is None:
        return None
    before = effective.state if effective else {}
    state = {
        "phase": phase_of(episode) or ("resolved" if reason == "resolved" else "exempted"),
        "severity": episode.severity,
        "reminders": due,
        "ending_said": is_ending or (episode.is_exempted and bool(before.get("ending_said"))),
        # A storm moves with its members; what goes into shadow is told of by nobody.
        "storm": told.state.get("storm") if told and not is_going_live and destination != "suppressed" else None,
        "frozen": frozen_by(episode),
        "acknowledged": acknowledged,
    }
    sequence = told.sequence + 1 if told else 1
    return Telling(episode, reason, sequence, destination, channel, mention, state)


def _blind_clusters(episodes: Iterable[Episode]) -> set[str | None]:
    return {
        e.subject.cluster
        for e in episodes
        if e.subject.kind in ("blind_cluster", "unaccepted_cluster") and phase_of(e) in ("firing", "flapping")
    }


def tellings(
    episodes: Iterable[Episode], told: Mapping[str, Told], cycle: dt.datetime, slack: Slack, around: Surroundings
) -> list[Telling]:
    """Return what has to be told as of ``cycle``, without the words.

    A blind cluster's own alert mutes messages about those of its APIs whose state is not known. What is proven to be
    over in the part that was seen is told, and that one ended (docs/decisions/0033).
    """
    episodes = list(episodes)
    blind = _blind_clusters(episodes)
    found = []
    for episode in episodes:
        telling = _telling(episode, told.get(episode.episode_id), cycle, slack, around)
        is_hidden = episode.subject.kind == "over_limit" and episode.is_blind and episode.subject.cluster in blind
        if telling is not None and not (is_hidden and telling.reason in _MUTED_WHILE_BLIND):
            found.append(telling)
    return found


def _message(telling: Telling, told: Told | None, cycle: dt.datetime, slack: Slack, around: Surroundings) -> Message:
    episode = telling.episode
    acknowledged = around.acknowledgement_of(episode, told)
    if episode.subject.kind != "over_limit":
        return platform_messages.compose(episode, telling.reason, cycle, around.links.run, acknowledged)
    context = Context(
        cycle=cycle,
        known=around.known.get(episode.subject.fingerprint, Known()),
        links=around.links,
        limits_as_of=around.limits_as_of,
        mention=telling.mention,
        told_here=why_told_here(episode.subject.team_id, slack),
        policy=around.policies.for_api(episode.subject.team_id, episode.subject.api_id),
        contact=slack.contact,
        acknowledged=acknowledged,
        period=around.period,
    )
    return episode_messages.compose(episode, telling.reason, context)


def needs_lookup(
    episodes: Iterable[Episode],
    told: Mapping[str, Told],
    cycle: dt.datetime,
    slack: Slack,
    around: Surroundings | None = None,
) -> list[Episode]:
    """Return the episodes that messages of their own will be about, and those whose exemption may end soon."""
    episodes = list(episodes)
    found = tellings(episodes, told, cycle, slack, around or Surroundings())
    _, alone = storms.group(found, told, slack, cycle)
    to_tell = {telling.episode.episode_id for telling in alone}
    return [
        e
        for e in episodes
        if e.subject.kind == "over_limit" and (e.episode_id in to_tell or (e.is_exempted and e.is_open))
    ]


def reconcile(
    episodes: Iterable[Episode],
    told: Mapping[str, Told],
    cycle: dt.datetime,
    slack: Slack,
    around: Surroundings | None = None,
) -> list[Notification]:
    """Return the outbox rows that make every channel tell the truth as of ``cycle``.

    ``told`` holds what was last told of episodes, and of storms that go on.
    """
    around = around or Surroundings()
    episodes = list(episodes)
    found = tellings(episodes, told, cycle, slack, around)
    grouped, alone = storms.group(found, told, slack, cycle)
    known = {e.episode_id: e for e in episodes}
    grouped |= {storm: [] for storm in storms.due(told, alone, known, cycle, around.period) if storm not in grouped}
    rows = storm_rows.rows(grouped, told, known, cycle, slack, around, alone)
    for telling in alone:
        message = _message(telling, told.get(telling.episode.episode_id), cycle, slack, around)
        message = replace(message, labels=copies.labels_of(telling.episode))
        rows.append(notification_of(telling, cycle, message))
    return copies.with_copies(rows, slack)

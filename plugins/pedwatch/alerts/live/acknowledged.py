"""Finds who takes care of what fires: rows of the table, and reactions in Slack that no row says yet."""

import datetime as dt
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pedwatch.alerts import acknowledgements
from pedwatch.alerts.acknowledgements import RANKS, Acknowledgement, in_force
from pedwatch.alerts.channels.slack_reactions import MOST_READ, Place
from pedwatch.alerts.episodes import Episode
from pedwatch.alerts.notifications import Told
from pedwatch.alerts.reconcile import phase_of
from pedwatch.alerts.reminders import reminders_due
from pedwatch.config import Slack
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse

log = logging.getLogger(__name__)


class Reactions(Protocol):
    """Who has reacted to messages; what is not known is left out."""

    def users(self, places: Sequence[Place], name: str) -> Mapping[Place, list[str]]:
        """Return, by message, who has reacted with an emoji."""
        ...


def acknowledged(
    warehouse: Warehouse,
    episodes: Iterable[Episode],
    told: Mapping[str, Told],
    cycle: dt.datetime,
    period: dt.timedelta,
    now: dt.datetime,
    slack: Slack,
    reactions: Reactions | None,
) -> dict[str, list[Acknowledgement]]:
    """Return, by episode or storm, who takes care; asks nobody where nothing fires that was told.

    Args:
        warehouse: holds the table.
        episodes: as folded.
        told: what was last told of them, and of storms.
        cycle: the one that is told.
        period: the length of cycles.
        now: settings clock, UTC.
        slack: says when reminders are due.
        reactions: who has reacted; None where nobody is asked.

    Raises:
        LedgerError: BigQuery refused.
    """
    firing = {e.episode_id: e for e in episodes if phase_of(e) == "firing" and told_of(e, told) is not None}
    if not firing:
        return {}
    storms = {str(told[name].state["storm"]) for name in firing if told[name].state.get("storm") in told}
    known: dict[str, list[Acknowledgement]] = {}
    asked = Typed("ARRAY<STRING>", [*firing, *sorted(storms)])
    for row in warehouse.run("alerts/acknowledgements.sql", {"episode_ids": asked}):
        known.setdefault(row["episode_id"], []).append(acknowledgements.from_row(row))
    if reactions is None:
        return known
    found = _reactions(firing, told, known, cycle, period, now, slack, reactions)
    if found:
        rows = Typed(acknowledgements.COLUMNS, [acknowledgements.to_row(each) for each in found])
        warehouse.write("alerts/record_acknowledgements.sql", {"acknowledgements": rows})
    for each in found:
        log.info("%s is acknowledged by %s", each.episode_id, each.acknowledged_by)
        known.setdefault(each.episode_id, []).append(each)
    return known


def told_of(episode: Episode, told: Mapping[str, Told]) -> Told | None:
    """Return what was last told of an episode, if a channel knows of it as firing."""
    found = told.get(episode.episode_id)
    return found if found and found.phase == "firing" and found.destination != "suppressed" else None


@dataclass(frozen=True)
class Asked:
    """A message to ask about: of an episode, or of the storm that tells of it."""

    teller: str
    place: Place
    severity: str | None
    """What it said."""
    is_parent: bool


def _reactions(
    firing: Mapping[str, Episode],
    told: Mapping[str, Told],
    known: Mapping[str, Sequence[Acknowledgement]],
    cycle: dt.datetime,
    period: dt.timedelta,
    now: dt.datetime,
    slack: Slack,
    reactions: Reactions,
) -> list[Acknowledgement]:
    """Ask about the messages of what nobody takes care of, or of what is worse now than its message says.

    The latter so that who had reacted to the milder message is known to have: their reaction stays, and says nothing
    of what is worse.
    """
    severities: dict[str, str | None] = {}
    urgent = set()
    for name, episode in firing.items():
        teller = str(told[name].state.get("storm") or name)
        is_worse = RANKS[episode.severity] > RANKS[told[name].severity]
        have = [*known.get(name, ()), *known.get(teller, ())]
        if teller not in told or not told[teller].parent_ts or (in_force(have, episode.severity) and not is_worse):
            continue
        severities[teller] = max(told[name].severity, severities.get(teller), key=lambda each: RANKS[each])
        if is_worse or reminders_due(episode, cycle, slack) > told[name].state.get("reminders", 0):
            urgent.add(teller)
    messages = [
        Asked(teller, (told[teller].channel, ts), severities[teller], ts == told[teller].parent_ts)
        for teller in _in_turn(sorted(severities), urgent, int(cycle.timestamp() // period.total_seconds()))
        for ts in dict.fromkeys((told[teller].parent_ts, told[teller].message_ts))
        if ts
    ]
    users = reactions.users([each.place for each in messages], acknowledgements.REACTION)
    found: dict[str, Acknowledgement] = {}
    for asked in messages:
        seen = users.get(asked.place, ())
        have = [*known.get(asked.teller, ()), *(each for each in found.values() if each.episode_id == asked.teller)]
        for each in acknowledgements.new_reactions(have, asked.teller, seen, asked.severity, now, asked.is_parent):
            found[each.acknowledgement_id] = each
    return list(found.values())


def _in_turn(names: Sequence[str], urgent: set[str], number: int) -> list[str]:
    """Return those to ask about in the cycle of that number: what a reminder is due for, then each in its turn."""
    first = [name for name in names if name in urgent]
    others = [name for name in names if name not in urgent]
    if not others:
        return first[:MOST_READ]
    turn = number * MOST_READ % len(others)
    return [*first, *others[turn:], *others[:turn]][:MOST_READ]

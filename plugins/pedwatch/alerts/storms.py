"""Many new episodes in one cycle are one message; its thread tells how they end. Pure.

Of a team's APIs, with a list; of clusters that are not seen for one cause, with a table, which others that follow for
the same cause join (docs/decisions/0051). The members get no parent of their own: their outbox rows are ``grouped`` and
name the storm's row that tells them (``storm_rows``).
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pedwatch.alerts import cluster_storm_messages
from pedwatch.alerts.episodes import NAMESPACE, Episode
from pedwatch.alerts.notifications import Telling, Told
from pedwatch.alerts.routing import is_configured
from pedwatch.config import Slack

STORM = "storm"
"""Phase of a storm that goes on, and reason of its words."""

REST_AFTER = 3
"""So many cycles after some clusters of a storm returned, the thread is told of those that did not: once."""

Groups = dict[str, list[Telling]]


@dataclass(frozen=True)
class Storm:
    """What a storm is about, and what its thread has heard, as the ``told_state`` of its rows holds it.

    Attributes:
        kind: of its episodes.
        since: when it began.
        cause: of clusters: their error class.
        team_id: of APIs: their team.
        open: ids of the episodes that go on.
        members: how many it was ever about.
        retired: how many clusters of those were retired by name.
        returned_at: of clusters: when the last of those returned that the thread has heard nothing of.
        is_rest_told: the thread has heard that some stay.
    """

    kind: str
    since: dt.datetime
    cause: str | None = None
    team_id: str | None = None
    open: tuple[str, ...] = ()
    members: int = 0
    retired: int = 0
    returned_at: dt.datetime | None = None
    is_rest_told: bool = False

    @property
    def is_of_clusters(self) -> bool:
        """Whether it is about clusters, not about APIs."""
        return self.kind in cluster_storm_messages.KINDS

    def to_state(self, phase: str) -> dict[str, Any]:
        """Return the ``told_state`` of a row."""
        moments = {"since": self.since.isoformat(), "returned_at": self.returned_at and self.returned_at.isoformat()}
        return vars(self) | moments | {"phase": phase, "severity": None, "open": list(self.open)}

    @staticmethod
    def from_told(told: Told) -> "Storm":
        """Read what was told last."""
        state = {name: value for name, value in told.state.items() if name not in ("phase", "severity")}
        returned_at = state["returned_at"] and dt.datetime.fromisoformat(state["returned_at"])
        since = dt.datetime.fromisoformat(state["since"])
        return Storm(**state | {"since": since, "open": tuple(state["open"]), "returned_at": returned_at})

    @staticmethod
    def begun(members: Sequence[Telling], cycle: dt.datetime) -> "Storm":
        """Return a new one, before its members are counted."""
        episode = members[0].episode
        if episode.subject.kind in cluster_storm_messages.KINDS:
            began = min(telling.episode.started_cycle for telling in members)
            return Storm(episode.subject.kind, began, cause=episode.offender)
        return Storm(episode.subject.kind, cycle, team_id=episode.subject.team_id)

    def after(self, members: Sequence[Telling], left: Iterable[str] = ()) -> "Storm":
        """Return it as it is once these are told, without those that ``left`` it for other reasons."""
        ended = [telling.episode for telling in members if telling.reason == "resolved"]
        out = {episode.episode_id for episode in ended} | {*left}
        names = dict.fromkeys([*self.open, *(telling.episode.episode_id for telling in members)])
        return replace(
            self,
            open=tuple(name for name in names if name not in out),
            members=self.members + len(self.joined_by(members)),
            retired=self.retired + sum(episode.end_reason == "cluster_retired" for episode in ended),
        )

    def joined_by(self, members: Sequence[Telling]) -> list[Telling]:
        """Return those that are new to it."""
        return [each for each in members if each.reason == "first" and each.episode.episode_id not in self.open]


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
        elif telling.reason == "first" and subject.kind in ("over_limit", *cluster_storm_messages.KINDS):
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
        if each.phase == STORM and each.state.get("kind") == kind and each.state.get("cause") == cause
        if each.channel == channel or not is_configured(each.channel, slack)
    ]
    return min(found, default=None)


def left(
    identifier: str, told: Mapping[str, Told], alone: Iterable[Telling], episodes: Mapping[str, Episode]
) -> set[str]:
    """Return the members of a storm that it tells nothing of any more: they have ended, or are told elsewhere."""
    elsewhere = {telling.episode.episode_id for telling in alone}
    return {
        name
        for name in told[identifier].state["open"]
        if name in elsewhere
        or name not in episodes
        or name not in told
        or told[name].phase == "resolved"
        or told[name].state.get("storm") != identifier
    }


def due(
    told: Mapping[str, Told],
    alone: Iterable[Telling],
    episodes: Mapping[str, Episode],
    cycle: dt.datetime,
    period: dt.timedelta,
) -> list[str]:
    """Return the storms that have to be told although none of their members has news.

    Those whose members are all told elsewhere by now, or nowhere, since their team went to shadow; and of clusters
    those of which some have not returned for so long after others that the thread has to hear of it.
    """
    alone = list(alone)
    found = []
    for identifier, each in told.items():
        if each.phase != STORM:
            continue
        storm = Storm.from_told(each)
        is_empty = not {*storm.open} - left(identifier, told, alone, episodes)
        has_rest = storm.returned_at is not None and cycle - storm.returned_at >= REST_AFTER * period
        if is_empty or (has_rest and not storm.is_rest_told):
            found.append(identifier)
    return found

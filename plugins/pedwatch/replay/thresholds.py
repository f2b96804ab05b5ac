"""What would have been sent: recorded verdicts through the one fold and the one comparison with what was told. Pure.

No message is written or sent; what counts is each notification that the outbox would have held.
"""

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from statistics import median
from typing import Any, NamedTuple

from pedwatch.alerts.episodes import Episode
from pedwatch.alerts.notifications import Notification, Told
from pedwatch.alerts.reconcile import reconcile
from pedwatch.alerts.surroundings import Surroundings
from pedwatch.audit.period_episodes import EpisodeFold
from pedwatch.config import PolicyConfig, PolicyOverride, Slack
from pedwatch.cycles import period_of

JUDGING = ("tolerance_count", "tolerance_ratio", "grace_minutes", "surge_budget_minutes")
"""Settings that decide verdicts; all others decide episodes."""


_BEGAN = dt.datetime.min.replace(tzinfo=dt.UTC)
MOST_APIS = 20
"""So many APIs that differ are named; nobody reads more."""


class Counts(NamedTuple):
    """What one API's owners would have got."""

    messages: int = 0
    episodes: int = 0


@dataclass(frozen=True)
class Outcome:
    """What one policy would have sent.

    Attributes:
        messages: rows of the outbox that somebody gets: a storm once, and no copies.
        episodes: how many fired.
        detection_minutes: median time from the first over cycle to the first message; None when nothing fired.
        reasons: messages by their reason.
        apis: by team and API; a storm is under its team's name.
    """

    messages: int
    episodes: int
    detection_minutes: float | None
    reasons: Mapping[str, int] = field(default_factory=dict)
    apis: Mapping[str, Counts] = field(default_factory=dict)


def with_settings(policy: PolicyConfig, settings: Mapping[str, Any]) -> PolicyConfig:
    """Return the policy with settings in place of everybody's: of the defaults, of teams, of single APIs.

    Raises:
        pydantic.ValidationError: a setting does not exist, or its value does not fit.
    """
    given = PolicyOverride.model_validate(dict(settings)).model_dump(exclude_none=True)
    data = policy.model_dump(mode="json", exclude_none=True)
    data["defaults"] = data.get("defaults", {}) | given
    for team in data.get("teams", {}).values():
        team.update(given)
        for api in team.get("apis", {}).values():
            api.update(given)
    return PolicyConfig.model_validate(data)


def as_if_told(slack: Slack) -> Slack:
    """Return the routing in which teams in shadow mode are told as they would be when live, and nobody gets copies."""
    teams = {
        name: route.model_copy(update={"mode": "team" if route.mode == "suppressed" else route.mode, "also": []})
        for name, route in slack.teams.items()
    }
    return slack.model_copy(update={"teams": teams, "platform_also": []})


class _Outbox:
    """What would have been told, and what of it counts."""

    def __init__(self, slack: Slack, start: dt.datetime) -> None:
        self._slack, self._start = as_if_told(slack), start
        self._told: dict[str, Told] = {}
        self.counted: list[Notification] = []
        self.first: dict[str, dt.datetime] = {}

    def tell(self, episodes: Iterable[Episode], cycle: dt.datetime, period: dt.timedelta) -> None:
        for row in reconcile(episodes, self._told, cycle, self._slack, Surroundings(period=period)):
            state = json.loads(row.told_state)
            self._told[row.episode_id] = Told(row.episode_id, row.sequence, row.channel, row.destination, state)
            self.first.setdefault(row.episode_id, cycle)
            if row.told_by is None and cycle >= self._start:
                self.counted.append(row)


def replay(
    rows: Iterable[Mapping[str, Any]], policy: PolicyConfig, slack: Slack, start: dt.datetime = _BEGAN
) -> Outcome:
    """Fold verdicts, ordered by cycle, and count what would have been told.

    Args:
        rows: as verdicts/replay_period.sql gives them.
        policy: decides when an episode fires, clears and flaps.
        slack: decides about storms and reminders; teams in shadow mode count as if they were told.
        start: what is told from then on counts: the cycles before are those that its fold looks back at, so that what
            was over already is no news of the period.
    """
    fold, outbox = EpisodeFold([]), _Outbox(slack, start)
    for cycle, of_cycle in groupby(rows, key=lambda row: row["cycle"]):
        judged = list(of_cycle)
        fold.cycle(cycle, judged, [], policy)
        live = [episode for episode in fold.episodes_since(cycle) if episode.fired_cycle is not None]
        outbox.tell(live, cycle, period_of(judged[0]["cycle_minutes"]))
    known = fold.episodes_since(_BEGAN)
    fired = [episode for episode in known if episode.fired_cycle is not None and episode.fired_cycle >= start]
    delays = [
        (outbox.first[episode.episode_id] - episode.over_since) / dt.timedelta(minutes=1)
        for episode in fired
        if episode.episode_id in outbox.first
    ]
    reasons = Counter(notification.reason for notification in outbox.counted)
    return Outcome(
        messages=len(outbox.counted),
        episodes=len(fired),
        detection_minutes=median(delays) if delays else None,
        reasons=dict(sorted(reasons.items())),
        apis=_by_api(outbox.counted, fired, {episode.episode_id: episode for episode in known}),
    )


def _by_api(sent: Iterable[Notification], fired: Iterable[Episode], known: Mapping[str, Episode]) -> dict[str, Counts]:
    messages = Counter(
        _api(known[row.episode_id]) if row.episode_id in known else f"storm of {row.team_id}" for row in sent
    )
    episodes = Counter(map(_api, fired))
    return {name: Counts(messages[name], episodes[name]) for name in sorted({*messages, *episodes})}


def _api(episode: Episode) -> str:
    return f"{episode.subject.team_id}/{episode.subject.api_id}"


def describe(settings: Mapping[str, Any], now: Outcome, then: Outcome) -> list[str]:
    """Say what changes: ``for_observations=3: 41 → 6 messages, detection +5 min``, and a line for each API."""
    line = f"{named(settings)}: {_change(now, then)}"
    if now.detection_minutes is not None and then.detection_minutes is not None:
        difference = then.detection_minutes - now.detection_minutes
        line += f", detection {difference:+.0f} min" if difference else ", detection as before"
    differing = differences(now, then)
    lines = [f"    {name}: {_change(*pair)}" for name, pair in list(differing.items())[:MOST_APIS]]
    if len(differing) > MOST_APIS:
        lines.append(f"    and {len(differing) - MOST_APIS} more; --format json has all")
    return [line, *lines] if differing else [f"{line}; no API differs"]


def differences(now: Outcome, then: Outcome) -> dict[str, tuple[Counts, Counts]]:
    """Return the APIs that get other messages, with what they get now and then; the greatest difference first."""
    pairs = {
        name: (now.apis.get(name, Counts()), then.apis.get(name, Counts())) for name in sorted({*now.apis, *then.apis})
    }
    differing = [(name, pair) for name, pair in pairs.items() if pair[0] != pair[1]]
    return dict(sorted(differing, key=lambda item: (-abs(item[1][0].messages - item[1][1].messages), item[0])))


def named(settings: Mapping[str, Any]) -> str:
    """Write the settings as they were given."""
    return ", ".join(f"{key}={value}" for key, value in settings.items()) or "as it is"


def _change(now: Outcome | Counts, then: Outcome | Counts) -> str:
    return f"{now.messages} → {then.messages} messages, {now.episodes} → {then.episodes} episodes"

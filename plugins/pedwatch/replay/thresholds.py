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
from typing import Any

from pedwatch.alerts.notifications import Notification, Told
from pedwatch.alerts.reconcile import reconcile
from pedwatch.alerts.surroundings import Surroundings
from pedwatch.audit.period_episodes import EpisodeFold
from pedwatch.config import PolicyConfig, PolicyOverride, Slack
from pedwatch.cycles import period_of

JUDGING = ("tolerance_count", "tolerance_ratio", "grace_minutes", "surge_budget_minutes")
"""Settings that decide verdicts; all others decide episodes."""


@dataclass(frozen=True)
class Outcome:
    """What one policy would have sent."""

    messages: int
    episodes: int
    detection_minutes: float | None
    """Median time from the first over cycle to the first message, in minutes; None when nothing fired."""
    reasons: Mapping[str, int] = field(default_factory=dict)


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


def replay(rows: Iterable[Mapping[str, Any]], policy: PolicyConfig, slack: Slack) -> Outcome:
    """Fold verdicts, ordered by cycle, and count what would have been told.

    Args:
        rows: as verdicts/replay_period.sql gives them.
        policy: decides when an episode fires, clears and flaps.
        slack: decides about storms and reminders; teams in shadow mode count as if they were told.
    """
    fold = EpisodeFold([])
    told: dict[str, Told] = {}
    sent: list[Notification] = []
    began = dt.datetime.min.replace(tzinfo=dt.UTC)
    for cycle, of_cycle in groupby(rows, key=lambda row: row["cycle"]):
        judged = list(of_cycle)
        period = period_of(judged[0]["cycle_minutes"])
        fold.cycle(cycle, judged, [], policy)
        live = [episode for episode in fold.episodes_since(cycle) if episode.fired_cycle is not None]
        for notification in reconcile(live, told, cycle, slack, Surroundings(period=period)):
            told[notification.episode_id] = Told(
                notification.episode_id,
                notification.sequence,
                notification.channel,
                notification.destination,
                json.loads(notification.told_state),
            )
            if notification.told_by is None:
                sent.append(notification)
    fired = [episode for episode in fold.episodes_since(began) if episode.fired_cycle is not None]
    delays = [(e.fired_cycle - e.over_since) / dt.timedelta(minutes=1) for e in fired if e.fired_cycle]
    reasons = Counter(notification.reason for notification in sent)
    return Outcome(len(sent), len(fired), median(delays) if delays else None, dict(sorted(reasons.items())))


def describe(settings: Mapping[str, Any], now: Outcome, then: Outcome) -> str:
    """Say in a line what changes: ``for_observations=3: 41 → 6 messages, detection +5 min``."""
    name = ", ".join(f"{key}={value}" for key, value in settings.items()) or "as it is"
    line = f"{name}: {now.messages} → {then.messages} messages, {now.episodes} → {then.episodes} episodes"
    if now.detection_minutes is None or then.detection_minutes is None:
        return line
    difference = then.detection_minutes - now.detection_minutes
    return f"{line}, detection {difference:+.0f} min" if difference else f"{line}, detection as before"

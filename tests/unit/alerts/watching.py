"""A watch in memory: folds and tells cycle after cycle, by what it finds written, as the fold's task does."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

from pedwatch.alerts.acknowledgements import Acknowledgement
from pedwatch.alerts.episodes import Episode
from pedwatch.alerts.fold import fold_period
from pedwatch.alerts.message_lookup import Exemption, Known
from pedwatch.alerts.notifications import Notification, Told
from pedwatch.alerts.reconcile import reconcile
from pedwatch.alerts.surroundings import Surroundings
from pedwatch.config import PolicyConfig, Slack
from pedwatch.cycles import PERIOD, cycles_between
from tests.golden_messages import at, crowd, seen

TEAMS = ("orders", "growth", "search", "payments", "media")


def routes(mode: str = "team", **fields: Any) -> Slack:
    """Return the routing of five teams."""
    teams = {team: {"channel": f"C0{team.upper()}", "mode": mode} for team in TEAMS}
    return Slack.model_validate(
        {"platform_channel": "C0PLATFORM", "canary_channel": "C0CANARY", "teams": teams} | fields
    )


@dataclass
class Watch:
    """Folds and tells, cycle after cycle, as the fold's task does: by what it finds written."""

    slack: Slack = field(default_factory=routes)
    exemption: Exemption | None = None

    def __post_init__(self) -> None:
        self.episodes: dict[str, Episode] = {}
        self.rows: list[Notification] = []
        self.cycle = 0
        self.holding: dict[str, list[Acknowledgement]] = {}

    def go(self, *observations: Any, cycle: int | None = None, may_notify: bool = True) -> list[Notification]:
        """Play a cycle and return what was written."""
        before, self.cycle = self.cycle, cycle or self.cycle + 1
        latest = {e.subject.fingerprint: e for e in sorted(self.episodes.values(), key=lambda e: e.started_cycle)}
        changed = fold_period(
            latest.values(), observations, cycles_between(at(before), at(self.cycle), PERIOD), PolicyConfig()
        )
        self.episodes |= {e.episode_id: e for e in changed}
        return self.tell() if may_notify else []

    def tell(self) -> list[Notification]:
        """Write what has to be told of the cycle."""
        known = Known(exemption=self.exemption)
        about = {e.subject.fingerprint: known for e in self.episodes.values()}
        around = Surroundings(about, acknowledged=self.holding)
        new = reconcile(self.episodes.values(), self.told, at(self.cycle), self.slack, around)
        self.rows += new
        return new

    @property
    def told(self) -> dict[str, Told]:
        """The newest word about each episode and storm."""
        return {
            row.episode_id: Told(row.episode_id, row.sequence, row.channel, row.destination, json.loads(row.told_state))
            for row in self.rows
        }


def all_seen(cycle: int, measured: int, count: int, team: str = "orders") -> list[Any]:
    """Return how many APIs of a team ran."""
    return [seen(cycle, measured, subject=subject) for subject in of_team(team, count)]


def of_team(team: str, count: int) -> list[Any]:
    """Return a team's APIs."""
    return [replace(s, team_id=team, fingerprint=f"{team}-{s.fingerprint}") for s in crowd(count)]

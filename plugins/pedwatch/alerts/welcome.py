"""A team's first message in a new channel: what will be told there, and a test that it arrives. Pure."""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable

from pedwatch.alerts import guidance
from pedwatch.alerts.acknowledgements import SHOWN
from pedwatch.alerts.episodes import NAMESPACE
from pedwatch.alerts.message_lookup import links_of
from pedwatch.alerts.messages import Message
from pedwatch.alerts.notifications import Notification, thread_row
from pedwatch.alerts.wording import name
from pedwatch.config import Config

WELCOME = "welcome"
"""Reason of the outbox row."""


def with_welcomes(rows: Iterable[Notification], config: Config, told_channels: Collection[str]) -> list[Notification]:
    """Return the rows and, before the first of each team's channel that was told nothing yet, a welcome.

    Args:
        rows: what is to be told.
        config: names channels.
        told_channels: where something was told before.
    """
    found: list[Notification] = []
    greeted = {*told_channels, config.slack.platform_channel}
    for row in rows:
        team = config.slack.teams.get(row.team_id or "")
        is_first = team is not None and row.channel == team.channel and row.channel not in greeted
        if is_first and row.destination == "team" and row.status == "unsent":
            greeted.add(row.channel)
            found.append(row_of(row.team_id or "", config, row.cycle))
        found.append(row)
    return found


def row_of(team_id: str, config: Config, cycle: dt.datetime) -> Notification:
    """Return the outbox row of a team's welcome: the same one for a channel however often it is made."""
    channel = config.slack.teams[team_id].channel
    thread = str(uuid.uuid5(NAMESPACE, f"welcome|{team_id}|{channel}"))
    state = {"phase": WELCOME, "severity": None}
    return thread_row(thread, 1, WELCOME, state, compose(team_id, config), channel, cycle, team_id)


def compose(team_id: str, config: Config) -> Message:
    """Write the welcome of a team."""
    slack = config.slack
    ends = guidance.clean_cycles(config.policy.for_api(team_id, None), config.period)
    return Message(
        mark=":wave:",
        title="Welcome, and a test",
        summary=f"here pedwatch tells team {name(team_id)} when one of its APIs runs more pods than its PED limit",
        lines=[
            f"{guidance.WHAT_IT_IS}. {guidance.NOTHING_IS_BLOCKED}",
            "A message begins like this: your-api runs 14 pods in your-cluster / your-namespace, its limit is 10. It "
            "is edited to what is true now, and its thread says what changed",
            f"It ends by itself after {ends} within the limit",
            f"React with {SHOWN} to say that you take care of it: that quiets its reminders",
            f"Ask {slack.contact} for a higher limit, or for an exemption for a time",
            f"On weekdays at {slack.digest_hour:02}:00 ({config.report_timezone}) a digest says how things stand",
        ],
        notes=["nothing has happened: who reads this knows that messages arrive here"],
        links=links_of(config, [], None).for_help,
    )

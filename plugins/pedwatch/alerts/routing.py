"""Where something is told: in the channel of its team as the configuration has it now. Pure."""

from dataclasses import replace

from pedwatch.alerts.episodes import Episode
from pedwatch.alerts.notifications import Told
from pedwatch.config import Destination, Slack


def route(episode: Episode, slack: Slack) -> tuple[Destination, str, str | None]:
    """Return destination, channel and mention of a new episode; without a known team the platform's.

    A decision: docs/design.md#d12.
    """
    if episode.subject.kind != "over_limit":
        return "team", slack.platform_channel, None
    destination, channel = route_of_team(episode.subject.team_id, slack)
    team = slack.teams.get(episode.subject.team_id or "")
    return destination, channel, team.mention if team is not None and team.mode == "team" else None


def route_of_team(team_id: str | None, slack: Slack) -> tuple[Destination, str]:
    """Return destination and channel of a team's news; of one that is not known or not live yet the platform's."""
    team = slack.teams.get(team_id or "")
    if team is None or team.mode == "platform":
        return "team", slack.platform_channel
    if team.mode == "canary":
        assert slack.canary_channel is not None, "the configuration requires it for canary teams"
        return "canary", slack.canary_channel
    return team.mode, team.channel


def why_told_here(team_id: str | None, slack: Slack) -> str:
    """Return why a team's news is in the platform's channel, to stand behind its name; nothing where it is not."""
    team = slack.teams.get(team_id or "")
    if team is None:
        return " has no route in pedwatch.yaml: told here"
    return " is not live in pedwatch.yaml (mode: platform): told here" if team.mode == "platform" else ""


def is_configured(channel: str, slack: Slack) -> bool:
    """Tell whether anything is still told to a channel; one that was archived or left is taken out of the file."""
    return channel in slack.channels


def in_platforms_channel(told: Told, slack: Slack) -> Told:
    """Return what the platform was told, and where it goes on: where the channel is gone, in the one of now."""
    return told if is_configured(told.channel, slack) else replace(told, channel=slack.platform_channel)

"""Slack: who the token is, what it may, and every channel that is configured."""

import datetime as dt
import email.utils
from collections.abc import Iterator, Mapping
from typing import Any

from pedwatch.alerts import block_kit
from pedwatch.alerts.channels.slack import SlackChannel
from pedwatch.alerts.channels.slack_answers import code_of
from pedwatch.alerts.channels.slack_refusals import CHANNEL, MALFORMED, SCOPES
from pedwatch.alerts.channels.slack_strangers import strangers_in
from pedwatch.alerts.messages import Message
from pedwatch.alerts.transport import SendError, UnusableTransportError
from pedwatch.config import Config, Slack
from pedwatch.doctor.findings import Finding
from pedwatch.doctor.stores import skew
from pedwatch.errors import NotifyError

AREA = "Slack"
_INVITE = "invite the bot: /invite @{bot} in the channel"
_FIXES = {**CHANNEL, "missing_scope": "add the scope to the Slack app and reinstall it"}


def channels_of(slack: Slack) -> dict[str, str]:
    """Return the configured channels: id → what it is for."""
    found = {slack.platform_channel: "platform"}
    if slack.canary_channel:
        found.setdefault(slack.canary_channel, "canary")
    for team_id, team in slack.teams.items():
        known = found.get(team.channel)
        found[team.channel] = f"{known}, {team_id}" if known else team_id
    return found


def _headers(answer: Any) -> Mapping[str, str]:
    return {name.lower(): value for name, value in answer.headers.items()}


def slack_findings(channel: SlackChannel, config: Config) -> Iterator[Finding]:
    """Check the token, its scopes, each channel, a message's blocks, and the clock."""
    try:
        answer = channel.call("auth.test", {})
    except UnusableTransportError as error:
        yield Finding(AREA, "auth.test", "failed", str(error).split(":")[0], str(error).partition(": ")[2])
        return
    yield Finding(AREA, "auth.test", "ok", f"@{answer['user']} in {answer['team']}")
    headers = _headers(answer)
    described = []
    for identifier, whose in channels_of(config.slack).items():
        finding, is_private = _channel(channel, identifier, whose, answer["user"])
        described.append(is_private)
        yield finding
        if finding.status == "ok" and (stranger := _strangers(channel, identifier)):
            yield stranger
    yield _scopes(headers.get("x-oauth-scopes"), any(described))
    yield _blocks(channel)
    moment = email.utils.parsedate_to_datetime(headers["date"]) if "date" in headers else None
    yield skew(AREA, moment.astimezone(dt.UTC) if moment else None)


def _scopes(header: str | None, has_private: bool) -> Finding:
    if header is None:
        return Finding(AREA, "scopes", "skipped", "Slack does not say which")
    given = {scope.strip() for scope in header.split(",")}
    needed = {*SCOPES, "groups:read", "groups:history"} if has_private else {*SCOPES} - {"groups:history"}
    missing = sorted(needed - given)
    if missing:
        fix = "add them under OAuth & Permissions of the app and reinstall it"
        return Finding(AREA, "scopes", "failed", f"missing: {', '.join(missing)}", fix)
    return Finding(AREA, "scopes", "ok", ", ".join(sorted(needed)))


def _channel(channel: SlackChannel, identifier: str, whose: str, bot: str) -> tuple[Finding, bool]:
    what = f"channel {identifier} ({whose})"
    try:
        found = channel.call("conversations.info", {"channel": identifier})["channel"]
    except NotifyError as error:
        code = code_of(error)
        fix = "report it: pedwatch asks Slack wrongly" if code in MALFORMED else _FIXES.get(code, "see docs/slack.md")
        return Finding(AREA, what, "failed", code, fix), False
    is_private = bool(found.get("is_private"))
    if found.get("is_archived"):
        return Finding(AREA, what, "failed", "archived", CHANNEL["is_archived"]), is_private
    if not found.get("is_member"):
        return Finding(AREA, what, "failed", "the bot is not in it", _INVITE.format(bot=bot)), is_private
    return Finding(AREA, what, "ok", f"#{found.get('name')}"), is_private


def _strangers(channel: SlackChannel, identifier: str) -> Finding | None:
    """Tell whose messages by our app are among the newest; None where they are ours alone, or cannot be read."""
    others = strangers_in(channel, identifier)
    if not others:
        return None  # a scope that is missing is told by its name
    what = f"messages in {identifier}"
    detail = f"by this app also of {', '.join(sorted(others))}: they are left alone"
    fix = "an app of its own for each environment (docs/slack.md#the-app): both post and share rate limits"
    return Finding(AREA, what, "failed", detail, fix)


def _blocks(channel: SlackChannel) -> Finding:
    message = Message(":white_check_mark:", "Doctor", "a message as pedwatch writes them", [("Running", "14 pods")])
    try:
        channel.call("blocks.validate", {"blocks": block_kit.parent_blocks(message)})
    except SendError as error:
        if "unknown_method" in str(error):
            return Finding(AREA, "blocks", "skipped", "this workspace validates none")
        return Finding(AREA, "blocks", "failed", str(error), "report it: a message is not as Slack wants it")
    except UnusableTransportError as error:
        return Finding(AREA, "blocks", "skipped", str(error).partition(":")[0])
    return Finding(AREA, "blocks", "ok", "a message is as Slack wants it")


def connect(config: Config) -> SlackChannel:
    """Return Slack through the Airflow connection that the tasks use."""
    return SlackChannel(config.connections.slack)


def smallest_fix(config: Config) -> str:
    """Say what to do when Slack cannot be reached at all."""
    where = "AIRFLOW_CONN_" + config.connections.slack.upper()
    return f"create the connection {config.connections.slack} (or set {where}) with the bot token"

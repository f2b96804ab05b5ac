"""Whose messages by our app stand in a channel: two environments that share one app do not tell by themselves."""

import datetime as dt

from pedwatch.alerts.channels.slack import SlackChannel, environment_of
from pedwatch.errors import NotifyError

NEWEST = 100
"""Messages of a channel that are looked at."""


def strangers_in(channel: SlackChannel, target: str, since: dt.datetime | None = None) -> frozenset[str] | None:
    """Return which other environments posted among a channel's newest messages; None where nobody can say.

    Nobody can where the channel cannot be read, for a scope that is missing or because Slack does not answer; nor at a
    desk, which is no environment itself, unless two have posted.

    Args:
        channel: asks Slack, and says which environment this is.
        target: the channel's id.
        since: only what was posted after it.
    """
    asked = {"channel": target, "limit": NEWEST, "include_all_metadata": True}
    if since is not None:
        asked["oldest"] = f"{since.timestamp():.6f}"
    try:
        messages = channel.call("conversations.history", asked).get("messages") or []
    except NotifyError:
        return None
    others = {environment_of(message) for message in messages} - {None, channel.environment}
    if channel.environment is None and len(others) < 2:
        return None
    return frozenset(str(one) for one in others)

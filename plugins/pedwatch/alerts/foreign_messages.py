"""What the platform hears of another environment that posts by the same Slack app: that it does, or does no longer.

Neither takes the other's messages for its own, nor edits them; but both post, and share what Slack lets an app do. Told
once for each channel until it is over, or others post there. Pure; times in UTC.
"""

import datetime as dt
import uuid
from collections.abc import Mapping

from pedwatch.alerts.episodes import NAMESPACE
from pedwatch.alerts.messages import Message
from pedwatch.alerts.notifications import Notification, Told, thread_row
from pedwatch.alerts.wording import name
from pedwatch.config import Slack

FOREIGN, OVER = "foreign_messages", "foreign_messages_over"
"""Reasons of the outbox rows."""
ADVICE = "Give each environment a Slack app of its own (docs/slack.md#the-app)"


def rows(
    seen: Mapping[str, frozenset[str]],
    told: Mapping[str, Told],
    slack: Slack,
    cycle: dt.datetime,
) -> list[Notification]:
    """Return what has to be told.

    Args:
        seen: by channel, which other environments posted there lately; a channel that could not be read is left out,
            and what is believed of it stays.
        told: by channel, the newest word about it.
        slack: names the platform's channel, where it is told.
        cycle: in which it was seen.
    """
    found = []
    for channel, others in sorted(seen.items()):
        latest = told.get(channel)
        before = latest if latest is not None and latest.phase == "foreign" else None
        if sorted(others) == (before.state["environments"] if before else []):
            continue
        thread = before.episode_id if before else _thread(channel, cycle)
        state = {
            "phase": "foreign" if others else "resolved",
            "severity": None,
            "in_channel": channel,
            "environments": sorted(others),
        }
        message = _message(channel, others, before is not None) if others else _over(channel)
        where = before.channel if before else slack.platform_channel
        sequence = before.sequence + 1 if before else 1
        found.append(thread_row(thread, sequence, FOREIGN if others else OVER, state, message, where, cycle))
    return found


def _thread(channel: str, cycle: dt.datetime) -> str:
    return str(uuid.uuid5(NAMESPACE, f"foreign messages|{channel}|{cycle.astimezone(dt.UTC).isoformat()}"))


def _labels(channel: str) -> dict[str, str]:
    return {"alertname": "PedForeignMessages", "channel": channel}


def _message(channel: str, others: frozenset[str], is_again: bool) -> Message:
    names = ", ".join(name(one) for one in sorted(others))
    return Message(
        mark=":warning:",
        title="Another environment posts here",
        summary=f"in channel {channel} messages by our app are also of {names}",
        advice=ADVICE,
        notes=["its messages are left alone; both post, and share the app's limits"],
        thread=f"Now of {names}." if is_again else "",
        labels=_labels(channel),
    )


def _over(channel: str) -> Message:
    summary = f"in channel {channel} no other environment has posted by our app lately"
    labels = _labels(channel)
    return Message(":large_green_circle:", "Resolved", summary, thread=f"Resolved: {summary}.", labels=labels)

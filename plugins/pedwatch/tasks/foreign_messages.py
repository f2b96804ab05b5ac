"""Looks whether another environment posts by our Slack app, once a day, in the digest's run."""

import datetime as dt
import logging
from typing import Any

from pedwatch import settings
from pedwatch.alerts import foreign_messages
from pedwatch.alerts.copies import with_copies
from pedwatch.alerts.notifications import Notification
from pedwatch.alerts.reconcile import told_from_row
from pedwatch.config import Config, Slack
from pedwatch.cycles import floor_to_cycle

log = logging.getLogger(__name__)

LOOKS_BACK = dt.timedelta(days=4)
"""From Monday's digest to before Friday's."""
MOST = 40
"""Channels that are looked at in a run: Slack answers fifty such questions a minute. Each day begins with another."""


def found(warehouse: Any, config: Config, now: dt.datetime) -> list[Notification]:
    """Return what the platform has to hear; nothing where this is no environment, or Slack cannot be asked.

    Args:
        warehouse: the tables.
        config: names the channels.
        now: settings clock, UTC.

    Raises:
        LedgerError: BigQuery refused.
    """
    from pedwatch.alerts.channels.slack import SlackChannel
    from pedwatch.alerts.channels.slack_strangers import strangers_in

    if settings.environment() is None:
        return []
    channel = SlackChannel(config.connections.slack)
    seen = {target: strangers_in(channel, target, now - LOOKS_BACK) for target in todays(config.slack, now.date())}
    told = {row["in_channel"]: told_from_row(row) for row in warehouse.run("alerts/told_of_foreign_messages.sql")}
    answered = {target: others for target, others in seen.items() if others is not None}
    rows = foreign_messages.rows(answered, told, config.slack, floor_to_cycle(now, config.period))
    for row in rows:
        log.warning("%s: %s", row.reason, row.message.text)
    return with_copies(rows, config.slack)


def todays(slack: Slack, day: dt.date) -> list[str]:
    """Return the channels that are looked at on a day: the platform's always, of many others those that come next."""
    others = sorted(slack.channels - {slack.platform_channel})
    weeks, weekday = divmod(day.toordinal() - 1, 7)  # day 1 was a Monday; digests come on five days of a week
    first = (5 * weeks + weekday) * (MOST - 1) % max(1, len(others))
    return [slack.platform_channel, *(others[first:] + others[:first])[: MOST - 1]]

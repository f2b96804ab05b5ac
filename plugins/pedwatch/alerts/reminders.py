"""When an episode is told again in its thread, though nothing changed. Pure; times in UTC."""

import datetime as dt

from pedwatch.alerts.episodes import Episode
from pedwatch.config import Slack


def reminders_due(episode: Episode, cycle: dt.datetime, slack: Slack) -> int:
    """Return how many reminders of an episode are due: at each of the steps, then as often as the last one is long."""
    if episode.fired_cycle is None or not slack.reminder_hours:
        return 0
    hours = (cycle - episode.fired_cycle) / dt.timedelta(hours=1)
    last = slack.reminder_hours[-1]
    return sum(hours >= step for step in slack.reminder_hours[:-1]) + int(hours // last)

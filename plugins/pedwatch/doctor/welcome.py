"""The welcome: a team's first message, sent on request, and noted so that it is not sent again."""

import datetime as dt
from dataclasses import replace

from pedwatch.alerts.channels.slack import SlackChannel
from pedwatch.alerts.table_rows import NOTIFICATION_COLUMNS, notification_to_row
from pedwatch.alerts.welcome import row_of
from pedwatch.config import Config
from pedwatch.cycles import floor_to_cycle
from pedwatch.doctor.findings import Finding
from pedwatch.errors import LedgerError, NotifyError
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse

RUN_ID = "doctor"


def welcome(channel: SlackChannel, warehouse: Warehouse, config: Config, team_id: str, now: dt.datetime) -> Finding:
    """Send a team its welcome, whatever its mode, and write it into the outbox as sent."""
    row = row_of(team_id, config, floor_to_cycle(now, config.period))
    what = f"welcome in {row.channel} ({team_id})"
    payload = {
        "notification_id": row.notification_id,
        "episode_id": row.episode_id,
        "reason": row.reason,
        "cycle": row.cycle.isoformat(),
    }
    try:
        channel.post(row.channel, row.message, payload)
    except NotifyError as error:
        return Finding("Slack", what, "failed", str(error), "see docs/slack.md")
    sent = Typed(NOTIFICATION_COLUMNS, [notification_to_row(replace(row, status="sent"))])
    try:
        warehouse.write("alerts/write_notifications.sql", {"created_at": now, "run_id": RUN_ID, "notifications": sent})
    except LedgerError as error:
        fix = "give yourself roles/bigquery.dataEditor on the dataset, or expect a second welcome"
        return Finding("Slack", what, "warning", f"sent, and could not be noted: {error}", fix)
    return Finding("Slack", what, "ok", "sent: look into the channel")

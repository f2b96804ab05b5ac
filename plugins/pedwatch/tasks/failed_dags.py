"""A failed DAG is told in the platform's channel once, until a run succeeds again (DESIGN D12).

``CALLBACKS`` goes into every DAG. A callback never raises: it logs a structured line first, so that a log-based metric
can alert when BigQuery or Slack cannot, and then writes to the same outbox and sends at once, for the DAG that failed
may be the one that sends.
"""

import datetime as dt
import json
import logging
import uuid
from typing import Any

from pedwatch.alerts import platform_messages
from pedwatch.alerts.copies import with_copies
from pedwatch.alerts.episodes import NAMESPACE
from pedwatch.alerts.messages import Message
from pedwatch.alerts.notifications import Notification, Told, notification_id
from pedwatch.config import Config
from pedwatch.hooks.warehouse import Warehouse

log = logging.getLogger(__name__)

ALERTING = ("scheduled", "asset_triggered")
"""Run types that may alert; a backfill never does, and a manual run has somebody who watches it (DESIGN D9)."""


def row_to_write(
    told: Told | None, is_failure: bool, dag_id: str, run_id: str, message: Message, channel: str, cycle: dt.datetime
) -> Notification | None:
    """Decide what the channel has to hear of a DAG's run; None when it knows already.

    Args:
        told: what was last told of the DAG.
        is_failure: how the run ended.
        dag_id: the DAG.
        run_id: the run.
        message: what would be said.
        channel: the platform's.
        cycle: of the run.
    """
    is_open = told is not None and told.phase == "failed"
    if is_failure == is_open:
        return None
    thread, sequence = str(uuid.uuid5(NAMESPACE, f"dag|{dag_id}|{run_id}")), 1
    if told is not None and (is_open or told.episode_id == thread):  # a run that fails again after it was cleared
        thread, sequence = told.episode_id, told.sequence + 1
    state = {
        "phase": "failed" if is_failure else "resolved",
        "severity": None,
        "dag_id": dag_id,
        "since": cycle.isoformat(),
    }
    return Notification(
        notification_id=notification_id(thread, sequence, channel),
        episode_id=thread,
        sequence=sequence,
        team_id=None,
        cycle=cycle,
        reason="dag_failed" if is_failure else "dag_recovered",
        destination="team",
        channel=channel,
        told_state=json.dumps(state, sort_keys=True),
        message=message,
        status="unsent",
    )


def tell(
    warehouse: Warehouse,
    config: Config,
    is_failure: bool,
    dag_id: str,
    run_id: str,
    cycle: dt.datetime,
    now: dt.datetime,
    tasks: list[str],
    url: str | None = None,
) -> bool:
    """Write the outbox row of a DAG that failed, or runs again; tell whether there was one to write."""
    from pedwatch.alerts.rows import NOTIFICATION_COLUMNS, notification_to_row
    from pedwatch.hooks.parameters import Typed

    found = warehouse.run("alerts/told_of_dag.sql", {"dag_id": dag_id})
    told = None
    if found:
        row = found[0]
        state = json.loads(row["told_state"])
        told = Told(row["episode_id"], row["sequence"], row["channel"], row["destination"], state)
    if is_failure:
        cause = refusal_of(warehouse, dag_id, run_id)
        message = platform_messages.dag_failed(dag_id, run_id, cycle, tasks, url, cause)
    else:
        since = dt.datetime.fromisoformat(told.state["since"]) if told else cycle
        message = platform_messages.dag_recovered(dag_id, since, cycle, url)
    channel = config.slack.platform_channel
    notification = row_to_write(told, is_failure, dag_id, run_id, message, channel, cycle)
    if notification is None:
        return False
    written = with_copies([notification], config.slack)
    rows = Typed(NOTIFICATION_COLUMNS, [notification_to_row(row) for row in written])
    warehouse.write("alerts/write_notifications.sql", {"created_at": now, "run_id": run_id, "notifications": rows})
    return True


def refusal_of(warehouse: Warehouse, dag_id: str, run_id: str) -> str | None:
    """Say why a sync of limits was refused: the callback of a run is not told what failed it."""
    if dag_id != "ped_limits_sync":
        return None
    found = warehouse.run("limits/refusal_of_run.sql", {"sync_id": run_id})
    return found[0]["message"] if found else None


def _ended(context: Any, is_failure: bool) -> None:
    from pedwatch import settings
    from pedwatch.hooks.clients import warehouse
    from pedwatch.hooks.transports import Transports
    from pedwatch.tasks.run_links import run_url
    from pedwatch.tasks.send import send_notifications

    run = context["dag_run"]
    dag_id, run_type = run.dag_id, getattr(run.run_type, "value", run.run_type)
    if is_failure:
        log.error("pedwatch_dag_failed dag_id=%s run_id=%s run_type=%s", dag_id, run.run_id, run_type)
    if run_type not in ALERTING:
        return
    config, now = settings.load_config(), settings.now()
    cycle = (run.data_interval_end or run.run_after or now).astimezone(dt.UTC)
    failed = [context["ti"].task_id] if is_failure and context.get("ti") is not None else []
    store = warehouse(config)
    if tell(store, config, is_failure, dag_id, run.run_id, cycle, now, failed, run_url(dag_id, run.run_id)):
        send_notifications(store, Transports(config), config.slack, now, run.run_id)


def dag_failed(context: Any) -> None:
    """Tell the platform that a scheduled run failed."""
    _safely(context, is_failure=True)


def dag_succeeded(context: Any) -> None:
    """Tell the platform that a DAG that had failed runs again."""
    _safely(context, is_failure=False)


def _safely(context: Any, is_failure: bool) -> None:
    try:
        _ended(context, is_failure)
    except Exception as error:  # noqa: BLE001 a callback that fails would hide the failure it is there to tell
        # Not the traceback: what a client's exception carries is not known here.
        log.error("pedwatch_dag_callback_failed is_failure=%s error=%s", is_failure, type(error).__name__)


CALLBACKS = {"on_failure_callback": dag_failed, "on_success_callback": dag_succeeded}

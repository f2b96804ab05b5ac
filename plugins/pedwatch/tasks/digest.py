"""The tasks of ``ped_digest``: decide whether this run may speak, fill the outbox, deliver it."""

import datetime as dt
import logging
from typing import Any
from zoneinfo import ZoneInfo

from pedwatch import settings
from pedwatch.alerts import digest
from pedwatch.alerts.table_rows import NOTIFICATION_COLUMNS, notification_to_row
from pedwatch.alerts.welcome import with_welcomes
from pedwatch.audit import calendar
from pedwatch.config import Config
from pedwatch.config.needs import GOOGLE, SLACK
from pedwatch.cycles import floor_to_cycle
from pedwatch.run_gates import MANUAL, SCHEDULED, run_type_of
from pedwatch.tasks import foreign_messages, run_start

log = logging.getLogger(__name__)

LATEST = dt.timedelta(hours=6)
"""After that the morning is over: a digest that late would be taken for the next day's."""


def may_tell(run_type: str, allow_notify: bool, due: dt.datetime, now: dt.datetime) -> tuple[bool, str]:
    """Decide whether a run may write to the outbox, and why; the default is to deny (docs/design.md#d9)."""
    if run_type == MANUAL:
        return allow_notify, "a manual run with allow_notify" if allow_notify else "a manual run tells nobody"
    if run_type != SCHEDULED:
        return False, f"a run of type {run_type!r} tells nobody"
    if not dt.timedelta(0) <= now - due < LATEST:
        return False, f"the run is {now - due} late"
    return True, "scheduled"


def write_digest(warehouse: Any, config: Config, now: dt.datetime, run_id: str, may_notify: bool) -> dict[str, Any]:
    """Compose the digest as of ``now``; write it to the outbox if it may be told. Returns its proof."""
    from pedwatch.audit.bucket.calendar_rows import read_gaps
    from pedwatch.hooks.parameters import Typed
    from pedwatch.hooks.run_urls import pages_url

    rules = config.policy.advisories
    asked = {"now": now, "rules": Typed("ARRAY<STRING>", list(rules))}
    advisories = warehouse.run("verdicts/advisories.sql", asked) if rules else []
    heads = warehouse.run("audit/chain_head.sql", {"label": calendar.LABEL})
    found = digest.from_row(
        warehouse.run("alerts/digest.sql", {"now": now})[0],
        advisories,
        chain_head=heads[0]["head_sha256"] if heads else None,
        is_head_kept_elsewhere=config.evidence_heads.bucket is not None,
        evidence_gaps=[(f"{gap.days}: {gap.what}", gap.fix) for gap in read_gaps(warehouse, now)],
    )
    day = now.astimezone(ZoneInfo(config.report_timezone)).date()
    told = [row["channel"] for row in warehouse.run("alerts/told_channels.sql")]
    written = digest.notifications(
        found, config.slack, day, config.report_timezone, floor_to_cycle(now, config.period), pages_url()
    )
    notifications = with_welcomes(written, config, told)
    for notification in notifications:
        log.info("%s: %s", notification.team_id or "all teams", notification.message.text)
    if may_notify:
        notifications += foreign_messages.found(warehouse, config, now)
        rows = Typed(NOTIFICATION_COLUMNS, [notification_to_row(n) for n in notifications])
        parameters = {"created_at": now, "run_id": run_id, "notifications": rows}
        warehouse.write("alerts/write_notifications.sql", parameters)
    in_outbox = len(notifications) if may_notify else 0
    log.info("messages of the digest: %s; put into the outbox: %s", len(notifications), in_outbox)
    return {"proof": digest.proof(found), "notifications": in_outbox}


def compose_digest(dag_run: Any = None, params: Any = None, run_id: Any = None, dag: Any = None) -> dict[str, Any]:
    """Fill the outbox, where this run may."""
    from pedwatch.hooks.clients import warehouse

    config, now = run_start.begin(dag_run, dag, GOOGLE, SLACK), settings.now()
    run_type = run_type_of(dag_run)
    due = dag_run.data_interval_end or dag_run.run_after
    may_notify, reason = may_tell(run_type, bool(params["allow_notify"]), due, now)
    log.info("may tell: %s (%s)", may_notify, reason)
    return write_digest(warehouse(config), config, now, run_id, may_notify)


def send_digest(composed: dict[str, Any], run_id: Any = None) -> dict[str, int]:
    """Deliver the outbox."""
    from pedwatch.alerts.channels.dispatch import Transports
    from pedwatch.alerts.delivery.leasing import send_notifications
    from pedwatch.hooks.clients import warehouse

    if not composed["notifications"]:
        return {}
    config = settings.load_config()
    return send_notifications(warehouse(config), Transports(config), config.slack, settings.now(), run_id).counts

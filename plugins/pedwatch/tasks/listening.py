"""What listens for the other DAGs in ped_limits_sync: silence is told, and what waits for a sender is sent.

It needs nothing of the sync and does not wait for it, so that limits that cannot be read do not hide that nothing is
judged. A quiet call is one statement and no call of Slack. Of the outbox it reads the newest days, and as far back as
the run before said in its XCom that something still matters; where that said nothing, all of it.
"""

import contextlib
import datetime as dt
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pedwatch import settings
from pedwatch.alerts import failed_runs, silence
from pedwatch.alerts.copies import with_copies
from pedwatch.alerts.live.failure_reports import EVER, settle_reports, write_words
from pedwatch.alerts.notifications import Notification
from pedwatch.alerts.reconcile import told_from_row
from pedwatch.alerts.routing import in_platforms_channel
from pedwatch.alerts.transport import Transport
from pedwatch.config import Config, Slack
from pedwatch.hooks.run_urls import dag_url
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.run_gates import SCHEDULED, run_type_of

log = logging.getLogger(__name__)

WATCH = "ped_replica_watch"
GRACE_SECONDS = 30.0
"""For listening to end after a sync that failed."""

LEFT, LISTENED_AT, OPEN_SINCE = "listened", "listened_at", "open_since"
"""What a run leaves the next one in an XCom of its own: when it listened, and how old the oldest row is that still
mattered."""

TRUSTED = 3
"""What a run left longer ago than so many cycles is not believed: all of the outbox is read."""

READS_BACK = dt.timedelta(days=2)
"""So much of the outbox is read in any case."""


def since_of(left: Any, now: dt.datetime, period: dt.timedelta) -> dt.datetime:
    """Return from when on the outbox has to be read, by what the run before left; all of it where that says nothing.

    Args:
        left: its XCom.
        now: settings clock, UTC.
        period: the length of cycles.
    """
    with contextlib.suppress(KeyError, TypeError, ValueError):
        listened_at, open_since = (dt.datetime.fromisoformat(left[name]) for name in (LISTENED_AT, OPEN_SINCE))
        if now - listened_at < TRUSTED * period:
            return min(open_since, now - READS_BACK)
    return EVER


def rows_to_write(found: Mapping[str, Any], slack: Slack, now: dt.datetime, period: dt.timedelta) -> list[Notification]:
    """Return what the platform has to hear, of an answer of ``heartbeats/listen.sql``; ``period``: see ``Heard``."""
    words = {row["kind"]: _word(row, slack) for row in found["silences"]}
    resumed = [row["cycle"] for row in found["silences"] if row["kind"] == "judged" and row["reason"] == silence.OVER]
    failed = [(in_platforms_channel(told_from_row(row), slack), row["finished_cycles"]) for row in found["failed_dags"]]
    heard = silence.Heard(
        judged=found["judged_cycle"],
        finished=found["finished_cycle"],
        first_synced=found["first_synced_cycle"],
        period=period,
        resumed=next(iter(resumed), None),
        is_failure_told=any(each.state["dag_id"] == WATCH for each, _ in failed),
    )
    wanted = [
        silence.row_to_write(kind, heard, words.get(kind), slack.platform_channel, now, dag_url(WATCH))
        for kind in silence.KINDS
    ]
    wanted += [failed_runs.recovery_row(each, cycles, period, dag_url(each.state["dag_id"])) for each, cycles in failed]
    return [row for row in wanted if row is not None]


def _word(row: Mapping[str, Any], slack: Slack) -> silence.Word:
    return silence.Word(in_platforms_channel(told_from_row(row), slack), row["first_finished_cycle"])


def listen_once(
    warehouse: Warehouse, config: Config, transport: Callable[[], Transport], now: dt.datetime, run_id: str, left: Any
) -> dict[str, Any]:
    """Tell what has to be told, and deliver the outbox if the platform's part of it waits.

    Args:
        warehouse: the tables.
        config: whom to tell.
        transport: makes the way to Slack; called only when there is something to send.
        now: settings clock, UTC.
        run_id: of this run.
        left: what the run before left in its XCom.

    Returns:
        How many rows were ``written``, what became of those that were sent, and what the next run has to know.

    Raises:
        LedgerError: BigQuery refused.
        UnusableTransportError: Slack refuses everything; the rows wait.
    """
    from pedwatch.alerts.delivery.leasing import send_notifications
    from pedwatch.alerts.live.commit import live_cursor
    from pedwatch.hooks.parameters import Typed

    since = since_of(left, now, config.period)
    cursor = live_cursor(warehouse)
    period = max(config.period, cursor.period) if cursor else config.period
    asked = {"now": now, "since": since, "cursor": Typed("TIMESTAMP", cursor.cycle if cursor else None)}
    found = warehouse.run("heartbeats/listen.sql", asked)[0]
    settled = 0
    if found["reported"]:
        settled = settle_reports(warehouse, config, run_id)
        found = warehouse.run("heartbeats/listen.sql", asked)[0]
    wanted = with_copies(rows_to_write(found, config.slack, now, period), config.slack)
    for row in wanted:
        log.warning("%s: %s", row.reason, row.message.text)
    is_written = bool(wanted) and write_words(
        warehouse, [(row, now) for row in wanted], found["run_rows"], since, run_id
    )
    told: dict[str, Any] = {"written": settled + (len(wanted) if is_written else 0)}
    told |= {LISTENED_AT: now.isoformat(), OPEN_SINCE: min(found["open_since"], now).isoformat()}
    if told["written"] or found["waiting"]:
        told |= send_notifications(warehouse, transport(), config.slack, now, run_id).counts
    return told


def _ready(dag_run: Any, run_id: Any, ti: Any) -> Callable[[], dict[str, Any]]:
    """Ask Airflow for what listening needs, and return what then does it.

    In a scheduled run: a backfill tells nobody, and who starts a sync by hand sees how things stand.
    """
    from pedwatch.alerts.channels.dispatch import Transports
    from pedwatch.hooks import applied_schema
    from pedwatch.hooks.clients import warehouse_of_any_schema

    run_type = run_type_of(dag_run)
    if run_type != SCHEDULED:
        log.info("a run of type %r tells nobody", run_type)
        return lambda: {"written": 0}
    config = settings.load_config()
    # Also of a later build's tables: that every other task refuses them has to be told.
    warehouse = warehouse_of_any_schema(config)
    applied_schema.refuse_foreign(warehouse, settings.environment())
    # Named by its map index: without one, all XComs that there ever were are fetched.
    left = ti.xcom_pull(task_ids="sync_limits", key=LEFT, map_indexes=-1, include_prior_dates=True)
    return lambda: listen_once(warehouse, config, lambda: Transports(config), settings.now(), run_id, left)


@contextlib.contextmanager
def beside(dag_run: Any, run_id: Any, ti: Any) -> Iterator[None]:
    """Listen while the block runs, in a thread of its own: neither waits for the other, and both are to end well.

    Airflow is asked, and told, in the thread of the block: its test runner takes one question at a time.

    Raises:
        LedgerError, UnusableTransportError: as `listen_once`; only where the block itself raised nothing.
    """
    told: dict[str, Any] = {}
    failures: list[Exception] = []

    def attempt(work: Callable[[], Any]) -> Any:
        try:
            return work()
        except Exception as error:  # noqa: BLE001 raised again behind the block
            log.error("listening failed: %s", type(error).__name__)
            failures.append(error)

    listening = attempt(lambda: _ready(dag_run, run_id, ti)) or dict
    listener = threading.Thread(target=lambda: told.update(attempt(listening) or {}), name="listening", daemon=True)
    listener.start()
    try:
        yield
    except BaseException:
        listener.join(GRACE_SECONDS)
        raise
    listener.join()
    if LISTENED_AT in told:
        ti.xcom_push(key=LEFT, value=told)
    if failures:
        raise failures[0]

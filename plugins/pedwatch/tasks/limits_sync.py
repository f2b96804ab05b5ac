"""The tasks of ``ped_limits_sync``: one sync of Firestore into BigQuery, from where the last one stood on."""

import contextlib
import datetime as dt
import logging
from collections.abc import Callable, Mapping
from typing import Any

from pedwatch import settings
from pedwatch.config import Config
from pedwatch.errors import LedgerError, SyncRefusedError
from pedwatch.limits.known import LastSync, LimitReader
from pedwatch.limits.learnt import SyncPlan
from pedwatch.limits.store.bigquery import BigQueryLimits
from pedwatch.limits.sync import check_source, is_elsewhere, plan_sync
from pedwatch.tasks import rejected_limits

log = logging.getLogger(__name__)

STANDS = "stands"
"""Key of what a run returns under which the next one finds where it stood."""
TRUSTED = 3
"""For so many cycles a run's word is taken for the newest. Airflow finds the newest run by its logical date, which one
that was started by hand may lack."""


def sync_of_run(config: Config, run: Any, asked: Mapping[str, Any], ti: Any) -> dict[str, Any]:
    """Sync as a run of the DAG asks for it; returns what was found, and under ``STANDS`` where the sync stands.

    Raises:
        AirflowSkipException: it is a backfill.
        AirflowFailException: what would have been written is not allowed; trying again changes nothing.
    """
    from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

    from pedwatch.hooks import clients
    from pedwatch.limits.store.firestore import FirestoreLimits

    if run.run_type == "backfill":
        raise AirflowSkipException("limits cannot be read in the past: a backfilled sync does nothing")
    warehouse = clients.warehouse(config)
    made_by = settings.policy_commits()
    # Named by its map index: without one, all XComs that there ever were are fetched.
    told = ti.xcom_pull(task_ids="sync_limits", map_indexes=-1, include_prior_dates=True)
    try:
        plan = sync_limits(
            FirestoreLimits.from_config(config),
            BigQueryLimits(warehouse, made_by.commits),
            config,
            run.run_id,
            asked["full"],
            asked["allow_mass_end"],
            asked["accept_source"],
            stood_before(told, settings.now(), config.period),
            lambda plan: rejected_limits.tell(warehouse, config, plan, settings.now(), run.run_id),
        )
    except SyncRefusedError as error:
        # Firestore answers the same in twenty seconds: no retries.
        raise AirflowFailException(f"{type(error).__name__}: {error}") from error
    if plan is None:
        return {"note": f"{run.run_id} is committed already: nothing was written"}
    if made_by.unknown:
        log.info("a change of the policy would be recorded without its author: %s", made_by.unknown)
    log.info("limits as of %(read_time)s: %(changes)s changed, %(ended)s ended, %(rejections)s refused", plan.summary())
    return plan.summary() | {STANDS: plan.stands(config.firestore, config.policy_version).to_json()}


def sync_limits(
    store: LimitReader,
    ledger: BigQueryLimits,
    config: Config,
    sync_id: str,
    is_full: bool = False,
    allow_mass_end: bool = False,
    accept_source: bool = False,
    before: LastSync | None = None,
    tell: Callable[[SyncPlan], object] | None = None,
) -> SyncPlan | None:
    """Bring ``limit_history`` up to date; None when this very sync is committed already.

    Where nothing is new the sync goes on from where the one before it said that it stood, and its own row is all that
    it asks of BigQuery: it is written only if that is where the ledger stands. Else the ledger is asked first.

    Args:
        store: the limits in Firestore, those that ``config.firestore`` names.
        ledger: the limits in BigQuery.
        config: the policy that is recorded, where the limits are read from, and how many may end at once.
        sync_id: run id of the sync.
        is_full: list every document now instead of waiting for the hour, as is done after a move: it finds what was
            edited by hand.
        allow_mass_end: let limits end whose documents are gone, however many they are.
        accept_source: read from another project, database or collection than the last time.
        before: where the sync before stood, as it said itself; need not be true.
        tell: says what teams have to hear of the plan, before it is committed: after, it would be news no more.

    Raises:
        LimitStoreError: Firestore could not be read; nothing was written, the next sync reads on from the same place.
        SyncRefusedError: what would have been written is not allowed; only the refusal itself was recorded.
        LedgerError: BigQuery refused; nothing was written.
    """
    guard = None if allow_mass_end else config.limits_sync
    plan = None
    if before is not None and not is_elsewhere(before, config.firestore):
        with contextlib.suppress(SyncRefusedError):  # refused by what the ledger says, or not at all
            plan = plan_sync(store, ledger, before, is_full, guard, config.period)
            if ledger.record_quiet(plan, before, sync_id, settings.now(), config):
                return plan
    last, is_committed = ledger.last_sync(sync_id)
    if is_committed:
        return None
    if plan is None or last != before:
        try:
            if not accept_source:
                check_source(last, config.firestore)
            is_full = is_full or is_elsewhere(last, config.firestore)
            plan = plan_sync(store, ledger, last, is_full, guard, config.period)
        except SyncRefusedError as error:
            _record(ledger, error, sync_id, config)
            raise
    if tell is not None:
        tell(plan)
    ledger.commit(plan, last, sync_id, settings.now(), config)
    return plan


def stood_before(told: Any, now: dt.datetime, period: dt.timedelta) -> LastSync | None:
    """Read where the run before said that its sync stood; None where it said nothing that is understood, or long ago.

    Args:
        told: the XCom of that run.
        now: settings clock, UTC.
        period: the length of cycles.
    """
    with contextlib.suppress(KeyError, TypeError, ValueError):
        before = LastSync.from_json(told[STANDS])
        return before if now - before.read_time < TRUSTED * period else None
    return None


def _record(ledger: BigQueryLimits, refusal: SyncRefusedError, sync_id: str, config: Config) -> None:
    """Write the refusal down; that it could not be written must not hide it."""
    try:
        ledger.record_refusal(refusal, sync_id, settings.now(), config.firestore)
    except LedgerError as error:
        log.error("the refusal of %s could not be recorded: %s", sync_id, error)

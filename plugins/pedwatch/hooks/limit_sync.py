"""One sync of Firestore into BigQuery, from asking where the last one stood to the commit."""

from pedwatch import settings
from pedwatch.config import PolicyConfig
from pedwatch.hooks.limit_ledger import BigQueryLimits
from pedwatch.limits.sync import plan_sync
from pedwatch.limits.sync_plan import LimitReader, SyncPlan


def sync_limits(
    store: LimitReader, ledger: BigQueryLimits, policy: PolicyConfig, sync_id: str, is_full: bool = False
) -> SyncPlan | None:
    """Bring ``limit_history`` up to date; None when this very sync is committed already.

    ``is_full`` lists every document now instead of waiting for the hour: it finds what was edited by hand.

    Raises:
        LimitStoreError: Firestore could not be read; nothing was written, the next sync reads on from the same place.
        LedgerError: BigQuery refused; nothing was written.
    """
    last, is_committed = ledger.last_sync(sync_id)
    if is_committed:
        return None
    plan = plan_sync(store, ledger, last, is_full)
    ledger.commit(plan, last, sync_id, settings.now(), policy)
    return plan

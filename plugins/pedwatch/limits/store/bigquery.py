"""The limits' side of BigQuery: what a sync knows already, and the one script that commits what it found."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pedwatch.config import Config, Firestore
from pedwatch.config.commits import Commit
from pedwatch.errors import LedgerError, SyncRefusedError
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.staging import stage
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.limits.belief_rows import (
    COMMIT_COLUMNS,
    POLICY_COLUMNS,
    REJECTION_COLUMNS,
    belief_row,
    policy_rows,
    read_beliefs,
)
from pedwatch.limits.history import Belief
from pedwatch.limits.known import Known, LastSync, Rejection
from pedwatch.limits.learnt import SyncPlan

STAGING = "limit_staging"
_QUIET = "limits/record_sync.sql"
_OVERTAKEN = "another limit sync was committed meanwhile; this one wrote nothing, the next run catches up"


class BigQueryLimits:
    """Reads ``limit_history`` and its companions, and commits a sync to them.

    Args:
        warehouse: BigQuery.
        policy_commits: the commits that changed the policy, newest first; none where nobody knows.
    """

    def __init__(self, warehouse: Warehouse, policy_commits: Sequence[Commit] = ()) -> None:
        self._warehouse = warehouse
        self.policy_commits = policy_commits

    def last_sync(self, sync_id: str) -> tuple[LastSync | None, bool]:
        """Return where the last committed sync stood, and whether ``sync_id`` itself is committed already."""
        for row in self._warehouse.run("limits/last_sync.sql", {"sync_id": sync_id}):
            source = Firestore(project=row["project"], database=row["database"], collection=row["collection"])
            last = LastSync(
                row["read_time"],
                row["full_read_time"],
                row["documents_known"],
                source,
                row["rejections"],
                row["policy_version"],
            )
            return last, bool(row["is_committed"])
        return None, False

    def known(self) -> dict[str, Known]:
        """Return what is recorded of every document."""
        rows = self._warehouse.run("limits/known_state.sql")
        return {row["limit_id"]: Known(row["document_update_time"], row["is_deleted"]) for row in rows}

    def beliefs(self, limit_ids: Collection[str]) -> Mapping[str, Sequence[Belief]]:
        """Return the current beliefs of some limits."""
        if not limit_ids:
            return {}
        wanted = Typed("ARRAY<STRING>", sorted(limit_ids))
        return read_beliefs(self._warehouse.run("limits/current_beliefs.sql", {"limit_ids": wanted}))

    def rejections(self) -> list[Rejection]:
        """Return the documents that the last sync could not read."""
        return [Rejection(**row) for row in self._warehouse.run("limits/current_rejections.sql")]

    def record_quiet(
        self, plan: SyncPlan, before: LastSync, sync_id: str, committed_at: dt.datetime, config: Config
    ) -> bool:
        """Write a sync's row if it found nothing new and the ledger stands where ``before`` says; tell whether it did.

        Raises:
            LedgerError: BigQuery refused.
        """
        if plan.is_news_after(before, config.policy_version):
            return False
        return self._warehouse.write(_QUIET, _row(plan, before, sync_id, committed_at, config)) > 0

    def commit(
        self, plan: SyncPlan, last: LastSync | None, sync_id: str, committed_at: dt.datetime, config: Config
    ) -> None:
        """Write all that a sync found, in one transaction, with the policy and where the limits were read from.

        A sync that found nothing new writes its own row and touches no other table.

        Raises:
            LedgerError: BigQuery refused, or another sync was committed since ``last``.
        """
        parameters = _row(plan, last, sync_id, committed_at, config)
        if not plan.is_news_after(last, config.policy_version):
            # No row is written twice: none at all means that this sync is there already, or that another one is.
            if not self._warehouse.write(_QUIET, parameters) and not self.last_sync(sync_id)[1]:
                raise LedgerError(_OVERTAKEN)
            return
        news = {
            "changes": plan.versions_written,
            "staged_rows": stage(self._warehouse, STAGING, _staging_rows(plan, sync_id)),
            "rejections": Typed(REJECTION_COLUMNS, [vars(rejection) for rejection in plan.rejections]),
            "policies": Typed(POLICY_COLUMNS, policy_rows(config.policy)),
            "advisories": Typed("ARRAY<STRING>", list(config.policy.advisories)),
            "retired_clusters": Typed("ARRAY<STRING>", config.retired_clusters),
            "suppressed_teams": Typed("ARRAY<STRING>", config.suppressed_teams),
            "policy_commits": Typed(COMMIT_COLUMNS, [vars(commit) for commit in self.policy_commits]),
        }
        self._warehouse.run("limits/commit_sync.sql", parameters | news)

    def record_refusal(
        self, refusal: SyncRefusedError, sync_id: str, refused_at: dt.datetime, source: Firestore
    ) -> None:
        """Note that a sync was refused, and why.

        Raises:
            LedgerError: BigQuery refused.
        """
        parameters = {
            "sync_id": sync_id,
            "refused_at": refused_at,
            "reason": refusal.reason,
            "message": str(refusal),
            **_source_parameters(source),
        }
        self._warehouse.write("limits/record_refusal.sql", parameters)


def _row(
    plan: SyncPlan, last: LastSync | None, sync_id: str, committed_at: dt.datetime, config: Config
) -> dict[str, Any]:
    return {
        "sync_id": sync_id,
        "read_time": plan.read_time,
        "previous_read_time": Typed("TIMESTAMP", last.read_time if last else None),
        "committed_at": committed_at,
        "mode": plan.mode,
        "documents_read": plan.documents_read,
        "documents_known": plan.documents_known,
        "documents_sha256": Typed("STRING", plan.documents_sha256),
        **_source_parameters(config.firestore),
        "policy_version": config.policy_version,
    }


def _source_parameters(source: Firestore) -> dict[str, str]:
    return {f"firestore_{name}": value for name, value in source.model_dump().items()}


def _staging_rows(plan: SyncPlan, sync_id: str) -> Iterator[dict[str, Any]]:
    for limit_id, change in plan.changes.items():
        for belief in change.closed:
            key = {"limit_id": limit_id, "valid_from": belief.valid_from}
            yield {"sync_id": sync_id, "operation": "close", **key}
        for belief in change.opened:
            yield {"sync_id": sync_id, "operation": "open", **belief_row(belief)}

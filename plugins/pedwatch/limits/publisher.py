"""Publishes a batch of PED files: what may be written, what would change, and the writing itself."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pedwatch.config import PolicyConfig
from pedwatch.errors import LimitDocumentError
from pedwatch.limits.document import PedLimit, Source
from pedwatch.limits.files import Batch
from pedwatch.limits.publishing import DocumentChange, Write, plan_changes, write_of
from pedwatch.limits.stored import StoredDocument


class LimitStore(Protocol):
    """Firestore as publishing uses it."""

    def fetch(self, document_ids: Collection[str], at: dt.datetime | None = None) -> Iterable[StoredDocument]:
        """Return those of the documents that exist."""

    def matching(self, **fields: str) -> Iterable[StoredDocument]:
        """Return the documents whose fields have these values."""

    def write(self, writes: Sequence[Write]) -> None:
        """Write documents and their archived versions."""


@dataclass(frozen=True)
class Publishing:
    """How a batch is published."""

    skip_invalid: bool = False
    withdraw_missing: bool = False


def changes_of(batch: Batch, store: LimitStore, how: Publishing) -> list[DocumentChange]:
    """Return what publishing the batch would change.

    Documents are withdrawn only within the environments and teams that the batch itself speaks for.

    Raises:
        LimitDocumentError: something in the batch is wrong, and it was not asked to skip that.
    """
    if not how.skip_invalid:
        batch.require_valid()
    elif how.withdraw_missing and batch.problems:
        raise LimitDocumentError(
            "withdrawing what is missing while skipping what is invalid would withdraw the limits of invalid files: "
            "mend them, or ask for one of the two"
        )
    limits = [written.limit for written in batch.limits]
    stored = {document.document_id: document for document in store.fetch([limit.limit_id for limit in limits])}
    if how.withdraw_missing:
        for environment, team_id in sorted({(limit.environment, limit.team_id) for limit in limits}):
            found = store.matching(environment=environment, team_id=team_id)
            stored |= {document.document_id: document for document in found}
    return plan_changes(limits, stored.values(), withdraw_missing=how.withdraw_missing)


def apply_changes(changes: Iterable[DocumentChange], store: LimitStore) -> None:
    """Write the changes, each only if its document is still what it was compared with."""
    store.write([write_of(change) for change in changes])


def with_source(batch: Batch, repo: str | None, commit: str | None, root: str | None = None) -> Batch:
    """Note on each limit where it came from; paths are written relative to ``root``."""
    limits = []
    for written in batch.limits:
        path = written.path.removeprefix(f"{root.rstrip('/')}/") if root else written.path
        source = Source(repo=repo, path=path, commit=commit)
        limits.append(type(written)(written.limit.model_copy(update={"source": source}), written.path, written.line))
    return Batch(tuple(limits), batch.problems)


def approval_warnings(limits: Iterable[PedLimit], policy: PolicyConfig) -> list[str]:
    """Say which exemptions will not count, because nobody on the allow-list outside the team approved them."""
    teams = {approver.id: approver.team_id for approver in policy.approvers}
    warnings = []
    for limit in limits:
        for exemption in limit.exemptions:
            if exemption.approver not in teams:
                reason = f"{exemption.approver} is not on the allow-list (policy.approvers in pedwatch.yaml)"
            elif teams[exemption.approver] == limit.team_id:
                reason = f"{exemption.approver} is of the team itself"
            else:
                continue
            warnings.append(f"{limit.limit_id}: exemption {exemption.id} will not count: {reason}")
    return warnings

"""Decides what a sync of Firestore into ``limit_history`` writes. Pure: it reads through two protocols, writes nothing.

All reads are as of one moment T of Firestore's own clock, and T becomes the next watermark. What changed since the
last T (less an overlap) is read; a count that does not add up, or an hour gone by, makes the sync *full*: every
document's update time is listed, so that hard deletes and edits that bypassed the publisher are found too.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from pedwatch.errors import LimitStoreError
from pedwatch.limits.history import Belief, Change, Statement, learn, newest
from pedwatch.limits.stored import StoredDocument

OVERLAP = dt.timedelta(minutes=10)
"""SERVER_TIMESTAMP precedes its commit, and a batch shares one: look back further than the last read time."""
FULL_EVERY = dt.timedelta(minutes=57, seconds=30)
"""An hour, less half a cycle so that it does not slip to 65 minutes."""


class LimitReader(Protocol):
    """Firestore as a sync reads it."""

    def server_time(self) -> dt.datetime:
        """Return a read time taken from the server."""

    def count(self, at: dt.datetime) -> int:
        """Count the documents that are not withdrawn."""

    def changed(self, since: dt.datetime, at: dt.datetime) -> Iterable[StoredDocument]:
        """Return the documents published at or after ``since``."""

    def listing(self, at: dt.datetime) -> Mapping[str, dt.datetime]:
        """Return every document's id and update time."""

    def fetch(self, document_ids: Collection[str], at: dt.datetime) -> Iterable[StoredDocument]:
        """Return those of the documents that exist."""

    def versions(self, document_id: str, after: dt.datetime | None, at: dt.datetime) -> Iterable[StoredDocument]:
        """Return the archived versions of a document that were written after a moment."""


@dataclass(frozen=True)
class LastSync:
    """Where the sync before this one stood."""

    read_time: dt.datetime
    full_read_time: dt.datetime
    documents_known: int


@dataclass(frozen=True)
class Known:
    """What is recorded of one document: when its newest version was written, and whether it stands."""

    update_time: dt.datetime
    is_deleted: bool


@dataclass(frozen=True)
class Rejection:
    """A document, or a version of one, that could not be read as a limit."""

    document_id: str
    reason: str
    content_sha256: str
    has_previous_limit: bool
    is_current: bool = True


class LimitLedger(Protocol):
    """BigQuery as a sync reads it."""

    def known(self) -> Mapping[str, Known]:
        """Return what is recorded of every document."""

    def beliefs(self, limit_ids: Collection[str]) -> Mapping[str, Sequence[Belief]]:
        """Return the current beliefs of some limits."""

    def rejections(self) -> Sequence[Rejection]:
        """Return the documents that the last sync could not read."""


@dataclass(frozen=True)
class SyncPlan:
    """Everything one sync commits."""

    read_time: dt.datetime
    mode: Literal["incremental", "full"]
    changes: Mapping[str, Change]
    rejections: tuple[Rejection, ...]
    documents_read: int
    documents_known: int

    @property
    def versions_written(self) -> int:
        """How many versions the history gains."""
        return sum(len(_numbers(change.opened) - _numbers(change.closed)) for change in self.changes.values())

    def summary(self) -> dict[str, str | int]:
        """Return the sync in numbers, for logs."""
        return {
            "read_time": self.read_time.isoformat(),
            "mode": self.mode,
            "documents_read": self.documents_read,
            "documents_known": self.documents_known,
            "changes": self.versions_written,
            "rejections": sum(rejection.is_current for rejection in self.rejections),
        }


def _numbers(beliefs: Iterable[Belief]) -> set[int]:
    return {belief.version for belief in beliefs}


def plan_sync(reader: LimitReader, ledger: LimitLedger, last: LastSync | None, is_full: bool = False) -> SyncPlan:
    """Read Firestore at one moment and decide what to record; ``is_full`` asks for the full listing now.

    Raises:
        LimitStoreError: Firestore could not be read, or its clock went back behind the last sync.
    """
    at = reader.server_time()
    if last is not None and at <= last.read_time:
        raise LimitStoreError(
            f"Firestore's read time {at.isoformat()} is not later than the last sync's, {last.read_time.isoformat()}: "
            f"history is never written backwards. Check that this is the database synced before."
        )
    if not is_full and last is not None and at - last.full_read_time < FULL_EVERY:
        plan = _incremental(reader, ledger, last, at)
        if reader.count(at) == plan.documents_known:
            return plan
    return _full(reader, ledger, at)


@dataclass
class _Findings:
    """Collects what the documents of one sync amount to."""

    reader: LimitReader
    at: dt.datetime
    beliefs: Mapping[str, Sequence[Belief]]
    rejected: dict[str, Rejection]
    superseded: list[Rejection] = field(default_factory=list)
    changes: dict[str, Change] = field(default_factory=dict)
    documents_read: int = 0

    def read(self, document: StoredDocument) -> None:
        """Take in the state of one document, and the versions written since the last one recorded."""
        before = self.beliefs.get(document.document_id, ())
        last = newest(before)
        self.documents_read += 1
        self.rejected.pop(document.document_id, None)
        if last is None or document.update_time > last.document_update_time:
            versions = [*self._versions_between(document, last), document]
            self._learn(document.document_id, before, self._statements(versions, bool(before), document))

    def is_gone(self, document_id: str) -> None:
        """Take in that a document was deleted for good, which nobody dated: it ends now."""
        before = self.beliefs.get(document_id, ())
        last = newest(before)
        self.rejected.pop(document_id, None)
        if last is not None and not last.is_deleted:
            versions = list(self.reader.versions(document_id, last.document_update_time, self.at))
            self.documents_read += len(versions)
            statements = self._statements(versions, True, None)
            self._learn(document_id, before, [*statements, Statement(self.at, None)])

    def _learn(self, document_id: str, before: Sequence[Belief], statements: Iterable[Statement]) -> None:
        change = learn(before, statements)
        if change.closed or change.opened:
            self.changes[document_id] = change

    def _versions_between(self, document: StoredDocument, last: Belief | None) -> list[StoredDocument]:
        """Read the archive only where a version may lie between; most documents tell that none does."""
        previous = document.previous_update_time
        after = last.document_update_time if last else None
        has_predecessor = previous is not None and (after is None or previous > after)
        # Somebody else's write does not say what it replaced, and a withdrawal may have been one.
        if not has_predecessor and not document.was_edited_elsewhere and not document.is_withdrawn:
            return []
        versions = list(self.reader.versions(document.document_id, after, self.at))
        self.documents_read += len(versions)
        return [version for version in versions if version.update_time < document.update_time]

    def _statements(
        self, versions: Iterable[StoredDocument], has_previous_limit: bool, current: StoredDocument | None
    ) -> list[Statement]:
        statements = []
        for version in sorted(versions, key=lambda version: version.update_time):
            try:
                limit = None if version.is_withdrawn else version.limit()
            except ValueError as error:
                self._reject(version, str(error), has_previous_limit, is_current=version is current)
                continue
            has_previous_limit = has_previous_limit or limit is not None
            statements.append(Statement(version.update_time, limit))
        return statements

    def _reject(self, version: StoredDocument, reason: str, has_previous_limit: bool, is_current: bool) -> None:
        rejection = Rejection(version.document_id, reason, version.raw_sha256, has_previous_limit, is_current)
        if is_current:
            self.rejected[version.document_id] = rejection
        else:
            self.superseded.append(rejection)

    def plan(self, mode: Literal["incremental", "full"], documents_known: int) -> SyncPlan:
        """Put the findings into what is committed."""
        found = [*self.superseded, *self.rejected.values()]
        # The same wrong content may have come, gone and come again: one row, and what stands now decides.
        unique = {(rejection.document_id, rejection.content_sha256, rejection.reason): rejection for rejection in found}
        return SyncPlan(self.at, mode, self.changes, tuple(unique.values()), self.documents_read, documents_known)


def _stands(beliefs: Sequence[Belief]) -> bool:
    last = newest(beliefs)
    return last is not None and not last.is_deleted


def _incremental(reader: LimitReader, ledger: LimitLedger, last: LastSync, at: dt.datetime) -> SyncPlan:
    documents = list(reader.changed(last.read_time - OVERLAP, at))
    beliefs = ledger.beliefs([document.document_id for document in documents])
    rejected = {rejection.document_id: rejection for rejection in ledger.rejections()}
    known = last.documents_known
    findings = _Findings(reader, at, beliefs, rejected)
    for document in documents:
        stood = document.document_id in rejected or _stands(beliefs.get(document.document_id, ()))
        known += (not document.is_withdrawn) - stood
        findings.read(document)
    return findings.plan("incremental", known)


def _full(reader: LimitReader, ledger: LimitLedger, at: dt.datetime) -> SyncPlan:
    known = ledger.known()
    rejected = {rejection.document_id: rejection for rejection in ledger.rejections()}
    listing = reader.listing(at)
    unread = {name for name, moment in listing.items() if name not in known or known[name].update_time != moment}
    gone = {name for name, record in known.items() if name not in listing and not record.is_deleted}
    gone |= rejected.keys() - listing.keys()
    beliefs = ledger.beliefs([name for name in unread | gone if name in known])
    findings = _Findings(reader, at, beliefs, rejected)
    standing = sum(not known[name].is_deleted for name in listing.keys() - unread)
    for document in reader.fetch(sorted(unread), at):
        standing += not document.is_withdrawn
        findings.read(document)
    for name in sorted(gone):
        findings.is_gone(name)
    findings.documents_read += len(listing)
    return findings.plan("full", standing)

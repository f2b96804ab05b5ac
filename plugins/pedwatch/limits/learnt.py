"""What a sync learns: what the documents that it reads amount to, and the plan of all that it commits. Pure."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from pedwatch.config import Firestore
from pedwatch.limits.history import Belief, Change, Statement, learn, newest
from pedwatch.limits.known import LastSync, LimitReader, Rejection
from pedwatch.limits.stored_document import StoredDocument

Mode = Literal["incremental", "full"]


@dataclass(frozen=True)
class SyncPlan:
    """Everything one sync commits.

    ``documents_sha256`` is the fingerprint of what a full sync listed; checks/limits_listing_differs.sql works it out
    again from ``limit_history``. ``ended`` counts the limits that end because their documents are gone.
    ``rejected_before``: what the sync before could not read.
    """

    read_time: dt.datetime
    mode: Mode
    changes: Mapping[str, Change]
    rejections: tuple[Rejection, ...]
    documents_read: int
    documents_known: int
    documents_sha256: str | None = None
    ended: int = 0
    last_full_read_time: dt.datetime | None = None
    """Of an incremental sync: when all was last read."""
    rejected_before: tuple[Rejection, ...] = ()

    def is_news_after(self, last: LastSync | None, policy_version: str) -> bool:
        """Whether there is more to write than that the sync took place."""
        return bool(
            last is None
            or self.changes
            or self.rejections
            or last.rejections != 0
            or last.policy_version != policy_version
        )

    def stands(self, source: Firestore, policy_version: str) -> LastSync:
        """Return where this sync stands once it is committed, for the next one to read on from."""
        full = self.last_full_read_time or self.read_time
        return LastSync(self.read_time, full, self.documents_known, source, self._rejected, policy_version)

    @property
    def _rejected(self) -> int:
        return sum(rejection.is_current for rejection in self.rejections)

    @property
    def rejections_changed(self) -> set[str]:
        """Documents that are newly rejected, rejected for another reason, or not any more."""
        before = {(each.document_id, each.reason) for each in self.rejected_before}
        now = {(each.document_id, each.reason) for each in self.rejections if each.is_current}
        return {document_id for document_id, _ in before ^ now}

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
            "ended": self.ended,
            "rejections": self._rejected,
        }


def _numbers(beliefs: Iterable[Belief]) -> set[int]:
    return {belief.version for belief in beliefs}


def stands(belief: Belief | None) -> bool:
    """Tell whether the newest belief of a limit grants anything."""
    return belief is not None and not belief.is_deleted


@dataclass
class Learnt:
    """What is found while documents are read, one after the other.

    ``since`` is when all documents were last listed: one that is not known by now was not there then.
    """

    reader: LimitReader
    at: dt.datetime
    beliefs: Mapping[str, Sequence[Belief]]
    rejected: dict[str, Rejection]
    since: dt.datetime | None = None
    superseded: list[Rejection] = field(default_factory=list)
    changes: dict[str, Change] = field(default_factory=dict)
    documents_read: int = 0
    ended: int = 0

    def __post_init__(self) -> None:
        self._rejected_before = tuple(self.rejected.values())

    def read(self, document: StoredDocument) -> Belief | None:
        """Take in the state of one document, and the versions written since the last one recorded.

        Returns:
            The newest version that is now recorded of it.
        """
        before = self.beliefs.get(document.document_id, ())
        last = newest(before)
        self.documents_read += 1
        self.rejected.pop(document.document_id, None)
        if last is not None and _is_recorded(document, last):
            return last
        if last is not None and document.update_time <= last.document_update_time:
            return self._restate(document, before, last)
        versions = [*self._versions_between(document, last), document]
        statements = self._statements(versions, stands(last), document)
        return self._learn(document.document_id, before, statements, versions)

    def _restate(self, document: StoredDocument, before: Sequence[Belief], last: Belief) -> Belief | None:
        """Take in a document that stands as it was before something newer was recorded of it.

        It was taken for gone, or its database was restored. When that began nobody knows: what it says holds from now.
        """
        statements = self._statements([document], stands(last), document)
        restated = [replace(statement, restated_at=self.at) for statement in statements]
        self.ended += document.is_withdrawn and stands(last)
        return self._learn(document.document_id, before, restated, [document])

    def is_gone(self, document_id: str) -> None:
        """Take in that a document was deleted for good, which nobody dated: it ends now."""
        before = self.beliefs.get(document_id, ())
        last = newest(before)
        self.ended += stands(last)
        self.rejected.pop(document_id, None)
        versions = list(self.reader.versions(document_id, self._after(last), self.at))
        self.documents_read += len(versions)
        statements = self._statements(versions, stands(last), None)
        self._learn(document_id, before, [*statements, Statement(self.at, None)], versions)

    def _learn(
        self,
        document_id: str,
        before: Sequence[Belief],
        statements: Iterable[Statement],
        versions: Iterable[StoredDocument],
    ) -> Belief | None:
        change = learn(before, statements)
        last = newest(before)
        latest = newest(change.opened)
        if latest is None:
            return last
        missing = _missing(last, {version.number for version in versions})
        if missing:
            opened = (replace(one, versions_missing=missing) if one is latest else one for one in change.opened)
            change = replace(change, opened=tuple(opened))
        self.changes[document_id] = change
        return latest

    def _versions_between(self, document: StoredDocument, last: Belief | None) -> list[StoredDocument]:
        """Read the archive only where a version may lie between; most documents tell that none does."""
        previous = document.previous_update_time
        after = self._after(last)
        has_predecessor = previous is not None and (after is None or previous > after)
        # A document deleted for good and written again names no predecessor, but goes on counting.
        first = (last.document_version if last else 0) or 0
        has_predecessor = has_predecessor or document.number > first + 1
        # Somebody else's write does not say what it replaced, and a withdrawal may have been one.
        if not has_predecessor and not document.was_edited_elsewhere and not document.is_withdrawn:
            return []
        versions = list(self.reader.versions(document.document_id, after, self.at))
        self.documents_read += len(versions)
        return [version for version in versions if version.update_time < document.update_time]

    def _after(self, last: Belief | None) -> dt.datetime | None:
        return last.document_update_time if last else self.since

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
            has_previous_limit = limit is not None
            statements.append(Statement(version.update_time, limit, version.number))
        return statements

    def _reject(self, version: StoredDocument, reason: str, has_previous_limit: bool, is_current: bool) -> None:
        rejection = Rejection(version.document_id, reason, version.raw_sha256, has_previous_limit, is_current)
        if is_current:
            self.rejected[version.document_id] = rejection
        else:
            self.superseded.append(rejection)

    def plan(self, mode: Mode, documents_known: int, documents_sha256: str | None = None) -> SyncPlan:
        """Put the findings into what is committed."""
        found = [*self.superseded, *self.rejected.values()]
        # The same wrong content may have come, gone and come again: one row, and what stands now decides.
        unique = {(rejection.document_id, rejection.content_sha256, rejection.reason): rejection for rejection in found}
        return SyncPlan(
            self.at,
            mode,
            self.changes,
            tuple(unique.values()),
            self.documents_read,
            documents_known,
            documents_sha256,
            self.ended,
            rejected_before=self._rejected_before,
        )


def _is_recorded(document: StoredDocument, last: Belief) -> bool:
    """Tell whether the newest belief is what the document says. What was taken for gone has a time of our own."""
    return document.update_time == last.document_update_time and document.is_withdrawn == last.is_deleted


def _missing(last: Belief | None, numbers: set[int]) -> int:
    """Count the numbers after the last one recorded that Firestore gave out but that were not read."""
    if not numbers:
        return 0
    # Of a document that is new to us, what it was before it was deleted is not missing.
    first = min(numbers) - 1 if last is None else last.document_version
    if first is None:
        return 0
    between = sum(first < number < max(numbers) for number in numbers)
    return max(0, max(numbers) - first - 1 - between)

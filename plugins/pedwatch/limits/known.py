"""What a sync reads through and what it decides: the two protocols it is given, and the plan it hands back."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pedwatch.config import Firestore
from pedwatch.limits.history import Belief, Change
from pedwatch.limits.stored_document import StoredDocument

Mode = Literal["incremental", "full"]


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

    def archived(self, since: dt.datetime, at: dt.datetime) -> Iterable[StoredDocument]:
        """Return the versions of all documents, also of those deleted since, that were archived since a moment."""


@dataclass(frozen=True)
class LastSync:
    """Where the sync before this one stood.

    ``source`` is what it read, ``rejections`` how many documents it could not understand, ``policy_version`` the policy
    that it recorded; each None where that was not noted.
    """

    read_time: dt.datetime
    full_read_time: dt.datetime
    documents_known: int
    source: Firestore | None = None
    rejections: int | None = None
    policy_version: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as the next run of the sync is handed it."""
        times = {"read_time": self.read_time.isoformat(), "full_read_time": self.full_read_time.isoformat()}
        return vars(self) | times | {"source": self.source and self.source.model_dump()}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "LastSync":
        """Read what ``to_json`` returned.

        Raises:
            KeyError, TypeError, ValueError: another build wrote it.
        """
        times = {name: dt.datetime.fromisoformat(told[name]) for name in ("read_time", "full_read_time")}
        return cls(**{**told, **times, "source": told["source"] and Firestore.model_validate(told["source"])})


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

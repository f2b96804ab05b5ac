"""What is known before a sync: where the one before stood, what is recorded, and the two sides it reads. Values."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pedwatch.config import Firestore
from pedwatch.limits.history import Belief
from pedwatch.limits.stored_document import StoredDocument


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

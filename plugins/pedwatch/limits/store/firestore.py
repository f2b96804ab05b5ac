"""PED limits in Firestore: read at one moment for the sync, written with preconditions by publishing."""

import datetime as dt
import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar

from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type
from google.cloud.firestore_v1 import DELETE_FIELD, SERVER_TIMESTAMP, FieldFilter

from pedwatch.config import Config
from pedwatch.errors import LimitStoreError
from pedwatch.hooks.clients import AsAirflow, ClientSource
from pedwatch.limits.document_changes import Write, archive_id
from pedwatch.limits.store.firestore_refusals import refuse
from pedwatch.limits.store.snapshots import archived_version, plain_time, stored_document
from pedwatch.limits.stored_document import LAST_COUNTED, StoredDocument

if TYPE_CHECKING:
    from google.cloud.firestore import Client, CollectionReference, DocumentSnapshot
    from google.cloud.firestore_v1.query import Query

Answer = TypeVar("Answer")
_Read = tuple["DocumentSnapshot", ValueError | None]
"""A document, or its key alone with why its fields cannot be made out."""

log = logging.getLogger(__name__)

HISTORY = "history"
_PAGE = 1000
_FETCH = 300
# Firestore takes so many values in one filter.
_IN = 30
# A commit holds 500 writes, a server timestamp counting as one: up to three documents with one each.
_DOCUMENTS_PER_COMMIT = 80
_CALL_SECONDS = 30.0
_TRANSIENT = (
    exceptions.ServiceUnavailable,
    exceptions.DeadlineExceeded,
    exceptions.InternalServerError,
    exceptions.ResourceExhausted,
    exceptions.Aborted,
)
# The client's own retries restart a query at its beginning without end; here a page is read again as a whole.
_NEVER = Retry(predicate=if_exception_type())


class FirestoreLimits:
    """The collection of PED limits.

    Args:
        client: a Firestore client of the limits' database.
        collection: name of the collection.
        patience_seconds: how long a call is tried again while Firestore is unavailable.
        call_seconds: how long one call may take.
    """

    def __init__(
        self, client: "Client", collection: str, patience_seconds: float = 60.0, call_seconds: float = _CALL_SECONDS
    ) -> None:
        self._client = client
        self._limits: CollectionReference = client.collection(collection)
        self._timeout = call_seconds
        self._retry = Retry(predicate=if_exception_type(*_TRANSIENT), initial=0.5, timeout=patience_seconds)

    @classmethod
    def from_config(cls, config: Config, source: ClientSource | None = None) -> Self:
        """Return the configured collection, read as Airflow's connection unless told as whom."""
        return cls((source or AsAirflow()).firestore(config), config.firestore.collection)

    def server_time(self) -> dt.datetime:
        """Return a read time taken from the server: its clock orders its documents, ours does not."""
        probe = self._limits.document("no-such-limit")
        snapshots = self._call(lambda: list(self._client.get_all([probe], retry=_NEVER, timeout=self._timeout)))
        return plain_time(snapshots[0].read_time)

    def count(self, at: dt.datetime) -> int:
        """Count the documents that are not withdrawn, those without the field included."""
        withdrawn = self._limits.where(filter=FieldFilter("deleted", "==", True))
        return self._count(self._limits, at) - self._count(withdrawn, at)

    def changed(self, since: dt.datetime, at: dt.datetime) -> Iterator[StoredDocument]:
        """Return the documents published at or after ``since``, oldest first."""
        changed = self._limits.where(filter=FieldFilter("updated_at", ">=", since))
        return self._documents(changed.order_by("updated_at").order_by("__name__"), at, "updated_at")

    def listing(self, at: dt.datetime) -> dict[str, dt.datetime]:
        """Return every document's id and update time; reads no content."""
        keys = self._limits.select(["__name__"]).order_by("__name__")
        return {snapshot.id: plain_time(snapshot.update_time) for snapshot, _ in self._pages(keys, at)}

    def fetch(self, document_ids: Collection[str], at: dt.datetime | None = None) -> Iterator[StoredDocument]:
        """Return those of the documents that exist."""
        names = list(document_ids)
        for start in range(0, len(names), _FETCH):
            references = [self._limits.document(name) for name in names[start : start + _FETCH]]
            try:
                read: Iterator[_Read] = ((snapshot, None) for snapshot in self._get(references, at))
            except ValueError:
                keys = self._get(references, at, ["__name__"])
                read = (self._alone(key, at) for key in keys if key.exists)
            yield from (stored_document(*one) for one in read if one[0].exists)

    def versions(self, document_id: str, after: dt.datetime | None, at: dt.datetime) -> Iterator[StoredDocument]:
        """Return the archived versions of a document that were written after a moment, oldest first."""
        archive = self._limits.document(document_id).collection(HISTORY).order_by("__name__", direction="ASCENDING")
        for read in self._pages(archive, at):
            version = archived_version(*read)
            if after is None or version.update_time > after:
                yield version

    def archived(self, since: dt.datetime, at: dt.datetime) -> Iterator[StoredDocument]:
        """Return the versions archived since a moment, of all documents: those of deleted ones are still there.

        Needs the index of deploy/firestore.indexes.json; without it there is a warning and nothing is found.
        """
        archive = self._client.collection_group(HISTORY).where(filter=FieldFilter("updated_at", ">=", since))
        try:
            for read in self._pages(archive.order_by("updated_at"), at, "updated_at"):
                # The group holds every collection of this name, those of other applications too, at any depth.
                above = read[0].reference.parent.parent
                if above is not None and above.parent == self._limits:
                    yield archived_version(*read)
        except LimitStoreError as error:
            if not isinstance(error.__cause__, exceptions.FailedPrecondition):
                raise
            log.warning("limits that were deleted for good soon after they were written are not looked for: %s", error)

    def archived_numbers(self, document_ids: Collection[str]) -> dict[str, int]:
        """Return the highest number in the archive of those documents that have one, whether they exist or not."""
        found = {}
        first = [self._limits.document(name).collection(HISTORY).document(archive_id(1)) for name in document_ids]
        for start in range(0, len(first), _FETCH):
            for snapshot in self._get(first[start : start + _FETCH], None):
                if snapshot.exists:
                    archive = snapshot.reference.parent
                    given = archive.where(filter=FieldFilter("version", "<=", LAST_COUNTED))
                    newest = given.order_by("version", direction="DESCENDING").limit(1)
                    found[archive.parent.id] = max(archived_version(one).version for one in self._page(newest, None))
        return found

    def matching(self, **fields: str) -> Iterator[StoredDocument]:
        """Return the documents whose fields have these values, withdrawn ones included."""
        query: Any = self._limits
        for name, value in fields.items():
            query = query.where(filter=FieldFilter(name, "==", value))
        return self._documents(query.order_by("__name__"), None)

    def of_apis(self, environment: str, team_id: str, api_ids: Collection[str]) -> Iterator[StoredDocument]:
        """Return the documents of some APIs of a team, withdrawn ones included."""
        names = sorted(api_ids)
        team: Any = self._limits.where(filter=FieldFilter("environment", "==", environment))
        team = team.where(filter=FieldFilter("team_id", "==", team_id))
        for start in range(0, len(names), _IN):
            some = team.where(filter=FieldFilter("api_id", "in", names[start : start + _IN]))
            yield from self._documents(some.order_by("__name__"), None)

    def selecting(self, selector: str) -> Iterator[StoredDocument]:
        """Return the documents, of all environments, that set a selector: ``namespace`` or ``name``."""
        # Greater than the empty text: any text, never null. One field only, so that no composite index is needed.
        selecting = self._limits.where(filter=FieldFilter(f"selectors.{selector}", ">", ""))
        return self._documents(selecting.order_by(f"selectors.{selector}"), None, f"selectors.{selector}")

    def write(self, writes: Sequence[Write]) -> None:
        """Write documents and their archived versions, each commit whole or not at all.

        Raises:
            LimitStoreError: Firestore refused, or somebody else wrote one of the documents meanwhile.
        """
        for start in range(0, len(writes), _DOCUMENTS_PER_COMMIT):
            self._commit(writes[start : start + _DOCUMENTS_PER_COMMIT], written=start)

    def _commit(self, writes: Sequence[Write], written: int) -> None:
        batch = self._client.batch()
        for write in writes:
            document = self._limits.document(write.document_id)
            data = {**write.data, "updated_at": SERVER_TIMESTAMP}
            if write.expected is None:
                batch.create(document, data)
            else:
                removed = {self._client.field_path(name): DELETE_FIELD for name in write.removed_fields}
                still = self._client.write_option(last_update_time=write.expected)
                batch.update(document, data | removed, option=still)
            for version, archived in write.archive.items():
                batch.create(document.collection(HISTORY).document(version), _with_server_time(archived))
        try:
            # Not tried again: after an unclear answer the precondition would refuse our own write.
            batch.commit(retry=_NEVER, timeout=self._timeout)
        except (
            exceptions.FailedPrecondition,
            exceptions.AlreadyExists,
            exceptions.Aborted,
            exceptions.NotFound,
        ) as error:
            names = ", ".join(write.document_id for write in writes[:5]) + (", …" if len(writes) > 5 else "")
            raise LimitStoreError(
                f"one of {names} was written by somebody else since it was read; nothing of this commit was written "
                f"({written} documents before it were). Run `limits diff` and publish again. ({error.message})"
            ) from error
        except exceptions.GoogleAPIError as error:
            refuse(error)

    def _count(self, query: Any, at: dt.datetime) -> int:
        counting = query.count(alias="documents")
        answer = self._call(lambda: counting.get(read_time=at, retry=_NEVER, timeout=self._timeout))
        return int(answer[0][0].value)

    def _get(
        self, references: list[Any], at: dt.datetime | None, fields: list[str] | None = None
    ) -> "list[DocumentSnapshot]":
        return self._call(
            lambda: list(
                self._client.get_all(references, field_paths=fields, read_time=at, retry=_NEVER, timeout=self._timeout)
            )
        )

    def _documents(
        self, query: "Query", at: dt.datetime | None, ordered_by: str = "__name__"
    ) -> Iterator[StoredDocument]:
        return (stored_document(*read) for read in self._pages(query, at, ordered_by))

    def _pages(self, query: "Query", at: dt.datetime | None, ordered_by: str = "__name__") -> "Iterator[_Read]":
        page_query = query.limit(_PAGE)
        while True:
            try:
                page = self._page(page_query, at)
                yield from ((snapshot, None) for snapshot in page)
            except ValueError:
                # The client cannot make out one of them, a reference into another database: which one, it does not say.
                page = self._page(page_query.select([ordered_by]), at)
                yield from (read for read in (self._alone(key, at) for key in page) if read[0].exists)
            if len(page) < _PAGE:
                return
            page_query = query.limit(_PAGE).start_after(page[-1])

    def _alone(self, key: "DocumentSnapshot", at: dt.datetime | None) -> "_Read":
        """Read one document; where that fails its key stands for it, with what the client said."""
        try:
            return self._get([key.reference], at)[0], None
        except ValueError as error:
            return key, error

    def _page(self, query: "Query", at: dt.datetime | None) -> "list[DocumentSnapshot]":
        return self._call(lambda: list(query.stream(read_time=at, retry=_NEVER, timeout=self._timeout)))

    def _call(self, read: Callable[[], Answer]) -> Answer:
        try:
            return self._retry(read)()
        except exceptions.GoogleAPIError as error:
            refuse(error)


def _with_server_time(archived: Mapping[str, Any]) -> dict[str, Any]:
    return {"updated_at": SERVER_TIMESTAMP, **archived}

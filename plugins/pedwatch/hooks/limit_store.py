"""PED limits in Firestore: read at one moment for the sync, written with preconditions by publishing."""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type
from google.cloud.firestore_v1 import DELETE_FIELD, SERVER_TIMESTAMP, FieldFilter

from pedwatch.errors import LimitStoreError
from pedwatch.limits.publishing import Write
from pedwatch.limits.stored import StoredDocument

if TYPE_CHECKING:
    from google.cloud.firestore import Client, CollectionReference, DocumentSnapshot
    from google.cloud.firestore_v1.query import Query

Answer = TypeVar("Answer")

HISTORY = "history"
_PAGE = 1000
_FETCH = 300
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
_CONFLICTS = (exceptions.FailedPrecondition, exceptions.AlreadyExists, exceptions.Aborted, exceptions.NotFound)
# The client's own retries restart a query at its beginning without end; here a page is read again as a whole.
_NEVER = Retry(predicate=if_exception_type())


class FirestoreLimits:
    """The collection of PED limits.

    Args:
        client: a Firestore client of the limits' database.
        collection: name of the collection.
        patience_seconds: how long a call is tried again while Firestore is unavailable.
    """

    def __init__(self, client: "Client", collection: str, patience_seconds: float = 60.0) -> None:
        self._client = client
        self._limits: CollectionReference = client.collection(collection)
        self._retry = Retry(predicate=if_exception_type(*_TRANSIENT), initial=0.5, timeout=patience_seconds)

    def server_time(self) -> dt.datetime:
        """Return a read time taken from the server: its clock orders its documents, ours does not."""
        probe = self._limits.document("no-such-limit")
        snapshots = self._call(lambda: list(self._client.get_all([probe], retry=_NEVER, timeout=_CALL_SECONDS)))
        return _plain(snapshots[0].read_time)

    def count(self, at: dt.datetime) -> int:
        """Count the documents that are not withdrawn, those without the field included."""
        withdrawn = self._limits.where(filter=FieldFilter("deleted", "==", True))
        return self._count(self._limits, at) - self._count(withdrawn, at)

    def changed(self, since: dt.datetime, at: dt.datetime) -> Iterator[StoredDocument]:
        """Return the documents published at or after ``since``, oldest first."""
        changed = self._limits.where(filter=FieldFilter("updated_at", ">=", since))
        return self._documents(changed.order_by("updated_at").order_by("__name__"), at)

    def listing(self, at: dt.datetime) -> dict[str, dt.datetime]:
        """Return every document's id and update time; reads no content."""
        keys = self._limits.select(["__name__"]).order_by("__name__")
        return {snapshot.id: _plain(snapshot.update_time) for snapshot in self._pages(keys, at)}

    def fetch(self, document_ids: Collection[str], at: dt.datetime | None = None) -> Iterator[StoredDocument]:
        """Return those of the documents that exist."""
        names = list(document_ids)
        for start in range(0, len(names), _FETCH):
            references = [self._limits.document(name) for name in names[start : start + _FETCH]]
            yield from (_stored(snapshot) for snapshot in self._get(references, at) if snapshot.exists)

    def versions(self, document_id: str, after: dt.datetime | None, at: dt.datetime) -> Iterator[StoredDocument]:
        """Return the archived versions of a document that were written after a moment, oldest first."""
        archive = self._limits.document(document_id).collection(HISTORY).order_by("__name__", direction="ASCENDING")
        for snapshot in self._pages(archive, at):
            version = _archived(snapshot, document_id)
            if after is None or version.update_time > after:
                yield version

    def matching(self, **fields: str) -> Iterator[StoredDocument]:
        """Return the documents whose fields have these values, withdrawn ones included."""
        query: Any = self._limits
        for name, value in fields.items():
            query = query.where(filter=FieldFilter(name, "==", value))
        return self._documents(query.order_by("__name__"), None)

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
            batch.commit(retry=_NEVER, timeout=_CALL_SECONDS)
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
            _refuse(error)

    def _count(self, query: Any, at: dt.datetime) -> int:
        counting = query.count(alias="documents")
        answer = self._call(lambda: counting.get(read_time=at, retry=_NEVER, timeout=_CALL_SECONDS))
        return int(answer[0][0].value)

    def _get(self, references: list[Any], at: dt.datetime | None) -> "list[DocumentSnapshot]":
        return self._call(
            lambda: list(self._client.get_all(references, read_time=at, retry=_NEVER, timeout=_CALL_SECONDS))
        )

    def _documents(self, query: "Query", at: dt.datetime | None) -> Iterator[StoredDocument]:
        return (_stored(snapshot) for snapshot in self._pages(query, at))

    def _pages(self, query: "Query", at: dt.datetime | None) -> "Iterator[DocumentSnapshot]":
        page_query = query.limit(_PAGE)
        while True:
            page = self._page(page_query, at)
            yield from page
            if len(page) < _PAGE:
                return
            page_query = query.limit(_PAGE).start_after(page[-1])

    def _page(self, query: "Query", at: dt.datetime | None) -> "list[DocumentSnapshot]":
        return self._call(lambda: list(query.stream(read_time=at, retry=_NEVER, timeout=_CALL_SECONDS)))

    def _call(self, read: Callable[[], Answer]) -> Answer:
        try:
            return self._retry(read)()
        except exceptions.GoogleAPIError as error:
            _refuse(error)


def _refuse(error: exceptions.GoogleAPIError) -> NoReturn:
    """Say what a person can do about an error of Firestore's."""
    cause = getattr(error, "cause", None) or error
    message = getattr(cause, "message", None) or str(cause)
    advice = {
        exceptions.PermissionDenied: "grant roles/datastore.viewer (the sync) or roles/datastore.user (publishing) on "
        "the limits' database to the account of the Google connection",
        exceptions.Unauthenticated: "the Google connection's credentials are missing or expired: renew them",
        exceptions.NotFound: "the database does not exist: check firestore.project and firestore.database",
        exceptions.FailedPrecondition: "an index or the database's mode is missing: see deploy/ for what it needs",
        exceptions.InvalidArgument: "this is an error in pedwatch: report it with this message",
        exceptions.ResourceExhausted: "the quota is used up: see Firestore's usage page; the next run catches up",
    }
    default = "Firestore is not answering: see its status page and the network; the next run catches up"
    hint = next((text for kind, text in advice.items() if isinstance(cause, kind)), default)
    raise LimitStoreError(f"Firestore: {type(cause).__name__}: {message}. What to do: {hint}.") from error


def _plain(moment: Any) -> dt.datetime:
    """Turn the client's times into plain ones; Firestore keeps microseconds, so nothing is lost."""
    if hasattr(moment, "ToDatetime"):
        return moment.ToDatetime(tzinfo=dt.UTC)
    return dt.datetime.fromtimestamp(0, dt.UTC) + (moment - dt.datetime.fromtimestamp(0, dt.UTC))


def _with_server_time(archived: Mapping[str, Any]) -> dict[str, Any]:
    return {"updated_at": SERVER_TIMESTAMP, **archived}


def _stored(snapshot: "DocumentSnapshot") -> StoredDocument:
    return StoredDocument(snapshot.id, _plain_times(snapshot.to_dict() or {}), _plain(snapshot.update_time))


def _archived(snapshot: "DocumentSnapshot", document_id: str) -> StoredDocument:
    data = _plain_times(snapshot.to_dict() or {})
    # A version that the publisher archived for somebody else had been written before.
    written_at = data.pop("written_at", None)
    return StoredDocument(document_id, data, written_at or _plain(snapshot.update_time))


def _plain_times(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return _plain(value)
    if isinstance(value, Mapping):
        return {key: _plain_times(inner) for key, inner in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [_plain_times(inner) for inner in value]
    return value

"""The RPCs of google.firestore.v1.Firestore: requests in, answers out, no gRPC."""

import secrets
import string
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from google.protobuf.empty_pb2 import Empty
from google.rpc.status_pb2 import Status

from sandbox.firestore import listings
from sandbox.firestore.aggregations import aggregate, check_aggregations
from sandbox.firestore.errors import FirestoreError, invalid, not_found, not_implemented
from sandbox.firestore.listen import CommitFeed, ListenStream
from sandbox.firestore.paths import check_collection_id, check_database, check_document_name, check_parent, database_of
from sandbox.firestore.protos import (
    BatchGetDocumentsResponse,
    BatchWriteResponse,
    BeginTransactionResponse,
    CommitResponse,
    ListCollectionIdsResponse,
    ListDocumentsResponse,
    PartitionQueryResponse,
    RunAggregationQueryResponse,
    RunQueryResponse,
    Write,
    WriteResult,
    to_timestamp,
)
from sandbox.firestore.queries import compile_mask, compile_query
from sandbox.firestore.running import project, run
from sandbox.firestore.store import Store
from sandbox.firestore.transactions import Transactions
from sandbox.firestore.writes import Committed, apply_writes, check_write, target_of

MAX_BATCH_WRITES = 500
_ID_CHARACTERS = string.ascii_letters + string.digits


class Service:
    """Every RPC by its name; errors are raised as :class:`FirestoreError`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._transactions = Transactions(store)
        self._feed = CommitFeed()

    # Reading

    def get_document(self, request: Any) -> Any:
        """Return one document, or NOT_FOUND."""
        check_document_name(request.name)
        consistency = self._transactions.consistency_of(request)
        consistency.note([request.name])
        document = self._store.get(request.name, consistency.moment)
        if document is None:
            raise not_found(request.name)
        return project(document, _mask(request))

    def batch_get_documents(self, request: Any) -> Iterator[Any]:
        """Yield each document once, found or missing."""
        database = check_database(request.database)
        names = list(dict.fromkeys(check_document_name(name, database) for name in request.documents))
        mask = _mask(request)
        consistency = self._transactions.consistency_of(request)
        consistency.note(names)
        read_time = to_timestamp(consistency.moment)
        if consistency.new_id:
            yield BatchGetDocumentsResponse(transaction=consistency.new_id)
        for name in names:
            response = BatchGetDocumentsResponse(read_time=read_time)
            document = self._store.get(name, consistency.moment)
            if document is None:
                response.missing = name
            else:
                response.found.CopyFrom(project(document, mask))
            yield response

    def list_documents(self, request: Any) -> Any:
        """Return a page of a collection."""
        query = listings.listing_query(request)
        mask = _mask(request)
        consistency = self._transactions.consistency_of(request)
        consistency.note(query=query)
        page, token = listings.list_documents(self._store, request, query, consistency.moment)
        return ListDocumentsResponse(documents=[project(document, mask) for document in page], next_page_token=token)

    def list_collection_ids(self, request: Any) -> Any:
        """Return a page of collection ids."""
        consistency = self._transactions.consistency_of(request)
        ids, token = listings.list_collection_ids(self._store, request, consistency.moment)
        return ListCollectionIdsResponse(collection_ids=ids, next_page_token=token)

    def partition_query(self, request: Any) -> Any:
        """Return a page of the cursors that cut a collection group into parts."""
        consistency = self._transactions.consistency_of(request)
        cursors = listings.partition(self._store, request, consistency.moment)
        page, token = listings.page_of_cursors(request, cursors)
        return PartitionQueryResponse(partitions=page, next_page_token=token)

    def run_query(self, request: Any) -> Iterator[Any]:
        """Yield what a query finds; an empty result still tells its read time."""
        _refuse_explain(request)
        if request.WhichOneof("query_type") != "structured_query":
            raise invalid("only structured queries are supported")
        query = compile_query(request.parent, request.structured_query)
        consistency = self._transactions.consistency_of(request)
        consistency.note(query=query)
        read_time = to_timestamp(consistency.moment)
        if consistency.new_id:
            yield RunQueryResponse(transaction=consistency.new_id)
        is_empty = True
        for document in run(self._store, query, consistency.moment):
            is_empty = False
            yield RunQueryResponse(document=document, read_time=read_time)
        if is_empty:
            yield RunQueryResponse(read_time=read_time)

    def run_aggregation_query(self, request: Any) -> Iterator[Any]:
        """Yield the one result of an aggregation."""
        _refuse_explain(request)
        proto = request.structured_aggregation_query
        aliases = check_aggregations(proto.aggregations)
        query = compile_query(request.parent, proto.structured_query)
        consistency = self._transactions.consistency_of(request)
        consistency.note(query=query)
        values = aggregate(self._store, query, proto.aggregations, consistency.moment)
        yield RunAggregationQueryResponse(
            result={"aggregate_fields": dict(zip(aliases, values, strict=True))},
            read_time=to_timestamp(consistency.moment),
            transaction=consistency.new_id,
        )

    def listen(self, requests: Iterable[Any], on_end: Callable[[Callable[[], None]], object]) -> Iterator[Any]:
        """Yield targets and their changes; ``on_end`` registers what to call when the client is gone."""
        stream = ListenStream(self._store, self._feed)
        on_end(stream.close)
        return stream.responses(requests)

    # Writing

    def _commit(self, database: str, writes: Any, transaction_id: bytes = b"") -> Committed:
        check_database(database)
        transaction = self._transactions.close(transaction_id) if transaction_id else None
        for write in writes:
            check_write(write, database)
        with self._store.commit() as moment:
            if transaction:
                self._transactions.check(transaction, bool(writes), moment)
            committed = apply_writes(self._store, writes, moment)
        if committed.changed:
            self._feed.publish(committed.changed)
        return committed

    def commit(self, request: Any) -> Any:
        """Apply writes together, or none of them."""
        committed = self._commit(request.database, request.writes, request.transaction)
        return CommitResponse(write_results=committed.results, commit_time=to_timestamp(committed.moment))

    def batch_write(self, request: Any) -> Any:
        """Apply writes one by one; each has its own status."""
        if len(request.writes) > MAX_BATCH_WRITES:
            raise invalid(f"At most {MAX_BATCH_WRITES} writes are allowed in a single request.")
        names = [target_of(write) for write in request.writes]
        if len(set(names)) < len(names):
            raise invalid("the same document cannot be written more than once in a single request")
        for write in request.writes:
            check_write(write, check_database(request.database))
        response = BatchWriteResponse()
        for write in request.writes:
            try:
                response.write_results.extend(self._commit(request.database, [write]).results)
                response.status.append(Status())
            except FirestoreError as error:
                response.write_results.append(WriteResult())
                response.status.append(Status(code=error.code.value[0], message=error.message))
        return response

    def create_document(self, request: Any) -> Any:
        """Create a document, under an id of ours when none is given."""
        check_parent(request.parent)
        check_collection_id(request.collection_id)
        document_id = request.document_id or "".join(secrets.choice(_ID_CHARACTERS) for _ in range(20))
        write = Write(update=request.document, current_document={"exists": False})
        write.update.name = f"{request.parent}/{request.collection_id}/{document_id}"
        return self._write_one(write, request)

    def update_document(self, request: Any) -> Any:
        """Update or insert a document."""
        write = Write(update=request.document, current_document=request.current_document)
        if request.HasField("update_mask"):
            write.update_mask.CopyFrom(request.update_mask)
        return self._write_one(write, request)

    def _write_one(self, write: Any, request: Any) -> Any:
        name = check_document_name(write.update.name)
        committed = self._commit(database_of(name), [write])
        return project(self._store.get(name, committed.moment), _mask(request))

    def delete_document(self, request: Any) -> Any:
        """Delete a document."""
        write = Write(delete=check_document_name(request.name), current_document=request.current_document)
        self._commit(database_of(request.name), [write])
        return Empty()

    # Transactions

    def begin_transaction(self, request: Any) -> Any:
        """Open a transaction."""
        check_database(request.database)
        return BeginTransactionResponse(transaction=self._transactions.begin(request.options).id)

    def rollback(self, request: Any) -> Any:
        """End a transaction without a commit."""
        self._transactions.rollback(request.transaction)
        return Empty()


def _mask(request: Any) -> Any:
    return compile_mask(request.mask.field_paths) if request.HasField("mask") else None


def _refuse_explain(request: Any) -> None:
    if request.HasField("explain_options"):
        raise not_implemented("query explain (explain_options)")

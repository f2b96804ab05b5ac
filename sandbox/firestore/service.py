"""The RPCs of google.firestore.v1.Firestore: requests in, answers out, no gRPC."""

from collections.abc import Iterator
from typing import Any

from sandbox.firestore.aggregations import aggregate, check_aggregations
from sandbox.firestore.consistency import moment_of
from sandbox.firestore.errors import invalid, not_implemented
from sandbox.firestore.paths import check_database, check_document_name
from sandbox.firestore.protos import (
    BatchGetDocumentsResponse,
    CommitResponse,
    RunAggregationQueryResponse,
    RunQueryResponse,
    to_timestamp,
)
from sandbox.firestore.queries import compile_mask, compile_query
from sandbox.firestore.running import project, run
from sandbox.firestore.store import Store
from sandbox.firestore.writes import apply_writes, check_write


class Service:
    """Every RPC by its name; errors are raised as :class:`FirestoreError`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def batch_get_documents(self, request: Any) -> Iterator[Any]:
        """Yield each document once, found or missing."""
        database = check_database(request.database)
        names = list(dict.fromkeys(check_document_name(name, database) for name in request.documents))
        mask = compile_mask(request.mask.field_paths) if request.HasField("mask") else None
        moment = moment_of(self._store, request)
        for name in names:
            response = BatchGetDocumentsResponse(read_time=to_timestamp(moment))
            document = self._store.get(name, moment)
            if document is None:
                response.missing = name
            else:
                response.found.CopyFrom(project(document, mask))
            yield response

    def run_query(self, request: Any) -> Iterator[Any]:
        """Yield what a query finds; an empty result still tells its read time."""
        _refuse_explain(request)
        if request.WhichOneof("query_type") != "structured_query":
            raise invalid("only structured queries are supported")
        query = compile_query(request.parent, request.structured_query)
        moment = moment_of(self._store, request)
        read_time = to_timestamp(moment)
        is_empty = True
        for document in run(self._store, query, moment):
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
        moment = moment_of(self._store, request)
        values = aggregate(self._store, query, proto.aggregations, moment)
        yield RunAggregationQueryResponse(
            result={"aggregate_fields": dict(zip(aliases, values, strict=True))}, read_time=to_timestamp(moment)
        )

    def commit(self, request: Any) -> Any:
        """Apply writes together, or none of them."""
        check_database(request.database)
        if request.transaction:
            raise not_implemented("transactions (transaction)")
        for write in request.writes:
            check_write(write, request.database)
        with self._store.commit() as moment:
            results = apply_writes(self._store, request.writes, moment)
        return CommitResponse(write_results=results, commit_time=to_timestamp(moment))


def _refuse_explain(request: Any) -> None:
    if request.HasField("explain_options"):
        raise not_implemented("query explain (explain_options)")

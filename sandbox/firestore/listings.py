"""Listings: the documents of a collection page by page, the collections of a parent, the partitions of a group."""

import base64
import binascii
import re
from itertools import islice
from typing import Any

from google.protobuf.message import DecodeError

from sandbox.firestore.errors import invalid, not_implemented
from sandbox.firestore.filters import EVERYTHING, NAME_PATH
from sandbox.firestore.paths import NAME, check_collection_id, check_parent, reference, value_at
from sandbox.firestore.protos import Cursor, Document, StructuredQuery
from sandbox.firestore.queries import Query, compile_query
from sandbox.firestore.running import run_whole
from sandbox.firestore.store import Store

DEFAULT_PAGE = 300
_ORDER_BY = re.compile(r"\s*(\S+)(?:\s+(asc|desc))?\s*", re.IGNORECASE)


def listing_query(request: Any) -> Query:
    """Express a ListDocuments request as a query for one document more than the page."""
    if request.page_size < 0:
        raise invalid("Page size must be nonnegative.")
    if request.show_missing and request.order_by:
        raise invalid("cannot specify an order when show_missing is true")
    if not request.collection_id:
        raise not_implemented("ListDocuments without a collection id")
    proto = StructuredQuery(from_=[{"collection_id": request.collection_id}])
    for clause in request.order_by.split(",") if request.order_by else []:
        found = _ORDER_BY.fullmatch(clause)
        if not found:
            raise invalid(f'Invalid order by clause "{clause}".')
        direction = "DESCENDING" if (found[2] or "").lower() == "desc" else "ASCENDING"
        proto.order_by.add(field={"field_path": found[1]}, direction=direction)
    if not proto.order_by or proto.order_by[-1].field.field_path != NAME:
        # Explicit, because a page's token is a cursor, which has a value for each explicit order.
        direction = proto.order_by[-1].direction if proto.order_by else "ASCENDING"
        proto.order_by.add(field={"field_path": NAME}, direction=direction)
    if request.page_token:
        proto.start_at.CopyFrom(_read_token(request.page_token))
    proto.limit.value = page_size(request) + 1
    return compile_query(request.parent, proto)


def page_size(request: Any) -> int:
    """Return how many documents a page has."""
    return int(request.page_size) or DEFAULT_PAGE


def _write_token(cursor: Any) -> str:
    return base64.urlsafe_b64encode(cursor.SerializeToString()).decode()


def _read_token(token: str) -> Any:
    try:
        cursor = Cursor.FromString(base64.urlsafe_b64decode(token))
    except (binascii.Error, DecodeError):
        raise invalid("invalid page token") from None
    if not cursor.values:
        raise invalid("invalid page token")
    return cursor


def list_documents(store: Store, request: Any, query: Query, moment: int) -> tuple[list[Any], str]:
    """Return a page of whole documents and the token of the next one; missing documents have no times."""
    page = list(run_whole(store, query, moment))
    if request.show_missing:
        page = _with_missing(store, query, page, moment)
    size = page_size(request)
    if len(page) <= size:
        return page, ""
    last = page[size - 1]
    cursor = Cursor()
    for order in query.orders:
        cursor.values.append(reference(last.name) if order.path == NAME_PATH else value_at(last.fields, order.path))
    return page[:size], _write_token(cursor)


def _with_missing(store: Store, query: Query, page: list[Any], moment: int) -> list[Any]:
    """Add the documents that do not exist but have documents below them."""
    prefix = query.collection + "/"
    after = query.start.names[0] if query.start else ""
    known = {document.name for document in page}
    missing = set()
    for path in store.collections(query.collection):
        name = prefix + path[len(prefix) :].split("/", 1)[0]
        is_new = name > after and name not in known and name not in missing
        if is_new and store.has_documents(path, moment) and store.get(name, moment) is None:
            missing.add(name)
    merged = page + [Document(name=name) for name in missing]
    return sorted(merged, key=lambda document: document.name.encode())[: query.limit]


def list_collection_ids(store: Store, request: Any, moment: int) -> tuple[list[str], str]:
    """Return a page of the ids of the collections right below a parent, and the token of the next page."""
    if request.page_size < 0:
        raise invalid("Page size must be nonnegative.")
    prefix = check_parent(request.parent) + "/"
    ids: set[str] = set()
    for path in store.collections(request.parent):
        collection_id = path[len(prefix) :].split("/", 1)[0]
        if collection_id not in ids and store.has_documents(path, moment):
            ids.add(collection_id)
    following = [collection_id for collection_id in sorted(ids, key=str.encode) if collection_id > request.page_token]
    size = page_size(request)
    return following[:size], following[size - 1] if len(following) > size else ""


def partition(store: Store, request: Any, moment: int) -> list[Any]:
    """Return cursors that cut a collection group into parts of about the same size."""
    proto = request.structured_query
    query = compile_query(request.parent, proto)
    is_by_name = query.is_by_name and not query.orders[0].descending
    if not query.all_descendants or query.where is not EVERYTHING or not is_by_name:
        raise invalid("A partition query must be a collection group ordered by __name__ ascending, without filters.")
    if request.partition_count < 1:
        raise invalid("partition_count must be positive")
    check_collection_id(query.collection_id)
    names = [document.name for document in run_whole(store, query, moment)]
    parts = min(request.partition_count + 1, len(names))
    cuts = [names[len(names) * part // parts] for part in range(1, parts)]
    return [Cursor(values=[reference(name)], before=True) for name in cuts]


def page_of_cursors(request: Any, cursors: list[Any]) -> tuple[list[Any], str]:
    """Return a page of a partition query's cursors and the token of the next one."""
    first = int(request.page_token) if request.page_token.isdigit() else 0
    size = int(request.page_size) or len(cursors)
    page = list(islice(cursors, first, first + size))
    return page, str(first + size) if first + size < len(cursors) else ""

"""Running a compiled query: what to read from the store, then filter, order, cut and project."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from sandbox.firestore.filters import NAME_PATH, FieldPath, key_at
from sandbox.firestore.paths import set_at, value_at
from sandbox.firestore.protos import Document
from sandbox.firestore.queries import Order, Position, Query
from sandbox.firestore.store import Bounds, Store
from sandbox.firestore.values import NUMERIC_ID

Placed = tuple[tuple[bytes, ...], Any]
"""A document behind its sort keys, one for each order."""


def project(document: Any, paths: tuple[FieldPath, ...] | None) -> Any:
    """Return a document with only some of its fields; None keeps all."""
    if paths is None:
        return document
    kept = Document(name=document.name, create_time=document.create_time, update_time=document.update_time)
    for path in paths:
        value = value_at(document.fields, path)
        if value is not None:
            set_at(kept.fields, path, value)
    return kept


def run(store: Store, query: Query, moment: int) -> Iterator[Any]:
    """Yield the documents that a query finds at a moment, in order, projected."""
    for document in run_whole(store, query, moment):
        yield project(document, query.projection)


def run_whole(store: Store, query: Query, moment: int) -> Iterator[Any]:
    """Yield the whole documents that a query finds at a moment, in order."""
    candidates, is_sorted = _candidates(store, query, moment)
    found: Iterator[Placed]
    if is_sorted and query.is_by_name and not (query.start or query.end):
        found = (((), document) for document in candidates if query.where.matches(document))
    else:
        found = _placed(query, candidates)
    if not is_sorted:
        found = iter(_sorted(list(found), query.orders))
    stop = None if query.limit is None else query.offset + query.limit
    for _, document in islice(found, query.offset, stop):
        yield document


def _placed(query: Query, candidates: Iterable[Any]) -> Iterator[Placed]:
    """Yield what matches, with its sort keys; documents that lack a field of the order are not in the result."""
    for document in candidates:
        if not query.where.matches(document):
            continue
        keys = [key_at(document, order.path) for order in query.orders]
        present = tuple(key for key in keys if key is not None)
        if len(present) == len(keys) and _is_between(query, present):
            yield present, document


def _is_between(query: Query, keys: tuple[bytes, ...]) -> bool:
    start, end = query.start, query.end
    if start and _compare(keys, start, query.orders) < (0 if start.before else 1):
        return False
    return not (end and _compare(keys, end, query.orders) > (-1 if end.before else 0))


def _compare(keys: tuple[bytes, ...], position: Position, orders: tuple[Order, ...]) -> int:
    """Say whether a document lies before (-1), at (0) or after (1) a cursor, in the order of the query."""
    for key, mark, order in zip(keys, position.keys, orders, strict=False):
        if key != mark:
            return 1 if (key > mark) != order.descending else -1
    return 0


def _sorted(found: list[Placed], orders: tuple[Order, ...]) -> list[Placed]:
    for at in reversed(range(len(orders))):  # stable: the last order first
        found.sort(key=lambda placed: placed[0][at], reverse=orders[at].descending)
    return found


def _candidates(store: Store, query: Query, moment: int) -> tuple[Iterator[Any], bool]:
    """Choose what to read: documents that include every match, and whether they come in the query's order."""
    if query.all_descendants or not query.collection_id:
        return (document for path in collections_of(store, query) for document in store.scan(path, moment)), False
    ranges = {path[0]: ends for path, ends in query.where.ranges.items() if len(path) == 1 and path != NAME_PATH}
    equal = next((field for field, (low, high) in ranges.items() if low == high), None)
    first = query.orders[0]
    if equal is not None:
        bounds = _bounds_with_ids(ranges[equal], *_id_ends(query))
        return store.scan_field(query.collection, equal, bounds, moment, first.descending), query.is_by_name
    if len(query.orders) == 2 and len(first.path) == 1 and query.is_uniform:
        bounds = _field_bounds(query, ranges.get(first.path[0]))
        return store.scan_field(query.collection, first.path[0], bounds, moment, first.descending), True
    if ranges:
        field, ends = next(iter(ranges.items()))
        return store.scan_field(query.collection, field, _bounds_with_ids(ends), moment), False
    return _scan_by_name(store, query, moment)


def _bounds_with_ids(ends: tuple[bytes, bytes], low_id: str | None = None, high_id: str | None = None) -> Bounds:
    return Bounds((ends[0], low_id), (ends[1], high_id))


def collections_of(store: Store, query: Query) -> list[str]:
    """List the collections that a query reads."""
    if query.collection_id and not query.all_descendants:
        return [query.collection]
    paths = store.collections(query.parent, query.collection_id)
    return [path for path in paths if query.all_descendants or path.rpartition("/")[0] == query.parent]


def _field_bounds(query: Query, ends: tuple[bytes, bytes] | None) -> Bounds:
    """Narrow an index scan by the filter and by the cursors; what is a little too wide is filtered again later."""
    bounds = _bounds_with_ids(ends) if ends else Bounds()
    low, high = bounds.low, bounds.high
    first, last = (query.end, query.start) if query.orders[0].descending else (query.start, query.end)
    if first and first.keys and (low is None or first.keys[0] >= low[0]):
        low = (first.keys[0], _id_below(query, first))
    if last and last.keys and (high is None or last.keys[0] <= high[0]):
        high = (last.keys[0], _id_below(query, last))
    return Bounds(low, high)


def _id_below(query: Query, position: Position) -> str | None:
    """Return the document id of a cursor, when it can bound a scan of the one collection."""
    if not position.names:
        return None
    collection, _, document_id = position.names[0].rpartition("/")
    return document_id if collection == query.collection and not NUMERIC_ID.fullmatch(document_id) else None


def _id_ends(query: Query) -> tuple[str | None, str | None]:
    """Return the lowest and the highest document id that the cursors allow, when the name is the order."""
    if not query.is_by_name:
        return None, None
    ends = (query.end, query.start) if query.orders[0].descending else (query.start, query.end)
    low, high = (_id_below(query, end) if end else None for end in ends)
    return low, high


def _scan_by_name(store: Store, query: Query, moment: int) -> tuple[Iterator[Any], bool]:
    low, high = _id_ends(query)
    documents = store.scan(query.collection, moment, low or "", high, query.orders[0].descending)
    return documents, query.is_by_name

"""Counting the documents of a query."""

from typing import Any

from sandbox.firestore.errors import invalid, not_implemented
from sandbox.firestore.protos import Value
from sandbox.firestore.queries import Query
from sandbox.firestore.running import collections_of, run_whole
from sandbox.firestore.store import Store

MAX_AGGREGATIONS = 5


def check_aggregations(aggregations: Any) -> list[str]:
    """Refuse what Firestore refuses and return the aliases, made up where there is none."""
    if not aggregations:
        raise invalid("Aggregations can not be empty.")
    if len(aggregations) > MAX_AGGREGATIONS:
        raise invalid(f"The maximum number of aggregations allowed in an aggregation query is {MAX_AGGREGATIONS}.")
    aliases = [aggregation.alias or f"field_{at}" for at, aggregation in enumerate(aggregations, 1)]
    if len(set(aliases)) < len(aliases):
        raise invalid("Aggregation aliases contain a duplicate.")
    for aggregation in aggregations:
        kind = aggregation.WhichOneof("operator")
        if kind is None:
            raise invalid("An aggregation needs an operator.")
        if kind != "count":
            raise not_implemented(f"the aggregation {kind}")
        if aggregation.count.up_to.value < 0:
            raise invalid("up_to is negative")
    return aliases


def aggregate(store: Store, query: Query, aggregations: Any, moment: int) -> list[Any]:
    """Return one value per aggregation."""
    total = _count(store, query, moment)
    return [_counted(aggregation.count, total) for aggregation in aggregations]


def _count(store: Store, query: Query, moment: int) -> int:
    if not query.is_plain:
        return sum(1 for _ in run_whole(store, query, moment))
    total = sum(store.count(path, moment) for path in collections_of(store, query))
    return total if query.limit is None else min(total, query.limit)


def _counted(count: Any, total: int) -> Any:
    return Value(integer_value=min(total, count.up_to.value) if count.HasField("up_to") else total)

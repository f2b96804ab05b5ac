"""Count, sum and average over the documents of a query."""

from typing import Any

from sandbox.firestore.errors import invalid
from sandbox.firestore.paths import parse_field_path, value_at
from sandbox.firestore.protos import Value
from sandbox.firestore.queries import Query
from sandbox.firestore.running import collections_of, run_whole
from sandbox.firestore.store import Store
from sandbox.firestore.values import is_number, number_of

MAX_AGGREGATIONS = 5
_LEAST, _GREATEST = -(2**63), 2**63 - 1


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
        if kind == "count" and aggregation.count.up_to.value < 0:
            raise invalid("up_to is negative")
    return aliases


def aggregate(store: Store, query: Query, aggregations: Any, moment: int) -> list[Any]:
    """Return one value per aggregation."""
    kinds = [aggregation.WhichOneof("operator") for aggregation in aggregations]
    if set(kinds) == {"count"}:
        total = _count(store, query, moment)
        return [_counted(aggregation.count, total) for aggregation in aggregations]
    paths = [
        None if kind == "count" else parse_field_path(getattr(aggregation, kind).field.field_path)
        for kind, aggregation in zip(kinds, aggregations, strict=True)
    ]
    columns: list[list[Any]] = [[] for _ in paths]
    total = 0
    for document in run_whole(store, query, moment):
        found = [path and value_at(document.fields, path) for path in paths]
        if any(path and value is None for path, value in zip(paths, found, strict=True)):
            continue  # only documents that have every aggregated field count
        total += 1
        for column, value in zip(columns, found, strict=True):
            if value is not None and is_number(value):
                column.append(number_of(value))
    return [
        _counted(aggregation.count, total) if kind == "count" else _sum(column) if kind == "sum" else _average(column)
        for kind, aggregation, column in zip(kinds, aggregations, columns, strict=True)
    ]


def _count(store: Store, query: Query, moment: int) -> int:
    if not query.is_plain:
        return sum(1 for _ in run_whole(store, query, moment))
    total = sum(store.count(path, moment) for path in collections_of(store, query))
    return total if query.limit is None else min(total, query.limit)


def _counted(count: Any, total: int) -> Any:
    return Value(integer_value=min(total, count.up_to.value) if count.HasField("up_to") else total)


def _sum(numbers: list[int | float]) -> Any:
    total = sum(numbers)
    if isinstance(total, int) and _LEAST <= total <= _GREATEST:
        return Value(integer_value=total)
    return Value(double_value=total)


def _average(numbers: list[int | float]) -> Any:
    return Value(double_value=sum(numbers) / len(numbers)) if numbers else Value(null_value=0)

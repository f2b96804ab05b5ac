"""Structured queries, checked and compiled."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.firestore.errors import invalid, not_implemented
from sandbox.firestore.filters import EVERYTHING, NAME_PATH, FieldPath, Filter, compile_filter
from sandbox.firestore.paths import check_collection_id, check_document_name, check_parent, parse_field_path
from sandbox.firestore.protos import StructuredQuery
from sandbox.firestore.values import sort_key


@dataclass(frozen=True)
class Order:
    """One field to sort by."""

    path: FieldPath
    descending: bool = False


@dataclass(frozen=True)
class Position:
    """A cursor: sort keys for the first so many orders, just before or just after what equals them."""

    keys: list[bytes]
    names: list[str]
    before: bool


@dataclass(frozen=True)
class Query:
    """A compiled query; ``orders`` is complete: it always ends with the name."""

    parent: str
    collection_id: str
    all_descendants: bool
    where: Filter
    orders: tuple[Order, ...]
    start: Position | None
    end: Position | None
    offset: int
    limit: int | None
    projection: tuple[FieldPath, ...] | None

    @property
    def collection(self) -> str:
        """The one collection that is read, when it is one."""
        return f"{self.parent}/{self.collection_id}"

    @property
    def is_plain(self) -> bool:
        """Whether the query takes whole collections, in any order."""
        return self.where is EVERYTHING and self.is_by_name and not (self.start or self.end or self.offset)

    @property
    def is_by_name(self) -> bool:
        """Whether the name alone is the order."""
        return len(self.orders) == 1

    @property
    def is_uniform(self) -> bool:
        """Whether all orders run the same way."""
        return len({order.descending for order in self.orders}) == 1


def compile_query(parent: str, proto: Any) -> Query:
    """Check a StructuredQuery below a parent and compile it."""
    check_parent(parent)
    if proto.HasField("find_nearest"):
        raise not_implemented("vector search (find_nearest)")
    if len(proto.from_) > 1:
        raise invalid("StructuredQuery.from cannot have more than one collection selector.")
    if proto.offset < 0 or proto.limit.value < 0:
        raise invalid("limit is negative" if proto.offset >= 0 else "offset is negative")
    selector = proto.from_[0] if proto.from_ else None
    collection_id = check_collection_id(selector.collection_id) if selector and selector.collection_id else ""
    where = compile_filter(proto.where)
    orders = _orders(proto.order_by, where.inequalities)
    return Query(
        parent,
        collection_id,
        bool(selector and selector.all_descendants),
        where,
        orders,
        _position(proto.start_at, orders[: len(proto.order_by)]) if proto.HasField("start_at") else None,
        _position(proto.end_at, orders[: len(proto.order_by)]) if proto.HasField("end_at") else None,
        proto.offset,
        proto.limit.value if proto.HasField("limit") else None,
        compile_mask(field.field_path for field in proto.select.fields) if proto.HasField("select") else None,
    )


def _orders(protos: Any, inequalities: frozenset[FieldPath]) -> tuple[Order, ...]:
    orders = [
        Order(parse_field_path(proto.field.field_path), proto.direction == StructuredQuery.Direction.DESCENDING)
        for proto in protos
    ]
    paths = [order.path for order in orders]
    if len(set(paths)) < len(paths):
        raise invalid("order by clause cannot contain duplicate fields")
    last_way = orders[-1].descending if orders else False
    implied = [*sorted(inequalities - set(paths) - {NAME_PATH}), *([] if NAME_PATH in paths else [NAME_PATH])]
    orders += [Order(path, last_way) for path in implied]
    if orders[-1].path != NAME_PATH:
        raise invalid("order by clause cannot contain more fields after the key")
    return tuple(orders)


def _position(proto: Any, orders: tuple[Order, ...]) -> Position:
    if len(proto.values) > len(orders):
        raise invalid("A cursor has more values than the query has orders.")
    names = []
    for value, order in zip(proto.values, orders, strict=False):
        if order.path == NAME_PATH:
            if not value.HasField("reference_value"):
                raise invalid("Cursor value for __name__ must be a reference.")
            names.append(check_document_name(value.reference_value, may_be_numeric=True))
    return Position([sort_key(value) for value in proto.values], names, proto.before)


def compile_mask(field_paths: Iterable[str]) -> tuple[FieldPath, ...]:
    """Parse the field paths of a projection or a document mask."""
    return tuple(path for path in map(parse_field_path, field_paths) if path != NAME_PATH)

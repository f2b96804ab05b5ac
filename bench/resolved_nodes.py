"""What GoogleSQL's analyzer makes of a statement: walking its nodes, and which columns an answer needs."""

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

_NOT_READ = frozenset(
    "parse_location_range hint_list signature function type type_annotation_map annotation_map column table".split()
)
"""Fields of a resolved node in which no expression can be."""


def nodes(node: Any) -> Iterator[Any]:
    """Yield a resolved node and all below it."""
    waiting = [node] if _fields(type(node)) is not None else []
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [child for _, child in children_of(node)][::-1]


def children_of(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield what is right below a node, each with the name of its field."""
    for name in _fields(type(node)) or ():
        value = getattr(node, name, None)
        for child in value if isinstance(value, list) else (value,):
            if _fields(type(child)) is not None:
                yield name, child


_FIELDS: dict[Any, tuple[str, ...] | None] = {}


def _fields(kind: Any) -> tuple[str, ...] | None:
    """Return the fields of a kind of node in which there may be others; None where it is no node."""
    if kind not in _FIELDS:
        names = tuple(each.name for each in dataclasses.fields(kind)) if dataclasses.is_dataclass(kind) else None
        _FIELDS[kind] = names and tuple(name for name in names if name not in _NOT_READ)
    return _FIELDS[kind]


def live_columns(resolved: Any) -> set[int]:
    """Return the numbers of the columns that an answer needs: BigQuery reads no other, nor of what a WITH names."""
    needs: dict[int, set[int]] = {}
    roots: set[int] = set()
    entries = {each.with_query_name: each.with_subquery for each in nodes(resolved) if kind_of(each) == "WithEntry"}

    def need(owner: int | None, columns: Iterable[Any]) -> None:
        (roots if owner is None else needs.setdefault(owner, set())).update(column.column_id for column in columns)

    def walk(node: Any, owner: int | None) -> None:
        match kind_of(node):
            case "ColumnRef":
                need(owner, [node.column])
            case "ComputedColumn" | "DeferredComputedColumn":
                owner = node.column.column_id
            case "OutputColumn":
                need(None, [node.column])
            case "SubqueryExpr":
                need(owner, node.subquery.column_list)
            case "WithRefScan":
                for column, source in zip(node.column_list, entries[node.with_query_name].column_list, strict=True):
                    need(column.column_id, [source])
            case "SetOperationScan":
                for item in node.input_item_list:
                    for column, source in zip(node.column_list, item.output_column_list, strict=True):
                        need(column.column_id if int(node.op_type) == 0 else None, [source])
            case "InsertStmt":
                need(None, node.query_output_column_list)
        for name, child in children_of(node):
            if name == "group_by_list":
                walk(child.expr, None)
            else:
                walk(child, owner)

    walk(resolved, None)
    live, waiting = set(), list(roots)
    while waiting:
        column = waiting.pop()
        if column not in live:
            live.add(column)
            waiting.extend(needs.get(column, ()))
    return live


def kind_of(node: Any) -> str:
    """Return the name of a node's class, as GoogleSQL has it."""
    return type(node).__name__.removeprefix("Resolved")

"""Pipe syntax: every operator is turned into the SELECT it stands for."""

from dataclasses import replace
from typing import TYPE_CHECKING

from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.scopes import CompiledQuery, Scope
from sandbox.bigquery.sql.typesystem import INT64

if TYPE_CHECKING:
    from sandbox.bigquery.sql.compile_query import Compiler


def compile_pipes(compiler: "Compiler", node: n.Query, scope: Scope) -> CompiledQuery:
    """A query with pipe operators, or one that begins with FROM."""
    if node.source is not None:
        current = n.Query(_block(node.source), position=node.position)
        current.order_by, current.limit, current.offset = node.order_by, node.limit, node.offset
    else:
        current = replace(node, pipes=[], ctes=[], recursive=False)
    for pipe in node.pipes:
        current = _APPLY[pipe.operator](current, pipe)
    return compiler.query(current, scope)


def _block(source: n.Node, **parts: object) -> n.Select:
    return n.Select([n.StarItem(position=source.position)], source, position=source.position, **parts)  # type: ignore[arg-type]


def _is_open(query: n.Query) -> bool:
    """Whether it is still only FROM and WHERE, so that the names of its tables are still known."""
    body = query.body
    if not isinstance(body, n.Select) or query.order_by or query.limit is not None or query.offset is not None:
        return False
    star = body.items[0]
    plain = len(body.items) == 1 and isinstance(star, n.StarItem) and star == n.StarItem(position=star.position)
    return plain and not (body.distinct or body.group_by or body.as_kind or body.qualify or body.having)


def _source(query: n.Query, keep_where: bool = False) -> tuple[n.Node, n.Node | None]:
    """What the next operator reads, and the condition it may take over."""
    body = query.body
    is_free = isinstance(body, n.Select) and (body.where is None or keep_where)
    if is_free and _is_open(query) and isinstance(body, n.Select) and body.source is not None:
        return body.source, body.where
    return n.QuerySource(query, _alias(query), position=query.position), None


def _alias(query: n.Query) -> str | None:
    """The one table's name goes on working through the operators."""
    body = query.body
    source = body.source if isinstance(body, n.Select) else None
    if isinstance(source, n.TableSource):
        return source.alias or source.path[-1]
    return source.alias if isinstance(source, n.QuerySource) else None


def _where(query: n.Query, pipe: n.Pipe) -> n.Query:
    source, where = _source(query, keep_where=True)
    condition = pipe.parts["condition"]
    if where is not None:
        condition = n.Binary("AND", where, condition, position=pipe.position)
    return n.Query(_block(source, where=condition), position=pipe.position)


def _select(query: n.Query, pipe: n.Pipe) -> n.Query:
    source, where = _source(query, keep_where=True)
    return n.Query(replace(pipe.parts["select"], source=source, where=where), position=pipe.position)


def _items(query: n.Query, pipe: n.Pipe, items: list[n.SelectItem | n.StarItem]) -> n.Query:
    source, where = _source(query, keep_where=True)
    return n.Query(n.Select(items, source, where=where, position=pipe.position), position=pipe.position)


def _extend(query: n.Query, pipe: n.Pipe) -> n.Query:
    return _items(query, pipe, [n.StarItem(position=pipe.position), *pipe.parts["items"]])


def _set(query: n.Query, pipe: n.Pipe) -> n.Query:
    return _items(query, pipe, [n.StarItem(replaced=list(pipe.parts["items"]), position=pipe.position)])


def _rename(query: n.Query, pipe: n.Pipe) -> n.Query:
    return _items(query, pipe, [n.StarItem(renamed=list(pipe.parts["items"]), position=pipe.position)])


def _drop(query: n.Query, pipe: n.Pipe) -> n.Query:
    return _items(query, pipe, [n.StarItem(excluded=list(pipe.parts["names"]), position=pipe.position)])


def _as(query: n.Query, pipe: n.Pipe) -> n.Query:
    source = n.QuerySource(query, pipe.parts["alias"], position=pipe.position)
    return n.Query(_block(source), position=pipe.position)


def _limit(query: n.Query, pipe: n.Pipe) -> n.Query:
    limit, offset = pipe.parts["limit"], pipe.parts["offset"]
    if query.limit is None and query.offset is None and not query.pipes:
        return replace(query, limit=limit, offset=offset)
    source, _ = _source(query)
    return n.Query(_block(source), limit=limit, offset=offset, position=pipe.position)


def _order(query: n.Query, pipe: n.Pipe) -> n.Query:
    if not query.order_by and query.limit is None and query.offset is None:
        return replace(query, order_by=pipe.parts["order_by"])
    source, _ = _source(query)
    return n.Query(_block(source), order_by=pipe.parts["order_by"], position=pipe.position)


def _aggregate(query: n.Query, pipe: n.Pipe) -> n.Query:
    keys: list[n.SelectItem] = pipe.parts["keys"]
    source, where = _source(query, keep_where=True)
    group = n.GroupBy(keys=[key.expression for key in keys], position=pipe.position) if keys else None
    items: list[n.SelectItem | n.StarItem] = [*keys, *pipe.parts["aggregates"]]
    select = n.Select(items, source, where=where, group_by=group, position=pipe.position)
    order = [
        n.OrderItem(n.Literal(INT64, index + 1, position=pipe.position), descending, position=pipe.position)
        for index, descending in pipe.parts["orders"]
    ]
    return n.Query(select, order_by=order, position=pipe.position)


def _join(query: n.Query, pipe: n.Pipe) -> n.Query:
    source, _ = _source(query)
    return n.Query(_block(_graft(pipe.parts["join"], source)), position=pipe.position)


def _graft(join: n.Join, left: n.Node) -> n.Join:
    return replace(join, left=_graft(join.left, left) if isinstance(join.left, n.Join) else left)


def _set_operation(query: n.Query, pipe: n.Pipe) -> n.Query:
    left: n.Node = query
    for right in pipe.parts["queries"]:
        left = n.SetOperation(pipe.parts["operator"], pipe.parts["distinct"], left, right, position=pipe.position)
    return n.Query(left, position=pipe.position)


def _distinct(query: n.Query, pipe: n.Pipe) -> n.Query:
    source, where = _source(query, keep_where=True)
    return n.Query(_block(source, where=where, distinct=True), position=pipe.position)


def _pivot(query: n.Query, pipe: n.Pipe) -> n.Query:
    source, _ = _source(query)
    node = pipe.parts.get("pivot") or pipe.parts["unpivot"]
    return n.Query(_block(replace(node, source=source)), position=pipe.position)


_APPLY = {
    "WHERE": _where, "SELECT": _select, "EXTEND": _extend, "SET": _set, "RENAME": _rename, "DROP": _drop, "AS": _as,
    "LIMIT": _limit, "ORDER": _order, "AGGREGATE": _aggregate, "JOIN": _join, "SET_OPERATION": _set_operation,
    "DISTINCT": _distinct, "PIVOT": _pivot, "UNPIVOT": _pivot,
}  # fmt: skip

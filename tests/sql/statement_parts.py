"""Takes the query that decides out of a statement, by the positions that GoogleSQL's parser gives."""

import functools
from dataclasses import dataclass
from typing import Any

from tests.sql.googlesql import parse, text_of


@dataclass(frozen=True)
class Query:
    """A query within a statement.

    Attributes:
        text: the query.
        is_whole: the statement is this query, or a view of it: its rows are all that the statement tells.
        is_ordered: its rows come in an order of their own.
        is_first: the statement is a script, and begins with this query.
    """

    text: str
    is_whole: bool
    is_ordered: bool
    is_first: bool = False


@functools.cache
def query_of(text: str) -> Query | None:
    """Return a SELECT or a view's query as it is, of a MERGE its source, of a table the query that fills it.

    A script is known by the statement it begins with, after BEGIN TRANSACTION: later ones read what was written before.
    None when that is no query.
    """
    statements = [node for node in parse(text) if type(node).__name__ != "ASTBeginStatement"]
    query = _query(statements[0])
    if query is None:
        return None
    return Query(
        text_of(text.encode(), query),
        is_whole=type(statements[0]).__name__ in ("ASTQueryStatement", "ASTCreateViewStatement"),
        is_ordered=query.order_by is not None,
        is_first=len(statements) > 1,
    )


def reading(text: str) -> str:
    """Return a script that ends in a MERGE as one that reads only: it ends in the query that the MERGE would write."""
    source = text.encode()
    *before, last = parse(text)
    assert type(last).__name__ == "ASTMergeStatement", f"ends in {type(last).__name__}"
    begin = last.parse_location_range.start
    assert before and before[-1].parse_location_range.end <= begin
    return source[:begin].decode() + text_of(source, _query(last))


def _query(node: Any) -> Any:
    match type(node).__name__:
        case "ASTQueryStatement" | "ASTCreateViewStatement" | "ASTCreateTableStatement":
            return node.query
        case "ASTMergeStatement" if type(node.table_expression).__name__ == "ASTTableSubquery":
            return node.table_expression.subquery
    return None

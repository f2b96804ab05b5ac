"""The syntax tree of queries."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.bigquery.sql.nodes_expressions import Node, OrderItem, WindowSpec


@dataclass(slots=True)
class SelectItem(Node):
    """One item of a select list."""

    expression: Node
    alias: str | None = None


@dataclass(slots=True)
class StarItem(Node):
    """``*`` or ``x.*`` with EXCEPT and REPLACE."""

    operand: Node | None = None
    excluded: list[str] = field(default_factory=list)
    replaced: list[tuple[str, Node]] = field(default_factory=list)
    renamed: list[tuple[str, str]] = field(default_factory=list)  # by the pipe operator RENAME


@dataclass(slots=True)
class GroupBy(Node):
    """GROUP BY: plain keys, or grouping sets as lists of keys; ``all`` for GROUP BY ALL."""

    all: bool = False
    keys: list[Node] = field(default_factory=list)
    sets: list[tuple[str, list[list[Node]]]] = field(default_factory=list)  # (ROLLUP|CUBE|SETS, …)


@dataclass(slots=True)
class Select(Node):
    """One SELECT block; ``as_kind`` is STRUCT or VALUE."""

    items: list[SelectItem | StarItem]
    source: "Node | None" = None
    distinct: bool = False
    as_kind: str | None = None
    where: Node | None = None
    group_by: GroupBy | None = None
    having: Node | None = None
    qualify: Node | None = None
    windows: dict[str, WindowSpec] = field(default_factory=dict)


@dataclass(slots=True)
class SetOperation(Node):
    """UNION ALL|DISTINCT, INTERSECT DISTINCT, EXCEPT DISTINCT."""

    operator: str
    distinct: bool
    left: Node
    right: Node
    by_name: bool = False


@dataclass(slots=True)
class CommonTable(Node):
    """One entry of WITH."""

    name: str
    query: "Query"
    columns: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Query(Node):
    """A query expression: WITH, body, ORDER BY, LIMIT and pipe operators."""

    body: Node | None
    ctes: list[CommonTable] = field(default_factory=list)
    recursive: bool = False
    order_by: list[OrderItem] = field(default_factory=list)
    limit: Node | None = None
    offset: Node | None = None
    source: Node | None = None  # a FROM-first query
    pipes: list["Pipe"] = field(default_factory=list)


@dataclass(slots=True)
class Pipe(Node):
    """One ``|>`` operator; what ``parts`` holds depends on ``operator``."""

    operator: str
    parts: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class TableSource(Node):
    """A table, CTE or array path in FROM."""

    path: list[str]
    alias: str | None = None
    system_time: Node | None = None
    offset_alias: str | None = None
    sample_percent: Node | None = None


@dataclass(slots=True)
class QuerySource(Node):
    """A parenthesised query in FROM."""

    query: Query
    alias: str | None = None


@dataclass(slots=True)
class UnnestSource(Node):
    """``UNNEST(array) [AS alias] [WITH OFFSET [AS name]]``."""

    array: Node
    alias: str | None = None
    offset_alias: str | None = None


@dataclass(slots=True)
class FunctionSource(Node):
    """A table function in FROM."""

    path: list[str]
    arguments: list[Node]
    alias: str | None = None


@dataclass(slots=True)
class Join(Node):
    """A join; ``kind`` is CROSS, INNER, LEFT, RIGHT or FULL."""

    kind: str
    left: Node
    right: Node
    condition: Node | None = None
    using: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Pivot(Node):
    """``source PIVOT(…)``."""

    source: Node
    aggregates: list[SelectItem]
    key: Node
    values: list[SelectItem]
    alias: str | None = None


@dataclass(slots=True)
class Unpivot(Node):
    """``source UNPIVOT(…)``: groups are (columns, label)."""

    source: Node
    value_columns: list[str]
    name_column: str
    groups: list[tuple[list[str], Node | None]]
    include_nulls: bool = False
    alias: str | None = None

"""The syntax tree of queries, and of expressions that hold one."""

from dataclasses import dataclass, field

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


@dataclass(slots=True)
class GroupBy(Node):
    """GROUP BY with its keys; none for ``GROUP BY ()``."""

    keys: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Select(Node):
    """One SELECT block."""

    items: list[SelectItem | StarItem]
    source: "Node | None" = None
    distinct: bool = False
    as_struct: bool = False
    where: Node | None = None
    group_by: GroupBy | None = None
    having: Node | None = None
    qualify: Node | None = None
    windows: dict[str, WindowSpec] = field(default_factory=dict)


@dataclass(slots=True)
class SetOperation(Node):
    """UNION ALL|DISTINCT."""

    distinct: bool
    left: Node
    right: Node


@dataclass(slots=True)
class CommonTable(Node):
    """One entry of WITH."""

    name: str
    query: "Query"


@dataclass(slots=True)
class Query(Node):
    """A query expression: WITH, body, ORDER BY and LIMIT."""

    body: Node | None
    ctes: list[CommonTable] = field(default_factory=list)
    order_by: list[OrderItem] = field(default_factory=list)
    limit: Node | None = None
    offset: Node | None = None


@dataclass(slots=True)
class TableSource(Node):
    """A table, CTE or array path in FROM."""

    path: list[str]
    alias: str | None = None
    offset_alias: str | None = None


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
class Join(Node):
    """A join; ``kind`` is CROSS, INNER, LEFT, RIGHT or FULL."""

    kind: str
    left: Node
    right: Node
    condition: Node | None = None


@dataclass(slots=True)
class In(Node):
    """``x [NOT] IN (…)``; exactly one of items, query, array is set."""

    operand: Node
    negated: bool
    items: list[Node] | None = None
    query: Query | None = None
    array: Node | None = None


@dataclass(slots=True)
class SubqueryExpression(Node):
    """``(SELECT …)``, ``ARRAY(SELECT …)``, ``EXISTS(SELECT …)``."""

    kind: str  # scalar | array | exists
    query: Query

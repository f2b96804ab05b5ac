"""The syntax tree of GoogleSQL: what was written, not yet what it means."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.bigquery.sql.lexer import Position
from sandbox.bigquery.sql.typesystem import Type

NOWHERE: Position = (1, 1)


@dataclass(kw_only=True, slots=True)
class Node:
    """Anything with a place in the source."""

    position: Position = NOWHERE


# ---- expressions


@dataclass(slots=True)
class Literal(Node):
    """A constant of a simple type; the value is still text where the type says how to read it."""

    type: Type
    value: Any


@dataclass(slots=True)
class IntervalLiteral(Node):
    """``INTERVAL 5 MINUTE`` or ``INTERVAL '1-2' YEAR TO MONTH``."""

    value: Node
    part: str
    to_part: str | None = None


@dataclass(slots=True)
class Path(Node):
    """A dotted name."""

    names: list[str]


@dataclass(slots=True)
class Parameter(Node):
    """``@name`` or, positional, ``?`` (then ``index`` counts from 0)."""

    name: str | None
    index: int | None = None


@dataclass(slots=True)
class SystemVariable(Node):
    """``@@row_count`` and the like, lower case."""

    name: str


@dataclass(slots=True)
class FieldAccess(Node):
    """``expression.name``."""

    operand: Node
    name: str


@dataclass(slots=True)
class Subscript(Node):
    """``expression[index]``; ``mode`` is OFFSET, ORDINAL, SAFE_OFFSET, SAFE_ORDINAL or empty."""

    operand: Node
    mode: str
    index: Node


@dataclass(slots=True)
class OrderItem(Node):
    """One key of ORDER BY."""

    expression: Node
    descending: bool = False
    nulls_first: bool | None = None


@dataclass(slots=True)
class WindowFrame(Node):
    """``ROWS|RANGE BETWEEN … AND …``; bounds are (kind, expression|None)."""

    unit: str
    start: tuple[str, Node | None]
    end: tuple[str, Node | None]


@dataclass(slots=True)
class WindowSpec(Node):
    """``OVER (…)``."""

    base: str | None = None
    partition_by: list[Node] = field(default_factory=list)
    order_by: list[OrderItem] = field(default_factory=list)
    frame: WindowFrame | None = None


@dataclass(slots=True)
class Call(Node):
    """A function call with everything that may stand inside or behind its parentheses."""

    path: list[str]
    arguments: list[Node]
    safe: bool = False
    distinct: bool = False
    star: bool = False
    null_handling: str | None = None  # IGNORE | RESPECT
    having: tuple[str, Node] | None = None  # MAX | MIN
    order_by: list[OrderItem] = field(default_factory=list)
    limit: Node | None = None
    named: dict[str, Node] = field(default_factory=dict)
    over: WindowSpec | None = None

    @property
    def name(self) -> str:
        """The upper-case name."""
        return ".".join(self.path).upper()


@dataclass(slots=True)
class Unary(Node):
    """``-x``, ``+x``, ``~x``, ``NOT x``."""

    operator: str
    operand: Node


@dataclass(slots=True)
class Binary(Node):
    """Arithmetic, comparison, AND/OR, ``||``, bit operators."""

    operator: str
    left: Node
    right: Node


@dataclass(slots=True)
class Between(Node):
    """``x [NOT] BETWEEN low AND high``."""

    operand: Node
    low: Node
    high: Node
    negated: bool


@dataclass(slots=True)
class In(Node):
    """``x [NOT] IN (…)``; exactly one of items, query, array is set."""

    operand: Node
    negated: bool
    items: list[Node] | None = None
    query: "Query | None" = None
    array: Node | None = None


@dataclass(slots=True)
class Like(Node):
    """``x [NOT] LIKE pattern`` or LIKE ANY|ALL (patterns)."""

    operand: Node
    patterns: list[Node]
    quantifier: str | None
    negated: bool


@dataclass(slots=True)
class Is(Node):
    """``x IS [NOT] NULL|TRUE|FALSE``."""

    operand: Node
    what: str
    negated: bool


@dataclass(slots=True)
class IsDistinct(Node):
    """``x IS [NOT] DISTINCT FROM y``; ``negated`` is the NOT."""

    left: Node
    right: Node
    negated: bool


@dataclass(slots=True)
class Case(Node):
    """CASE in both forms."""

    operand: Node | None
    branches: list[tuple[Node, Node]]
    default: Node | None


@dataclass(slots=True)
class Cast(Node):
    """CAST and SAFE_CAST."""

    operand: Node
    type: Type
    safe: bool
    format: Node | None = None
    time_zone: Node | None = None


@dataclass(slots=True)
class Extract(Node):
    """``EXTRACT(part FROM x [AT TIME ZONE z])``; WEEK(MONDAY) keeps its weekday."""

    part: str
    operand: Node
    time_zone: Node | None = None


@dataclass(slots=True)
class ArrayLiteral(Node):
    """``[a, b]`` or ``ARRAY<T>[a, b]``."""

    items: list[Node]
    type: Type | None = None


@dataclass(slots=True)
class StructLiteral(Node):
    """``STRUCT(a AS x)``, ``STRUCT<x INT64>(1)`` or a tuple ``(a, b)``."""

    items: list[tuple[str | None, Node]]
    type: Type | None = None
    source_is_tuple: bool = False


@dataclass(slots=True)
class SubqueryExpression(Node):
    """``(SELECT …)``, ``ARRAY(SELECT …)``, ``EXISTS(SELECT …)``."""

    kind: str  # scalar | array | exists
    query: "Query"


@dataclass(slots=True)
class Lambda(Node):
    """``x -> expression`` as an argument."""

    parameters: list[str]
    body: Node


@dataclass(slots=True)
class DefaultMarker(Node):
    """The DEFAULT keyword of INSERT and UPDATE."""


# ---- queries


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


# ---- statements


@dataclass(slots=True)
class Statement(Node):
    """A statement; ``text`` is its source."""

    text: str = field(default="", kw_only=True)


@dataclass(slots=True)
class QueryStatement(Statement):
    """SELECT."""

    query: Query


@dataclass(slots=True)
class Insert(Statement):
    """INSERT; ``rows`` for VALUES, else ``query``."""

    path: list[str]
    columns: list[str]
    rows: list[list[Node]] | None = None
    query: Query | None = None


@dataclass(slots=True)
class Update(Statement):
    """UPDATE."""

    path: list[str]
    alias: str | None
    assignments: list[tuple[list[str], Node]]
    source: Node | None
    where: Node | None


@dataclass(slots=True)
class Delete(Statement):
    """DELETE."""

    path: list[str]
    alias: str | None
    where: Node | None


@dataclass(slots=True)
class Truncate(Statement):
    """TRUNCATE TABLE."""

    path: list[str]


@dataclass(slots=True)
class MergeClause(Node):
    """One WHEN of MERGE; ``match`` is MATCHED, NOT_BY_TARGET or NOT_BY_SOURCE."""

    match: str
    condition: Node | None
    action: str  # UPDATE | DELETE | INSERT
    assignments: list[tuple[list[str], Node]] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    values: list[Node] | None = None  # None: INSERT ROW


@dataclass(slots=True)
class Merge(Statement):
    """MERGE."""

    path: list[str]
    alias: str | None
    source: Node
    condition: Node
    clauses: list[MergeClause]


@dataclass(slots=True)
class ColumnDefinition(Node):
    """A column of CREATE TABLE or ADD COLUMN."""

    name: str
    type: Type
    not_null: bool = False
    default: str | None = None
    options: dict[str, Node] = field(default_factory=dict)
    fields: dict[str, "ColumnDefinition"] = field(default_factory=dict)  # nested NOT NULL and OPTIONS


@dataclass(slots=True)
class Create(Statement):
    """CREATE of anything; ``kind`` is SCHEMA, TABLE, VIEW, MATERIALIZED VIEW, FUNCTION, TABLE FUNCTION, PROCEDURE."""

    kind: str
    path: list[str]
    or_replace: bool = False
    if_not_exists: bool = False
    temporary: bool = False
    columns: list[ColumnDefinition] | None = None
    column_names: list[str] | None = None
    partition_by: Node | None = None
    cluster_by: list[str] = field(default_factory=list)
    options: dict[str, Node] = field(default_factory=dict)
    query: Query | None = None
    query_text: str = ""
    source: list[str] | None = None
    source_kind: str | None = None  # LIKE | COPY | CLONE
    arguments: list[tuple[str, str, Type | None]] = field(default_factory=list)  # (mode, name, None = ANY TYPE)
    returns: Type | None = None
    body: Any = None  # expression of a function, block of a procedure


@dataclass(slots=True)
class Drop(Statement):
    """DROP of anything."""

    kind: str
    path: list[str]
    if_exists: bool = False
    cascade: bool = False


@dataclass(slots=True)
class AlterAction(Node):
    """One action of ALTER."""

    kind: str
    parts: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Alter(Statement):
    """ALTER TABLE|VIEW|SCHEMA."""

    kind: str
    path: list[str]
    if_exists: bool
    actions: list[AlterAction]


@dataclass(slots=True)
class Declare(Statement):
    """DECLARE names [type] [DEFAULT value]."""

    names: list[str]
    type: Type | None
    default: Node | None


@dataclass(slots=True)
class SetVariables(Statement):
    """SET a = x, or SET (a, b) = (x, y)."""

    targets: list[str]
    value: Node
    grouped: bool = False


@dataclass(slots=True)
class If(Statement):
    """IF … ELSEIF … ELSE."""

    branches: list[tuple[Node, list[Statement]]]
    default: list[Statement]


@dataclass(slots=True)
class CaseStatement(Statement):
    """The CASE statement."""

    operand: Node | None
    branches: list[tuple[Node, list[Statement]]]
    default: list[Statement]


@dataclass(slots=True)
class Loop(Statement):
    """LOOP, WHILE and REPEAT: ``kind`` says which."""

    kind: str
    condition: Node | None
    body: list[Statement]
    label: str | None = None


@dataclass(slots=True)
class ForIn(Statement):
    """FOR x IN (query) DO … END FOR."""

    variable: str
    query: Query
    body: list[Statement]
    label: str | None = None


@dataclass(slots=True)
class Jump(Statement):
    """BREAK, LEAVE, CONTINUE, ITERATE (with a label or not) and RETURN."""

    kind: str
    label: str | None = None


@dataclass(slots=True)
class Block(Statement):
    """BEGIN … [EXCEPTION WHEN ERROR THEN …] END."""

    body: list[Statement]
    handler: list[Statement] | None = None
    label: str | None = None


@dataclass(slots=True)
class Raise(Statement):
    """RAISE [USING MESSAGE = x]."""

    message: Node | None


@dataclass(slots=True)
class Assert(Statement):
    """ASSERT condition [AS text]."""

    condition: Node
    description: str | None


@dataclass(slots=True)
class ExecuteImmediate(Statement):
    """EXECUTE IMMEDIATE."""

    sql: Node
    into: list[str]
    using: list[tuple[str | None, Node]]


@dataclass(slots=True)
class Transaction(Statement):
    """BEGIN, COMMIT or ROLLBACK TRANSACTION."""

    kind: str


@dataclass(slots=True)
class CallProcedure(Statement):
    """CALL."""

    path: list[str]
    arguments: list[Node]

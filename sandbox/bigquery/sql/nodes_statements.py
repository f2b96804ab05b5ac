"""The syntax tree of statements and scripts."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.bigquery.sql.nodes_expressions import Node
from sandbox.bigquery.sql.nodes_queries import Query
from sandbox.bigquery.sql.typesystem import Type


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

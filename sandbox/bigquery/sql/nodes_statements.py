"""The syntax tree of statements and scripts."""

from dataclasses import dataclass, field

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
    where: Node


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
    values: list[Node] = field(default_factory=list)


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
    options: dict[str, Node] = field(default_factory=dict)
    fields: dict[str, "ColumnDefinition"] = field(default_factory=dict)  # nested NOT NULL and OPTIONS


@dataclass(slots=True)
class Create(Statement):
    """CREATE; ``kind`` is TABLE or VIEW."""

    kind: str
    path: list[str]
    or_replace: bool = False
    if_not_exists: bool = False
    temporary: bool = False
    columns: list[ColumnDefinition] | None = None
    partition_by: Node | None = None
    cluster_by: list[str] = field(default_factory=list)
    options: dict[str, Node] = field(default_factory=dict)
    query: Query | None = None
    query_text: str = ""


@dataclass(slots=True)
class Drop(Statement):
    """DROP; ``kind`` is TABLE or VIEW."""

    kind: str
    path: list[str]
    if_exists: bool = False


@dataclass(slots=True)
class Alter(Statement):
    """ALTER TABLE: columns to add, each perhaps only if it is not there, and names of columns to drop."""

    path: list[str]
    added: list[tuple[ColumnDefinition, bool]] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Declare(Statement):
    """DECLARE names [type] [DEFAULT value]."""

    names: list[str]
    type: Type | None
    default: Node | None


@dataclass(slots=True)
class SetVariable(Statement):
    """SET a = x."""

    name: str
    value: Node


@dataclass(slots=True)
class If(Statement):
    """IF … ELSEIF … ELSE."""

    branches: list[tuple[Node, list[Statement]]]
    default: list[Statement]


@dataclass(slots=True)
class While(Statement):
    """WHILE … DO … END WHILE."""

    condition: Node
    body: list[Statement]


@dataclass(slots=True)
class Block(Statement):
    """BEGIN … END."""

    body: list[Statement]


@dataclass(slots=True)
class Raise(Statement):
    """RAISE USING MESSAGE = x."""

    message: Node


@dataclass(slots=True)
class Transaction(Statement):
    """BEGIN, COMMIT or ROLLBACK TRANSACTION."""

    kind: str

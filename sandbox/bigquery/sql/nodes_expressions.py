"""The syntax tree of expressions: what was written, not yet what it means."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.bigquery.sql.lexer import Position
from sandbox.bigquery.sql.typesystem import Type

NOWHERE: Position = (1, 1)


@dataclass(kw_only=True, slots=True)
class Node:
    """Anything with a place in the source."""

    position: Position = NOWHERE


@dataclass(slots=True)
class Literal(Node):
    """A constant of a simple type; the value is still text where the type says how to read it."""

    type: Type
    value: Any


@dataclass(slots=True)
class IntervalLiteral(Node):
    """``INTERVAL 5 MINUTE``."""

    value: Node
    part: str


@dataclass(slots=True)
class Path(Node):
    """A dotted name."""

    names: list[str]


@dataclass(slots=True)
class Parameter(Node):
    """``@name``."""

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
    distinct: bool = False
    star: bool = False
    null_handling: str | None = None  # IGNORE | RESPECT
    order_by: list[OrderItem] = field(default_factory=list)
    limit: Node | None = None
    over: WindowSpec | None = None

    @property
    def name(self) -> str:
        """The upper-case name."""
        return ".".join(self.path).upper()


@dataclass(slots=True)
class Unary(Node):
    """``-x``, ``+x``, ``NOT x``."""

    operator: str
    operand: Node


@dataclass(slots=True)
class Binary(Node):
    """Arithmetic, comparison, AND/OR, ``||``."""

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
class Like(Node):
    """``x [NOT] LIKE pattern``."""

    operand: Node
    pattern: Node
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

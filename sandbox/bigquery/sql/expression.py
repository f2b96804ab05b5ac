"""A compiled expression: its DuckDB text and all that GoogleSQL's rules need to know about it."""

from dataclasses import dataclass, replace
from typing import Any, NoReturn

from sandbox.bigquery.errors import invalid_query
from sandbox.bigquery.sql.lexer import Position, at
from sandbox.bigquery.sql.typesystem import BOOL, INT64, Type, text_literal

NOT_LITERAL: Any = object()
"""Marks an expression that is no literal; None would be NULL."""

FAILURE = "BQ!"
"""Begins every error text that compiled SQL raises itself."""

Origin = tuple[int, str]
"""A column of one scan of a table: (scan, lower-case name)."""


@dataclass(frozen=True, eq=False, slots=True)
class Column:
    """A column a scope can see."""

    name: str | None
    sql: str
    type: Type
    origins: frozenset[Origin] = frozenset()


@dataclass(frozen=True, slots=True)
class Expression:
    """A typed expression.

    ``origins`` are base columns when the value depends on one column alone; ``prunes`` are the partition columns a
    condition restricts; ``free`` are the columns it reads outside of an aggregate.
    """

    sql: str
    type: Type
    constant: bool = True
    literal: Any = NOT_LITERAL
    is_parameter: bool = False
    items: "tuple[Expression, ...] | None" = None  # of an array or struct literal
    free: frozenset[Column] = frozenset()
    origins: frozenset[Origin] = frozenset()
    prunes: frozenset[Origin] = frozenset()
    column: Column | None = None
    has_aggregate: bool = False
    has_window: bool = False
    has_subquery: bool = False
    failure: str | None = None  # the message of ERROR(…), which stands for a value of any type as NULL does

    @property
    def is_null(self) -> bool:
        """An untyped NULL."""
        return self.literal is None

    @property
    def is_literal(self) -> bool:
        """A literal or a parameter, which coerce more freely than other values."""
        return self.literal is not NOT_LITERAL or self.is_parameter


def derive(sql: str, type: Type, *parts: Expression, **changes: Any) -> Expression:
    """An expression made of ``parts``."""
    varying = [part for part in parts if not part.constant]
    free: frozenset[Column] = frozenset().union(*(part.free for part in parts)) if parts else frozenset()
    result = Expression(
        sql,
        type,
        constant=not varying,
        free=free,
        origins=varying[0].origins if len(varying) == 1 else frozenset(),
        has_aggregate=any(part.has_aggregate for part in parts),
        has_window=any(part.has_window for part in parts),
        has_subquery=any(part.has_subquery for part in parts),
    )
    return replace(result, **changes) if changes else result


def integer(value: int) -> str:
    """An INT64 in DuckDB text; a bare one would be a narrower type, or an ordinal in ORDER BY."""
    return f"{value}::BIGINT" if value >= 0 else f"({value})::BIGINT"


def int64(value: int) -> Expression:
    """An INT64 constant."""
    return Expression(integer(value), INT64, literal=value)


def boolean(sql: str, *parts: Expression, **changes: Any) -> Expression:
    """A BOOL made of ``parts``."""
    return derive(sql, BOOL, *parts, **changes)


def fail(message: str, position: Position) -> NoReturn:
    """Refuse the query with a place."""
    raise invalid_query(f"{message} at {at(position)}")


def failure(message_sql: str, type: Type) -> str:
    """DuckDB text that raises an error when it is evaluated.

    A cast that cannot work, and not ``error()``: that one is volatile, which keeps TRY and the optimiser away.
    """
    raised = f"CAST({text_literal(FAILURE)} || ({message_sql}) AS BIGINT)"
    return raised if type.kind == "INT64" else f"CAST(CAST({raised} AS VARCHAR) AS {type.duckdb})"

"""What names mean at one place of a query."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.bigquery.model import TableRef
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.expression import Column, Expression
from sandbox.bigquery.sql.typesystem import Type


@dataclass(eq=False)
class Relation:
    """A range variable: an alias and its columns. ``value`` is set when its rows are single values (UNNEST)."""

    alias: str | None
    columns: list[Column]
    value: Column | None = None

    def find(self, name: str) -> list[Column]:
        """The columns of that name."""
        wanted = name.lower()
        return [column for column in self.columns if column.name is not None and column.name.lower() == wanted]


@dataclass(eq=False)
class Source:
    """A compiled FROM item."""

    sql: str
    relations: list[Relation]
    order_key: str | None = None  # the element's place, for one UNNEST that keeps its array's order

    def star_columns(self) -> list[Column]:
        """The columns of ``*``."""
        return [column for relation in self.relations for column in relation.columns]


@dataclass(eq=False)
class OutputColumn:
    """A column of a compiled query; ``key`` is its DuckDB name."""

    name: str | None
    key: str
    type: Type
    origins: frozenset[Any] = frozenset()
    literal: Expression | None = None  # a literal still gives way to other types in a set operation


@dataclass(eq=False)
class Scan:
    """One read of a table that demands a partition filter."""

    id: int
    ref: TableRef
    column: str
    is_filtered: bool = False


@dataclass(eq=False)
class CompiledQuery:
    """A query as DuckDB text. ``is_value``: SELECT AS STRUCT, whose one column is the row."""

    sql: str
    columns: list[OutputColumn]
    is_value: bool = False
    scans: list[Scan] = field(default_factory=list)
    order_keys: list[tuple[str, str]] = field(default_factory=list)  # (column key, direction), when asked for


@dataclass(eq=False)
class CommonTable:
    """A WITH entry: the DuckDB name it has, and its columns."""

    key: str
    query: CompiledQuery


@dataclass(eq=False)
class Scope:
    """The names visible to expressions; lookups go outwards through ``parent``."""

    parent: "Scope | None" = None
    relations: list[Relation] = field(default_factory=list)
    ctes: dict[str, CommonTable] = field(default_factory=dict)
    aliases: dict[str, Expression] = field(default_factory=dict)
    ambiguous: set[str] = field(default_factory=set)
    group_keys: frozenset[str] | None = None
    windows: dict[str, n.WindowSpec] = field(default_factory=dict)
    aliases_first: bool = False
    allows_aggregates: bool = False
    allows_windows: bool = False
    clause: str = "SELECT"
    is_without_from: bool = False

    def find_cte(self, name: str) -> CommonTable | None:
        """The nearest WITH entry of that name."""
        scope: Scope | None = self
        while scope is not None:
            found = scope.ctes.get(name.lower())
            if found is not None:
                return found
            scope = scope.parent
        return None

    def find_relation(self, name: str) -> Relation | None:
        """The range variable of that name, in this scope alone."""
        wanted = name.lower()
        for relation in self.relations:
            if relation.alias is not None and relation.alias.lower() == wanted:
                return relation
        return None

    def find_columns(self, name: str) -> list[Column]:
        """The columns of that name, in this scope alone."""
        return [column for relation in self.relations for column in relation.find(name)]

    def names(self) -> list[str]:
        """Everything that could have been meant, for suggestions."""
        found: list[str] = []
        scope: Scope | None = self
        while scope is not None:
            for relation in scope.relations:
                found += [column.name for column in relation.columns if column.name]
                if relation.alias:
                    found.append(relation.alias)
            scope = scope.parent
        return found

"""What a statement is compiled against: catalog, names' defaults, parameters, variables, the moment it runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from duckdb import DuckDBPyConnection

from sandbox.bigquery.errors import invalid_query
from sandbox.bigquery.model import TableMeta, TableRef
from sandbox.bigquery.sql.expression import Expression
from sandbox.bigquery.sql.lexer import Position, at
from sandbox.bigquery.sql.typesystem import Type


@dataclass(slots=True)
class Variable:
    """A typed value: a script's variable or a query's parameter."""

    type: Type
    value: Any


@dataclass
class TemporaryTable:
    """A table of the session: what it is called in DuckDB, and its columns."""

    physical_name: str
    columns: list[tuple[str, Type]]


@dataclass
class Noted:
    """What a compilation asked its environment for, by name."""

    lookups: list[tuple[TableRef, bool]] = field(default_factory=list)
    """Tables, and whether to write to them."""
    binds: set[str] = field(default_factory=set)
    temporaries: set[str] = field(default_factory=set)


@dataclass
class Environment:
    """Shared by all statements of one session; ``binds`` collects the values of the statement being compiled."""

    catalog: Any
    cursor: DuckDBPyConnection
    project: str
    default_dataset: tuple[str, str] | None = None
    named_parameters: dict[str, Variable] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    temporary_tables: dict[str, TemporaryTable] = field(default_factory=dict)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    binds: dict[str, Any] = field(default_factory=dict)
    referenced: list[TableRef] = field(default_factory=list)
    referenced_temporaries: set[str] = field(default_factory=set)
    _noted: Noted = field(default_factory=Noted)
    _tables: dict[TableRef, TableMeta] = field(default_factory=dict)

    def begin_statement(self) -> None:
        """Forget what belonged to the statement before."""
        self.now = datetime.now(UTC)
        self.binds = {}
        self.referenced = []
        self.referenced_temporaries = set()
        self._tables = {}

    def table(self, ref: TableRef) -> TableMeta:
        """A table's metadata, looked up once for a statement; raises ``notFound``."""
        if ref not in self._tables:
            self._tables[ref] = self.catalog.get(ref)
        return self._tables[ref]

    def read(self, ref: TableRef, *, is_target: bool = False) -> TableMeta:
        """As ``table``; asks for the right to it, and notes that the statement refers to it."""
        if is_target:
            self.catalog.rights.check_table("bigquery.tables.updateData", ref)
        else:
            self.catalog.rights.check_query(ref)
        meta = self.table(ref)
        if ref not in self.referenced:
            self.referenced.append(ref)
        self._noted.lookups.append((ref, is_target))
        return meta

    def temporary(self, name: str) -> TemporaryTable:
        """A table of the session; notes that the statement reads it."""
        self.referenced_temporaries.add(name)
        self._noted.temporaries.add(name)
        return self.temporary_tables[name]

    @contextmanager
    def noting(self) -> Iterator[Noted]:
        """Yield what is asked for meanwhile."""
        outer, self._noted = self._noted, Noted()
        try:
            yield self._noted
        finally:
            self._noted = outer

    def note(self, noted: Noted) -> None:
        """Ask again for what was noted, but for tables: values are those of now."""
        given = {"p": self.named_parameters, "v": self.variables}
        for name in noted.binds:
            kind, _, rest = name.partition("_")
            self.binds[name] = self.now if name == "now" else given[kind][rest].value
        self.referenced_temporaries |= noted.temporaries

    def bind(self, name: str, variable: Variable) -> Expression:
        """An expression that stands for a value handed to DuckDB beside the text."""
        self.binds[name] = variable.value
        self._noted.binds.add(name)
        return Expression(f"CAST(${name} AS {variable.type.duckdb})", variable.type, is_parameter=True)

    def parameter(self, name: str, position: Position) -> Expression:
        """The query parameter ``@name``."""
        variable = self.named_parameters.get(name.lower())
        if variable is None:
            raise invalid_query(f"Query parameter '{name}' not found at {at(position)}")
        return self.bind(f"p_{name.lower()}", variable)

    def table_ref(self, path: list[str]) -> TableRef:
        """The full name of a table that was written as ``path``."""
        if len(path) == 3:
            return TableRef(*path)
        if len(path) == 2:
            return TableRef(self.project, *path)
        if len(path) == 1:
            if self.default_dataset is None:
                raise invalid_query(f'Table "{path[0]}" must be qualified with a dataset (e.g. dataset.table).')
            return TableRef(*self.default_dataset, path[0])
        raise invalid_query(f"Invalid table name: `{'.'.join(path)}`")

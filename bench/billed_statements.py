"""What the statements of include/sql read, as BigQuery bills it: which tables, which of their columns and partitions.

Read off the rendered text by GoogleSQL's own analyzer, which knows what a ``*`` stands for and leaves out the columns
that nothing needs. A statement that it does not understand raises: what is not counted would pass for free.
"""

import datetime as dt
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from bench import tree
from bench.partition_bounds import FIRST, LAST, Bound, Values, bounds_of
from bench.resolved_nodes import live_columns, nodes

_DATASET = "ped_watch"
_REWRITING = ("ResolvedUpdateStmt", "ResolvedDeleteStmt")


@dataclass
class Scan:
    """A table as one place of a statement reads it."""

    table: str
    columns: set[str]
    bounds: list[Bound] = field(default_factory=list)
    _known: dict[Any, tuple[dt.datetime, dt.datetime]] = field(default_factory=dict, compare=False)

    def span(self, values: Values, now: dt.datetime, period: dt.timedelta) -> tuple[dt.datetime, dt.datetime]:
        """Return the first and the last moment that it may read, of a run at a moment: however large the fleet."""
        if (values, now, period) not in self._known:
            known = values(now, period)
            first, last = FIRST, LAST
            for bound in self.bounds:
                low, high = bound.span(known)
                first, last = max(first, low), min(last, high)
            self._known[values, now, period] = first, last
        return self._known[values, now, period]


@dataclass(frozen=True)
class Statement:
    """One statement that BigQuery bills by itself; of a script each is.

    Attributes:
        text: its beginning.
        scans: what it reads.
        rewritten: the table of an UPDATE, a DELETE or a MERGE that has either: all its columns are read.
        conditions: of the IFs and WHILEs that it stands in, outermost first.
    """

    text: str
    scans: tuple[Scan, ...]
    rewritten: str | None
    conditions: tuple[str, ...]


class Catalog:
    """The tables of the tree under test, and its statements one by one."""

    def __init__(self) -> None:
        from pedwatch import settings, sql
        from tests.sql import googlesql

        self.root = settings.include_dir() / "sql"
        self._sql, self._googlesql = sql, googlesql
        self.tables: dict[str, dict[str, Any]] = {
            name.removeprefix(f"{_DATASET}."): dict(columns) for name, columns in googlesql.stored_tables().items()
        }
        self.ranges: dict[str, int] = {}
        """Of tables in ranges of a number: how many partitions."""
        self.partitions = dict(self._partitions())
        self._statements: dict[str, tuple[Statement, ...]] = {}
        self.analysed: dict[Any, tuple[Any, Statement | None]] = {}
        """By text and the types of what it names: periods and replays share most of their statements."""

    @property
    def names(self) -> list[str]:
        """Every statement of the tree."""
        return list(self._sql.statement_names(self.root))

    def render(self, name: str, cycle_minutes: int = 5) -> str:
        """Return a statement's text, where cycles are so long."""
        told = {} if cycle_minutes == 5 else {"cycle_minutes": cycle_minutes}  # an older tree cannot be told
        return str(self._sql.render(self.root, name, dataset=_DATASET, **told))

    def statements(self, name: str, cycle_minutes: int = 5) -> tuple[Statement, ...]:
        """Return what a file runs: its statements, each as it is billed. A view is its query."""
        text = self.render(name, cycle_minutes)
        if text not in self._statements:
            self._statements[text] = tuple(_Recorder(self, _declared(text)).recorded(text))
        return self._statements[text]

    def _partitions(self) -> Iterator[tuple[str, tuple[str, str]]]:
        """Yield each partitioned table with its column and unit."""
        from sqlglot import exp, parse_one

        for name in self.names:
            if not name.startswith("ddl/tables/"):
                continue
            created = parse_one(self.render(name), read="bigquery")
            if by := created.find(exp.PartitionedByProperty):
                unit = by.this.args.get("unit")
                column = next(by.this.find_all(exp.Column, exp.Identifier))
                table = name.rpartition("/")[2].removesuffix(".sql")
                if series := by.this.args.get("expression"):
                    first, last, step = (int(series.args[key].name) for key in ("start", "end", "step"))
                    self.ranges[table] = (last - first) // step
                yield table, (column.name, unit.name if unit else "RANGE" if series else "DAY")


def _declared(text: str) -> Any:
    """Read the types of parameters off the header, by this tree's reader: an older tree has none of its own."""
    path = tree.OWN / "plugins" / "pedwatch" / "declared_parameters.py"
    spec = importlib.util.spec_from_file_location("bench_declared_parameters", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.declared_types(text) or None


class _Recorder:
    """Analyses a script and keeps what each of its statements reads."""

    def __init__(self, catalog: Catalog, parameters: Any) -> None:
        self._catalog = catalog
        self._googlesql = catalog._googlesql
        self._script = self._googlesql.Script(self._googlesql.stored_tables(), parameters)
        self._parameters = parameters
        self._found: list[Statement] = []

    def recorded(self, text: str) -> list[Statement]:
        source = text.encode()
        self._walk(source, self._googlesql.parse(text), ())
        return self._found

    def _walk(self, source: bytes, nodes: Any, conditions: tuple[str, ...]) -> None:
        from bench.plan_size import nested

        for node in nodes:
            kind = type(node).__name__
            if parts := nested(node):
                for condition, statements in parts:
                    inner = conditions
                    if condition:
                        asked = self._googlesql.text_of(source, condition)
                        self._record_value(asked, conditions)
                        inner = (*conditions, asked)
                    self._walk(source, statements, inner)
            elif kind == "ASTVariableDeclaration":
                if node.default_value:
                    self._record_value(self._googlesql.text_of(source, node.default_value), conditions)
                self._script._statement(source, node)
            elif kind == "ASTSingleAssignment":
                self._record_value(self._googlesql.text_of(source, node.expression), conditions)
            elif kind.startswith(("ASTBegin", "ASTCommit", "ASTRollback", "ASTRaise", "ASTReturn")):
                continue
            else:
                self._script._learn(self._record(self._googlesql.text_of(source, node), conditions))

    def _record_value(self, text: str, conditions: tuple[str, ...]) -> None:
        """Record what an expression of a script reads; one that names no table is not billed."""
        if any(name.rpartition(".")[2] in text for name in self._script.tables):
            self._record(f"SELECT {text} AS v", conditions)

    def _record(self, text: str, conditions: tuple[str, ...]) -> Any:
        known = self._catalog.analysed
        key = (text, *self._named(text))
        if key not in known:
            known[key] = self._analyse(text)
        resolved, found = known[key]
        if found:
            self._found.append(replace(found, conditions=conditions))
        return resolved

    def _named(self, text: str) -> Iterator[Any]:
        """Yield the types of what a text may name: parameters, tables and variables."""
        from tests.sql.googlesql_types import type_name

        if self._parameters is not None:
            yield frozenset((name, str(kind)) for name, kind in self._parameters.items() if f"@{name}" in text)
        for name, columns in self._script.tables.items():
            if name.rpartition(".")[2] in text:
                yield name, tuple((column, type_name(kind)) for column, kind in columns)
        for name, kind in self._script._variables:
            yield name, type_name(kind)

    def _analyse(self, text: str) -> tuple[Any, Statement | None]:
        """Analyse a statement; returns it resolved, and what it reads, None for nothing."""
        from zetasql.api import Analyzer

        from tests.sql import googlesql_types

        options = googlesql_types.analyzer_options(self._parameters)
        options.prune_unused_columns = True
        script = self._script
        catalog = script.catalog(text) if hasattr(script, "catalog") else script._catalog()  # an older tree has all
        resolved = Analyzer(options, catalog).analyze_statement(text)
        kind = type(resolved).__name__
        scans = {id(node): node for node in nodes(resolved) if type(node).__name__ == "ResolvedTableScan"}
        target = getattr(resolved, "table_scan", None)
        is_rewriting = kind in _REWRITING or (kind == "ResolvedMergeStmt" and _rewrites(resolved))
        bounds = list(bounds_of(resolved))
        live = live_columns(resolved)
        if kind == "ResolvedInsertStmt" and target is not None:
            scans.pop(id(target), None)  # what is inserted into is not read
        reads = tuple(self._scan(scan, bounds, live) for scan in scans.values())
        if not reads:
            return resolved, None
        rewritten, whole = None, set()
        if target is not None and is_rewriting:
            rewritten, whole = _name(target), {name for name, _ in script.tables[target.table.name]}
        for scan in reads:
            if scan.table == rewritten:
                scan.columns |= whole
        return resolved, Statement(text[:80], reads, rewritten, ())

    def _scan(self, scan: Any, bounds: list[tuple[int, Bound]], live: set[int]) -> Scan:
        columns = {column.column_id: column.name for column in scan.column_list}
        name = _name(scan)
        partition = self._catalog.partitions.get(name, ("", ""))[0]
        own = [bound for column, bound in bounds if columns.get(column) == partition]
        return Scan(name, {name for number, name in columns.items() if number in live}, own)


def _name(scan: Any) -> str:
    return str(scan.table.name).removeprefix(f"{_DATASET}.")


def _rewrites(merge: Any) -> bool:
    return any(int(clause.action_type) != 0 for clause in merge.when_clause_list)

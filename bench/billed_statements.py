"""What the statements of include/sql read, as BigQuery bills it: which tables, which of their columns and partitions.

Read off the rendered text by GoogleSQL's own analyzer, which knows what a ``*`` stands for and leaves out the columns
that nothing needs. A statement that it does not understand raises: what is not counted would pass for free.
"""

import dataclasses
import datetime as dt
import importlib.util
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench import tree

_DATASET = "ped_watch"
_PARTS = {3: "days", 6: "days", 7: "hours", 8: "minutes", 9: "seconds"}
"""GoogleSQL's numbers of date parts, as far as conditions on partitions name them."""
_COMPARED = {"$equal", "$less", "$less_or_equal", "$greater", "$greater_or_equal", "$between"}
_REWRITING = ("ResolvedUpdateStmt", "ResolvedDeleteStmt")
_NOT_READ = frozenset(
    "parse_location_range hint_list signature function type type_annotation_map annotation_map column table".split()
)
"""Fields of a resolved node in which no expression can be."""


@dataclass(frozen=True)
class Bound:
    """A condition that holds a partition column against what is known before the statement begins."""

    operator: str
    sides: tuple[Any, ...]

    def span(self, values: Mapping[str, dt.datetime]) -> tuple[dt.datetime, dt.datetime]:
        """Return the first and the last moment that it lets through."""
        ends = [moment(side, values) for side in self.sides]
        first, last = dt.datetime.min.replace(tzinfo=dt.UTC), dt.datetime.max.replace(tzinfo=dt.UTC)
        match self.operator:
            case "$equal":
                return ends[0], ends[0]
            case "$between":
                return ends[0], ends[1]
            case "$less":
                return first, ends[0] - dt.timedelta(microseconds=1)
            case "$less_or_equal":
                return first, ends[0]
            case _:
                return ends[0], last


@dataclass
class Scan:
    """A table as one place of a statement reads it."""

    table: str
    columns: set[str]
    bounds: list[Bound] = field(default_factory=list)


@dataclass(frozen=True)
class Statement:
    """One statement that BigQuery bills by itself; of a script each is.

    Attributes:
        text: its beginning.
        scans: what it reads.
        rewritten: the table of an UPDATE, a DELETE or a MERGE that has either: all its columns are billed.
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
        self.partitions = dict(self._partitions())
        self._statements: dict[str, tuple[Statement, ...]] = {}

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
                yield name.rpartition("/")[2].removesuffix(".sql"), (column.name, unit.name if unit else "DAY")


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
        from zetasql.api import Analyzer

        from tests.sql import googlesql_types

        options = googlesql_types.analyzer_options(self._parameters)
        options.prune_unused_columns = True
        script = self._script
        catalog = script.catalog(text) if hasattr(script, "catalog") else script._catalog()  # an older tree has all
        resolved = Analyzer(options, catalog).analyze_statement(text)
        kind = type(resolved).__name__
        scans = {id(node): node for node in _nodes(resolved) if type(node).__name__ == "ResolvedTableScan"}
        target = getattr(resolved, "table_scan", None)
        is_rewriting = kind in _REWRITING or (kind == "ResolvedMergeStmt" and _rewrites(resolved))
        bounds = list(_bounds(resolved))
        live = live_columns(resolved)
        if kind == "ResolvedInsertStmt" and target is not None:
            scans.pop(id(target), None)  # what is inserted into is not read
        reads = tuple(self._scan(scan, bounds, live) for scan in scans.values())
        if reads:
            rewritten = _name(target) if target is not None and is_rewriting else None
            self._found.append(Statement(text[:80], reads, rewritten, conditions))
        return resolved

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


def _nodes(node: Any) -> Iterator[Any]:
    """Yield a resolved node and all below it."""
    if _fields(type(node)) is None:
        return
    yield node
    for _, child in _children(node):
        yield from _nodes(child)


def _children(node: Any) -> Iterator[tuple[str, Any]]:
    for name in _fields(type(node)) or ():
        value = getattr(node, name, None)
        for child in value if isinstance(value, list) else (value,):
            if _fields(type(child)) is not None:
                yield name, child


_FIELDS: dict[Any, tuple[str, ...] | None] = {}


def _fields(kind: Any) -> tuple[str, ...] | None:
    """Return the fields of a kind of node in which there may be others; None where it is no node."""
    if kind not in _FIELDS:
        names = tuple(each.name for each in dataclasses.fields(kind)) if dataclasses.is_dataclass(kind) else None
        _FIELDS[kind] = names and tuple(name for name in names if name not in _NOT_READ)
    return _FIELDS[kind]


def live_columns(resolved: Any) -> set[int]:
    """Return the numbers of the columns that an answer needs: BigQuery reads no other, nor of what a WITH names."""
    needs: dict[int, set[int]] = {}
    roots: set[int] = set()
    entries = {each.with_query_name: each.with_subquery for each in _nodes(resolved) if _kind(each) == "WithEntry"}

    def need(owner: int | None, columns: Iterable[Any]) -> None:
        (roots if owner is None else needs.setdefault(owner, set())).update(column.column_id for column in columns)

    def walk(node: Any, owner: int | None) -> None:
        match _kind(node):
            case "ColumnRef":
                need(owner, [node.column])
            case "ComputedColumn" | "DeferredComputedColumn":
                owner = node.column.column_id
            case "OutputColumn":
                need(None, [node.column])
            case "SubqueryExpr":
                need(owner, node.subquery.column_list)
            case "WithRefScan":
                for column, source in zip(node.column_list, entries[node.with_query_name].column_list, strict=True):
                    need(column.column_id, [source])
            case "SetOperationScan":
                for item in node.input_item_list:
                    for column, source in zip(node.column_list, item.output_column_list, strict=True):
                        need(column.column_id if int(node.op_type) == 0 else None, [source])
            case "InsertStmt":
                need(None, node.query_output_column_list)
        for name, child in _children(node):
            if name == "group_by_list":
                walk(child.expr, None)
            else:
                walk(child, owner)

    walk(resolved, None)
    live, waiting = set(), list(roots)
    while waiting:
        column = waiting.pop()
        if column not in live:
            live.add(column)
            waiting.extend(needs.get(column, ()))
    return live


def _kind(node: Any) -> str:
    return type(node).__name__.removeprefix("Resolved")


def _bounds(resolved: Any) -> Iterator[tuple[int, Bound]]:
    """Yield what must hold for a row to be read, as far as it prunes: the column's number, and the condition."""
    for node in _nodes(resolved):
        for name in ("filter_expr", "join_expr", "merge_expr", "where_expr"):
            condition = getattr(node, name, None)
            if condition is not None:
                for part in _conjuncts(condition):
                    yield from _bound(part)


def _conjuncts(condition: Any) -> Iterator[Any]:
    if _function(condition) == "$and":
        for argument in condition.argument_list:
            yield from _conjuncts(argument)
    else:
        yield condition


def _bound(condition: Any) -> Iterator[tuple[int, Bound]]:
    operator = _function(condition)
    if operator not in _COMPARED:
        return
    first, *others = condition.argument_list
    if type(first).__name__ != "ResolvedColumnRef" and operator != "$between":
        first, others = others[0], [first]
        turned = {"less": "greater", "greater": "less"}
        word = operator.removeprefix("$").partition("_")
        operator = "$" + turned.get(word[0], word[0]) + word[1] + word[2]
    if type(first).__name__ == "ResolvedColumnRef" and all(map(_is_known, others)):
        yield first.column.column_id, Bound(operator, tuple(others))


def _is_known(node: Any) -> bool:
    """Tell whether a value is known before the statement begins: it names no column and asks nothing."""
    return not any(type(each).__name__ in ("ResolvedColumnRef", "ResolvedSubqueryExpr") for each in _nodes(node))


def _function(node: Any) -> str:
    return str(node.function.name).removeprefix("ZetaSQL:") if hasattr(node, "function") else ""


def moment(node: Any, values: Mapping[str, dt.datetime]) -> dt.datetime:
    """Work out a moment that a condition names.

    Raises:
        KeyError: a parameter or variable that ``values`` has not.
        NotImplementedError: it is worked out in a way that is not known here.
    """
    kind = type(node).__name__
    if kind == "ResolvedParameter":
        return values[node.name]
    if kind == "ResolvedConstant":
        return values[".".join(node.constant.name.split(".")) if hasattr(node.constant, "name") else str(node.constant)]
    if kind == "ResolvedCast":
        return moment(node.expr, values)
    if kind == "ResolvedLiteral":
        told = node.value.value.timestamp_value
        return dt.datetime.fromtimestamp(int(getattr(told, "seconds", 0) or 0), dt.UTC)
    match _function(node), getattr(node, "argument_list", []):
        case (("current_timestamp" | "current_date"), _):
            return values["now"]
        case ("timestamp_sub" | "timestamp_add" | "date_sub") as name, [base, count, part]:
            step = dt.timedelta(**{_PARTS[part.value.value.enum_value]: count.value.value.int64_value})
            return moment(base, values) + step if name == "timestamp_add" else moment(base, values) - step
        case "coalesce", [first, *_]:
            return moment(first, values)
        case "greatest", sides:
            return max(moment(side, values) for side in sides)
        case "least", sides:
            return min(moment(side, values) for side in sides)
    raise NotImplementedError(f"{kind} {_function(node)}")

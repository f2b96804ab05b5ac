"""INSERT, UPDATE, DELETE and TRUNCATE."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.bigquery.errors import invalid_query
from sandbox.bigquery.model import StatementResult, TableMeta, TableRef
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import can_coerce, coerce, field_sql, parameterised
from sandbox.bigquery.sql.compile_from import Source
from sandbox.bigquery.sql.compile_query import Compiler
from sandbox.bigquery.sql.environment import Environment
from sandbox.bigquery.sql.execution import Execution
from sandbox.bigquery.sql.expression import Expression, fail
from sandbox.bigquery.sql.lexer import Position
from sandbox.bigquery.sql.parser import parse_expression
from sandbox.bigquery.sql.partition_filter import mark_filtered, require_filters
from sandbox.bigquery.sql.scopes import CompiledQuery, Scope
from sandbox.bigquery.sql.tables import PARTITION_TIME, TableReader, is_ingestion_partitioned
from sandbox.bigquery.sql.types import field_type
from sandbox.bigquery.sql.typesystem import TIMESTAMP, Type, quote

DUPLICATE_SOURCE = "UPDATE/MERGE must match at most one source row for each target row"


@dataclass
class Target:
    """The table a statement writes to."""

    physical_name: str
    columns: list[tuple[str, Type]]
    defaults: dict[str, str] = field(default_factory=dict)
    meta: TableMeta | None = None
    ref: TableRef | None = None

    def column(self, name: str) -> tuple[str, Type] | None:
        """A column by name, case-insensitively."""
        for column, type in self.columns:
            if column.lower() == name.lower():
                return column, type
        if name.upper() == PARTITION_TIME and self.meta is not None and is_ingestion_partitioned(self.meta):
            return PARTITION_TIME, TIMESTAMP
        return None


def find_target(environment: Environment, path: list[str], reader: TableReader) -> Target:
    """The table of a DML statement."""
    name = path[-1].lower()
    if (len(path) == 1 or path[0].upper() == "_SESSION") and name in environment.temporary_tables:
        table = environment.temporary_tables[name]
        return Target(table.physical_name, table.columns)
    ref = environment.table_ref(path)
    meta = reader.get(ref)
    if meta.kind != "TABLE":
        raise invalid_query(f"Cannot write to {ref}: it is a {meta.kind.replace('_', ' ').lower()}")
    columns = [(item["name"], field_type(item)) for item in meta.fields]
    defaults = {
        item["name"].lower(): item["defaultValueExpression"] for item in meta.fields if item.get("defaultValueExpression")
    }
    return Target(environment.catalog.physical_name(ref), columns, defaults, meta, ref)


class Writer:
    """What all writing statements share while they are compiled."""

    def __init__(self, environment: Environment, path: list[str]) -> None:
        self.environment = environment
        self.compiler = Compiler(environment)
        self.reader = TableReader(self.compiler)
        self.target = find_target(environment, path, self.reader)
        self.alias = path[-1].split(".")[-1]

    def source(self, alias: str | None) -> Source:
        """The target as a relation."""
        if self.target.meta is not None:
            return self.reader.physical(self.target.meta, alias or self.alias, key="_target")
        from sandbox.bigquery.sql.expression import Column
        from sandbox.bigquery.sql.scopes import Relation

        columns = [Column(name, f"_target.{quote(name)}", type) for name, type in self.target.columns]
        return Source(f"{self.target.physical_name} AS _target", [Relation(alias or self.alias, columns)])

    def column(self, name: str, position: Position) -> tuple[str, Type]:
        """A column of the target, or the error."""
        found = self.target.column(name)
        if found is None:
            fail(f"Column {name} is not present in table {self.shown_name}", position)
        return found

    @property
    def shown_name(self) -> str:
        """The target's name for messages."""
        ref = self.target.ref
        return f"{ref.project}.{ref.dataset}.{ref.table}" if ref is not None else self.alias

    def default(self, name: str, type: Type) -> Expression:
        """A column's default, NULL without one."""
        text = self.target.defaults.get(name.lower())
        if text is None:
            if name == PARTITION_TIME:
                return self.partition_time()
            return Expression(f"CAST(NULL AS {type.duckdb})", type)
        value = self.compiler.expression(parse_expression(text), Scope())
        return coerce(value, type) if can_coerce(value, type) else value

    def partition_time(self) -> Expression:
        """The ingestion-time partition of now."""
        meta = self.target.meta
        unit = str((meta.time_partitioning or {}).get("type") or "DAY") if meta is not None else "DAY"
        node = n.Call(["TIMESTAMP_TRUNC"], [n.Call(["CURRENT_TIMESTAMP"], []), n.Path([unit])])
        return self.compiler.expression(node, Scope())

    def stored(self, value: Expression, name: str, type: Type, position: Position) -> str:
        """A value as the column keeps it."""
        if not can_coerce(value, type):
            fail(f"Value has type {value.type} which cannot be inserted into column {name}, which has type {type}", position)
        return self.kept(coerce(value, type).sql, type)

    @staticmethod
    def kept(sql: str, type: Type) -> str:
        """Arrays are never NULL in a table, and declared lengths hold."""
        if type.is_array:
            return f"coalesce({sql}, CAST([] AS {type.duckdb}))"
        return parameterised(sql, type) if type.precision is not None and type.precision >= 0 else sql


@dataclass
class WritePlan:
    """A compiled writing statement: setup, the duplicate check, then (kind, SQL) steps."""

    target: Target
    statement_type: str
    setup: list[str] = field(default_factory=list)
    duplicates: str | None = None
    steps: list[tuple[str, str]] = field(default_factory=list)
    cleanup: list[str] = field(default_factory=list)


def plan_insert(environment: Environment, node: n.Insert) -> WritePlan:
    """Compile an INSERT."""
    writer = Writer(environment, node.path)
    target = writer.target
    if node.columns:
        columns = [writer.column(name, node.position) for name in node.columns]
        names = [name.lower() for name, _ in columns]
        for name in names:
            if names.count(name) > 1:
                fail(f"INSERT has columns with duplicate name: {name}", node.position)
    else:
        columns = list(target.columns)
    missing = [pair for pair in target.columns if pair not in columns]
    if target.meta is not None and is_ingestion_partitioned(target.meta) and not any(name == PARTITION_TIME for name, _ in columns):
        missing.append((PARTITION_TIME, TIMESTAMP))
    rest = [(name, type, Writer.kept(writer.default(name, type).sql, type)) for name, type in missing]
    listed = ", ".join(quote(name) for name, *_ in [*columns, *rest])
    extra = "".join(f", {sql}" for *_, sql in rest)
    if node.rows is not None:
        values = [_row(writer, row, columns, node) + extra for row in node.rows]
        require_filters(writer.compiler.scans)
        # SELECT instead of VALUES: a row of VALUES may hold no correlated or set-returning expressions in DuckDB.
        source = " UNION ALL ".join(f"SELECT {value}" for value in values) if len(values) < 50 else "VALUES " + ", ".join(f"({value})" for value in values)
    else:
        assert node.query is not None
        query = writer.compiler.query(node.query, Scope())
        require_filters(writer.compiler.scans)
        source = f"SELECT {_inserted(writer, query, columns, node)}{extra} FROM ({query.sql}) AS _u"
    plan = WritePlan(target, "INSERT")
    plan.steps.append(("insertedRowCount", f"INSERT INTO {target.physical_name} ({listed}) {source}"))
    return plan


def _row(writer: Writer, row: list[n.Node], columns: list[tuple[str, Type]], node: n.Insert) -> str:
    if len(row) != len(columns):
        fail(f"Inserted row has wrong column count; Has {len(row)}, expected {len(columns)}", row[0].position)
    values = []
    for item, (name, type) in zip(row, columns, strict=True):
        if isinstance(item, n.DefaultMarker):
            values.append(Writer.kept(writer.default(name, type).sql, type))
        else:
            values.append(writer.stored(writer.compiler.expression(item, Scope()), name, type, item.position))
    return ", ".join(values)


def _inserted(writer: Writer, query: CompiledQuery, columns: list[tuple[str, Type]], node: n.Insert) -> str:
    if len(query.columns) != len(columns):
        fail(f"Inserted row has wrong column count; Has {len(query.columns)}, expected {len(columns)}", node.position)
    values = []
    for output, (name, type) in zip(query.columns, columns, strict=True):
        values.append(stored_column(writer, f"_u.{output.key}", output.type, output.literal, name, type, node.position))
    return ", ".join(values)


def stored_column(
    writer: Writer, sql: str, source: Type, literal: Expression | None, name: str, type: Type, position: Position
) -> str:
    """A query's column as the table keeps it; literals of its select list give way as they do in VALUES."""
    from sandbox.bigquery.sql.casts import cast

    value = Expression(sql, source, constant=False)
    if literal is not None and literal.is_null:
        return Writer.kept(f"CAST(NULL AS {type.duckdb})", type)
    if can_coerce(value, type):
        return Writer.kept(coerce(value, type).sql, type)
    if literal is not None and can_coerce(literal, type):
        return Writer.kept(cast(value, type).sql, type)
    fail(f"Query column has type {source} which cannot be inserted into column {name}, which has type {type}", position)


# ---- UPDATE and DELETE


def assigned(
    writer: Writer, assignments: list[tuple[list[str], n.Node]], scope: Scope, alias: str, position: Position
) -> dict[str, str]:
    """SET as DuckDB text by column; paths into structs rebuild the struct."""
    roots: dict[str, tuple[str, Type, Any]] = {}
    for path, node in assignments:
        if len(path) > 1 and path[0].lower() == alias.lower() and writer.target.column(path[0]) is None:
            path = path[1:]
        name, type = writer.column(path[0], position)
        if isinstance(node, n.DefaultMarker):
            value: Any = Writer.kept(writer.default(name, type).sql, type)
        else:
            inner = _inner_type(type, path[1:], position)
            value = writer.stored(writer.compiler.expression(node, scope), ".".join(path), inner, node.position)
        if name in roots and (len(path) == 1 or not isinstance(roots[name][2], list)):
            fail(f"Update item {'.'.join(path)} assigned more than once", position)
        if len(path) == 1:
            roots[name] = (name, type, value)
        else:
            roots.setdefault(name, (name, type, []))[2].append((path[1:], value))
    return {
        name: _rebuilt(f"_target.{quote(name)}", type, value) if isinstance(value, list) else value
        for name, type, value in roots.values()
    }


def _inner_type(type: Type, path: list[str], position: Position) -> Type:
    for name in path:
        index = type.field_index(name) if type.is_struct else None
        if index is None:
            fail(f"Field name {name} does not exist in {type}", position)
        type = type.fields[index][1]
    return type


def _rebuilt(sql: str, type: Type, changes: list[tuple[list[str], str]]) -> str:
    """A struct with some of its fields replaced."""
    parts = []
    for index, (name, inner) in enumerate(type.fields):
        mine = [(path[1:], value) for path, value in changes if (name or "").lower() == path[0].lower()]
        old = field_sql(sql, type, index)
        if not mine:
            new = old
        elif not mine[0][0]:
            new = mine[0][1]
        else:
            new = _rebuilt(old, inner, mine)
        parts.append(f"{quote(type.field_keys[index])} := {new}")
    return f"struct_pack({', '.join(parts)})"


def plan_update(environment: Environment, node: n.Update) -> WritePlan:
    """Compile an UPDATE: the new values are computed beside the row ids first, then written."""
    writer = Writer(environment, node.path)
    target = writer.source(node.alias)
    relations, sql = list(target.relations), target.sql
    if node.source is not None:
        joined = writer.compiler.source(node.source, Scope())
        relations += joined.relations
        sql = f"{sql} CROSS JOIN {joined.sql}"
    scope = Scope(relations=relations, clause="WHERE")
    assert node.where is not None
    condition = writer.compiler.boolean(node.where, scope, "WHERE clause")
    mark_filtered(writer.compiler.scans, condition.prunes)
    values = assigned(writer, node.assignments, scope, node.alias or writer.alias, node.position)
    require_filters(writer.compiler.scans)
    staged = ", ".join(f"{value} AS v{index}" for index, value in enumerate(values.values()))
    plan = WritePlan(writer.target, "UPDATE")
    plan.setup.append(f"CREATE OR REPLACE TEMP TABLE _bq_changes AS SELECT _target.rowid AS rid, {staged} FROM {sql} WHERE {condition.sql}")
    plan.duplicates = "SELECT count(*) > count(DISTINCT rid) FROM _bq_changes"
    changes = ", ".join(f"{quote(name)} = _bq_changes.v{index}" for index, name in enumerate(values))
    name = writer.target.physical_name
    plan.steps.append(("updatedRowCount", f"UPDATE {name} AS _written SET {changes} FROM _bq_changes WHERE _written.rowid = _bq_changes.rid"))
    plan.cleanup.append("DROP TABLE IF EXISTS _bq_changes")
    return plan


def plan_delete(environment: Environment, node: n.Delete) -> WritePlan:
    """Compile a DELETE."""
    writer = Writer(environment, node.path)
    target = writer.source(node.alias)
    assert node.where is not None
    condition = writer.compiler.boolean(node.where, Scope(relations=target.relations, clause="WHERE"), "WHERE clause")
    mark_filtered(writer.compiler.scans, condition.prunes)
    require_filters(writer.compiler.scans)
    name = writer.target.physical_name
    plan = WritePlan(writer.target, "DELETE")
    where = "" if condition.literal is True else f" WHERE rowid IN (SELECT _target.rowid FROM {target.sql} WHERE {condition.sql})"
    plan.steps.append(("deletedRowCount", f"DELETE FROM {name}{where}"))
    return plan


def plan_truncate(environment: Environment, node: n.Truncate) -> WritePlan:
    """Compile a TRUNCATE."""
    writer = Writer(environment, node.path)
    plan = WritePlan(writer.target, "TRUNCATE_TABLE")
    plan.steps.append(("deletedRowCount", f"DELETE FROM {writer.target.physical_name}"))
    return plan


def run_plan(execution: Execution, plan: WritePlan, statement: n.Statement) -> StatementResult:
    """Carry out a compiled writing statement."""
    target = plan.target

    def work() -> dict[str, int]:
        stats = {"insertedRowCount": 0, "updatedRowCount": 0, "deletedRowCount": 0}
        for sql in plan.setup:
            execution.execute(sql)
        if plan.duplicates is not None:
            row = execution.execute(plan.duplicates).fetchone()
            if row and row[0]:
                raise invalid_query(DUPLICATE_SOURCE)
        for kind, sql in plan.steps:
            stats[kind] += execution.changed(sql)
        for sql in plan.cleanup:
            execution.execute(sql)
        if target.ref is not None and any(stats.values()):
            touched = target.ref
            execution.environment.catalog.touch(touched, cursor=execution.cursor)
            execution.remember(lambda: execution.environment.catalog.touch(touched, cursor=execution.cursor))
        return stats

    stats = execution.write(target.ref, work)
    return StatementResult(
        statement.text,
        plan.statement_type,
        affected_rows=sum(stats.values()),
        dml_stats=stats,
        ddl_target=target.ref if plan.statement_type == "TRUNCATE_TABLE" else None,
        referenced=list(execution.environment.referenced),
    )

"""What all statements that write rows share: the target, the plan, carrying it out."""

from dataclasses import dataclass, field

from sandbox.bigquery.errors import invalid_query
from sandbox.bigquery.model import StatementResult, TableMeta, TableRef
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import can_coerce, coerce
from sandbox.bigquery.sql.compile_query import Compiler
from sandbox.bigquery.sql.environment import Environment
from sandbox.bigquery.sql.execution import Execution
from sandbox.bigquery.sql.expression import Column, Expression, fail
from sandbox.bigquery.sql.lexer import Position
from sandbox.bigquery.sql.scopes import Relation, Source
from sandbox.bigquery.sql.tables import TableReader
from sandbox.bigquery.sql.type_mapping import field_type
from sandbox.bigquery.sql.typesystem import Type, quote

DUPLICATE_SOURCE = "UPDATE/MERGE must match at most one source row for each target row"


@dataclass
class Target:
    """The table a statement writes to."""

    physical_name: str
    columns: list[tuple[str, Type]]
    meta: TableMeta | None = None
    ref: TableRef | None = None

    def column(self, name: str) -> tuple[str, Type] | None:
        """A column by name, case-insensitively."""
        for column, type in self.columns:
            if column.lower() == name.lower():
                return column, type
        return None


def find_target(environment: Environment, path: list[str]) -> Target:
    """The table of a DML statement."""
    name = path[-1].lower()
    if len(path) == 1 and name in environment.temporary_tables:
        table = environment.temporary_tables[name]
        return Target(table.physical_name, table.columns)
    ref = environment.table_ref(path)
    meta = environment.read(ref, is_target=True)
    if meta.kind != "TABLE":
        raise invalid_query(f"Cannot write to {ref}: it is a {meta.kind.replace('_', ' ').lower()}")
    columns = [(item["name"], field_type(item)) for item in meta.fields]
    return Target(environment.catalog.physical_name(ref), columns, meta, ref)


class Writer:
    """What all writing statements share while they are compiled."""

    def __init__(self, environment: Environment, path: list[str]) -> None:
        self.environment = environment
        self.compiler = Compiler(environment)
        self.reader = TableReader(self.compiler)
        self.target = find_target(environment, path)
        self.alias = path[-1].split(".")[-1]

    def source(self, alias: str | None) -> Source:
        """The target as a relation."""
        if self.target.meta is not None:
            return self.reader.physical(self.target.meta, alias or self.alias, key="_target")

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

    def stored(self, value: Expression, name: str, type: Type, position: Position) -> str:
        """A value as the column keeps it."""
        if not can_coerce(value, type):
            fail(
                f"Value has type {value.type} which cannot be inserted into column {name}, which has type {type}",
                position,
            )
        return self.kept(coerce(value, type).sql, type)

    @staticmethod
    def kept(sql: str, type: Type) -> str:
        """Arrays are never NULL in a table."""
        return f"coalesce({sql}, CAST([] AS {type.duckdb}))" if type.is_array else sql


@dataclass
class WritePlan:
    """A compiled writing statement: setup, the duplicate check, then (kind, SQL) steps."""

    target: Target
    statement_type: str
    setup: list[str] = field(default_factory=list)
    duplicates: str | None = None
    steps: list[tuple[str, str]] = field(default_factory=list)
    cleanup: list[str] = field(default_factory=list)


def _charge(execution: Execution, plan: WritePlan) -> None:
    """Bill what is to be written: what is only inserted into is not read, and what is emptied costs nothing."""
    if plan.statement_type == "TRUNCATE_TABLE":
        return
    kinds = {kind for kind, _ in plan.steps}
    # What a MERGE does follows from its join, which is all that reads.
    texts = plan.setup or [sql for _, sql in plan.steps]
    execution.charge(
        *texts,
        rewritten=plan.target.ref if kinds - {"insertedRowCount"} else None,
        inserted=plan.target.ref if plan.statement_type == "INSERT" else None,
    )


def run_plan(execution: Execution, plan: WritePlan, statement: n.Statement) -> StatementResult:
    """Carry out a compiled writing statement."""
    target = plan.target
    _charge(execution, plan)

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
            execution.environment.catalog.touch(touched)
            execution.remember(lambda: execution.environment.catalog.touch(touched))
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

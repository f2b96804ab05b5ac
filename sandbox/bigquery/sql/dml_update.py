"""UPDATE, DELETE and TRUNCATE."""

from typing import Any

from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import field_sql
from sandbox.bigquery.sql.dml import WritePlan, Writer
from sandbox.bigquery.sql.environment import Environment
from sandbox.bigquery.sql.expression import fail
from sandbox.bigquery.sql.lexer import Position
from sandbox.bigquery.sql.partition_filter import mark_filtered, require_filters
from sandbox.bigquery.sql.scopes import Scope
from sandbox.bigquery.sql.typesystem import Type, quote


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
    plan.setup.append(
        f"CREATE OR REPLACE TEMP TABLE _bq_changes AS "
        f"SELECT _target.rowid AS rid, {staged} FROM {sql} WHERE {condition.sql}"
    )
    plan.duplicates = "SELECT count(*) > count(DISTINCT rid) FROM _bq_changes"
    changes = ", ".join(f"{quote(name)} = _bq_changes.v{index}" for index, name in enumerate(values))
    name = writer.target.physical_name
    plan.steps.append(
        (
            "updatedRowCount",
            f"UPDATE {name} AS _written SET {changes} FROM _bq_changes WHERE _written.rowid = _bq_changes.rid",
        )
    )
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
    where = (
        ""
        if condition.literal is True
        else f" WHERE rowid IN (SELECT _target.rowid FROM {target.sql} WHERE {condition.sql})"
    )
    plan.steps.append(("deletedRowCount", f"DELETE FROM {name}{where}"))
    return plan


def plan_truncate(environment: Environment, node: n.Truncate) -> WritePlan:
    """Compile a TRUNCATE."""
    writer = Writer(environment, node.path)
    plan = WritePlan(writer.target, "TRUNCATE_TABLE")
    plan.steps.append(("deletedRowCount", f"DELETE FROM {writer.target.physical_name}"))
    return plan

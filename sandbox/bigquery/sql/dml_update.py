"""UPDATE, DELETE and TRUNCATE."""

from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.dml import WritePlan, Writer
from sandbox.bigquery.sql.environment import Environment
from sandbox.bigquery.sql.expression import fail
from sandbox.bigquery.sql.lexer import Position
from sandbox.bigquery.sql.partition_filter import mark_filtered, require_filters
from sandbox.bigquery.sql.scopes import Scope
from sandbox.bigquery.sql.typesystem import quote


def assigned(
    writer: Writer, assignments: list[tuple[list[str], n.Node]], scope: Scope, alias: str, position: Position
) -> dict[str, str]:
    """SET as DuckDB text by column."""
    values: dict[str, str] = {}
    for path, node in assignments:
        if len(path) > 1 and path[0].lower() == alias.lower() and writer.target.column(path[0]) is None:
            path = path[1:]
        name, type = writer.column(path[0], position)
        if len(path) > 1:
            raise not_implemented("SET of a field of a STRUCT")
        if name in values:
            fail(f"Update item {name} assigned more than once", position)
        values[name] = writer.stored(writer.compiler.expression(node, scope), name, type, node.position)
    return values


def plan_update(environment: Environment, node: n.Update) -> WritePlan:
    """Compile an UPDATE: the new values are computed beside the row ids first, then written."""
    writer = Writer(environment, node.path)
    target = writer.source(node.alias)
    scope = Scope(relations=target.relations, clause="WHERE")
    condition = writer.compiler.boolean(node.where, scope, "WHERE clause")
    mark_filtered(writer.compiler.scans, condition.prunes)
    values = assigned(writer, node.assignments, scope, node.alias or writer.alias, node.position)
    require_filters(writer.compiler.scans)
    staged = ", ".join(f"{value} AS v{index}" for index, value in enumerate(values.values()))
    plan = WritePlan(writer.target, "UPDATE")
    plan.setup.append(
        f"CREATE OR REPLACE TEMP TABLE _bq_changes AS "
        f"SELECT _target.rowid AS rid, {staged} FROM {target.sql} WHERE {condition.sql}"
    )
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

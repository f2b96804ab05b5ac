"""INSERT."""

from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import can_coerce, cast, coerce
from sandbox.bigquery.sql.dml import WritePlan, Writer
from sandbox.bigquery.sql.environment import Environment
from sandbox.bigquery.sql.expression import Expression, fail
from sandbox.bigquery.sql.partition_filter import require_filters
from sandbox.bigquery.sql.scopes import CompiledQuery, OutputColumn, Scope
from sandbox.bigquery.sql.typesystem import Type, quote


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
    listed = ", ".join(quote(name) for name, _ in columns)
    if node.rows is not None:
        values = [_row(writer, row, columns) for row in node.rows]
        require_filters(writer.compiler.scans)
        # SELECT instead of VALUES: a row of VALUES may hold no correlated or set-returning expressions in DuckDB.
        source = (
            " UNION ALL ".join(f"SELECT {value}" for value in values)
            if len(values) < 50
            else "VALUES " + ", ".join(f"({value})" for value in values)
        )
    else:
        assert node.query is not None
        query = writer.compiler.query(node.query, Scope())
        require_filters(writer.compiler.scans)
        source = f"SELECT {_inserted(query, columns, node)} FROM ({query.sql}) AS _u"
    plan = WritePlan(target, "INSERT")
    plan.steps.append(("insertedRowCount", f"INSERT INTO {target.physical_name} ({listed}) {source}"))
    return plan


def _row(writer: Writer, row: list[n.Node], columns: list[tuple[str, Type]]) -> str:
    if len(row) != len(columns):
        fail(f"Inserted row has wrong column count; Has {len(row)}, expected {len(columns)}", row[0].position)
    values = (
        writer.stored(writer.compiler.expression(item, Scope()), name, type, item.position)
        for item, (name, type) in zip(row, columns, strict=True)
    )
    return ", ".join(values)


def _inserted(query: CompiledQuery, columns: list[tuple[str, Type]], node: n.Insert) -> str:
    if len(query.columns) != len(columns):
        fail(f"Inserted row has wrong column count; Has {len(query.columns)}, expected {len(columns)}", node.position)
    values = []
    for output, (name, type) in zip(query.columns, columns, strict=True):
        value = stored_column(output, type)
        if value is None:
            what = f"Query column has type {output.type} which cannot be inserted into column {name}"
            fail(f"{what}, which has type {type}", node.position)
        values.append(value)
    return ", ".join(values)


def stored_column(output: OutputColumn, type: Type) -> str | None:
    """A query's column as a table keeps it, None if it cannot; literals of its select list give way as in VALUES."""
    value = Expression(f"_u.{output.key}", output.type, constant=False)
    literal = output.literal
    if literal is not None and literal.is_null:
        return Writer.kept(f"CAST(NULL AS {type.duckdb})", type)
    if can_coerce(value, type):
        return Writer.kept(coerce(value, type).sql, type)
    if literal is not None and can_coerce(literal, type):
        return Writer.kept(cast(value, type).sql, type)
    return None

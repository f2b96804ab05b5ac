"""INSERT."""

from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import can_coerce, coerce
from sandbox.bigquery.sql.dml import WritePlan, Writer
from sandbox.bigquery.sql.environment import Environment
from sandbox.bigquery.sql.expression import Expression, fail
from sandbox.bigquery.sql.lexer import Position
from sandbox.bigquery.sql.partition_filter import require_filters
from sandbox.bigquery.sql.scopes import CompiledQuery, Scope
from sandbox.bigquery.sql.tables import PARTITION_TIME, is_ingestion_partitioned
from sandbox.bigquery.sql.typesystem import TIMESTAMP, Type, quote


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
    if (
        target.meta is not None
        and is_ingestion_partitioned(target.meta)
        and not any(name == PARTITION_TIME for name, _ in columns)
    ):
        missing.append((PARTITION_TIME, TIMESTAMP))
    rest = [(name, type, Writer.kept(writer.default(name, type).sql, type)) for name, type in missing]
    listed = ", ".join(quote(name) for name in [name for name, _ in columns] + [name for name, *_ in rest])
    extra = "".join(f", {sql}" for *_, sql in rest)
    if node.rows is not None:
        values = [_row(writer, row, columns, node) + extra for row in node.rows]
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

"""PIVOT and UNPIVOT."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import coerce
from sandbox.bigquery.sql.compile_names import column_expression
from sandbox.bigquery.sql.expression import Column, Expression, fail
from sandbox.bigquery.sql.parse_expressions import NULL as NULL_TYPE
from sandbox.bigquery.sql.scopes import CompiledQuery, OutputColumn, Scope
from sandbox.bigquery.sql.typesystem import STRING, text_literal

if TYPE_CHECKING:
    from sandbox.bigquery.sql.compile_from import FromCompiler, Source

NULL = "NULL"


def pivot(compiler: "FromCompiler", node: n.Pivot, scope: Scope) -> "Source":
    """Each value of the key becomes a column per aggregate; all columns not used otherwise are grouped by."""
    source = compiler.source(node.source, scope)
    inner = Scope(parent=scope, relations=source.relations, clause="PIVOT", allows_aggregates=True)
    before, compiler.column_reads = compiler.column_reads, set()
    cells = []
    for value in node.values:
        for aggregate in node.aggregates:
            call = aggregate.expression
            if not isinstance(call, n.Call):
                fail("PIVOT expression must be an aggregate function call", call.position)
            compiled = compiler.expression(_only_where(call, node.key, value.expression), inner)
            cells.append((_cell_name(aggregate, value), compiled))
    used, compiler.column_reads = compiler.column_reads, before | compiler.column_reads
    used_names = {column.sql for column in used}
    groups = [column for column in source.star_columns() if column.sql not in used_names]
    outputs, items = [], []
    for column in groups:
        key = compiler.fresh("c")
        items.append(f"{column.sql} AS {key}")
        outputs.append(OutputColumn(column.name, key, column.type, column.origins))
    for name, cell in cells:
        key = compiler.fresh("c")
        items.append(f"{cell.sql} AS {key}")
        outputs.append(OutputColumn(name, key, cell.type))
    grouping = f" GROUP BY {', '.join(column.sql for column in groups)}" if groups else ""
    return compiler.wrap(CompiledQuery(f"SELECT {', '.join(items)} FROM {source.sql}{grouping}", outputs), node.alias)


def _only_where(call: n.Call, key: n.Node, value: n.Node) -> n.Call:
    """The aggregate over the rows whose key has this value."""
    matches = n.IsDistinct(key, value, True, position=call.position)
    if call.star:
        return n.Call(["COUNTIF"], [matches], position=call.position)
    missing = n.Literal(NULL_TYPE, None, position=call.position)
    first = n.Call(["IF"], [matches, call.arguments[0], missing], position=call.position)
    return replace(call, arguments=[first, *call.arguments[1:]])


def _cell_name(aggregate: n.SelectItem, value: n.SelectItem) -> str:
    label = value.alias or _label(value.expression)
    return f"{aggregate.alias}_{label}" if aggregate.alias else label


def _label(node: n.Node) -> str:
    if not isinstance(node, n.Literal):
        fail("PIVOT values need an alias unless they are literals", node.position)
    if node.value is None:
        return NULL
    if node.type.kind == "BOOL":
        return "true" if node.value else "false"
    text = str(node.value)
    if node.type.kind == "STRING":
        return text if not text[:1].isdigit() else f"_{text}"
    cleaned = re.sub(
        r"[^0-9A-Za-z]", "_", text.replace("-", "minus_", 1) if text.startswith("-") else text.replace(".", "_point_")
    )
    return f"_{cleaned}"


def unpivot(compiler: "FromCompiler", node: n.Unpivot, scope: Scope) -> "Source":
    """Each group of columns becomes a row."""
    source = compiler.source(node.source, scope)
    by_name: dict[str, Column] = {}
    for column in source.star_columns():
        by_name.setdefault((column.name or "").lower(), column)
    used = set()
    rows: list[list[Expression]] = []
    for names, _ in node.groups:
        if len(names) != len(node.value_columns):
            fail("The number of columns in UNPIVOT groups must match its value columns", node.position)
        row = []
        for name in names:
            found = by_name.get(name.lower())
            if found is None:
                fail(f"Unrecognized name: {name}", node.position)
            used.add(found)
            row.append(column_expression(found))
        rows.append(row)
    types = []
    for index in range(len(node.value_columns)):
        common = compiler.common_type([row[index] for row in rows])
        if common is None:
            fail("The datatype of column does not match with other datatypes in the IN clause", node.position)
        types.append(common)
    labels = [_unpivot_label(compiler, names, label) for names, label in node.groups]
    structs = []
    for row, label in zip(rows, labels, strict=True):
        values = [f"v{index} := {coerce(value, types[index]).sql}" for index, value in enumerate(row)]
        structs.append(f"struct_pack({', '.join([*values, f'n := {label.sql}'])})")
    key = compiler.fresh("u")
    outputs, items = [], []
    for column in source.star_columns():
        if column not in used:
            name = compiler.fresh("c")
            items.append(f"{column.sql} AS {name}")
            outputs.append(OutputColumn(column.name, name, column.type, column.origins))
    present = []
    for index, (value_column, type) in enumerate(zip(node.value_columns, types, strict=True)):
        name = compiler.fresh("c")
        items.append(f"{key}.z.v{index} AS {name}")
        outputs.append(OutputColumn(value_column, name, type))
        present.append(f"{key}.z.v{index} IS NOT NULL")
    name = compiler.fresh("c")
    items.append(f"{key}.z.n AS {name}")
    outputs.append(OutputColumn(node.name_column, name, labels[0].type))
    where = "" if node.include_nulls else f" WHERE {' OR '.join(present)}"
    sql = f"SELECT {', '.join(items)} FROM {source.sql} CROSS JOIN unnest([{', '.join(structs)}]) AS {key}(z){where}"
    return compiler.wrap(CompiledQuery(sql, outputs), node.alias)


def _unpivot_label(compiler: "FromCompiler", names: list[str], label: n.Node | None) -> Expression:
    if label is None:
        text = "_".join(names)
        return Expression(text_literal(text), STRING, literal=text)
    return compiler.expression(label, Scope())

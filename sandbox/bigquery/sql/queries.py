"""SELECT statements and single values."""

from typing import Any

from sandbox.bigquery.errors import invalid_query
from sandbox.bigquery.model import Field, StatementResult
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.compile_query import Compiler
from sandbox.bigquery.sql.environment import Environment, Variable
from sandbox.bigquery.sql.execution import Execution
from sandbox.bigquery.sql.expression import Expression
from sandbox.bigquery.sql.fetched_rows import reject_null_elements
from sandbox.bigquery.sql.partition_filter import require_filters
from sandbox.bigquery.sql.scopes import CompiledQuery, Scope
from sandbox.bigquery.sql.types import type_field
from sandbox.bigquery.sql.typesystem import INT64, Type


def result_names(query: CompiledQuery, unique: bool = True) -> list[str]:
    """The names of a query's columns; those without one are f0_, f1_ …."""
    names, anonymous = [], 0
    for column in query.columns:
        if column.name is None:
            names.append(f"f{anonymous}_")
            anonymous += 1
        else:
            names.append(column.name)
    if unique:
        seen: set[str] = set()
        for name in names:
            if name.lower() in seen:
                raise invalid_query(
                    f"Duplicate column names in the result are not supported. Found duplicate(s): {name}"
                )
            seen.add(name.lower())
    return names


def compile_query(environment: Environment, node: n.Query) -> CompiledQuery:
    """Compile a whole query and check its partition filters."""
    compiler = Compiler(environment)
    query = compiler.query(node, Scope())
    require_filters(compiler.scans)
    if query.is_value and query.columns[0].type.is_struct:
        query = _expanded(query)
    return query


def _expanded(query: CompiledQuery) -> CompiledQuery:
    """The rows of SELECT AS STRUCT at the top are ordinary rows."""
    from sandbox.bigquery.sql.casts import field_sql
    from sandbox.bigquery.sql.scopes import OutputColumn

    row = query.columns[0]
    items, columns = [], []
    for index, (name, type) in enumerate(row.type.fields):
        items.append(f"{field_sql(f'_v.{row.key}', row.type, index)} AS _f{index}")
        columns.append(OutputColumn(name, f"_f{index}", type))
    return CompiledQuery(f"SELECT {', '.join(items)} FROM ({query.sql}) AS _v", columns)


def fields_of(query: CompiledQuery) -> list[Field]:
    """The schema of a query's answer."""
    return [type_field(name, column.type) for name, column in zip(result_names(query), query.columns, strict=True)]


def printable(query: CompiledQuery) -> str:
    """The query's text with INTERVAL columns as text, which Python's timedelta could not hold."""
    if not any(column.type.kind == "INTERVAL" for column in query.columns):
        return query.sql
    items = [
        f"bq_interval_text(_i.{column.key})" if column.type.kind == "INTERVAL" else f"_i.{column.key}"
        for column in query.columns
    ]
    return f"SELECT {', '.join(items)} FROM ({query.sql}) AS _i"


def run_query(execution: Execution, statement: n.QueryStatement) -> StatementResult:
    """A SELECT."""
    environment = execution.environment
    query = compile_query(environment, statement.query)
    fields = fields_of(query)
    types = [column.type for column in query.columns]
    execution.charge(query.sql)
    rows = execution.answer(printable(query), types)
    reject_null_elements(rows, types, [field["name"] for field in fields])
    return StatementResult(statement.text, "SELECT", fields=fields, rows=rows, referenced=list(environment.referenced))


def evaluate(execution: Execution, node: n.Node, target: Type | None = None, what: str = "Expression") -> Variable:
    """The value of an expression of a script."""
    compiler = Compiler(execution.environment)
    value = compiler.expression(node, Scope())
    require_filters(compiler.scans)
    if target is not None:
        message = (
            f"Cannot coerce expression return type from {value.type} to {target}"
            if what == "SET"
            else f"{what} has type {value.type} which cannot be coerced to {target}"
        )
        value = compiler.required(value, target, message, node.position)
        type = target
    else:
        type = INT64 if value.is_null else value.type
    return Variable(type, fetch_value(execution, value, type))


def fetch_value(execution: Execution, value: Expression, type: Type) -> Any:
    """Evaluate one compiled expression."""
    if value.is_null:
        return None
    sql = f"CAST({value.sql} AS VARCHAR)" if type.kind == "INTERVAL" else value.sql
    execution.charge(f"SELECT {sql}")
    rows = execution.rows(f"SELECT {sql}", [Type("STRING") if type.kind == "INTERVAL" else type])
    return rows[0][0]

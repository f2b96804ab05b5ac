"""SELECT statements and single values."""

from typing import Any

from sandbox.bigquery.errors import invalid_query
from sandbox.bigquery.model import Field, StatementResult
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import field_sql
from sandbox.bigquery.sql.compile_query import Compiler
from sandbox.bigquery.sql.compiled_once import compiled_once
from sandbox.bigquery.sql.environment import Environment, Variable
from sandbox.bigquery.sql.execution import Execution
from sandbox.bigquery.sql.expression import Expression
from sandbox.bigquery.sql.fetched_rows import reject_null_elements
from sandbox.bigquery.sql.partition_filter import require_filters
from sandbox.bigquery.sql.scopes import CompiledQuery, OutputColumn, Scope
from sandbox.bigquery.sql.type_mapping import type_field
from sandbox.bigquery.sql.typesystem import INT64, STRING, Type


def _result_names(query: CompiledQuery) -> list[str]:
    """The names of a query's columns; those without one are f0_, f1_ …."""
    names, anonymous = [], 0
    for column in query.columns:
        if column.name is None:
            names.append(f"f{anonymous}_")
            anonymous += 1
        else:
            names.append(column.name)
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise invalid_query(f"Duplicate column names in the result are not supported. Found duplicate(s): {name}")
        seen.add(name.lower())
    return names


def compile_query(environment: Environment, node: n.Query) -> CompiledQuery:
    """Compile a whole query and check its partition filters."""
    return compiled_once(environment, node, lambda: _compile_query(environment, node))


def _compile_query(environment: Environment, node: n.Query) -> CompiledQuery:
    compiler = Compiler(environment)
    query = compiler.query(node, Scope())
    require_filters(compiler.scans)
    if query.is_value and query.columns[0].type.is_struct:
        query = _expanded(query)
    return query


def _expanded(query: CompiledQuery) -> CompiledQuery:
    """The rows of SELECT AS STRUCT at the top are ordinary rows."""
    row = query.columns[0]
    items, columns = [], []
    for index, (name, type) in enumerate(row.type.fields):
        items.append(f"{field_sql(f'_v.{row.key}', row.type, index)} AS _f{index}")
        columns.append(OutputColumn(name, f"_f{index}", type))
    return CompiledQuery(f"SELECT {', '.join(items)} FROM ({query.sql}) AS _v", columns)


def fields_of(query: CompiledQuery) -> list[Field]:
    """The schema of a query's answer."""
    return [type_field(name, column.type) for name, column in zip(_result_names(query), query.columns, strict=True)]


def run_query(execution: Execution, statement: n.QueryStatement) -> StatementResult:
    """A SELECT."""
    environment = execution.environment
    query = compile_query(environment, statement.query)
    fields = fields_of(query)
    types = [column.type for column in query.columns]
    execution.charge(query.sql)
    rows = execution.answer(query.sql, types)
    reject_null_elements(rows, types, [field["name"] for field in fields])
    return StatementResult(statement.text, "SELECT", fields=fields, rows=rows, referenced=list(environment.referenced))


def evaluate(execution: Execution, node: n.Node, target: Type | None = None, what: str = "Expression") -> Variable:
    """The value of an expression of a script."""
    if isinstance(node, n.Literal) and node.type == STRING and target in (None, STRING):
        return Variable(STRING, node.value)  # the description of each column is one
    environment = execution.environment
    value, type = compiled_once(environment, node, lambda: _compile(environment, node, target, what), target, what)
    return Variable(type, _fetched(execution, value, type))


def _compile(environment: Environment, node: n.Node, target: Type | None, what: str) -> tuple[Expression, Type]:
    compiler = Compiler(environment)
    value = compiler.expression(node, Scope())
    require_filters(compiler.scans)
    if target is not None:
        message = (
            f"Cannot coerce expression return type from {value.type} to {target}"
            if what == "SET"
            else f"{what} has type {value.type} which cannot be coerced to {target}"
        )
        value = compiler.required(value, target, message, node.position)
        return value, target
    return value, INT64 if value.is_null else value.type


def _fetched(execution: Execution, value: Expression, type: Type) -> Any:
    """Evaluate one compiled expression."""
    if value.is_null:
        return None
    sql = f"SELECT {value.sql}"
    execution.charge(sql)
    return execution.rows(sql, [type])[0][0]

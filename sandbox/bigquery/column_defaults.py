"""Column defaults: GoogleSQL expressions, evaluated when rows arrive that do not mention the column."""

from dataclasses import dataclass
from typing import Any

from duckdb import DuckDBPyConnection

from sandbox.bigquery.errors import BigQueryError, invalid
from sandbox.bigquery.model import Field
from sandbox.bigquery.sql.casts import can_coerce, coerce
from sandbox.bigquery.sql.compile_query import Compiler
from sandbox.bigquery.sql.environment import Environment
from sandbox.bigquery.sql.parser import parse_expression
from sandbox.bigquery.sql.scopes import Scope
from sandbox.bigquery.sql.types import field_type


@dataclass(frozen=True)
class Default:
    """A DuckDB expression, and the values that its ``$names`` stand for."""

    sql: str
    binds: dict[str, Any]


def compile_default(field: Field, cursor: DuckDBPyConnection) -> Default | None:
    """A column's default, as of now; None when it has none. Refuses one that cannot be."""
    text = field.get("defaultValueExpression")
    if not text:
        return None
    environment = Environment(catalog=None, cursor=cursor, project="")
    wanted = field_type(field)
    try:
        value = Compiler(environment).expression(parse_expression(text), Scope())
    except BigQueryError as error:
        raise invalid(f"Invalid default value expression for column {field['name']}: {error.message}") from error
    if not can_coerce(value, wanted):
        raise invalid(f"Invalid default value expression for column {field['name']}: it has type {value.type}")
    sql = coerce(value, wanted).sql
    return Default(sql, {name: bound for name, bound in environment.binds.items() if f"${name}" in sql})


def check_defaults(fields: list[Field], cursor: DuckDBPyConnection) -> None:
    """Refuse a schema with a default that cannot be."""
    for field in fields:
        compile_default(field, cursor)

"""Resolving names: columns, range variables, arguments, script variables, fields."""

import difflib

from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import field_sql, struct_sql
from sandbox.bigquery.sql.compiler_base import CompilerBase
from sandbox.bigquery.sql.expression import Column, Expression, derive, fail
from sandbox.bigquery.sql.lexer import Position
from sandbox.bigquery.sql.scopes import Relation, Scope
from sandbox.bigquery.sql.typesystem import struct_of

_WITHOUT_PARENTHESES = ("CURRENT_DATE", "CURRENT_TIMESTAMP")


def column_expression(column: Column) -> Expression:
    """A read of a column."""
    return Expression(
        column.sql,
        column.type,
        constant=False,
        free=frozenset((column,)),
        origins=column.origins,
        column=column,
    )


def row_expression(relation: Relation) -> Expression:
    """A range variable used as a value: its row as a struct."""
    if relation.value is not None:
        return column_expression(relation.value)
    parts = tuple(column_expression(column) for column in relation.columns)
    type = struct_of(*((column.name, column.type) for column in relation.columns))
    return derive(struct_sql(parts, type), type, *parts)


class NameCompiler(CompilerBase):
    """Names."""

    def compile_path(self, node: n.Path, scope: Scope) -> Expression:
        """A dotted name."""
        found = self._find(node.names, node.position, scope)
        if found is None and len(node.names) == 1 and node.names[0].upper() in _WITHOUT_PARENTHESES:
            return self.expression(n.Call([node.names[0]], [], position=node.position), scope)
        if found is None:
            self._complain(node.names[0], node.position, scope)
        assert found is not None
        value, rest = found
        for name in rest:
            value = self.field(value, name, node.position)
        return value

    def _find(self, names: list[str], position: Position, scope: Scope) -> tuple[Expression, list[str]] | None:
        level: Scope | None = scope
        first = names[0].lower()
        while level is not None:
            if level.aliases_first and first in level.aliases:
                if first in level.ambiguous:
                    fail(f"Column name {names[0]} is ambiguous", position)
                return level.aliases[first], names[1:]
            relation = level.find_relation(first)
            if relation is not None:
                value, rest = self._in_relation(relation, names, position)
                return self._noted(value, scope), rest
            columns = level.find_columns(first)
            if len(columns) > 1:
                fail(f"Column name {names[0]} is ambiguous", position)
            if columns:
                return self._noted(column_expression(columns[0]), scope), names[1:]
            if first in level.aliases:
                return level.aliases[first], names[1:]
            level = level.parent
        variable = self.environment.variables.get(first)
        if variable is not None:
            return self.environment.bind(f"v_{first}", variable), names[1:]
        return None

    def _noted(self, value: Expression, scope: Scope) -> Expression:
        value = self.grouped(value, scope)
        self.column_reads |= value.free
        return value

    def _in_relation(self, relation: Relation, names: list[str], position: Position) -> tuple[Expression, list[str]]:
        if len(names) == 1:
            return row_expression(relation), []
        columns = relation.find(names[1])
        if columns:
            return column_expression(columns[0]), names[2:]
        if relation.value is not None:
            return column_expression(relation.value), names[1:]
        fail(f"Name {names[1]} not found inside {names[0]}", position)

    def _complain(self, name: str, position: Position, scope: Scope) -> None:
        close = difflib.get_close_matches(name, [*scope.names(), *self.environment.variables], 1, 0.8)
        hint = f"; Did you mean {close[0]}?" if close else ""
        fail(f"Unrecognized name: {name}{hint}", position)

    def field(self, value: Expression, name: str, position: Position) -> Expression:
        """``value.name``."""
        type = value.type
        if type.is_struct:
            index = type.field_index(name)
            if index is None:
                fail(f"Field name {name} does not exist in {type}", position)
            return derive(field_sql(value.sql, type, index), type.fields[index][1], value)
        fail(f"Cannot access field {name} on a value with type {type}", position)

    def compile_field_access(self, node: n.FieldAccess, scope: Scope) -> Expression:
        """``(expression).name``."""
        return self.field(self.expression(node.operand, scope), node.name, node.position)

    def compile_parameter(self, node: n.Parameter, scope: Scope) -> Expression:
        """``@name``."""
        return self.environment.parameter(node.name, node.position)

"""What every part of the compiler shares."""

import itertools
from dataclasses import replace
from typing import NoReturn

from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import can_coerce, coerce
from sandbox.bigquery.sql.environment import Environment
from sandbox.bigquery.sql.expression import Column, Expression, Origin, fail
from sandbox.bigquery.sql.lexer import Position
from sandbox.bigquery.sql.scopes import CompiledQuery, Scan, Scope, Source
from sandbox.bigquery.sql.typesystem import BOOL, Type, supertype


class CompilerBase:
    """The state of one compilation, and the rules all of it needs."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.scans: list[Scan] = []
        self.window_keys: list[frozenset[Origin]] = []
        """Of each window of the SELECT at hand: the base columns that it is partitioned by."""
        self._numbers = itertools.count(1)
        self.view_depth = 0
        self.column_reads: set[Column] = set()

    def next_scan_id(self) -> int:
        """A number for a scan."""
        return next(self._numbers)

    def fresh(self, prefix: str) -> str:
        """A DuckDB name nobody else uses in this statement."""
        return f"_{prefix}{next(self._numbers)}"

    def expression(self, node: n.Node, scope: Scope) -> Expression:
        """Compile an expression; the dispatch has it."""
        raise NotImplementedError

    def query(self, node: n.Query, scope: Scope, wants_order: bool = False) -> CompiledQuery:
        """Compile a query; the query compiler has it."""
        raise NotImplementedError

    def wrap(self, query: CompiledQuery, alias: str | None) -> Source:
        """A query's rows as a relation; the FROM compiler has it."""
        raise NotImplementedError

    def grouped(self, value: Expression, scope: Scope) -> Expression:
        """Behind GROUP BY, what equals a key no longer depends on single rows."""
        if not value.free:
            return value
        level: Scope | None = scope
        while level is not None:
            if level.group_keys is not None and value.sql in level.group_keys:
                return replace(value, free=frozenset())
            level = level.parent
        return value

    def boolean(self, node: n.Node, scope: Scope, what: str) -> Expression:
        """A condition."""
        value = self.expression(node, scope)
        if not can_coerce(value, BOOL):
            fail(f"{what} should return type BOOL, but returns {value.type}", node.position)
        return coerce(value, BOOL)

    def required(self, value: Expression, target: Type, message: str, position: Position) -> Expression:
        """``value`` as ``target``, or the message."""
        if not can_coerce(value, target):
            fail(message, position)
        return coerce(value, target)

    def common_type(self, values: list[Expression]) -> Type | None:
        """The type all of them turn into, literals giving way; None if there is none."""
        typed = [value for value in values if not value.is_null and not _is_empty_array(value)]
        if not typed:
            empties = [value for value in values if not value.is_null]
            return empties[0].type if empties else (values[0].type if values else None)
        firm = [value for value in typed if not value.is_literal] or typed
        common: Type | None = firm[0].type
        for value in firm[1:]:
            common = supertype(common, value.type) if common is not None else None
        if common is not None and all(can_coerce(value, common) for value in values):
            return common
        common = typed[0].type
        for value in typed[1:]:
            wider = supertype(common, value.type)
            if wider is None:
                return self._by_literals(values, typed)
            common = wider
        return common if all(can_coerce(value, common) for value in values) else self._by_literals(values, typed)

    @staticmethod
    def _by_literals(values: list[Expression], typed: list[Expression]) -> Type | None:
        for candidate in typed:
            if all(can_coerce(value, candidate.type) for value in values):
                return candidate.type
        return None

    def mismatch(self, what: str, types: list[Type], position: Position) -> NoReturn:
        """The error about a function or operator that does not take such arguments."""
        listed = ", ".join(str(type) for type in types)
        fail(f"No matching signature for {what} for argument types: {listed}", position)


def _is_empty_array(value: Expression) -> bool:
    return value.items == () and value.type.is_array

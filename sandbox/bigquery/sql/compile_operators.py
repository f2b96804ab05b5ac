"""Operators: arithmetic, comparison, logic, membership, patterns."""

from dataclasses import replace

from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import can_coerce, cast, coerce, field_sql
from sandbox.bigquery.sql.compile_arithmetic import arithmetic
from sandbox.bigquery.sql.compile_names import NameCompiler
from sandbox.bigquery.sql.expression import Expression, Origin, boolean, derive, fail
from sandbox.bigquery.sql.lexer import Position
from sandbox.bigquery.sql.scopes import Scope
from sandbox.bigquery.sql.typesystem import BOOL, BYTES, STRING

_COMPARISONS = frozenset(("=", "!=", "<", "<=", ">", ">="))


class OperatorCompiler(NameCompiler):
    """Operators."""

    def compile_unary(self, node: n.Unary, scope: Scope) -> Expression:
        """``NOT x``, ``-x``."""
        if node.operator == "NOT":
            value = self.expression(node.operand, scope)
            if value.type.kind != "BOOL" and not value.is_null:
                self.mismatch("operator NOT", [value.type], node.position)
            value = coerce(value, BOOL)
            return boolean(f"(NOT {value.sql})", value)
        value = self.expression(node.operand, scope)
        if not value.type.is_numeric:
            self.mismatch(f"operator {node.operator}", [value.type], node.position)
        if node.operator == "+":
            return value
        # DuckDB would widen the negated smallest BIGINT; a subtraction overflows as it should.
        sql = f"(0::BIGINT - {value.sql})" if value.type.kind == "INT64" else f"(-{value.sql})"
        return derive(sql, value.type, value)

    def compile_binary(self, node: n.Binary, scope: Scope) -> Expression:
        """Every operator with two sides."""
        if node.operator in ("AND", "OR"):
            return self._compile_logic(node, scope)
        left, right = self.expression(node.left, scope), self.expression(node.right, scope)
        if node.operator in _COMPARISONS:
            return self.compare(node.operator, left, right, node.position)
        if node.operator == "||":
            return self._concatenate(left, right, node.position)
        return arithmetic(self, node.operator, left, right, node.position)

    def _compile_logic(self, node: n.Binary, scope: Scope) -> Expression:
        """AND and OR; long chains are walked, not recursed into."""
        operands: list[n.Node] = []
        pending: list[n.Node] = [node]
        while pending:
            item = pending.pop()
            if isinstance(item, n.Binary) and item.operator == node.operator:
                pending += [item.right, item.left]
            else:
                operands.append(item)
        parts = []
        for operand in operands:
            value = self.expression(operand, scope)
            if value.type.kind != "BOOL" and not value.is_null:
                self.mismatch(f"operator {node.operator}", [BOOL, value.type], node.position)
            parts.append(coerce(value, BOOL))
        prunes = [part.prunes for part in parts]
        united = frozenset().union(*prunes) if node.operator == "AND" else frozenset.intersection(*prunes)
        return boolean("(" + f" {node.operator} ".join(part.sql for part in parts) + ")", *parts, prunes=united)

    def _concatenate(self, left: Expression, right: Expression, position: Position) -> Expression:
        if left.type.is_array and right.type.is_array:
            raise not_implemented("the operator || of arrays")
        joined = concatenated([left, right])
        if joined is None:
            self.mismatch("operator ||", [left.type, right.type], position)
        return joined

    def compare(self, operator: str, left: Expression, right: Expression, position: Position) -> Expression:
        """A comparison; what no common type has is refused, as BigQuery does."""
        common = self.common_type([left, right])
        if common is None:
            self.mismatch(f"operator {operator}", [left.type, right.type], position)
        if common.is_array:
            what = "Equality" if operator in ("=", "!=") else "Less than"
            fail(f"{what} is not defined for arguments of type {common}", position)
        if common.is_struct:
            raise not_implemented("comparing STRUCTs")
        left, right = coerce(left, common), coerce(right, common)
        prunes: frozenset[Origin] = frozenset()
        if operator != "!=":
            prunes = (left.origins if right.constant else frozenset()) | (
                right.origins if left.constant else frozenset()
            )
        return boolean(f"({left.sql} {operator} {right.sql})", left, right, prunes=prunes)

    def compile_between(self, node: n.Between, scope: Scope) -> Expression:
        """``x BETWEEN a AND b``."""
        value = self.expression(node.operand, scope)
        low, high = self.expression(node.low, scope), self.expression(node.high, scope)
        common = self.common_type([value, low, high])
        if common is None or common.is_array or common.is_struct:
            self.mismatch("operator BETWEEN", [value.type, low.type, high.type], node.position)
        value, low, high = coerce(value, common), coerce(low, common), coerce(high, common)
        prunes = value.origins if low.constant and high.constant else frozenset()
        sql = f"({value.sql} {'NOT ' if node.negated else ''}BETWEEN {low.sql} AND {high.sql})"
        return boolean(sql, value, low, high, prunes=frozenset() if node.negated else prunes)

    def compile_in(self, node: n.In, scope: Scope) -> Expression:
        """``x IN (…)``, ``IN (SELECT …)``, ``IN UNNEST(…)``."""
        value = self.expression(node.operand, scope)
        if node.query is not None:
            return self._in_query(node, value, scope)
        if node.array is not None:
            return self._in_array(node, value, self.expression(node.array, scope))
        return self._in_listed(node, value, [self.expression(item, scope) for item in node.items or []])

    def _in_query(self, node: n.In, value: Expression, scope: Scope) -> Expression:
        assert node.query is not None
        inner = self.query(node.query, Scope(parent=scope))
        if len(inner.columns) != 1:
            fail("Subquery of type IN must have only one output column", node.query.position)
        column = inner.columns[0]
        item = Expression(f"_q.{column.key}", column.type, constant=False)
        common = self.common_type([value, item])
        if common is None or common.is_array:
            self.mismatch("operator IN", [value.type, column.type], node.position)
        value, item = coerce(value, common), coerce(item, common)
        word = "NOT IN" if node.negated else "IN"
        sql = f"({value.sql} {word} (SELECT {item.sql} FROM ({inner.sql}) AS _q))"
        return boolean(sql, value, constant=False, has_subquery=True)

    def _in_array(self, node: n.In, value: Expression, array: Expression) -> Expression:
        if not array.type.is_array:
            fail(f"Second argument of IN UNNEST must be an array but was {array.type}", node.position)
        if array.items:
            return self._in_listed(node, value, list(array.items))
        element = Expression("_e", array.type.item)
        common = self.common_type([value, element])
        if common is None:
            self.mismatch("operator IN UNNEST", [value.type, array.type], node.position)
        value = coerce(value, common)
        if common.duckdb != array.type.item.duckdb:
            array = replace(array, sql=f"list_transform({array.sql}, lambda _e: {coerce(element, common).sql})")
        prunes = value.origins if array.constant and not node.negated else frozenset()
        sql = f"bq_in_array({value.sql}, {array.sql})"
        return boolean(f"(NOT {sql})" if node.negated else sql, value, array, prunes=prunes)

    def _in_listed(self, node: n.In, value: Expression, items: list[Expression]) -> Expression:
        common = self.common_type([value, *items])
        if common is None or common.is_array:
            self.mismatch("operator IN", [value.type, *(item.type for item in items)], node.position)
        if common.is_struct:
            raise not_implemented("comparing STRUCTs")
        value, items = coerce(value, common), [coerce(item, common) for item in items]
        prunes = value.origins if all(item.constant for item in items) and not node.negated else frozenset()
        word = "NOT IN" if node.negated else "IN"
        return boolean(f"({value.sql} {word} ({', '.join(item.sql for item in items)}))", value, *items, prunes=prunes)

    def compile_like(self, node: n.Like, scope: Scope) -> Expression:
        """LIKE, with backslash as the escape."""
        value = self.expression(node.operand, scope)
        pattern = self.expression(node.pattern, scope)
        if not (can_coerce(value, STRING) and can_coerce(pattern, STRING)):
            self.mismatch("operator LIKE", [value.type, pattern.type], node.position)
        value, pattern = coerce(value, STRING), coerce(pattern, STRING)
        sql = f"({value.sql} LIKE {pattern.sql} ESCAPE '\\')"
        return boolean(f"(NOT {sql})" if node.negated else sql, value, pattern)

    def compile_is(self, node: n.Is, scope: Scope) -> Expression:
        """``IS NULL``, ``IS TRUE``, ``IS FALSE``."""
        value = self.expression(node.operand, scope)
        if node.what != "NULL":
            if value.type.kind != "BOOL" and not value.is_null:
                self.mismatch(f"operator IS {node.what}", [value.type], node.position)
            value = coerce(value, BOOL)
        word = "IS NOT" if node.negated else "IS"
        return boolean(f"({value.sql} {word} {node.what})", value, prunes=value.origins)

    def compile_is_distinct(self, node: n.IsDistinct, scope: Scope) -> Expression:
        """``IS [NOT] DISTINCT FROM``."""
        left, right = self.expression(node.left, scope), self.expression(node.right, scope)
        common = self.common_type([left, right])
        if common is None or common.is_array:
            self.mismatch("operator IS DISTINCT FROM", [left.type, right.type], node.position)
        left, right = coerce(left, common), coerce(right, common)
        word = "IS NOT DISTINCT FROM" if node.negated else "IS DISTINCT FROM"
        return boolean(f"({left.sql} {word} {right.sql})", left, right)


def struct_field(value: Expression, index: int) -> Expression:
    """A field of a struct by its place."""
    if value.items is not None:
        return value.items[index]
    return derive(field_sql(value.sql, value.type, index), value.type.fields[index][1], value)


def concatenated(values: list[Expression]) -> Expression | None:
    """Values one behind the other: all BYTES, or all of types that can be cast to STRING; None for others."""
    kinds = {value.type.kind for value in values if not value.is_null}
    if not values or kinds & {"ARRAY", "STRUCT"} or ("BYTES" in kinds and len(kinds) > 1):
        return None
    type = BYTES if "BYTES" in kinds else STRING
    parts = [coerce(value, type) if value.is_null else cast(value, type) for value in values]
    return derive("(" + " || ".join(part.sql for part in parts) + ")", type, *parts)

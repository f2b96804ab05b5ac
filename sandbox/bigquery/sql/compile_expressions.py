"""The dispatch over expressions, and those that are neither names, operators nor calls."""

from dataclasses import replace
from typing import Any

from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import array_sql, can_coerce, cast, coerce, literal_expression, struct_sql
from sandbox.bigquery.sql.compile_calls import CallCompiler
from sandbox.bigquery.sql.expression import NOT_LITERAL, Column, Expression, derive, fail, failure
from sandbox.bigquery.sql.scopes import Scope
from sandbox.bigquery.sql.typesystem import BOOL, INT64, NULL, Type, array_of, quote, struct_of


class ExpressionCompiler(CallCompiler):
    """Expressions."""

    def expression(self, node: n.Node, scope: Scope) -> Expression:
        """Compile one expression."""
        method = _DISPATCH.get(type(node))
        if method is None:
            fail("Unexpected expression", node.position)
        value: Expression = method(self, node, scope)
        return self.grouped(value, scope)

    def compile_literal(self, node: n.Literal, scope: Scope) -> Expression:
        """A constant."""
        return literal_expression(node.type, node.value, node.position)

    def compile_interval(self, node: n.IntervalLiteral, scope: Scope) -> Expression:
        """``INTERVAL …`` as a value of its own; what adds one reads it as it was written."""
        raise not_implemented("INTERVAL outside of functions like TIMESTAMP_ADD")

    def compile_case(self, node: n.Case, scope: Scope) -> Expression:
        """CASE."""
        operand = self.expression(node.operand, scope) if node.operand is not None else None
        tests, values = [], []
        for condition, result in node.branches:
            if operand is None:
                tests.append(self.boolean(condition, scope, "CASE condition"))
            else:
                tests.append(self.compare("=", operand, self.expression(condition, scope), condition.position))
            values.append(self.expression(result, scope))
        values.append(self.expression(node.default, scope) if node.default is not None else _null())
        common = self.common_type(values)
        if common is None:
            self.mismatch("operator CASE", [value.type for value in values], node.position)
        values = [coerce(value, common) for value in values]
        branches = " ".join(f"WHEN {test.sql} THEN {value.sql}" for test, value in zip(tests, values[:-1], strict=True))
        return derive(f"CASE {branches} ELSE {values[-1].sql} END", common, *tests, *values)

    def compile_cast(self, node: n.Cast, scope: Scope) -> Expression:
        """CAST and SAFE_CAST."""
        value = self.expression(node.operand, scope)
        wanted = node.type
        if value.items is not None and can_coerce(value, wanted):
            value = coerce(value, wanted)
        if node.safe and isinstance(value.literal, str):
            value = replace(value, literal=NOT_LITERAL)
        result = cast(value, wanted, node.position)
        return replace(result, sql=f"TRY({result.sql})") if node.safe and not value.is_null else result

    # ---- arrays and structs

    def compile_array(self, node: n.ArrayLiteral, scope: Scope) -> Expression:
        """``[…]``."""
        items = [self.expression(item, scope) for item in node.items]
        if node.type is not None:
            element = node.type.item
            for item, source in zip(items, node.items, strict=True):
                if not can_coerce(item, element):
                    fail(f"Array element type {item.type} does not coerce to {element}", source.position)
        elif not items:
            return Expression("CAST([] AS BIGINT[])", array_of(INT64), items=(), literal=NOT_LITERAL)
        else:
            common = self.common_type(items)
            if common is None:
                listed = sorted({str(item.type) for item in items})
                fail(f"Array elements of types {{{', '.join(listed)}}} do not have a common supertype", node.position)
            element = Type("INT64") if common.untyped else common
        if element.is_array:
            fail(
                "Cannot construct array with element type ARRAY because nested arrays are not supported", node.position
            )
        coerced = tuple(coerce(item, element) for item in items)
        kind = array_of(element)
        sql = array_sql(coerced, kind)
        if coerced and all(item.is_null for item in items):
            sql = f"CAST({sql} AS {kind.duckdb})"
        return derive(sql, kind, *coerced, items=coerced if node.type is None else None)

    def compile_struct(self, node: n.StructLiteral, scope: Scope) -> Expression:
        """``STRUCT(…)`` and tuples."""
        items = [(alias or _implied_name(item, node), self.expression(item, scope)) for alias, item in node.items]
        if node.type is not None:
            if len(items) != len(node.type.fields):
                fail(
                    f"STRUCT type has {len(node.type.fields)} fields but constructor call has {len(items)} fields",
                    node.position,
                )
            values = []
            for (_, value), (name, wanted) in zip(items, node.type.fields, strict=True):
                message = f"Struct field {name or ''} has type {value.type} which does not coerce to {wanted}"
                values.append(self.required(value, wanted, message, node.position))
            return derive(struct_sql(tuple(values), node.type), node.type, *values)
        coerced = tuple(value if not value.is_null else replace(value, type=INT64) for _, value in items)
        kind = struct_of(*((name, _plain(value.type)) for (name, _), value in zip(items, coerced, strict=True)))
        originals = tuple(value for _, value in items)
        return derive(struct_sql(coerced, kind), kind, *coerced, items=originals)

    def compile_subscript(self, node: n.Subscript, scope: Scope) -> Expression:
        """``array[…]``."""
        value = self.expression(node.operand, scope)
        index = self.expression(node.index, scope)
        if value.type.is_struct:
            raise not_implemented("a field of a STRUCT by its place")
        if not value.type.is_array:
            self.mismatch("operator []", [value.type, index.type], node.position)
        if index.type.kind != "INT64":
            fail(
                f"Array position in [] must be coercible to INT64 type, but has type {index.type}", node.index.position
            )
        ordinal = node.mode.endswith("ORDINAL")
        place = index.sql if ordinal else f"{index.sql} + 1"
        element = value.type.item
        if node.mode.startswith("SAFE"):
            sql = f"CASE WHEN {place} >= 1 THEN ({value.sql})[{place}] END"
            return derive(sql, element, value, index)
        wrong = failure(f"'Array index ' || {index.sql} || ' is out of bounds'", element)
        outside = f"{place} < 1 OR {place} > len({value.sql})"
        return derive(f"CASE WHEN {outside} THEN {wrong} ELSE ({value.sql})[{place}] END", element, value, index)

    # ---- subqueries

    def compile_subquery(self, node: n.SubqueryExpression, scope: Scope) -> Expression:
        """Scalar, ARRAY and EXISTS subqueries."""
        before, self.column_reads = self.column_reads, set()
        value = self._compile_subquery(node, scope)
        outer = frozenset(column for column in self.column_reads if _is_visible(column, scope))
        self.column_reads |= before
        return replace(value, free=outer)

    def _compile_subquery(self, node: n.SubqueryExpression, scope: Scope) -> Expression:
        if node.kind == "exists":
            inner = self.query(node.query, Scope(parent=scope))
            return _subquery(f"EXISTS ({inner.sql})", BOOL)
        inner = self.query(node.query, Scope(parent=scope), wants_order=node.kind == "array")
        if len(inner.columns) != 1:
            kind = "ARRAY" if node.kind == "array" else "Scalar"
            hint = " unless using SELECT AS STRUCT to build STRUCT values" if node.query else ""
            fail(f"{kind} subquery cannot have more than one column{hint}", node.position)
        column = inner.columns[0]
        if node.kind == "array":
            if column.type.is_array:
                fail(
                    "Cannot use array subquery with column of type ARRAY because nested arrays are not supported",
                    node.position,
                )
            keys = ", ".join(f"_q.{quote(key)} {direction}" for key, direction in inner.order_keys)
            order = f" ORDER BY {keys}" if keys else ""
            type = array_of(column.type)
            sql = f"(SELECT coalesce(list(_q.{column.key}{order}), CAST([] AS {type.duckdb})) FROM ({inner.sql}) AS _q)"
            return _subquery(sql, type)
        return _subquery(f"({inner.sql})", column.type)


def _subquery(sql: str, type: Type) -> Expression:
    return Expression(sql, type, constant=False, has_subquery=True)


def _is_visible(column: Column, scope: Scope) -> bool:
    """Whether a column read inside a subquery belongs to a query around it."""
    level: Scope | None = scope
    while level is not None:
        if any(column in relation.columns or column is relation.value for relation in level.relations):
            return True
        level = level.parent
    return False


def _plain(type: Type) -> Type:
    return INT64 if type.untyped else type


def _null() -> Expression:
    return literal_expression(NULL, None, (1, 1))


def _implied_name(item: n.Node, struct: n.StructLiteral) -> str | None:
    """STRUCT(x.a) has a field called a; a tuple's fields have no names."""
    if struct.source_is_tuple:
        return None
    if isinstance(item, n.Path):
        return item.names[-1]
    return item.name if isinstance(item, n.FieldAccess) else None


_DISPATCH: dict[type, Any] = {
    n.Literal: ExpressionCompiler.compile_literal,
    n.IntervalLiteral: ExpressionCompiler.compile_interval,
    n.Path: ExpressionCompiler.compile_path,
    n.Parameter: ExpressionCompiler.compile_parameter,
    n.FieldAccess: ExpressionCompiler.compile_field_access,
    n.Subscript: ExpressionCompiler.compile_subscript,
    n.Call: ExpressionCompiler.compile_call,
    n.Unary: ExpressionCompiler.compile_unary,
    n.Binary: ExpressionCompiler.compile_binary,
    n.Between: ExpressionCompiler.compile_between,
    n.In: ExpressionCompiler.compile_in,
    n.Like: ExpressionCompiler.compile_like,
    n.Is: ExpressionCompiler.compile_is,
    n.IsDistinct: ExpressionCompiler.compile_is_distinct,
    n.Case: ExpressionCompiler.compile_case,
    n.Cast: ExpressionCompiler.compile_cast,
    n.ArrayLiteral: ExpressionCompiler.compile_array,
    n.StructLiteral: ExpressionCompiler.compile_struct,
    n.SubqueryExpression: ExpressionCompiler.compile_subquery,
}

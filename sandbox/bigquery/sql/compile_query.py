"""Queries: WITH, UNION, ORDER BY and LIMIT over them."""

from dataclasses import replace

from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import can_coerce, cast, coerce
from sandbox.bigquery.sql.compile_select import SelectCompiler
from sandbox.bigquery.sql.expression import Expression, fail
from sandbox.bigquery.sql.scopes import CommonTable, CompiledQuery, OutputColumn, Scope
from sandbox.bigquery.sql.typesystem import INT64, Type
from sandbox.bigquery.sql.windows import order_key


class Compiler(SelectCompiler):
    """The whole compiler."""

    def query(self, node: n.Query, scope: Scope, wants_order: bool = False) -> CompiledQuery:
        """Any query."""
        inner = Scope(parent=scope)
        definitions = []
        for cte in node.ctes:
            definitions.append(self._common_table(cte, inner))
        result = self._body(node, inner, wants_order)
        if definitions:
            if result.sql.startswith("WITH "):
                result.sql = f"SELECT * FROM ({result.sql}) AS {self.fresh('n')}"
            result.sql = f"WITH {', '.join(definitions)} {result.sql}"
        return result

    def _body(self, node: n.Query, scope: Scope, wants_order: bool) -> CompiledQuery:
        tail = self.limit(node.limit, node.offset, scope)
        body = node.body
        if isinstance(body, n.Select) and body.distinct and any(_is_computed(item) for item in node.order_by):
            return self.ordered(self.select(body, scope, [], "", False), node.order_by, tail, scope, wants_order)
        if isinstance(body, n.Select):
            return self.select(body, scope, node.order_by, tail, wants_order)
        if isinstance(body, n.Query):
            inner = self.query(body, scope, wants_order)
            if not node.order_by and not tail:
                return inner
        elif isinstance(body, n.SetOperation):
            inner = self._set_operation(body, scope)
            if not node.order_by and not tail:
                return inner
        else:
            fail("Unexpected query", node.position)
        return self.ordered(inner, node.order_by, tail, scope, wants_order)

    def limit(self, limit: n.Node | None, offset: n.Node | None, scope: Scope) -> str:
        """LIMIT and OFFSET."""
        pieces = ""
        for word, node in (("LIMIT", limit), ("OFFSET", offset)):
            if node is None:
                continue
            value = self.expression(node, scope)
            if value.type.kind != "INT64" or not value.constant:
                fail(f"{word} expects an integer literal or parameter", node.position)
            if isinstance(value.literal, int) and value.literal < 0:
                fail(f"{word} expects a non-negative integer literal or parameter", node.position)
            pieces += f" {word} {value.sql}"
        return pieces

    def ordered(
        self, inner: CompiledQuery, order_by: list[n.OrderItem], tail: str, scope: Scope, wants_order: bool = False
    ) -> CompiledQuery:
        """ORDER BY and LIMIT over a whole query."""
        source = self.wrap(inner, None)
        columns = source.relations[0].columns if not inner.is_value else [source.relations[0].value]
        order_scope = Scope(parent=scope, relations=source.relations, clause="ORDER BY")
        keys, exposed = [], []
        outputs, selected = [], []
        for output in inner.columns:
            key = self.fresh("c")
            selected.append(f"{source.sql.rsplit(' AS ', 1)[1]}.{output.key} AS {key}")
            outputs.append(replace_key(output, key))
        for item in order_by:
            node = item.expression
            if isinstance(node, n.Literal) and node.type.kind == "INT64" and node.value is not None:
                if not 1 <= node.value <= len(inner.columns):
                    fail(f"ORDER BY column number item {node.value} is out of range of SELECT list", node.position)
                column = columns[node.value - 1]
                assert column is not None
                value = Expression(column.sql, column.type, constant=False)
            else:
                value = self.expression(node, order_scope)
            keys.append(order_key(value, item))
            if wants_order:
                name = self.fresh("o")
                selected.append(f"{value.sql} AS {name}")
                exposed.append((name, order_key(replace(value, sql=""), item).strip()))
        order = " ORDER BY " + ", ".join(keys) if keys else ""
        sql = f"SELECT {', '.join(selected)} FROM {source.sql}{order}{tail}"
        return CompiledQuery(sql, outputs, inner.is_value, order_keys=exposed)

    # ---- WITH

    def _common_table(self, node: n.CommonTable, scope: Scope) -> str:
        if node.name.lower() in scope.ctes:
            fail(f"Duplicate alias {node.name} for WITH subquery", node.position)
        scans, self.scans = self.scans, []
        try:
            query = self.query(node.query, scope)
            query.scans = [scan for scan in self.scans if not scan.is_filtered]
        finally:
            self.scans = scans
        key = self.fresh("w")
        scope.ctes[node.name.lower()] = CommonTable(key, query)
        return f"{key} AS ({query.sql})"

    def _side(self, node: n.Node, scope: Scope) -> CompiledQuery:
        """One side of a UNION."""
        if isinstance(node, n.Select):
            return self.select(node, scope, [], "", False)
        if isinstance(node, n.Query):
            return self.query(node, scope)
        assert isinstance(node, n.SetOperation)
        return self._set_operation(node, scope)

    # ---- UNION

    def _set_operation(self, node: n.SetOperation, scope: Scope) -> CompiledQuery:
        sides: list[n.Node] = []
        left: n.Node = node
        while isinstance(left, n.SetOperation) and left.distinct == node.distinct:
            sides.append(left.right)
            left = left.left
        sides.append(left)
        queries = [self._side(side, scope) for side in reversed(sides)]
        first, name = queries[0], f"UNION {'DISTINCT' if node.distinct else 'ALL'}"
        for other in queries[1:]:
            if len(other.columns) != len(first.columns):
                sizes = [len(query.columns) for query in (first, other)]
                counts = [f"{size} column{'s' if size != 1 else ''}" for size in sizes]
                fail(
                    f"Queries in {name} have mismatched column count; query 1 has {counts[0]}, query 2 has {counts[1]}",
                    node.position,
                )
        types = []
        for index in range(len(first.columns)):
            values = [_output_value(query, index) for query in queries]
            common = self.common_type(values)
            if common is None:
                listed = ", ".join(str(value.type) for value in values)
                fail(f"Column {index + 1} in {name} has incompatible types: {listed}", node.position)
            types.append(INT64 if common.untyped else common)
        word = "UNION" if node.distinct else "UNION ALL"
        keys = [self.fresh("c") for _ in types]
        sql = f" {word} ".join(f"({self._select_as(query, types, node)})" for query in queries)
        inner = self.fresh("s")
        named = f"{inner}({', '.join(keys)})"
        outputs = []
        for index, (key, type) in enumerate(zip(keys, types, strict=True)):
            origins = frozenset().union(*(query.columns[index].origins for query in queries))
            outputs.append(OutputColumn(first.columns[index].name, key, type, origins))
        return CompiledQuery(
            f"SELECT {', '.join(f'{inner}.{key}' for key in keys)} FROM ({sql}) AS {named}", outputs, first.is_value
        )

    def _select_as(self, query: CompiledQuery, types: list[Type], node: n.Node) -> str:
        """A query with its columns as the given types."""
        pairs = zip(query.columns, types, strict=True)
        if not query.order_keys and all(column.type.duckdb == type.duckdb for column, type in pairs):
            return query.sql
        items = []
        for column, type in zip(query.columns, types, strict=True):
            value = Expression(f"_u.{column.key}", column.type, constant=False)
            if column.literal is not None and column.literal.is_null:
                items.append(f"CAST(NULL AS {type.duckdb})")
            else:
                items.append((coerce(value, type) if can_coerce(value, type) else cast(value, type, node.position)).sql)
        return f"SELECT {', '.join(items)} FROM ({query.sql}) AS _u"


def _output_value(query: CompiledQuery, index: int) -> Expression:
    column = query.columns[index]
    if column.literal is not None:
        return column.literal
    return Expression("", column.type, constant=False)


def replace_key(column: OutputColumn, key: str) -> OutputColumn:
    """The same column under another DuckDB name."""
    return OutputColumn(column.name, key, column.type, column.origins)


def _is_computed(item: n.OrderItem) -> bool:
    """Whether a key is more than a column or an ordinal; behind DISTINCT it then reads the answer's columns."""
    return not isinstance(item.expression, (n.Path, n.Literal))

"""One SELECT block."""

from dataclasses import replace

from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import struct_sql
from sandbox.bigquery.sql.compile_grouping import Block, GroupingCompiler, Item, own_columns
from sandbox.bigquery.sql.compile_names import column_expression
from sandbox.bigquery.sql.compile_operators import struct_field
from sandbox.bigquery.sql.expression import Expression, Origin, derive, fail
from sandbox.bigquery.sql.partition_filter import mark_filtered
from sandbox.bigquery.sql.scopes import CompiledQuery, OutputColumn, Scope
from sandbox.bigquery.sql.typesystem import INT64, struct_of
from sandbox.bigquery.sql.windows import order_key


class SelectCompiler(GroupingCompiler):
    """SELECT blocks."""

    def select(
        self, node: n.Select, scope: Scope, order_by: list[n.OrderItem], tail: str, wants_order: bool
    ) -> CompiledQuery:
        """Compile a SELECT with the ORDER BY and LIMIT that belong to it."""
        source = self.source(node.source, scope) if node.source is not None else None
        inner = Scope(parent=scope, relations=source.relations if source else [], windows=node.windows)
        inner.is_without_from = source is None
        block = Block(node, inner, source)
        where = ""
        if node.where is not None:
            condition = self.boolean(node.where, replace(inner, clause="WHERE"), "WHERE clause")
            mark_filtered(self.scans, condition.prunes)
            where = f" WHERE {condition.sql}"
        self.group(block)
        inner.allows_aggregates = inner.allows_windows = True
        outer, self.window_keys = self.window_keys, []
        block.items = self.items(block)
        self.check_grouping(block)
        compiled = self._assemble(block, where, order_by, tail, wants_order)
        self.window_keys = outer
        return compiled

    # ---- the select list

    def items(self, block: Block) -> list[Item]:
        """The select list with its stars expanded."""
        items: list[Item] = []
        for node in block.node.items:
            if isinstance(node, n.StarItem):
                items += self._star(node, block)
                continue
            value = self.expression(node.expression, block.scope)
            name = node.alias or implied_name(node.expression)
            items.append(Item(name, value, self.fresh("c"), node.expression))
        if not items:
            fail("SELECT list must not be empty", block.node.position)
        return items

    def _star(self, node: n.StarItem, block: Block) -> list[Item]:
        pairs = self._star_columns(node, block)
        excluded = {name.lower() for name in node.excluded}
        known = {(name or "").lower() for name, _ in pairs}
        for name in node.excluded:
            if name.lower() not in known:
                fail(f"Column {name} in SELECT * EXCEPT list does not exist", node.position)
        replaced = {name.lower(): value for name, value in node.replaced}
        for wanted in replaced:
            if wanted not in known:
                fail(f"Column {wanted} in SELECT * REPLACE list does not exist", node.position)
        items = []
        for column, value in pairs:
            lowered = (column or "").lower()
            if lowered in excluded:
                continue
            if lowered in replaced:
                value = self.expression(replaced[lowered], block.scope)
                if value.has_window:
                    fail("Cannot use analytic functions inside SELECT * REPLACE", replaced[lowered].position)
            items.append(Item(column, self.grouped(value, block.scope), self.fresh("c")))
        return items

    def _star_columns(self, node: n.StarItem, block: Block) -> list[tuple[str | None, Expression]]:
        if node.operand is None:
            if block.source is None:
                fail("SELECT * must have a FROM clause", node.position)
            return [(column.name, column_expression(column)) for column in block.source.star_columns()]
        if isinstance(node.operand, n.Path) and len(node.operand.names) == 1:
            level: Scope | None = block.scope
            while level is not None:
                relation = level.find_relation(node.operand.names[0])
                if relation is not None and not (relation.value is not None and not relation.value.type.is_struct):
                    self.column_reads.update(relation.columns)
                    return [(column.name, column_expression(column)) for column in relation.columns]
                level = level.parent
        value = self.expression(node.operand, block.scope)
        if not value.type.is_struct:
            fail(f"Dot-star is not supported for type {value.type}", node.position)
        return [(name, struct_field(value, index)) for index, (name, _) in enumerate(value.type.fields)]

    # ---- putting it together

    def _assemble(
        self, block: Block, where: str, order_by: list[n.OrderItem], tail: str, wants_order: bool
    ) -> CompiledQuery:
        node, items = block.node, block.items
        aliases: dict[str, Expression] = {}
        ambiguous: set[str] = set()
        for item in items:
            if item.name is not None:
                lowered = item.name.lower()
                if lowered in aliases and aliases[lowered].sql != item.value.sql:
                    ambiguous.add(lowered)
                aliases.setdefault(lowered, item.value)
        late = replace(block.scope, aliases=aliases, ambiguous=ambiguous, aliases_first=True)
        having = self._late_condition(node.having, replace(late, allows_windows=False), "HAVING", block)
        qualify = self._late_condition(node.qualify, late, "QUALIFY", block)
        order_keys, order = self._order(block, order_by, replace(late, clause="ORDER BY"))
        shown = self._shown(block, items)
        hidden: list[tuple[str, str]] = []
        if wants_order:
            hidden = self._exposed_order(block, order_keys, shown)
        columns = ", ".join(f"{item.value.sql} AS {item.key}" for item in shown)
        extra = "".join(f", {sql} AS {key}" for key, sql in self._extra)
        sql = f"SELECT {'DISTINCT ' if node.distinct else ''}{columns}{extra}"
        if block.source is not None:
            sql += f" FROM {block.source.sql}"
        elif where:
            fail("Query without FROM clause cannot have a WHERE clause", node.position)
        sql += where
        if block.grouping:
            sql += f" GROUP BY {block.grouping}"
        elif node.group_by is not None:
            sql += " GROUP BY ()"
        sql += having + qualify + order + tail
        outputs = [_output(item, [frozenset()] if tail else self.window_keys) for item in shown]
        return CompiledQuery(sql, outputs, is_value=node.as_struct, order_keys=hidden)

    def _late_condition(self, node: n.Node | None, scope: Scope, clause: str, block: Block) -> str:
        if node is None:
            return ""
        value = self.boolean(node, replace(scope, clause=clause), f"{clause} clause")
        if clause == "QUALIFY" and not value.has_window and not any(item.value.has_window for item in block.items):
            fail("The QUALIFY clause requires analytic function to be present", node.position)
        if block.is_grouped:
            self.check_free(value, own_columns(block.scope), node, f"{clause} clause", block)
        return f" {clause} {value.sql}"

    def _shown(self, block: Block, items: list[Item]) -> list[Item]:
        """SELECT AS STRUCT makes one column of the items."""
        if block.node.as_struct:
            parts = tuple(item.value for item in items)
            type = struct_of(*((item.name, _typed(item.value).type) for item in items))
            return [Item(None, derive(struct_sql(parts, type), type, *parts), self.fresh("c"))]
        return [replace(item, value=_typed(item.value)) for item in items]

    def _order(
        self, block: Block, order_by: list[n.OrderItem], scope: Scope
    ) -> tuple[list[tuple[Expression, n.OrderItem]], str]:
        self._extra: list[tuple[str, str]] = []
        keys = []
        for item in order_by:
            value = self._order_value(block, item, scope)
            if block.is_grouped:
                self.check_free(value, own_columns(block.scope), item.expression, "ORDER BY clause", block)
            if block.node.distinct and value.free and not any(value.sql == one.value.sql for one in block.items):
                name = next(iter(value.free)).name
                fail(
                    f"ORDER BY clause expression references column {name} which is not visible after SELECT DISTINCT",
                    item.position,
                )
            keys.append((value, item))
        if not keys:
            return keys, ""
        texts = []
        for value, item in keys:
            direct = next((shown.key for shown in block.items if shown.value.sql == value.sql), None)
            named = replace(value, sql=direct) if direct and not block.node.as_struct else value
            texts.append(order_key(named, item))
        return keys, " ORDER BY " + ", ".join(texts)

    def _order_value(self, block: Block, item: n.OrderItem, scope: Scope) -> Expression:
        node = item.expression
        if isinstance(node, n.Literal) and node.type.kind == "INT64" and node.value is not None:
            if not 1 <= node.value <= len(block.items):
                fail(f"ORDER BY column number item {node.value} is out of range of SELECT list", node.position)
            return block.items[node.value - 1].value
        return self.expression(node, scope)

    def _exposed_order(
        self, block: Block, keys: list[tuple[Expression, n.OrderItem]], shown: list[Item]
    ) -> list[tuple[str, str]]:
        """The order of an ARRAY(…) subquery as columns beside its own, for the array to be sorted by."""
        exposed = []
        for value, item in keys:
            key = next((one.key for one in shown if one.value.sql == value.sql), None)
            if key is None:
                if block.node.distinct:
                    continue
                key = self.fresh("o")
                self._extra.append((key, value.sql))
            first = not item.descending if item.nulls_first is None else item.nulls_first
            exposed.append((key, f"{'DESC' if item.descending else 'ASC'} NULLS {'FIRST' if first else 'LAST'}"))
        place = block.source.order_key if block.source is not None else None
        if not keys and place is not None and not block.is_grouped and not block.node.distinct:
            key = self.fresh("o")
            self._extra.append((key, place))
            exposed.append((key, "ASC"))
        return exposed


def _output(item: Item, kept: list[frozenset[Origin]]) -> OutputColumn:
    """A column as its reader sees it; a condition goes through windows that are partitioned by it, and no LIMIT."""
    value = item.value
    origins = value.column.origins.intersection(*kept) if value.column else frozenset()
    literal = value if value.is_literal and not value.is_parameter else None
    return OutputColumn(item.name, item.key, value.type, origins, literal)


def _typed(value: Expression) -> Expression:
    """An untyped NULL leaves a query as INT64."""
    return replace(value, type=INT64) if value.is_null and value.type.untyped else value


def implied_name(node: n.Node) -> str | None:
    """The name a column has without an alias."""
    if isinstance(node, n.Path):
        return node.names[-1]
    if isinstance(node, n.FieldAccess):
        return node.name
    return None

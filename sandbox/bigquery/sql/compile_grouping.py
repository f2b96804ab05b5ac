"""GROUP BY: its keys, and what may still be read behind it."""

from dataclasses import dataclass, field, replace

from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.compile_from import FromCompiler
from sandbox.bigquery.sql.expression import Column, Expression, fail
from sandbox.bigquery.sql.scopes import Scope, Source


@dataclass
class Item:
    """An item of a select list after stars are expanded."""

    name: str | None
    value: Expression
    key: str
    node: n.Node | None = None


@dataclass
class Block:
    """A SELECT block being compiled."""

    node: n.Select
    scope: Scope
    source: Source | None
    items: list[Item] = field(default_factory=list)
    grouping: str = ""
    is_grouped: bool = False


def own_columns(scope: Scope) -> set[Column]:
    """The columns of a block's own FROM clause."""
    own: set[Column] = set()
    for relation in scope.relations:
        own.update(relation.columns)
        if relation.value is not None:
            own.add(relation.value)
    return own


class GroupingCompiler(FromCompiler):
    """Grouping."""

    def items(self, block: Block) -> list[Item]:
        """The select list; the select compiler has it."""
        raise NotImplementedError

    def group(self, block: Block) -> None:
        """Compile GROUP BY."""
        group = block.node.group_by
        if group is None:
            return
        block.is_grouped = True
        scope = replace(block.scope, clause="GROUP BY", allows_aggregates=False, allows_windows=False)
        keys = [self._key(key, block, scope).sql for key in group.keys]
        block.grouping = ", ".join(keys)
        block.scope.group_keys = frozenset(keys)

    def _key(self, node: n.Node, block: Block, scope: Scope) -> Expression:
        """A key may be an ordinal, an alias of the select list, or an expression."""
        items = block.node.items
        target: n.Node | None = None
        if isinstance(node, n.Literal) and node.type.kind == "INT64" and node.value is not None:
            if not 1 <= node.value <= len(items):
                fail(f"GROUP BY is out of SELECT list bounds: {node.value}", node.position)
            chosen = items[node.value - 1]
            if isinstance(chosen, n.StarItem):
                expanded = self.items(block)
                return expanded[node.value - 1].value
            target = chosen.expression
        elif isinstance(node, n.Path) and len(node.names) == 1:
            wanted = node.names[0].lower()
            for item in items:
                if isinstance(item, n.SelectItem) and item.alias is not None and item.alias.lower() == wanted:
                    target = item.expression
        elif isinstance(node, n.Literal):
            fail("Cannot GROUP BY literal values", node.position)
        if target is None:
            return self.expression(node, scope)
        value = self.expression(target, replace(scope, allows_aggregates=True, allows_windows=True))
        if value.has_aggregate or value.has_window:
            what = "aggregate" if value.has_aggregate else "analytic"
            fail(f"GROUP BY expression references {what} function", node.position)
        return value

    def check_grouping(self, block: Block) -> None:
        """Refuse a select list that reads what is no longer there."""
        if any(item.value.has_aggregate for item in block.items):
            block.is_grouped = True
        if not block.is_grouped:
            if block.node.having is not None:
                fail(
                    "The HAVING clause only allows aggregation if GROUP BY or SELECT list aggregation is present",
                    block.node.having.position,
                )
            return
        own = own_columns(block.scope)
        if block.scope.group_keys is None:
            block.scope.group_keys = frozenset()
        for item in block.items:
            self.check_free(item.value, own, item.node, "SELECT list", block)

    @staticmethod
    def check_free(value: Expression, own: set[Column], node: n.Node | None, clause: str, block: Block) -> None:
        """Refuse an expression that reads a column of single rows."""
        loose = [column for column in value.free if column in own]
        if loose:
            position = node.position if node is not None else block.node.position
            name = (
                node.names[0] + "." + node.names[1]
                if isinstance(node, n.Path) and len(node.names) > 1 and loose[0].name == node.names[-1]
                else loose[0].name
            )
            reason = "neither grouped nor aggregated" if block.node.group_by or block.is_grouped else "not grouped"
            fail(f"{clause} expression references column {name} which is {reason}", position)

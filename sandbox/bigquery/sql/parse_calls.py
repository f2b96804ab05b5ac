"""Parsing function calls and windows."""

from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.lexer import Position, syntax_error
from sandbox.bigquery.sql.parse_types import TypeParser


class CallParser(TypeParser):
    """Calls."""

    def _parse_call(self, path: list[str], position: Position) -> n.Node:
        if len(path) == 2 and path[0].upper() == "SAFE":
            raise not_implemented(f"SAFE.{path[1].upper()}")
        call = n.Call(path, [], position=position)
        self.expect("(")
        if not self.accept(")"):
            call.distinct = self.accept("DISTINCT")
            if self.accept("*"):
                call.star = True
            else:
                self._parse_arguments(call)
            self._parse_call_modifiers(call)
            self.expect(")")
        if self.accept("OVER"):
            call.over = self.parse_window()
        return call

    def _parse_arguments(self, call: n.Call) -> None:
        while True:
            if self.at_query():
                raise self.unexpected()
            call.arguments.append(self.parse_expression())
            if self.at_any("=>", "->"):
                raise not_implemented("named arguments and lambdas")
            if not self.accept(","):
                return

    def _parse_call_modifiers(self, call: n.Call) -> None:
        handling = self.accept_any("IGNORE", "RESPECT")
        if handling:
            self.expect("NULLS")
            call.null_handling = handling
        if self.at("HAVING"):
            raise not_implemented("HAVING in an aggregate function")
        if self.accept("ORDER", "BY"):
            call.order_by = self.parse_order_items()
        if self.accept("LIMIT"):
            call.limit = self.parse_expression()

    def parse_order_items(self) -> list[n.OrderItem]:
        """The keys behind ORDER BY."""
        items = []
        while True:
            position = self.position
            expression = self.parse_expression()
            if self.accept("COLLATE"):
                raise syntax_error("COLLATE is not supported", position)
            descending = self.accept_any("ASC", "DESC") == "DESC"
            nulls_first = None
            if self.accept("NULLS"):
                word = self.accept_any("FIRST", "LAST")
                if word is None:
                    raise self.unexpected("keyword FIRST")
                nulls_first = word == "FIRST"
            items.append(n.OrderItem(expression, descending, nulls_first, position=position))
            if not self.accept(","):
                return items

    def parse_window(self) -> n.WindowSpec:
        """What stands behind OVER or in a WINDOW clause."""
        position = self.position
        if not self.at("("):
            return n.WindowSpec(base=self.identifier(), position=position)
        self.expect("(")
        spec = n.WindowSpec(position=position)
        if self.at_identifier() and not self.at_any("ROWS", "RANGE"):
            spec.base = self.identifier()
        if self.accept("PARTITION", "BY"):
            spec.partition_by = [self.parse_expression()]
            while self.accept(","):
                spec.partition_by.append(self.parse_expression())
        if self.accept("ORDER", "BY"):
            spec.order_by = self.parse_order_items()
        unit = self.accept_any("ROWS", "RANGE")
        if unit:
            spec.frame = self._parse_frame(unit)
        self.expect(")")
        return spec

    def _parse_frame(self, unit: str) -> n.WindowFrame:
        position = self.position
        if self.accept("BETWEEN"):
            start = self._parse_bound()
            self.expect("AND")
            return n.WindowFrame(unit, start, self._parse_bound(), position=position)
        return n.WindowFrame(unit, self._parse_bound(), ("CURRENT ROW", None), position=position)

    def _parse_bound(self) -> tuple[str, n.Node | None]:
        if self.accept("CURRENT", "ROW"):
            return "CURRENT ROW", None
        value = None if self.accept("UNBOUNDED") else self.parse_expression()
        direction = self.accept_any("PRECEDING", "FOLLOWING")
        if direction is None:
            raise self.unexpected("keyword PRECEDING")
        return direction, value

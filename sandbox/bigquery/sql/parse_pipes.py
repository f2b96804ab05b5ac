"""Parsing pipe operators."""

from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.lexer import Position
from sandbox.bigquery.sql.parse_sources import JOIN_WORDS, SourceParser

SET_OPERATORS = ("UNION", "INTERSECT", "EXCEPT")


class PipeParser(SourceParser):
    """What stands behind ``|>``."""

    def parse_select(self) -> n.Select:
        """One SELECT block; the query parser has it."""
        raise NotImplementedError

    def parse_select_list(self) -> list[n.SelectItem | n.StarItem]:
        """The items of a select list."""
        raise NotImplementedError

    def parse_select_item(self) -> n.SelectItem | n.StarItem:
        """One of them."""
        raise NotImplementedError

    def _parse_pipe(self) -> n.Pipe:
        position = self.position
        if self.at_any(*JOIN_WORDS):
            return n.Pipe("JOIN", {"join": self._parse_join(n.Path([]))}, position=position)
        if self.at_any(*SET_OPERATORS):
            return self._parse_pipe_set(position)
        operator = self.token.upper
        if operator == "SELECT":
            return n.Pipe("SELECT", {"select": self.parse_select()}, position=position)
        self.advance()
        parts: dict[str, object] = {}
        if operator == "WHERE":
            parts["condition"] = self.parse_expression()
        elif operator in ("EXTEND", "WINDOW"):
            operator, parts["items"] = "EXTEND", self.parse_select_list()
        elif operator in ("SET", "RENAME"):
            parts["items"] = self._parse_pipe_assignments(operator)
        elif operator == "DROP":
            parts["names"] = [self.identifier()]
            while self.accept(","):
                parts["names"].append(self.identifier())  # type: ignore[attr-defined]
        elif operator == "AS":
            parts["alias"] = self.identifier()
        elif operator == "LIMIT":
            parts["limit"] = self.parse_expression()
            parts["offset"] = self.parse_expression() if self.accept("OFFSET") else None
        elif operator == "ORDER":
            self.expect("BY")
            parts["order_by"] = self.parse_order_items()
        elif operator == "AGGREGATE":
            self._parse_pipe_aggregate(parts)
        elif operator == "PIVOT":
            parts["pivot"] = self.parse_pivot(n.Path([]))
        elif operator == "UNPIVOT":
            parts["unpivot"] = self.parse_unpivot(n.Path([]))
        elif operator != "DISTINCT":
            self.index -= 1
            raise self.unexpected()
        return n.Pipe(operator, parts, position=position)

    def _parse_pipe_set(self, position: Position) -> n.Pipe:
        operator = self.advance().upper
        distinct = self.accept_any("ALL", "DISTINCT") == "DISTINCT"
        queries = []
        while True:
            self.expect("(")
            queries.append(self.parse_query())
            self.expect(")")
            if not self.accept(","):
                break
        return n.Pipe(
            "SET_OPERATION", {"operator": operator, "distinct": distinct, "queries": queries}, position=position
        )

    def _parse_pipe_assignments(self, operator: str) -> list[tuple[str, object]]:
        items: list[tuple[str, object]] = []
        while True:
            name = self.identifier()
            if operator == "SET":
                self.expect("=")
                items.append((name, self.parse_expression()))
            else:
                self.accept("AS")
                items.append((name, self.identifier()))
            if not self.accept(","):
                return items

    def _parse_pipe_aggregate(self, parts: dict[str, object]) -> None:
        aggregates: list[n.SelectItem | n.StarItem] = []
        orders: list[tuple[int, bool]] = []
        if not self.at("GROUP"):
            while True:
                aggregates.append(self.parse_select_item())
                if not self.accept(",") or self.at("GROUP"):
                    break
        keys: list[n.SelectItem] = []
        if self.accept("GROUP"):
            ordered = self.accept("AND", "ORDER")
            self.expect("BY")
            while True:
                keys.append(self._parse_aliased())
                direction = self.accept_any("ASC", "DESC")
                if ordered or direction:
                    orders.append((len(keys) - 1, direction == "DESC"))
                if not self.accept(","):
                    break
        parts |= {"aggregates": aggregates, "keys": keys, "orders": orders}

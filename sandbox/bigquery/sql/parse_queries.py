"""Parsing queries: SELECT, FROM, set operations and WITH."""

from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.lexer import Position, syntax_error
from sandbox.bigquery.sql.parse_sources import SourceParser

_SET_OPERATORS = ("UNION", "INTERSECT", "EXCEPT")


class QueryParser(SourceParser):
    """Query expressions."""

    def parse_query(self) -> n.Query:
        """A query with everything that may belong to it."""
        position = self.position
        query = n.Query(None, position=position)
        if self.accept("WITH"):
            if self.at("RECURSIVE"):
                raise not_implemented("WITH RECURSIVE")
            query.ctes.append(self._parse_cte())
            while self.accept(","):
                query.ctes.append(self._parse_cte())
        query.body = self._parse_set_operation()
        self._parse_order_and_limit(query)
        if self.at("|>"):
            raise not_implemented("pipe syntax")
        return query

    def _parse_order_and_limit(self, query: n.Query) -> None:
        if self.accept("ORDER", "BY"):
            query.order_by = self.parse_order_items()
        if self.accept("LIMIT"):
            query.limit = self.parse_expression()
            if self.accept("OFFSET"):
                query.offset = self.parse_expression()

    def _parse_cte(self) -> n.CommonTable:
        position = self.position
        name = self.identifier()
        self.expect("AS")
        self.expect("(")
        query = self.parse_query()
        self.expect(")")
        return n.CommonTable(name, query, position=position)

    def _parse_set_operation(self) -> n.Node:
        left = self._parse_query_primary()
        first: bool | None = None
        while self.at_any(*_SET_OPERATORS):
            position = self.position
            operator = self.advance().upper
            if operator != "UNION":
                raise not_implemented(operator)
            kind = self.accept_any("ALL", "DISTINCT")
            if kind is None:
                raise self.unexpected("keyword ALL or keyword DISTINCT")
            distinct = kind == "DISTINCT"
            if first not in (None, distinct):
                raise syntax_error(
                    "Different set operations cannot be used in the same query without using parentheses for grouping",
                    position,
                )
            if self.at("BY", "NAME"):
                raise not_implemented("UNION … BY NAME")
            first = distinct
            left = n.SetOperation(distinct, left, self._parse_query_primary(), position=position)
        return left

    def _parse_query_primary(self) -> n.Node:
        if self.accept("("):
            query = self.parse_query()
            self.expect(")")
            return query
        if self.at("SELECT"):
            return self._parse_select()
        if self.at("FROM"):
            raise not_implemented("pipe syntax")
        raise self.unexpected()

    def _parse_select(self) -> n.Select:
        position = self.expect("SELECT").position
        select = n.Select([], position=position)
        select.distinct = self.accept_any("DISTINCT", "ALL") == "DISTINCT"
        if self.at("AS", "VALUE"):
            raise not_implemented("SELECT AS VALUE")
        select.as_struct = self.accept("AS", "STRUCT")
        select.items = self._parse_select_list()
        if self.accept("FROM"):
            select.source = self.parse_from()
        if self.accept("WHERE"):
            select.where = self.parse_expression()
        if self.at("GROUP", "BY"):
            select.group_by = self._parse_group_by()
        if self.accept("HAVING"):
            select.having = self.parse_expression()
        if self.accept("QUALIFY"):
            select.qualify = self.parse_expression()
        if self.accept("WINDOW"):
            while True:
                name = self.identifier()
                self.expect("AS")
                select.windows[name.lower()] = self.parse_window()
                if not self.accept(","):
                    break
        return select

    def _parse_select_list(self) -> list[n.SelectItem | n.StarItem]:
        """The items of a select list; a trailing comma is allowed."""
        items = [self._parse_select_item()]
        while self.accept(","):
            if self.at_any("FROM", ")", ";", "WHERE", "GROUP", "UNION") or self.token.kind == "end":
                break
            items.append(self._parse_select_item())
        return items

    def _parse_select_item(self) -> n.SelectItem | n.StarItem:
        position = self.position
        if self.accept("*"):
            return self._parse_star(None, position)
        expression = self.parse_expression()
        if self.at(".", "*"):
            self.advance()
            self.advance()
            return self._parse_star(expression, position)
        return n.SelectItem(expression, self.parse_alias(), position=position)

    def _parse_star(self, operand: n.Node | None, position: Position) -> n.StarItem:
        star = n.StarItem(operand, position=position)
        if self.accept("EXCEPT"):
            star.excluded = self.identifier_list()
        if self.accept("REPLACE"):
            self.expect("(")
            while True:
                expression = self.parse_expression()
                self.accept("AS")
                star.replaced.append((self.identifier(), expression))
                if not self.accept(",") or self.at(")"):
                    break
            self.expect(")")
        return star

    def _parse_group_by(self) -> n.GroupBy:
        position = self.expect("GROUP", "BY").position
        group = n.GroupBy(position=position)
        if self.at_any("ALL", "ROLLUP", "CUBE", "GROUPING"):
            raise not_implemented(f"GROUP BY {self.token.upper}")
        while True:
            if not self.accept("(", ")"):
                group.keys.append(self.parse_expression())
            if not self.accept(","):
                return group

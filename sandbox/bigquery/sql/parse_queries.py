"""Parsing queries: SELECT, FROM, set operations, WITH and pipes."""

from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.lexer import Position, syntax_error
from sandbox.bigquery.sql.parse_pipes import SET_OPERATORS, PipeParser


class QueryParser(PipeParser):
    """Query expressions."""

    def parse_query(self) -> n.Query:
        """A query with everything that may belong to it."""
        position = self.position
        query = n.Query(None, position=position)
        if self.accept("WITH"):
            query.recursive = self.accept("RECURSIVE")
            query.ctes.append(self._parse_cte())
            while self.accept(","):
                query.ctes.append(self._parse_cte())
        if self.accept("FROM"):
            query.source = self.parse_from()
        else:
            query.body = self._parse_set_operation()
        self._parse_order_and_limit(query)
        while self.accept("|>"):
            query.pipes.append(self._parse_pipe())
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
        first: tuple[str, bool] | None = None
        while self.at_any(*SET_OPERATORS):
            position = self.position
            operator = self.advance().upper
            kind = self.accept_any("ALL", "DISTINCT")
            if kind is None:
                raise self.unexpected("keyword ALL or keyword DISTINCT")
            distinct = kind == "DISTINCT"
            if first is not None and first != (operator, distinct):
                raise syntax_error(
                    "Different set operations cannot be used in the same query without using parentheses for grouping",
                    position,
                )
            first = (operator, distinct)
            by_name = self.accept("BY", "NAME")
            left = n.SetOperation(operator, distinct, left, self._parse_query_primary(), by_name, position=position)
        return left

    def _parse_query_primary(self) -> n.Node:
        if self.accept("("):
            query = self.parse_query()
            self.expect(")")
            return query
        if self.at("SELECT"):
            return self.parse_select()
        raise self.unexpected()

    def parse_select(self) -> n.Select:
        """One SELECT block."""
        position = self.expect("SELECT").position
        select = n.Select([], position=position)
        select.distinct = self.accept_any("DISTINCT", "ALL") == "DISTINCT"
        if self.at("AS", "STRUCT") or self.at("AS", "VALUE"):
            self.advance()
            select.as_kind = self.advance().upper
        select.items = self.parse_select_list()
        if self.accept("FROM"):
            select.source = self.parse_from()
        if self.accept("WHERE"):
            select.where = self.parse_expression()
        if self.at("GROUP", "BY"):
            select.group_by = self.parse_group_by()
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

    def parse_select_list(self) -> list[n.SelectItem | n.StarItem]:
        """The items of a select list; a trailing comma is allowed."""
        items = [self.parse_select_item()]
        while self.accept(","):
            if self.at_any("FROM", ")", ";", "|>", "WHERE", "GROUP", "UNION") or self.token.kind == "end":
                break
            items.append(self.parse_select_item())
        return items

    def parse_select_item(self) -> n.SelectItem | n.StarItem:
        """One item of a select list."""
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

    def parse_group_by(self) -> n.GroupBy:
        """GROUP BY with all its forms."""
        position = self.expect("GROUP", "BY").position
        group = n.GroupBy(position=position)
        if self.accept("ALL"):
            group.all = True
            return group
        while True:
            if self.at("ROLLUP") or self.at("CUBE"):
                kind = self.advance().upper
                group.sets.append((kind, [self._grouping_element(item) for item in self._parenthesised()]))
            elif self.accept("GROUPING", "SETS"):
                group.sets.append(("SETS", self._parse_grouping_sets()))
            elif self.at("(", ")"):
                self.advance()
                self.advance()
            else:
                group.keys.append(self.parse_expression())
                self.parse_alias_of_key(group)
            if not self.accept(","):
                return group

    def parse_alias_of_key(self, group: n.GroupBy) -> None:
        """A key's alias exists only in pipes; plain GROUP BY has none."""

    def _parenthesised(self) -> list[n.Node]:
        self.expect("(")
        return self.expression_list(")")

    @staticmethod
    def _grouping_element(item: n.Node) -> list[n.Node]:
        if isinstance(item, n.StructLiteral) and item.type is None:
            return [expression for _, expression in item.items]
        return [item]

    def _parse_grouping_sets(self) -> list[list[n.Node]]:
        self.expect("(")
        sets: list[list[n.Node]] = []
        while True:
            if self.accept("(", ")"):
                sets.append([])
            else:
                sets.append(self._grouping_element(self.parse_expression()))
            if not self.accept(","):
                break
        self.expect(")")
        return sets

"""Parsing queries: SELECT, FROM, set operations, WITH and pipes."""

from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.lexer import Position, syntax_error
from sandbox.bigquery.sql.parse_expressions import ExpressionParser

_SET_OPERATORS = ("UNION", "INTERSECT", "EXCEPT")
_JOIN_WORDS = ("JOIN", "INNER", "CROSS", "LEFT", "RIGHT", "FULL", "NATURAL")


class QueryParser(ExpressionParser):
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
        while self.at_any(*_SET_OPERATORS):
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
        items = [self._parse_select_item()]
        while self.accept(","):
            if self.at_any("FROM", ")", ";", "|>", "WHERE", "GROUP", "UNION") or self.token.kind == "end":
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

    def parse_alias(self) -> str | None:
        """``[AS] name`` if it is there."""
        if self.accept("AS"):
            return self.identifier()
        return self.identifier() if self.at_identifier() else None

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

    # ---- FROM

    def parse_from(self) -> n.Node:
        """Everything behind FROM: tables, joins, commas."""
        left = self._parse_table_primary()
        while True:
            position = self.position
            if self.at(",") and not self._comma_ends_list():
                self.advance()
                left = n.Join("CROSS", left, self._parse_table_primary(), position=position)
            elif self.at_any(*_JOIN_WORDS):
                left = self._parse_join(left)
            else:
                return left

    def _comma_ends_list(self) -> bool:
        return self.peek().upper in (")", ";", "WHERE")

    def _parse_join(self, left: n.Node) -> n.Join:
        position = self.position
        kind = self.accept_any("INNER", "CROSS", "LEFT", "RIGHT", "FULL", "NATURAL") or "INNER"
        if kind == "NATURAL":
            raise syntax_error("NATURAL JOIN is not supported", position)
        if kind in ("LEFT", "RIGHT", "FULL"):
            self.accept("OUTER")
        if self.accept_any("HASH", "EACH"):
            pass
        self.expect("JOIN")
        join = n.Join(kind, left, self._parse_table_primary(), position=position)
        if kind == "CROSS":
            return join
        # "a JOIN b JOIN c ON … ON …" nests to the right.
        while self.at_any(*_JOIN_WORDS):
            join.right = self._parse_join(join.right)
        if self.accept("ON"):
            join.condition = self.parse_expression()
        elif self.accept("USING"):
            join.using = self.identifier_list()
        elif kind == "INNER" and isinstance(join.right, (n.UnnestSource, n.TableSource)):
            join.kind = "CROSS" if isinstance(join.right, n.UnnestSource) or len(join.right.path) > 1 else "INNER"
            if join.kind == "INNER":
                raise self._join_without_condition(join)
        elif not isinstance(join.right, (n.UnnestSource, n.TableSource)):
            raise self._join_without_condition(join)
        return join

    def _join_without_condition(self, join: n.Join) -> Exception:
        return syntax_error(f"{join.kind} JOIN must have an immediately following ON or USING clause", join.position)

    def _parse_table_primary(self) -> n.Node:
        position = self.position
        source: n.Node
        if self.accept("UNNEST"):
            self.expect("(")
            array = self.parse_expression()
            self.expect(")")
            unnest = n.UnnestSource(array, self.parse_alias(), position=position)
            unnest.offset_alias = self._parse_offset()
            source = unnest
        elif self.accept("LATERAL"):
            raise syntax_error("LATERAL is not supported", position)
        elif self.at("("):
            source = self._parse_parenthesised_source(position)
        else:
            source = self._parse_named_source(position)
        return self._parse_source_suffix(source)

    def _parse_parenthesised_source(self, position: Position) -> n.Node:
        start, parameters = self.index, self.positional_parameters
        self.expect("(")
        if self._at_query() or self.at("("):
            try:
                query = self.parse_query()
                self.expect(")")
                return n.QuerySource(query, self._parse_source_alias(), position=position)
            except Exception:
                if self._at_query_at(start + 1):
                    raise
                # "((a JOIN b …) JOIN c …)": not a query after all
                self.index, self.positional_parameters = start, parameters
                self.expect("(")
        source = self.parse_from()
        self.expect(")")
        return source

    def _at_query_at(self, index: int) -> bool:
        return self.tokens[index].upper in ("SELECT", "FROM", "WITH")

    def _parse_source_alias(self) -> str | None:
        if self.at_any("PIVOT", "UNPIVOT") and self.peek().upper in ("(", "INCLUDE", "EXCLUDE"):
            return None
        return self.parse_alias()

    def _parse_named_source(self, position: Position) -> n.Node:
        path = self.table_path()
        if self.accept("("):
            arguments = [] if self.accept(")") else self.expression_list(")")
            return n.FunctionSource(path, arguments, self._parse_source_alias(), position=position)
        table = n.TableSource(path, position=position)
        table.system_time = self._parse_system_time()
        table.alias = self._parse_source_alias()
        table.offset_alias = self._parse_offset()
        table.system_time = table.system_time or self._parse_system_time()
        return table

    def _parse_system_time(self) -> n.Node | None:
        if self.accept("FOR", "SYSTEM_TIME", "AS", "OF") or self.accept("FOR", "SYSTEM", "TIME", "AS", "OF"):
            return self.parse_expression()
        return None

    def _parse_offset(self) -> str | None:
        if self.at("WITH", "OFFSET"):
            self.advance()
            self.advance()
            return self.parse_alias() or "offset"
        return None

    def _parse_source_suffix(self, source: n.Node) -> n.Node:
        while True:
            if self.at("PIVOT", "("):
                self.advance()
                source = self.parse_pivot(source)
            elif self.at("UNPIVOT") and self.peek().upper in ("(", "INCLUDE", "EXCLUDE"):
                self.advance()
                source = self.parse_unpivot(source)
            elif self.accept("TABLESAMPLE"):
                self.expect("SYSTEM")
                self.expect("(")
                percent = self.parse_expression()
                self.expect("PERCENT")
                self.expect(")")
                if not isinstance(source, n.TableSource):
                    raise syntax_error("TABLESAMPLE works on tables only", self.position)
                source.sample_percent = percent
            else:
                return source

    def parse_pivot(self, source: n.Node) -> n.Pivot:
        """What stands behind the word PIVOT."""
        position = self.expect("(").position
        aggregates = [self._parse_aliased()]
        while self.accept(","):
            aggregates.append(self._parse_aliased())
        self.expect("FOR")
        key = self._parse_binary(0)
        self.expect("IN")
        self.expect("(")
        values = [self._parse_aliased()]
        while self.accept(","):
            values.append(self._parse_aliased())
        self.expect(")")
        self.expect(")")
        return n.Pivot(source, aggregates, key, values, self.parse_alias(), position=position)

    def _parse_aliased(self) -> n.SelectItem:
        position = self.position
        return n.SelectItem(self.parse_expression(), self.parse_alias(), position=position)

    def parse_unpivot(self, source: n.Node) -> n.Unpivot:
        """What stands behind the word UNPIVOT."""
        include = self.accept_any("INCLUDE", "EXCLUDE") == "INCLUDE"
        if self.at("NULLS"):
            self.advance()
        position = self.expect("(").position
        values = self.identifier_list() if self.at("(") else [self.identifier()]
        self.expect("FOR")
        name = self.identifier()
        self.expect("IN")
        self.expect("(")
        groups: list[tuple[list[str], n.Node | None]] = []
        while True:
            columns = self.identifier_list() if self.at("(") else [self.identifier()]
            label = self._parse_primary() if self.accept("AS") or self.token.kind in ("string", "int") else None
            groups.append((columns, label))
            if not self.accept(","):
                break
        self.expect(")")
        self.expect(")")
        return n.Unpivot(source, values, name, groups, include, self.parse_alias(), position=position)

    # ---- pipes

    def _parse_pipe(self) -> n.Pipe:
        position = self.position
        if self.at_any(*_JOIN_WORDS):
            return n.Pipe("JOIN", {"join": self._parse_join(n.Path([]))}, position=position)
        if self.at_any(*_SET_OPERATORS):
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
        return n.Pipe("SET_OPERATION", {"operator": operator, "distinct": distinct, "queries": queries}, position=position)

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
                aggregates.append(self._parse_select_item())
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

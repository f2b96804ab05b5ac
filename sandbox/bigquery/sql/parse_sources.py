"""Parsing FROM: tables, UNNEST, joins, PIVOT and UNPIVOT."""

from sandbox.bigquery.errors import BigQueryError
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.lexer import Position, syntax_error
from sandbox.bigquery.sql.parse_expressions import ExpressionParser

JOIN_WORDS = ("JOIN", "INNER", "CROSS", "LEFT", "RIGHT", "FULL", "NATURAL")


class SourceParser(ExpressionParser):
    """FROM items."""

    def parse_alias(self) -> str | None:
        """``[AS] name`` if it is there."""
        if self.accept("AS"):
            return self.identifier()
        return self.identifier() if self.at_identifier() else None

    def parse_from(self) -> n.Node:
        """Everything behind FROM: tables, joins, commas."""
        left = self._parse_table_primary()
        while True:
            position = self.position
            if self.at(",") and not self._comma_ends_list():
                self.advance()
                left = n.Join("CROSS", left, self._parse_table_primary(), position=position)
            elif self.at_any(*JOIN_WORDS):
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
        while self.at_any(*JOIN_WORDS):
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
        if self.at_query() or self.at("("):
            try:
                query = self.parse_query()
                self.expect(")")
                return n.QuerySource(query, self._parse_source_alias(), position=position)
            except BigQueryError:
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

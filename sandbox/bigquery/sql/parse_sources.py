"""Parsing FROM: tables, UNNEST and joins."""

from sandbox.bigquery.errors import BigQueryError, not_implemented
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.lexer import Position, syntax_error
from sandbox.bigquery.sql.parse_expressions import ExpressionParser

_JOIN_WORDS = ("JOIN", "INNER", "CROSS", "LEFT", "RIGHT", "FULL", "NATURAL")
_UNSUPPORTED = ("PIVOT", "UNPIVOT", "TABLESAMPLE")


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
        elif self.at("USING"):
            raise not_implemented("JOIN … USING")
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
        if self.accept("UNNEST"):
            self.expect("(")
            array = self.parse_expression()
            self.expect(")")
            unnest = n.UnnestSource(array, self.parse_alias(), position=position)
            unnest.offset_alias = self._parse_offset()
            return unnest
        if self.at("("):
            return self._parse_parenthesised_source(position)
        return self._parse_named_source(position)

    def _parse_parenthesised_source(self, position: Position) -> n.Node:
        start = self.index
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
                self.index = start
                self.expect("(")
        source = self.parse_from()
        self.expect(")")
        return source

    def _at_query_at(self, index: int) -> bool:
        return self.tokens[index].upper in ("SELECT", "FROM", "WITH")

    def _parse_source_alias(self) -> str | None:
        if self.at_any(*_UNSUPPORTED) and self.peek().upper in ("(", "INCLUDE", "EXCLUDE", "SYSTEM"):
            raise not_implemented(self.token.upper)
        return self.parse_alias()

    def _parse_named_source(self, position: Position) -> n.Node:
        path = self.table_path()
        if self.at("("):
            raise not_implemented(f"table functions, as {'.'.join(path)}")
        if self.at("FOR"):
            raise not_implemented("FOR SYSTEM_TIME AS OF")
        table = n.TableSource(path, position=position)
        table.alias = self._parse_source_alias()
        table.offset_alias = self._parse_offset()
        return table

    def _parse_offset(self) -> str | None:
        if self.at("WITH", "OFFSET"):
            self.advance()
            self.advance()
            return self.parse_alias() or "offset"
        return None

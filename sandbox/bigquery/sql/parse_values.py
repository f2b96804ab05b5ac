"""Parsing what operators stand between: literals, names, brackets, and the expressions that a keyword begins."""

from sandbox.bigquery.errors import BigQueryError, not_implemented
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.lexer import Position, syntax_error
from sandbox.bigquery.sql.parse_calls import CallParser
from sandbox.bigquery.sql.token_stream import RESERVED
from sandbox.bigquery.sql.typesystem import (
    BOOL,
    BYTES,
    DATE,
    FLOAT64,
    INT64,
    MISSING_TYPES,
    NULL,
    NUMERIC,
    STRING,
    TIMESTAMP,
    array_of,
)

_TYPED_LITERALS = {"DATE": DATE, "TIMESTAMP": TIMESTAMP, "NUMERIC": NUMERIC, "DECIMAL": NUMERIC}
_KEYWORD_FUNCTIONS = frozenset(("IF", "LEFT", "RIGHT", "GROUPING", "RANGE", "COLLATE"))
_MAX_INT64 = 2**63


class ValueParser(CallParser):
    """Operands."""

    def expression_list(self, closing: str) -> list[n.Node]:
        """Expressions up to and including ``closing``."""
        items = [self.parse_expression()]
        while self.accept(","):
            items.append(self.parse_expression())
        self.expect(closing)
        return items

    def _parse_primary(self) -> n.Node:
        token = self.token
        position = token.position
        kind = token.kind
        if kind in ("int", "float"):
            self.advance()
            return self._number(kind, token.text, position)
        if kind in ("string", "bytes"):
            return self._parse_text(kind, position)
        if kind == "param":
            self.advance()
            if token.text == "?":
                raise not_implemented("positional parameters")
            return n.Parameter(str(token.value), position=position)
        if kind == "sysvar":
            raise not_implemented(f"the system variable {token.text}")
        if kind == "op":
            return self._parse_bracketed()
        if kind == "name":
            keyword = self._parse_keyword_expression(token.upper, position)
            if keyword is not None:
                return keyword
        if kind == "quoted" or (kind == "name" and token.upper not in RESERVED):
            self.advance()
            if self.at("("):
                return self._parse_call([str(token.value)], position)
            return n.Path([str(token.value)], position=position)
        raise self.unexpected()

    def _number(self, kind: str, text: str, position: Position) -> n.Literal:
        if kind == "float":
            return n.Literal(FLOAT64, float(text), position=position)
        value = int(text, 16 if "x" in text.lower() else 10)
        if not -_MAX_INT64 <= value < _MAX_INT64:
            raise syntax_error(f"Invalid integer literal: {text}", position)
        return n.Literal(INT64, value, position=position)

    def _parse_text(self, kind: str, position: Position) -> n.Literal:
        """A string or bytes literal; several in a row are one."""
        value = self.advance().value
        while self.token.kind == kind:
            if self.token.start == self.tokens[self.index - 1].end:
                raise syntax_error(
                    "concatenated string literals must be separated by whitespace or comments", self.position
                )
            value += self.advance().value  # type: ignore[operator]
        return n.Literal(STRING if kind == "string" else BYTES, value, position=position)

    def _parse_bracketed(self) -> n.Node:
        position = self.position
        if self.accept("["):
            items = [] if self.accept("]") else self.expression_list("]")
            return n.ArrayLiteral(items, position=position)
        if not self.at("("):
            raise self.unexpected()
        if self.at_query(1):
            self.advance()
            query = self.parse_query()
            self.expect(")")
            return n.SubqueryExpression("scalar", query, position=position)
        nested = self._try_nested_query() if self.peek().upper == "(" else None
        if nested is not None:
            return n.SubqueryExpression("scalar", nested, position=position)
        self.advance()
        items = self.expression_list(")")
        if len(items) == 1:
            return items[0]
        return n.StructLiteral([(None, item) for item in items], source_is_tuple=True, position=position)

    def _try_nested_query(self) -> n.Query | None:
        """``((SELECT …) UNION ALL …)`` looks like an expression for two tokens."""
        depth = 1
        while self.peek(depth).upper == "(":
            depth += 1
        if not self.at_query(depth):
            return None
        start = self.index
        try:
            self.advance()
            query = self.parse_query()
            self.expect(")")
        except BigQueryError:  # only a probe: whatever was wrong, the expression parser will say it
            self.index = start
            return None
        return query

    def _parse_keyword_expression(self, upper: str, position: Position) -> n.Node | None:
        following = self.peek()
        if following.kind == "string" and upper in _TYPED_LITERALS:
            self.advance()
            return n.Literal(_TYPED_LITERALS[upper], str(self.advance().value), position=position)
        if following.kind == "string" and upper in MISSING_TYPES and upper != "INTERVAL":
            raise not_implemented(f"the type {upper}")
        if upper in ("TRUE", "FALSE"):
            self.advance()
            return n.Literal(BOOL, upper == "TRUE", position=position)
        if upper == "NULL":
            self.advance()
            return n.Literal(NULL, None, position=position)
        if upper == "CASE":
            return self._parse_case()
        if upper == "INTERVAL":
            self.advance()
            value = self.parse_expression()
            part = self.any_name().upper()
            if self.at("TO"):
                raise not_implemented("an INTERVAL of several parts")
            return n.IntervalLiteral(value, part, position=position)
        if upper in ("CAST", "SAFE_CAST") and following.upper == "(":
            return self._parse_cast(position)
        if upper == "EXTRACT":
            raise not_implemented("the function EXTRACT")
        if upper == "EXISTS":
            self.advance()
            self.expect("(")
            query = self.parse_query()
            self.expect(")")
            return n.SubqueryExpression("exists", query, position=position)
        if upper == "ARRAY":
            return self._parse_array(position)
        if upper == "STRUCT":
            return self._parse_struct(position)
        if upper == "DEFAULT":
            raise not_implemented("DEFAULT")
        if upper in _KEYWORD_FUNCTIONS and following.upper == "(":
            self.advance()
            return self._parse_call([upper], position)
        if upper == "WITH" and following.upper == "(":
            raise syntax_error("WITH expressions are not supported", position)
        return None

    def _parse_case(self) -> n.Case:
        position = self.expect("CASE").position
        operand = None if self.at("WHEN") else self.parse_expression()
        branches = []
        while self.accept("WHEN"):
            condition = self.parse_expression()
            self.expect("THEN")
            branches.append((condition, self.parse_expression()))
        if not branches:
            raise self.unexpected("keyword WHEN")
        default = self.parse_expression() if self.accept("ELSE") else None
        self.expect("END")
        return n.Case(operand, branches, default, position=position)

    def _parse_cast(self, position: Position) -> n.Cast:
        safe = self.advance().upper == "SAFE_CAST"
        self.expect("(")
        operand = self.parse_expression()
        self.expect("AS")
        type = self.parse_type()
        if self.at("FORMAT"):
            raise not_implemented("CAST … FORMAT")
        self.expect(")")
        return n.Cast(operand, type, safe, position=position)

    def _parse_array(self, position: Position) -> n.Node:
        self.advance()
        if self.accept("("):
            query = self.parse_query()
            self.expect(")")
            return n.SubqueryExpression("array", query, position=position)
        element = None
        if self.accept("<"):
            element = self.parse_type()
            self._close_type()
        self.expect("[")
        items = [] if self.accept("]") else self.expression_list("]")
        return n.ArrayLiteral(items, array_of(element) if element else None, position=position)

    def _parse_struct(self, position: Position) -> n.StructLiteral:
        type = None
        if self.peek().upper == "<" or self.peek().upper == "<>":
            type = self.parse_type()
        else:
            self.advance()
        self.expect("(")
        items: list[tuple[str | None, n.Node]] = []
        while not self.accept(")"):
            expression = self.parse_expression()
            alias = self.identifier() if self.accept("AS") else None
            items.append((alias, expression))
            if not self.accept(","):
                self.expect(")")
                break
        return n.StructLiteral(items, type, position=position)

"""Parsing expressions: operators, by precedence."""

from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.lexer import Position
from sandbox.bigquery.sql.parse_values import ValueParser

_COMPARISONS = frozenset(("=", "!=", "<>", "<", "<=", ">", ">="))
_LEFT_ASSOCIATIVE = (("+", "-"), ("*", "/", "||"))
_BIT_OPERATORS = ("|", "^", "&", "<<", ">>")


class ExpressionParser(ValueParser):
    """Expressions, by precedence."""

    def parse_expression(self) -> n.Node:
        """Any expression."""
        left = self._parse_and()
        while self.at("OR"):
            position = self.advance().position
            left = n.Binary("OR", left, self._parse_and(), position=position)
        return left

    def _parse_and(self) -> n.Node:
        left = self._parse_not()
        while self.at("AND"):
            position = self.advance().position
            left = n.Binary("AND", left, self._parse_not(), position=position)
        return left

    def _parse_not(self) -> n.Node:
        if self.at("NOT"):
            position = self.advance().position
            return n.Unary("NOT", self._parse_not(), position=position)
        return self._parse_comparison()

    def _parse_comparison(self) -> n.Node:
        left = self._parse_binary(0)
        while True:
            position = self.position
            upper = self.token.upper
            if upper in _COMPARISONS and self.token.kind == "op":
                self.advance()
                operator = "!=" if upper == "<>" else upper
                left = n.Binary(operator, left, self._parse_binary(0), position=position)
                if self.token.kind == "op" and self.token.upper in _COMPARISONS:
                    raise self.unexpected()
            elif upper == "IS":
                self.advance()
                left = self._parse_is(left, position)
            elif upper in ("BETWEEN", "IN", "LIKE") or (
                upper == "NOT" and self.peek().upper in ("BETWEEN", "IN", "LIKE")
            ):
                negated = self.accept("NOT")
                left = self._parse_membership(left, negated, position)
            else:
                return left

    def _parse_is(self, left: n.Node, position: Position) -> n.Node:
        negated = self.accept("NOT")
        if self.accept("DISTINCT", "FROM"):
            return n.IsDistinct(left, self._parse_binary(0), negated, position=position)
        what = self.accept_any("NULL", "TRUE", "FALSE")
        if what is None:
            raise self.unexpected("keyword NULL")
        return n.Is(left, what, negated, position=position)

    def _parse_membership(self, left: n.Node, negated: bool, position: Position) -> n.Node:
        if self.accept("BETWEEN"):
            low = self._parse_binary(0)
            self.expect("AND")
            return n.Between(left, low, self._parse_binary(0), negated, position=position)
        if self.accept("LIKE"):
            if self.at_any("ANY", "SOME", "ALL"):
                raise not_implemented(f"LIKE {self.token.upper}")
            return n.Like(left, self._parse_binary(0), negated, position=position)
        self.expect("IN")
        if self.accept("UNNEST"):
            self.expect("(")
            array = self.parse_expression()
            self.expect(")")
            return n.In(left, negated, array=array, position=position)
        if self.token.kind == "param" or not self.at("("):
            raise self.unexpected('"("')
        if self.at_query(1):
            self.expect("(")
            query = self.parse_query()
            self.expect(")")
            return n.In(left, negated, query=query, position=position)
        self.expect("(")
        return n.In(left, negated, items=self.expression_list(")"), position=position)

    def _parse_binary(self, level: int) -> n.Node:
        if level == len(_LEFT_ASSOCIATIVE):
            return self._parse_unary()
        left = self._parse_binary(level + 1)
        operators = _LEFT_ASSOCIATIVE[level]
        while self.token.kind == "op" and self.token.upper in operators:
            token = self.advance()
            left = n.Binary(token.upper, left, self._parse_binary(level + 1), position=token.position)
        if self.token.kind == "op" and self.token.upper in _BIT_OPERATORS:
            raise not_implemented(f"the operator {self.token.upper}")
        return left

    def _parse_unary(self) -> n.Node:
        if self.at("~"):
            raise not_implemented("the operator ~")
        if self.token.kind == "op" and self.token.upper in ("-", "+"):
            token = self.advance()
            number = self.token
            if token.upper == "-" and number.kind in ("int", "float") and self.peek().upper not in (".", "["):
                self.advance()
                return self._number(number.kind, "-" + number.text, token.position)
            return n.Unary(token.upper, self._parse_unary(), position=token.position)
        return self._parse_postfix(self._parse_primary())

    def _parse_postfix(self, operand: n.Node) -> n.Node:
        while True:
            position = self.position
            if self.at(".") and self.peek().upper != "*":
                self.advance()
                name = self.any_name()
                if isinstance(operand, n.Path):
                    operand.names.append(name)
                    if self.at("("):
                        operand = self._parse_call(operand.names, operand.position)
                else:
                    operand = n.FieldAccess(operand, name, position=position)
            elif self.accept("["):
                mode = ""
                if (
                    self.token.upper in ("OFFSET", "ORDINAL", "SAFE_OFFSET", "SAFE_ORDINAL")
                    and self.peek().upper == "("
                ):
                    mode = self.advance().upper
                    self.expect("(")
                    index = self.parse_expression()
                    self.expect(")")
                else:
                    index = self.parse_expression()
                self.expect("]")
                operand = n.Subscript(operand, mode, index, position=position)
            else:
                return operand

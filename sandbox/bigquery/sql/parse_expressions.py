"""Parsing expressions."""

from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.lexer import Position, syntax_error
from sandbox.bigquery.sql.token_stream import RESERVED, TokenStream
from sandbox.bigquery.sql.typesystem import (
    BIGNUMERIC,
    BOOL,
    BYTES,
    DATE,
    DATETIME,
    FLOAT64,
    INT64,
    JSON,
    NUMERIC,
    SIMPLE_TYPES,
    STRING,
    TIME,
    TIMESTAMP,
    Type,
    array_of,
    struct_of,
)

NULL = Type("INT64", precision=-1)
"""The type of an untyped NULL: INT64 when nothing else is known."""

_TYPED_LITERALS = {
    "DATE": DATE, "DATETIME": DATETIME, "TIME": TIME, "TIMESTAMP": TIMESTAMP, "NUMERIC": NUMERIC, "DECIMAL": NUMERIC,
    "BIGNUMERIC": BIGNUMERIC, "BIGDECIMAL": BIGNUMERIC, "JSON": JSON,
}  # fmt: skip
_COMPARISONS = frozenset(("=", "!=", "<>", "<", "<=", ">", ">="))
_LEFT_ASSOCIATIVE = (("|",), ("^",), ("&",), ("<<", ">>"), ("+", "-"), ("*", "/", "||"))
_KEYWORD_FUNCTIONS = frozenset(("IF", "LEFT", "RIGHT", "GROUPING", "RANGE", "COLLATE"))
_MAX_INT64 = 2**63


class ExpressionParser(TokenStream):
    """Expressions, by precedence."""

    def parse_query(self) -> n.Query:
        """A query; the query parser has it."""
        raise NotImplementedError

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
            elif upper in ("BETWEEN", "IN", "LIKE") or upper == "NOT" and self.peek().upper in ("BETWEEN", "IN", "LIKE"):
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
            quantifier = self.accept_any("ANY", "SOME", "ALL")
            if quantifier:
                self.expect("(")
                patterns = self.expression_list(")")
                return n.Like(left, patterns, "ALL" if quantifier == "ALL" else "ANY", negated, position=position)
            return n.Like(left, [self._parse_binary(0)], None, negated, position=position)
        self.expect("IN")
        if self.accept("UNNEST"):
            self.expect("(")
            array = self.parse_expression()
            self.expect(")")
            return n.In(left, negated, array=array, position=position)
        if self.token.kind == "param" or not self.at("("):
            raise self.unexpected('"("')
        if self._at_query(1):
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
        return left

    def _parse_unary(self) -> n.Node:
        if self.token.kind == "op" and self.token.upper in ("-", "+", "~"):
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
                if self.token.upper in ("OFFSET", "ORDINAL", "SAFE_OFFSET", "SAFE_ORDINAL") and self.peek().upper == "(":
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

    def expression_list(self, closing: str) -> list[n.Node]:
        """Expressions up to and including ``closing``."""
        items = [self.parse_expression()]
        while self.accept(","):
            items.append(self.parse_expression())
        self.expect(closing)
        return items

    def _number(self, kind: str, text: str, position: Position) -> n.Literal:
        if kind == "float":
            return n.Literal(FLOAT64, float(text), position=position)
        value = int(text, 16 if "x" in text.lower() else 10)
        if not -_MAX_INT64 <= value < _MAX_INT64:
            raise syntax_error(f"Invalid integer literal: {text}", position)
        return n.Literal(INT64, value, position=position)

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
                self.positional_parameters += 1
                return n.Parameter(None, self.positional_parameters - 1, position=position)
            return n.Parameter(str(token.value), position=position)
        if kind == "sysvar":
            self.advance()
            return n.SystemVariable(str(token.value), position=position)
        if kind == "op":
            return self._parse_bracketed()
        if kind == "name":
            keyword = self._parse_keyword_expression(token.upper, position)
            if keyword is not None:
                return keyword
        if kind == "quoted" or kind == "name" and token.upper not in RESERVED:
            self.advance()
            if self.at("("):
                return self._parse_call([str(token.value)], position)
            return n.Path([str(token.value)], position=position)
        raise self.unexpected()

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

    def _at_query(self, ahead: int = 0) -> bool:
        upper = self.peek(ahead).upper
        return upper in ("SELECT", "FROM") or upper == "WITH" and self.peek(ahead + 1).upper != "("

    def _parse_bracketed(self) -> n.Node:
        position = self.position
        if self.accept("["):
            items = [] if self.accept("]") else self.expression_list("]")
            return n.ArrayLiteral(items, position=position)
        if not self.at("("):
            raise self.unexpected()
        if self._at_query(1):
            self.advance()
            query = self.parse_query()
            self.expect(")")
            return n.SubqueryExpression("scalar", query, position=position)
        if self.peek().upper == "(" and (query := self._try_nested_query()) is not None:
            return n.SubqueryExpression("scalar", query, position=position)
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
        if not self._at_query(depth):
            return None
        start, parameters = self.index, self.positional_parameters
        try:
            self.advance()
            query = self.parse_query()
            self.expect(")")
        except Exception:  # only a probe: whatever was wrong, the expression parser will say it
            self.index, self.positional_parameters = start, parameters
            return None
        return query

    def _parse_keyword_expression(self, upper: str, position: Position) -> n.Node | None:
        following = self.peek()
        if following.kind == "string" and upper in _TYPED_LITERALS:
            self.advance()
            return n.Literal(_TYPED_LITERALS[upper], str(self.advance().value), position=position)
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
            to_part = self.any_name().upper() if self.accept("TO") else None
            return n.IntervalLiteral(value, part, to_part, position=position)
        if upper in ("CAST", "SAFE_CAST") and following.upper == "(":
            return self._parse_cast(position)
        if upper == "EXTRACT":
            return self._parse_extract(position)
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
            self.advance()
            return n.DefaultMarker(position=position)
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
        form = zone = None
        if self.accept("FORMAT"):
            form = self._parse_binary(0)
            if self.accept("AT", "TIME", "ZONE"):
                zone = self.parse_expression()
        self.expect(")")
        return n.Cast(operand, type, safe, form, zone, position=position)

    def _parse_extract(self, position: Position) -> n.Extract:
        self.advance()
        self.expect("(")
        part = self.any_name().upper()
        if self.accept("("):
            part += f"({self.any_name().upper()})"
            self.expect(")")
        self.expect("FROM")
        operand = self.parse_expression()
        zone = self.parse_expression() if self.accept("AT", "TIME", "ZONE") else None
        self.expect(")")
        return n.Extract(part, operand, zone, position=position)

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

    # ---- calls

    def _parse_call(self, path: list[str], position: Position) -> n.Node:
        safe = len(path) == 2 and path[0].upper() == "SAFE"
        call = n.Call(path[1:] if safe else path, [], safe=safe, position=position)
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
            if self._at_query():
                raise self.unexpected()
            if self.token.kind == "name" and self.peek().upper == "=>":
                name = self.advance().upper.lower()
                self.advance()
                call.named[name] = self.parse_expression()
            else:
                call.arguments.append(self._parse_argument())
            if not self.accept(","):
                return

    def _parse_argument(self) -> n.Node:
        position = self.position
        if self.at_identifier() and self.peek().upper == "->":
            parameters = [self.identifier()]
            self.advance()
            return n.Lambda(parameters, self.parse_expression(), position=position)
        expression = self.parse_expression()
        if self.at("->") and isinstance(expression, n.StructLiteral):
            self.advance()
            names = [item.names[0] for _, item in expression.items if isinstance(item, n.Path)]
            return n.Lambda(names, self.parse_expression(), position=position)
        return expression

    def _parse_call_modifiers(self, call: n.Call) -> None:
        handling = self.accept_any("IGNORE", "RESPECT")
        if handling:
            self.expect("NULLS")
            call.null_handling = handling
        if self.accept("HAVING"):
            kind = self.accept_any("MAX", "MIN")
            if kind is None:
                raise self.unexpected("keyword MAX")
            call.having = (kind, self.parse_expression())
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

    # ---- types

    def parse_type(self) -> Type:
        """A type's name."""
        position = self.position
        name = self.any_name().upper()
        if name == "ARRAY":
            self.expect("<")
            element = self.parse_type()
            self._close_type()
            return array_of(element)
        if name == "STRUCT":
            if self.accept("<>"):
                return struct_of()
            self.expect("<")
            fields = [self._parse_struct_field()]
            while self.accept(","):
                fields.append(self._parse_struct_field())
            self._close_type()
            return struct_of(*fields)
        type = SIMPLE_TYPES.get(name)
        if type is None:
            raise syntax_error(f"Type not found: {name}", position)
        if self.accept("("):
            numbers = [self._type_parameter()]
            while self.accept(","):
                numbers.append(self._type_parameter())
            self.expect(")")
            type = Type(type.kind, precision=numbers[0], scale=numbers[1] if len(numbers) > 1 else None)
        return type

    def _type_parameter(self) -> int:
        if self.token.kind != "int":
            raise self.unexpected("integer literal")
        return int(self.advance().text)

    def _parse_struct_field(self) -> tuple[str | None, Type]:
        if self.peek().kind in ("name", "quoted"):
            name = self.any_name()
            return name, self.parse_type()
        return None, self.parse_type()

    def _close_type(self) -> None:
        if self.at(">>"):
            token = self.token
            # Two closing brackets that the lexer took for a shift: read one of them.
            self.tokens[self.index] = type(token)(
                "op", ">", ">", ">", token.start + 1, token.end, (token.position[0], token.position[1] + 1)
            )
            return
        self.expect(">")

"""Parsing the names of types."""

from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.lexer import syntax_error
from sandbox.bigquery.sql.token_stream import TokenStream
from sandbox.bigquery.sql.typesystem import MISSING_TYPES, SIMPLE_TYPES, Type, array_of, struct_of


class TypeParser(TokenStream):
    """Types, and what the parsers built on this one have to offer each other."""

    def parse_expression(self) -> n.Node:
        """Any expression."""
        raise NotImplementedError

    def parse_query(self) -> n.Query:
        """Any query."""
        raise NotImplementedError

    def at_query(self, ahead: int = 0) -> bool:
        """Whether a query begins here."""
        upper = self.peek(ahead).upper
        return upper == "SELECT" or (upper == "WITH" and self.peek(ahead + 1).upper != "(")

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
        if name in MISSING_TYPES or (type is not None and self.at("(")):
            raise not_implemented(f"the type {name}" + ("" if type is None else " with a length or precision"))
        if type is None:
            raise syntax_error(f"Type not found: {name}", position)
        return type

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

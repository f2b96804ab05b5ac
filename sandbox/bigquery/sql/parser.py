"""Parsing whole scripts: the procedural language around the statements."""

from functools import lru_cache

from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.lexer import syntax_error
from sandbox.bigquery.sql.parse_ddl import DdlParser

_UNSUPPORTED = frozenset(
    """ASSERT GRANT REVOKE EXPORT LOAD ANALYZE DESCRIBE EXPLAIN UNDROP CASE LOOP REPEAT FOR EXECUTE CALL BREAK LEAVE
    CONTINUE ITERATE RETURN EXCEPTION""".split()
)


class Parser(DdlParser):
    """Scripts, recursive descent."""

    def parse_script(self) -> list[n.Statement]:
        """The whole source."""
        statements = self._parse_block_body()
        if self.token.kind != "end":
            raise self.unexpected("end of input")
        return statements

    def _parse_block_body(self, *ends: str) -> list[n.Statement]:
        """Statements, each closed by ``;``, up to one of the words in ``ends``."""
        statements: list[n.Statement] = []
        while True:
            while self.accept(";"):
                pass
            if self.token.kind == "end" or self.at_any(*ends) if ends else self.token.kind == "end":
                return statements
            statements.append(self._parse_statement())
            if self.token.kind != "end" and not self.accept(";"):
                if ends:
                    raise self.unexpected('";"')
                raise syntax_error(
                    self.unexpected("end of input").message.removeprefix("Syntax error: ").rsplit(" at [", 1)[0],
                    self.position,
                )

    def _parse_statement(self) -> n.Statement:
        """One statement, with its text."""
        start = self.token
        statement = self._parse_kind_of_statement()
        statement.text = self.source[start.start : self.tokens[self.index - 1].end]
        return statement

    def _parse_kind_of_statement(self) -> n.Statement:
        token = self.token
        word = token.upper if token.kind in ("name", "op") else ""
        if word in ("SELECT", "WITH", "FROM", "("):
            return n.QueryStatement(self.parse_query(), position=token.position)
        simple = {
            "INSERT": self.parse_insert, "UPDATE": self.parse_update, "DELETE": self.parse_delete,
            "MERGE": self.parse_merge, "TRUNCATE": self.parse_truncate, "CREATE": self.parse_create,
            "DROP": self.parse_drop, "ALTER": self.parse_alter, "DECLARE": self._parse_declare, "SET": self._parse_set,
            "IF": self._parse_if, "WHILE": self._parse_while, "BEGIN": self._parse_begin, "RAISE": self._parse_raise,
        }.get(word)  # fmt: skip
        if simple is not None:
            return simple()
        if word in ("COMMIT", "ROLLBACK"):
            self.advance()
            self.accept("TRANSACTION")
            return n.Transaction(word, position=token.position)
        if word in _UNSUPPORTED:
            raise not_implemented(f"the statement {word}")
        raise self.unexpected()

    def _parse_declare(self) -> n.Declare:
        position = self.expect("DECLARE").position
        names = [self.identifier().lower()]
        while self.accept(","):
            names.append(self.identifier().lower())
        type = None if self.at("DEFAULT") else self.parse_type()
        default = self.parse_expression() if self.accept("DEFAULT") else None
        return n.Declare(names, type, default, position=position)

    def _parse_set(self) -> n.SetVariable:
        position = self.expect("SET").position
        if self.at("(") or self.token.kind == "sysvar":
            raise not_implemented("SET of several variables or of a system variable")
        name = self.identifier().lower()
        self.expect("=")
        return n.SetVariable(name, self.parse_expression(), position=position)

    def _parse_if(self) -> n.If:
        position = self.expect("IF").position
        branches = [self._parse_then()]
        while self.accept("ELSEIF"):
            branches.append(self._parse_then())
        default = self._parse_block_body("END") if self.accept("ELSE") else []
        self.expect("END", "IF")
        return n.If(branches, default, position=position)

    def _parse_then(self) -> tuple[n.Node, list[n.Statement]]:
        condition = self.parse_expression()
        self.expect("THEN")
        return condition, self._parse_block_body("ELSEIF", "ELSE", "END")

    def _parse_while(self) -> n.While:
        position = self.expect("WHILE").position
        condition = self.parse_expression()
        self.expect("DO")
        body = self._parse_block_body("END")
        self.expect("END", "WHILE")
        return n.While(condition, body, position=position)

    def _parse_begin(self) -> n.Statement:
        position = self.expect("BEGIN").position
        if self.accept("TRANSACTION") or self.at(";") or self.token.kind == "end":
            return n.Transaction("BEGIN", position=position)
        body = self._parse_block_body("END")
        self.expect("END")
        return n.Block(body, position=position)

    def _parse_raise(self) -> n.Raise:
        position = self.expect("RAISE").position
        if not self.accept("USING"):
            raise not_implemented("RAISE without a message")
        self.expect("MESSAGE", "=")
        return n.Raise(self.parse_expression(), position=position)


@lru_cache(maxsize=512)
def parse_script(source: str) -> tuple[n.Statement, ...]:
    """The statements of a script; the tree is shared, so nobody may change it."""
    return tuple(Parser(source).parse_script())


@lru_cache(maxsize=512)
def parse_query(source: str) -> n.Query:
    """One query, as in a view."""
    parser = Parser(source)
    query = parser.parse_query()
    parser.accept(";")
    if parser.token.kind != "end":
        raise parser.unexpected("end of input")
    return query

"""Parsing whole scripts: the procedural language around the statements."""

from functools import lru_cache

from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.lexer import Token, syntax_error
from sandbox.bigquery.sql.parse_alter import AlterParser

_UNSUPPORTED = frozenset("GRANT REVOKE EXPORT LOAD ANALYZE DESCRIBE EXPLAIN UNDROP".split())


class Parser(AlterParser):
    """Scripts, recursive descent."""

    def parse_script(self) -> list[n.Statement]:
        """The whole source."""
        statements = self.parse_block_body()
        if self.token.kind != "end":
            raise self.unexpected("end of input")
        return statements

    def parse_block_body(self, *ends: str) -> list[n.Statement]:
        """Statements, each closed by ``;``, up to one of the words in ``ends``."""
        statements: list[n.Statement] = []
        while True:
            while self.accept(";"):
                pass
            if self.token.kind == "end" or self.at_any(*ends) if ends else self.token.kind == "end":
                return statements
            statements.append(self.parse_statement())
            if self.token.kind != "end" and not self.accept(";"):
                if ends:
                    raise self.unexpected('";"')
                raise syntax_error(
                    self.unexpected("end of input").message.removeprefix("Syntax error: ").rsplit(" at [", 1)[0],
                    self.position,
                )

    def parse_statement(self) -> n.Statement:
        """One statement, with its text."""
        start = self.token
        label = None
        if (
            self.at_identifier()
            and self.peek().upper == ":"
            and self.peek(2).upper in ("BEGIN", "LOOP", "WHILE", "REPEAT", "FOR")
        ):
            label = self.identifier().lower()
            self.advance()
        statement = self._parse_statement()
        if label is not None:
            statement.label = label  # type: ignore[attr-defined]
            if self.at_identifier():
                self.identifier()
        statement.text = self.source[start.start : self.tokens[self.index - 1].end]
        return statement

    def _parse_statement(self) -> n.Statement:
        token = self.token
        word = token.upper if token.kind in ("name", "op") else ""
        if word in ("SELECT", "WITH", "FROM", "("):
            return n.QueryStatement(self.parse_query(), position=token.position)
        simple = {
            "INSERT": self.parse_insert, "UPDATE": self.parse_update, "DELETE": self.parse_delete,
            "MERGE": self.parse_merge, "TRUNCATE": self.parse_truncate, "CREATE": self.parse_create,
            "DROP": self.parse_drop, "ALTER": self.parse_alter, "DECLARE": self._parse_declare, "SET": self._parse_set,
            "IF": self._parse_if, "CASE": self._parse_case_statement, "LOOP": self._parse_loop,
            "WHILE": self._parse_while, "REPEAT": self._parse_repeat, "FOR": self._parse_for,
            "BEGIN": self._parse_begin, "RAISE": self._parse_raise,
            "ASSERT": self._parse_assert, "EXECUTE": self._parse_execute,
            "CALL": self._parse_call_statement,
        }.get(word)  # fmt: skip
        if simple is not None:
            return simple()
        if word in ("BREAK", "LEAVE", "CONTINUE", "ITERATE", "RETURN"):
            self.advance()
            label = self.identifier().lower() if word != "RETURN" and self.at_identifier() else None
            return n.Jump({"LEAVE": "BREAK", "ITERATE": "CONTINUE"}.get(word, word), label, position=token.position)
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

    def _parse_set(self) -> n.SetVariables:
        position = self.expect("SET").position
        if self.at("("):
            names = [name.lower() for name in self.identifier_list()]
            self.expect("=")
            return n.SetVariables(names, self.parse_expression(), True, position=position)
        name = f"@@{self.advance().value!s}" if self.token.kind == "sysvar" else self.identifier().lower()
        self.expect("=")
        return n.SetVariables([name], self.parse_expression(), position=position)

    def _parse_if(self) -> n.If:
        position = self.expect("IF").position
        branches = [self._parse_then("ELSEIF", "ELSE", "END")]
        while self.accept("ELSEIF"):
            branches.append(self._parse_then("ELSEIF", "ELSE", "END"))
        default = self.parse_block_body("END") if self.accept("ELSE") else []
        self.expect("END", "IF")
        return n.If(branches, default, position=position)

    def _parse_then(self, *ends: str) -> tuple[n.Node, list[n.Statement]]:
        condition = self.parse_expression()
        self.expect("THEN")
        return condition, self.parse_block_body(*ends)

    def _parse_case_statement(self) -> n.CaseStatement:
        position = self.expect("CASE").position
        operand = None if self.at("WHEN") else self.parse_expression()
        branches = []
        while self.accept("WHEN"):
            branches.append(self._parse_then("WHEN", "ELSE", "END"))
        default = self.parse_block_body("END") if self.accept("ELSE") else []
        self.expect("END", "CASE")
        return n.CaseStatement(operand, branches, default, position=position)

    def _parse_loop(self) -> n.Loop:
        position = self.expect("LOOP").position
        body = self.parse_block_body("END")
        self.expect("END", "LOOP")
        return n.Loop("LOOP", None, body, position=position)

    def _parse_while(self) -> n.Loop:
        position = self.expect("WHILE").position
        condition = self.parse_expression()
        self.expect("DO")
        body = self.parse_block_body("END")
        self.expect("END", "WHILE")
        return n.Loop("WHILE", condition, body, position=position)

    def _parse_repeat(self) -> n.Loop:
        position = self.expect("REPEAT").position
        body = self.parse_block_body("UNTIL")
        self.expect("UNTIL")
        condition = self.parse_expression()
        self.expect("END", "REPEAT")
        return n.Loop("REPEAT", condition, body, position=position)

    def _parse_for(self) -> n.ForIn:
        position = self.expect("FOR").position
        variable = self.identifier().lower()
        self.expect("IN")
        self.expect("(")
        query = self.parse_query()
        self.expect(")")
        self.expect("DO")
        body = self.parse_block_body("END")
        self.expect("END", "FOR")
        return n.ForIn(variable, query, body, position=position)

    def _parse_begin(self) -> n.Statement:
        position = self.expect("BEGIN").position
        if self.accept("TRANSACTION") or self.at(";") or self.token.kind == "end":
            return n.Transaction("BEGIN", position=position)
        body = self.parse_block_body("END", "EXCEPTION")
        handler = None
        if self.accept("EXCEPTION"):
            self.expect("WHEN")
            self.expect("ERROR")
            self.expect("THEN")
            handler = self.parse_block_body("END")
        self.expect("END")
        return n.Block(body, handler, position=position)

    def _parse_raise(self) -> n.Raise:
        position = self.expect("RAISE").position
        message = None
        if self.accept("USING"):
            self.expect("MESSAGE", "=")
            message = self.parse_expression()
        return n.Raise(message, position=position)

    def _parse_assert(self) -> n.Assert:
        position = self.expect("ASSERT").position
        condition = self.parse_expression()
        description = self.string() if self.accept("AS") else None
        return n.Assert(condition, description, position=position)

    def _parse_execute(self) -> n.ExecuteImmediate:
        position = self.expect("EXECUTE", "IMMEDIATE").position
        execute = n.ExecuteImmediate(self.parse_expression(), [], [], position=position)
        if self.accept("INTO"):
            execute.into = [self.identifier().lower()]
            while self.accept(","):
                execute.into.append(self.identifier().lower())
        if self.accept("USING"):
            while True:
                value = self.parse_expression()
                execute.using.append((self.identifier().lower() if self.accept("AS") else None, value))
                if not self.accept(","):
                    break
        return execute

    def _parse_call_statement(self) -> n.CallProcedure:
        position = self.expect("CALL").position
        path = self.table_path()
        self.expect("(")
        arguments = [] if self.accept(")") else self.expression_list(")")
        return n.CallProcedure(path, arguments, position=position)


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
    _expect_end(parser)
    return query


@lru_cache(maxsize=512)
def parse_expression(source: str) -> n.Node:
    """One expression, as in a column's default."""
    parser = Parser(source)
    expression = parser.parse_expression()
    _expect_end(parser)
    return expression


def _expect_end(parser: Parser) -> None:
    token: Token = parser.token
    if token.kind != "end":
        raise parser.unexpected("end of input")

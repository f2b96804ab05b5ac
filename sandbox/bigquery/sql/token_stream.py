"""Walking over tokens: look ahead, expect, and name what was wrong where it was wrong."""

from sandbox.bigquery.errors import BigQueryError
from sandbox.bigquery.sql.lexer import Position, Token, syntax_error, tokenize

RESERVED = frozenset(
    """ALL AND ANY ARRAY AS ASC ASSERT_ROWS_MODIFIED AT BETWEEN BY CASE CAST COLLATE CONTAINS CREATE CROSS CUBE CURRENT
    DEFAULT DEFINE DESC DISTINCT ELSE END ENUM ESCAPE EXCEPT EXCLUDE EXISTS EXTRACT FALSE FETCH FOLLOWING FOR FROM FULL
    GROUP GROUPING GROUPS HASH HAVING IF IGNORE IN INNER INTERSECT INTERVAL INTO IS JOIN LATERAL LEFT LIKE LIMIT LOOKUP
    MERGE NATURAL NEW NO NOT NULL NULLS OF ON OR ORDER OUTER OVER PARTITION PRECEDING PROTO QUALIFY RANGE RECURSIVE
    RESPECT RIGHT ROLLUP ROWS SELECT SET SOME STRUCT TABLESAMPLE THEN TO TREAT TRUE UNBOUNDED UNION UNNEST USING WHEN
    WHERE WINDOW WITH WITHIN""".split()
)


class TokenStream:
    """The tokens of one source, and where the parser stands in them."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = tokenize(source)
        self.index = 0

    @property
    def token(self) -> Token:
        """The token to be read next."""
        return self.tokens[self.index]

    @property
    def position(self) -> Position:
        """Where it stands."""
        return self.tokens[self.index].position

    def peek(self, ahead: int = 1) -> Token:
        """A later token."""
        return self.tokens[min(self.index + ahead, len(self.tokens) - 1)]

    def advance(self) -> Token:
        """Read one token."""
        token = self.tokens[self.index]
        if token.kind != "end":
            self.index += 1
        return token

    def at(self, *words: str) -> bool:
        """Whether the next tokens are these keywords or operators."""
        for ahead, word in enumerate(words):
            if self.tokens[min(self.index + ahead, len(self.tokens) - 1)].upper != word:
                return False
        return True

    def at_any(self, *words: str) -> bool:
        """Whether the next token is one of these keywords or operators."""
        return self.tokens[self.index].upper in words

    def accept(self, *words: str) -> bool:
        """Read these keywords if they are next."""
        if self.at(*words):
            self.index += len(words)
            return True
        return False

    def accept_any(self, *words: str) -> str | None:
        """Read the next token if it is one of these."""
        upper = self.tokens[self.index].upper
        if upper in words:
            self.index += 1
            return upper
        return None

    def expect(self, *words: str) -> Token:
        """Read these keywords or complain."""
        token = self.token
        for word in words:
            token = self.token
            if token.upper != word:
                raise self.unexpected(word if word[0].isalpha() else f'"{word}"')
            self.index += 1
        return token

    def unexpected(self, wanted: str | None = None) -> BigQueryError:
        """The error about the next token."""
        token = self.token
        if token.kind == "end":
            what = "end of script" if token.start >= len(self.source.rstrip()) else "end of statement"
        elif token.kind in ("name", "quoted"):
            what = f"keyword {token.upper}" if token.upper in RESERVED else f'identifier "{token.value!s}"'
        elif token.kind in ("string", "bytes"):
            what = f"{token.kind} literal {token.text}"
        elif token.kind == "int":
            what = f'integer literal "{token.text}"'
        elif token.kind == "float":
            what = f'floating point literal "{token.text}"'
        else:
            what = f'"{token.text}"'
        if wanted:
            return syntax_error(f"Expected {wanted} but got {what}", token.position)
        return syntax_error(f"Unexpected {what}", token.position)

    def at_identifier(self) -> bool:
        """Whether an identifier is next."""
        token = self.tokens[self.index]
        return token.kind == "quoted" or (token.kind == "name" and token.upper not in RESERVED)

    def identifier(self) -> str:
        """Read an identifier."""
        if not self.at_identifier():
            raise self.unexpected("identifier")
        return str(self.advance().value)

    def any_name(self) -> str:
        """Read a name where keywords are names too, as behind a dot."""
        if self.token.kind not in ("name", "quoted"):
            raise self.unexpected("identifier")
        return str(self.advance().value)

    def identifier_list(self) -> list[str]:
        """``(a, b, …)``."""
        self.expect("(")
        names = [self.identifier()]
        while self.accept(","):
            if self.at(")"):
                break
            names.append(self.identifier())
        self.expect(")")
        return names

    def string(self, what: str = "string literal") -> str:
        """Read a string literal."""
        if self.token.kind != "string":
            raise self.unexpected(what)
        return str(self.advance().value)

    def table_path(self) -> list[str]:
        """A table's name: dotted, dashed in its first part, or all of it in one pair of backticks."""
        first = self.token
        if first.kind == "name" and self.peek().upper == "-" and self.peek().start == first.end:
            return self._dashed_path()
        parts = [self.identifier()]
        while self.at(".") and self.peek().kind in ("name", "quoted"):
            self.advance()
            parts.append(self.any_name())
        return [piece for part in parts for piece in part.split(".")]

    def _dashed_path(self) -> list[str]:
        raw, end = "", self.token.start
        while self.token.start == end and (
            self.token.kind in ("name", "int", "float", "quoted") or self.at_any("-", ".")
        ):
            token = self.advance()
            raw += str(token.value) if token.kind == "quoted" else token.text
            end = token.end
        return raw.split(".")

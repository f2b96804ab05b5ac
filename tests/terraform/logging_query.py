"""The part of Cloud Logging's query language that log-based metrics here use, asked of one log entry.

Comparisons with ``=``, ``!=``, ``:`` (has: a part of the text), ``=~`` and ``!~``; AND, OR, NOT, parentheses. As there:
fields that an entry lacks match nothing, ``=`` and ``:`` do not mind upper and lower case, ``=~`` does, and comparisons
that follow one another are joined by AND, which binds closer than OR.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

Entry = Mapping[str, Any]
Test = Callable[[Entry], bool]
_TOKEN = re.compile(r'\s*(?:(\()|(\))|(AND|OR|NOT)\b|([\w.]+)\s*(!=|=~|!~|=|:)\s*("(?:[^"\\]|\\.)*"|[\w.-]+))')


class QueryError(ValueError):
    """A query that is none, or uses more than is understood here."""


def field(entry: Entry, path: str) -> str | None:
    """What an entry has at a path of fields; None where it has nothing."""
    value: Any = entry
    for part in path.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return str(value)


def compile_query(text: str) -> Test:
    """Return what tells whether an entry matches.

    Raises:
        QueryError: the text is no query, or not one that is understood here.
    """
    tokens, position = [], 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise QueryError(f"not understood: {text[position : position + 40]!r}")
        tokens.append(match.groups())
        position = match.end()
    parser = _Parser(tokens)
    test = parser.any_of()
    if parser.position < len(tokens):
        raise QueryError(f"not understood: {tokens[parser.position]}")
    return test


class _Parser:
    def __init__(self, tokens: list[tuple[str | None, ...]]) -> None:
        self.tokens, self.position = tokens, 0

    def _peek(self, kind: int, word: str | None = None) -> bool:
        if self.position >= len(self.tokens):
            return False
        token = self.tokens[self.position][kind]
        return token is not None and word in (None, token)

    def any_of(self) -> Test:
        tests = [self.all_of()]
        while self._peek(2, "OR"):
            self.position += 1
            tests.append(self.all_of())
        return lambda entry: any(test(entry) for test in tests)

    def all_of(self) -> Test:
        tests = [self.one()]
        while self.position < len(self.tokens) and not self._peek(1) and not self._peek(2, "OR"):
            self.position += self._peek(2, "AND")
            tests.append(self.one())
        return lambda entry: all(test(entry) for test in tests)

    def one(self) -> Test:
        if self._peek(2, "NOT"):
            self.position += 1
            inner = self.one()
            return lambda entry: not inner(entry)
        if self._peek(0):
            self.position += 1
            inner = self.any_of()
            if not self._peek(1):
                raise QueryError("a parenthesis is not closed")
            self.position += 1
            return inner
        if not self._peek(3):
            raise QueryError("a comparison is missing")
        _, _, _, path, operator, value = self.tokens[self.position]
        self.position += 1
        return _comparison(str(path), str(operator), str(value))


def _comparison(path: str, operator: str, value: str) -> Test:
    wanted = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
    is_negative = operator.startswith("!")

    def test(entry: Entry) -> bool:
        found = field(entry, path)
        if found is None:
            return False
        if operator == ":":
            return wanted.lower() in found.lower()
        if "~" in operator:
            return (re.search(wanted, found) is not None) != is_negative
        return (found.lower() == wanted.lower()) != is_negative

    return test

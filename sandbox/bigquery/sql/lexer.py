"""GoogleSQL's tokens.

A lexer of our own rather than a multi-dialect one: string escapes, raw, triple-quoted and bytes literals, dashed
project names and the line:column of every error are part of what BigQuery promises.
"""

import re
from dataclasses import dataclass

from sandbox.bigquery.errors import BigQueryError, invalid_query

Position = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Token:
    """One token; ``kind`` is name, quoted, int, float, string, bytes, param, sysvar, op or end.

    ``text`` is the source text, ``value`` what it stands for, ``upper`` the keyword form of an unquoted name.
    """

    kind: str
    text: str
    value: str | bytes
    upper: str
    start: int
    end: int
    position: Position


_SCANNER = re.compile(
    r"""
    (?P<space>\s+|\#[^\n]*|--[^\n]*|/\*.*?\*/)
  | (?P<string>(?:[rR][bB]?|[bB][rR]?)?(?:'''(?:\\.|(?!''').)*'''|\"\"\"(?:\\.|(?!\"\"\").)*\"\"\"
        |'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"))
  | (?P<quoted>`(?:\\.|[^`\\\n])*`)
  | (?P<hex>0[xX][0-9a-fA-F]+)
  | (?P<float>(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)
  | (?P<int>\d+)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<sysvar>@@[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
  | (?P<param>@(?:[A-Za-z_][A-Za-z0-9_]*|`[^`]*`)|\?)
  | (?P<op><=>|\|>|=>|->|<<|>>|<=|>=|<>|!=|\|\||[-+*/%=<>(){}\[\],.;:~&|^@$!\\])
    """,
    re.VERBOSE | re.DOTALL,
)

_SIMPLE_ESCAPES = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "?": "?", '"': '"', "'": "'", "`": "`",
}  # fmt: skip
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|X[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)", re.DOTALL)


def at(position: Position) -> str:
    """The place as BigQuery prints it."""
    return f"[{position[0]}:{position[1]}]"


def syntax_error(message: str, position: Position) -> BigQueryError:
    """A syntax error with its place."""
    return invalid_query(f"Syntax error: {message} at {at(position)}")


def _unescape(text: str, as_bytes: bool, position: Position) -> str | bytes:
    """Resolve escapes; in bytes, hexadecimal and octal ones are bytes, not code points."""
    out = bytearray()
    last = 0
    for match in _ESCAPE.finditer(text):
        out += text[last : match.start()].encode()
        code = match[1]
        last = match.end()
        if (code[0] in "xX" and len(code) == 3) or code.isdigit():
            number = int(code, 8) if code.isdigit() else int(code[1:], 16)
            out += bytes([number]) if as_bytes else chr(number).encode()
        elif code[0] in "uU" and len(code) > 1 and not as_bytes:
            out += chr(int(code[1:], 16)).encode()
        elif code in _SIMPLE_ESCAPES:
            out += _SIMPLE_ESCAPES[code].encode()
        else:
            raise syntax_error(f"Illegal escape sequence: \\{code}", position)
    out += text[last:].encode()
    return bytes(out) if as_bytes else out.decode()


def _literal(text: str, position: Position) -> tuple[str, str | bytes]:
    prefix = re.match(r"[rRbB]*", text)
    head = prefix[0].lower() if prefix else ""
    body = text[len(head) :]
    width = 3 if body[:3] in ("'''", '"""') and len(body) >= 6 else 1
    body = body[width:-width]
    as_bytes = "b" in head
    if "r" in head:
        return ("bytes", body.encode()) if as_bytes else ("string", body)
    value = _unescape(body, as_bytes, position) if "\\" in body else (body.encode() if as_bytes else body)
    return ("bytes" if as_bytes else "string"), value


def tokenize(source: str) -> list[Token]:
    """Split ``source`` into tokens, the last one of kind ``end``."""
    tokens: list[Token] = []
    offset, line, line_start = 0, 1, 0
    size = len(source)
    while offset < size:
        match = _SCANNER.match(source, offset)
        position = (line, offset - line_start + 1)
        if match is None:
            raise _lexical_error(source, offset, position)
        kind, text, end = match.lastgroup or "", match[0], match.end()
        if kind == "string":
            literal_kind, value = _literal(text, position)
            tokens.append(Token(literal_kind, text, value, "", offset, end, position))
        elif kind == "quoted":
            name = str(_unescape(text[1:-1], False, position))
            if not name:
                raise syntax_error("Invalid empty identifier", position)
            tokens.append(Token("quoted", text, name, "", offset, end, position))
        elif kind == "name":
            tokens.append(Token("name", text, text, text.upper(), offset, end, position))
        elif kind == "hex":
            tokens.append(Token("int", text, text, "", offset, end, position))
        elif kind == "param":
            tokens.append(Token("param", text, text[1:].strip("`"), "", offset, end, position))
        elif kind == "sysvar":
            tokens.append(Token("sysvar", text, text[2:].lower(), "", offset, end, position))
        elif kind != "space":
            tokens.append(Token(kind, text, text, text, offset, end, position))
        newlines = text.count("\n")
        if newlines:
            line += newlines
            line_start = offset + text.rindex("\n") + 1
        offset = end
    tokens.append(Token("end", "", "", "", size, size, (line, size - line_start + 1)))
    return tokens


def _lexical_error(source: str, offset: int, position: Position) -> BigQueryError:
    rest = source[offset : offset + 4]
    if rest.startswith("/*"):
        return syntax_error("Unclosed comment", position)
    if rest[:1] == "`":
        return syntax_error("Unclosed identifier literal", position)
    if re.match(r"[rRbB]{0,2}['\"]", rest):
        return syntax_error("Unclosed string literal", position)
    return syntax_error(f'Illegal input character "{source[offset]}"', position)

"""CSV as BigQuery reads it: quoted and unquoted empty fields differ, and a quoted line break needs permission."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.bigquery.errors import invalid, not_implemented

_DELIMITERS = {"tab": "\t", "\\t": "\t"}
_ENCODINGS = {"UTF-8": "utf-8-sig", "ISO-8859-1": "latin-1", "UTF-16BE": "utf-16-be", "UTF-16LE": "utf-16-le"}


class BadLine(Exception):
    """A line that is no CSV; the message is for the client."""


@dataclass(frozen=True)
class Dialect:
    """A load job's CSV options."""

    delimiter: str
    quote: str
    skip: int | None
    null_marker: str
    allow_quoted_newlines: bool
    allow_jagged_rows: bool
    encoding: str

    @staticmethod
    def of(settings: dict[str, Any]) -> "Dialect":
        """Read it from a load configuration."""
        given = settings.get("fieldDelimiter") or ","
        encoding = (settings.get("encoding") or "UTF-8").upper()
        if encoding not in _ENCODINGS:
            raise not_implemented(f"CSV in the encoding {encoding}")
        skip = settings.get("skipLeadingRows")
        if skip not in (None, "") and int(skip) < 0:
            raise invalid(f"Invalid value for skipLeadingRows: {skip}")
        return Dialect(
            delimiter=_DELIMITERS.get(given, given),
            quote='"' if settings.get("quote") is None else settings["quote"],
            skip=None if skip in (None, "") else int(skip),
            null_marker=settings.get("nullMarker") or "",
            allow_quoted_newlines=bool(settings.get("allowQuotedNewlines")),
            allow_jagged_rows=bool(settings.get("allowJaggedRows")),
            encoding=_ENCODINGS[encoding],
        )


@dataclass(frozen=True)
class CsvField:
    """A field's text, and whether it stood in quotes."""

    text: str
    is_quoted: bool


def read_lines(data: bytes, dialect: Dialect) -> Iterator[tuple[int, list[CsvField] | BadLine]]:
    """Each record with the position where it starts; blank lines are no records."""
    text = data.decode(dialect.encoding, errors="replace")
    reader = _Reader(text, dialect)
    while (start := reader.position) < len(text):
        try:
            record: list[CsvField] | BadLine = reader.record()
        except BadLine as error:
            reader.skip_line(start)
            record = error
        if isinstance(record, BadLine) or len(record) > 1 or record[0].text or record[0].is_quoted:
            yield start, record


class _Reader:
    def __init__(self, text: str, dialect: Dialect) -> None:
        self.position = 0
        self._text = text
        self._dialect = dialect
        self._plain = re.compile(f"[^{re.escape(dialect.delimiter)}\r\n]*")
        self._line_end = re.compile("\r\n|\n|\r")

    def skip_line(self, start: int) -> None:
        """Go on after the line that begins at ``start``."""
        end = self._line_end.search(self._text, start)
        self.position = end.end() if end else len(self._text)

    def record(self) -> list[CsvField]:
        """The record at the position, which moves behind it."""
        fields = [self._field()]
        while self._text.startswith(self._dialect.delimiter, self.position):
            self.position += len(self._dialect.delimiter)
            fields.append(self._field())
        end = self._line_end.match(self._text, self.position)
        if end:
            self.position = end.end()
        elif self.position < len(self._text):
            raise BadLine('Data between close double quote (") and field separator.')
        return fields

    def _field(self) -> CsvField:
        quote = self._dialect.quote
        if quote and self._text.startswith(quote, self.position):
            return CsvField(self._quoted(quote), True)
        match = self._plain.match(self._text, self.position)
        self.position = match.end() if match else self.position
        return CsvField(match.group() if match else "", False)

    def _quoted(self, quote: str) -> str:
        parts = []
        begin = self.position + 1
        while (end := self._text.find(quote, begin)) >= 0:
            parts.append(self._text[begin:end])
            if not self._text.startswith(quote, end + 1):
                self.position = end + 1
                return self._checked(quote.join(parts))
            begin = end + 2
        raise BadLine(f"Missing close quote character ({quote}).")

    def _checked(self, text: str) -> str:
        if not self._dialect.allow_quoted_newlines and self._line_end.search(text):
            raise BadLine(f"Missing close quote character ({self._dialect.quote}).")
        return text

"""Files of a load job as rows: NDJSON and CSV record by record, each good or bad."""

import gzip
import json
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.bigquery.autodetect import detect_csv, detect_json
from sandbox.bigquery.csv_rows import BadLine, CsvField, Dialect, read_lines
from sandbox.bigquery.errors import invalid
from sandbox.bigquery.model import Field
from sandbox.bigquery.row_values import BadField, RowDecoder, Rules

_GZIP = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class SourceFile:
    """One file to load, and its gs:// address (empty for an upload)."""

    uri: str
    data: bytes

    def unpacked(self) -> bytes:
        """The bytes, unzipped if they are gzip."""
        if not self.data.startswith(_GZIP):
            return self.data
        try:
            return gzip.decompress(self.data)
        except (OSError, EOFError, zlib.error) as error:
            raise invalid(
                f"Error while reading data, error message: Failed to decompress {self.uri}: {error}"
            ) from None


@dataclass(frozen=True)
class BadRecord:
    """A record that does not fit."""

    uri: str
    message: str


Record = dict[str, Any] | BadRecord


class TextFormat(ABC):
    """A format that is read record by record."""

    name: str

    @abstractmethod
    def __init__(self, settings: dict[str, Any], files: list[SourceFile]) -> None: ...

    @abstractmethod
    def detect(self) -> list[Field]:
        """The schema that the files show."""

    @abstractmethod
    def records(self, fields: list[Field]) -> Iterator[Record]:
        """Every record as carried values, or why not."""


class NdjsonFormat(TextFormat):
    """NEWLINE_DELIMITED_JSON."""

    name = "JSON"

    def __init__(self, settings: dict[str, Any], files: list[SourceFile]) -> None:
        self._files = files
        self._ignore_unknown = bool(settings.get("ignoreUnknownValues"))

    def detect(self) -> list[Field]:
        """The schema that the rows show."""
        return detect_json(row for _, row in self._objects() if isinstance(row, dict))

    def records(self, fields: list[Field]) -> Iterator[Record]:
        """Every record as carried values, or why not."""
        decode = RowDecoder(fields, Rules(ignore_unknown=self._ignore_unknown))
        for (uri, position), row in self._objects():
            try:
                if isinstance(row, ValueError):
                    raise BadField("", f"Parser terminated before end of string: {row}")
                yield decode(row)
            except BadField as error:
                yield BadRecord(uri, f"JSON parsing error in row starting at position {position}: {error.message}")

    def _objects(self) -> Iterator[tuple[tuple[str, int], Any]]:
        for file in self._files:
            position = 0
            for line in file.unpacked().removeprefix(_BYTE_ORDER_MARK).split(b"\n"):
                start, position = position, position + len(line) + 1
                if line.strip():
                    yield (file.uri, start), _parsed(line)


def _parsed(line: bytes) -> Any:
    try:
        return _decoder.decode(str(line, "utf-8"))
    except (ValueError, RecursionError) as error:
        return error if isinstance(error, ValueError) else ValueError("nested too deep")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_no_constant)


class CsvFormat(TextFormat):
    """CSV."""

    name = "CSV"

    def __init__(self, settings: dict[str, Any], files: list[SourceFile]) -> None:
        self._files = files
        self._dialect = Dialect.of(settings)
        self._skip = self._dialect.skip or 0
        self._ignore_unknown = bool(settings.get("ignoreUnknownValues"))

    def detect(self) -> list[Field]:
        """The schema that the first file shows; also finds out whether it has a header."""
        if not self._files:
            raise invalid("Failed to detect the schema: there is no file")
        lines = read_lines(self._files[0].unpacked(), self._dialect)
        records = [record for _, record in lines if not isinstance(record, BadLine)]
        fields, self._skip = detect_csv(records, self._dialect.skip)
        return fields

    def records(self, fields: list[Field]) -> Iterator[Record]:
        """Every record as carried values, or why not."""
        decode = RowDecoder(fields, Rules(json_is_text=True))
        for field in fields:
            if field.get("mode") == "REPEATED" or field["type"] == "RECORD":
                raise invalid(f"Cannot load CSV data with a nested schema. Field: {field['name']}")
        for file in self._files:
            for number, (position, line) in enumerate(read_lines(file.unpacked(), self._dialect)):
                if number < self._skip:
                    continue
                try:
                    if isinstance(line, BadLine):
                        raise BadField("", str(line))
                    yield decode(self._row(fields, line))
                except BadField as error:
                    yield BadRecord(file.uri, f"{error.message}; line starts at position {position}")

    def _row(self, fields: list[Field], line: list[CsvField]) -> dict[str, str | None]:
        if len(line) > len(fields) and not self._ignore_unknown:
            raise BadField("", f"Too many values in row. Found {len(line)} column(s) while expecting {len(fields)}")
        if len(line) < len(fields) and not self._dialect.allow_jagged_rows:
            raise BadField(
                "", f"CSV table references column position {len(line)}, but line contains only {len(line)} columns."
            )
        # A jagged row's last columns are NULL, not their default.
        values = [self._value(field, cell) for field, cell in zip(fields, line, strict=False)]
        values += [None] * (len(fields) - len(values))
        return {field["name"]: value for field, value in zip(fields, values, strict=True)}

    def _value(self, field: Field, cell: CsvField) -> str | None:
        if cell.is_quoted or cell.text != self._dialect.null_marker:
            return cell.text
        return None

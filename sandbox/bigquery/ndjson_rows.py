"""Files of newline-delimited JSON as rows, record by record, each good or bad."""

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.bigquery.errors import invalid
from sandbox.bigquery.model import Field
from sandbox.bigquery.row_values import BadField, row_decoder

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


def read_records(files: list[SourceFile], fields: list[Field]) -> Iterator[dict[str, Any] | BadRecord]:
    """Every record as carried values, or why not."""
    decode = row_decoder(fields)
    for file, position, line in _lines(files):
        try:
            yield decode(_parsed(line))
        except BadField as error:
            yield BadRecord(file.uri, f"JSON parsing error in row starting at position {position}: {error.message}")


def _lines(files: list[SourceFile]) -> Iterator[tuple[SourceFile, int, bytes]]:
    for file in files:
        position = 0
        for line in file.unpacked().removeprefix(_BYTE_ORDER_MARK).split(b"\n"):
            start, position = position, position + len(line) + 1
            if line.strip():
                yield file, start, line


def _parsed(line: bytes) -> Any:
    try:
        return _decoder.decode(str(line, "utf-8"))
    except RecursionError:
        raise BadField("Parser terminated before end of string: nested too deep") from None
    except ValueError as error:
        raise BadField(f"Parser terminated before end of string: {error}") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_no_constant)

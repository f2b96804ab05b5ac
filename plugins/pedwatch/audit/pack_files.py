"""An evidence pack as files: CSV tables and a manifest of their hashes. Pure; same rows, same bytes."""

import csv
import datetime as dt
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

MANIFEST = "manifest.json"
_BLOCK = 1 << 20


def _cell(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else value


class CsvFile:
    """Writes rows as CSV (RFC 4180, UTF-8, times in UTC with Z, NULL as the empty field), one by one.

    Args:
        stream: opened with ``newline=""``.
        columns: the columns, in their order; what a row has besides is left out.
    """

    def __init__(self, stream: TextIO, columns: Sequence[str]) -> None:
        self._writer = csv.writer(stream, lineterminator="\r\n")
        self._columns = columns
        self._writer.writerow(columns)

    def add(self, row: Mapping[str, Any]) -> None:
        """Write one row."""
        self._writer.writerow([_cell(row[column]) for column in self._columns])


def to_csv(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return a whole CSV file."""
    buffer = io.StringIO(newline="")
    file = CsvFile(buffer, columns)
    for row in rows:
        file.add(row)
    return buffer.getvalue().encode()


def sha256_of(path: Path) -> str:
    """Return the hash of a file, read in blocks."""
    whole = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            whole.update(block)
    return whole.hexdigest()


def file_hashes(folder: Path) -> dict[str, dict[str, Any]]:
    """Return hash and size of every file of a folder but its manifest."""
    files = sorted(path for path in folder.iterdir() if path.name != MANIFEST)
    return {path.name: {"sha256": sha256_of(path), "bytes": path.stat().st_size} for path in files}


def manifest(hashes: Mapping[str, Mapping[str, Any]], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest: what the pack is about, and the SHA-256 and size of every file."""
    return {**facts, "files": dict(hashes)}


def to_json(document: Mapping[str, Any]) -> bytes:
    """Write a manifest: the same document is always the same bytes."""
    return (json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()

"""An evidence pack as bytes: CSV files and a manifest of their hashes. Pure; same rows, same bytes."""

import csv
import datetime as dt
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any


def _cell(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else value


def to_csv(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Write rows as CSV (RFC 4180, UTF-8, times in UTC with Z, NULL as the empty field)."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(row[column]) for column in columns] for row in rows)
    return buffer.getvalue().encode()


def manifest(files: Mapping[str, bytes], facts: Mapping[str, Any]) -> bytes:
    """Write the manifest: what the pack is about, and the SHA-256 and size of every file."""
    hashes = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name, content in sorted(files.items())
    }
    document = {**facts, "files": hashes}
    return (json.dumps(document, indent=2, sort_keys=True) + "\n").encode()

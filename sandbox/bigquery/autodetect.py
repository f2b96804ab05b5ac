"""Schema auto-detection: the narrowest BigQuery type that takes every value of a column."""

import re
from collections.abc import Iterable
from typing import Any

from sandbox.bigquery.csv_rows import CsvField
from sandbox.bigquery.errors import invalid
from sandbox.bigquery.model import Field
from sandbox.bigquery.scalar_values import BadValue, scalar_decoder

_INTEGER = re.compile(r"[+-]?\d{1,19}\Z", re.ASCII)
_FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z", re.ASCII)
_TIMES = ("DATE", "TIME", "TIMESTAMP")
_INVALID_NAME = re.compile(r"\W")


def _text_type(text: str) -> str:
    if text.strip().lower() in ("true", "false"):
        return "BOOLEAN"
    if _INTEGER.match(text.strip()):
        return "INTEGER"
    if _FLOAT.match(text.strip()):
        return "FLOAT"
    return _time_type(text)


def _time_type(text: str) -> str:
    if text[:1].isdigit():
        for kind in _TIMES:
            try:
                scalar_decoder({"name": "", "type": kind})(text)
            except BadValue:
                continue
            return kind
    return "STRING"


def _meet(one: str | None, other: str) -> str:
    """The type that takes values of both."""
    if one is None or one == other:
        return other
    if {one, other} == {"INTEGER", "FLOAT"}:
        return "FLOAT"
    return "TIMESTAMP" if {one, other} == {"DATE", "TIMESTAMP"} else "STRING"


def detect_json(rows: Iterable[dict[str, Any]]) -> list[Field]:
    """The schema of JSON objects."""
    shapes: dict[str, _Shape] = {}
    for row in rows:
        for name, value in row.items():
            shapes.setdefault(name.lower(), _Shape(name)).add(value)
    return [field for shape in shapes.values() if (field := shape.field()) is not None]


class _Shape:
    """What is known of one JSON field."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._kind: str | None = None
        self._is_repeated = False
        self._objects: list[dict[str, Any]] = []

    def add(self, value: Any) -> None:
        if isinstance(value, list):
            self._is_repeated = True
            for item in value:
                self.add(item)
        elif isinstance(value, dict):
            self._objects.append(value)
        elif isinstance(value, bool):
            self._kind = _meet(self._kind, "BOOLEAN")
        elif isinstance(value, (int, float)):
            self._kind = _meet(self._kind, "INTEGER" if isinstance(value, int) else "FLOAT")
        elif value is not None:
            self._kind = _meet(self._kind, _time_type(value))

    def field(self) -> Field | None:
        mode = "REPEATED" if self._is_repeated else "NULLABLE"
        if self._objects:
            inner = detect_json(self._objects)
            # An object without anything in it says nothing of its type.
            return {"name": self._name, "type": "RECORD", "mode": mode, "fields": inner} if inner else None
        return {"name": self._name, "type": self._kind or "STRING", "mode": mode}


def detect_csv(records: list[list[CsvField]], skip: int | None) -> tuple[list[Field], int]:
    """The schema of CSV records, and how many of them are not data.

    With ``skip`` given, the last skipped record names the columns; without, the first record does if it is all text
    and a column below is not.
    """
    if not records:
        raise invalid("Failed to detect the schema: the file has no rows")
    if skip:
        header, data = ((records[skip - 1] if len(records) >= skip else None), records[skip:])
    else:
        header, data, skip = (
            (records[0], records[1:], 1) if _is_header(records) and skip is None else (None, records, 0)
        )
    width = max(len(record) for record in (data or [header or []]))
    kinds = [_column_type(data, place) for place in range(width)]
    names = [_column_name(header, place) for place in range(width)]
    return [{"name": n, "type": k, "mode": "NULLABLE"} for n, k in zip(names, kinds, strict=True)], skip


def _column_type(records: list[list[CsvField]], place: int) -> str:
    kind: str | None = None
    for record in records:
        if place < len(record) and record[place].text:
            kind = _meet(kind, _text_type(record[place].text))
    return kind or "STRING"


def _is_header(records: list[list[CsvField]]) -> bool:
    width = len(records[0])
    first = [_text_type(field.text) for field in records[0]]
    below = [_column_type(records[1:], place) for place in range(width)]
    return all(kind == "STRING" for kind in first) and any(kind != "STRING" for kind in below)


def _column_name(header: list[CsvField] | None, place: int) -> str:
    if header is None or place >= len(header) or not header[place].text.strip():
        kind_of_name = "string_field" if header is None else "field"
        return f"{kind_of_name}_{place}"
    name = _INVALID_NAME.sub("_", header[place].text.strip())
    return f"_{name}" if name[0].isdigit() else name

"""Tables that a person reads at a shell: columns aligned, numbers to the right, one line a row."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

FORMATS = ("table", "json")


def table(columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as a table.

    Args:
        columns: what to show of a row, with the heading of each.
        rows: their values; None is a dash, a time is without seconds, in UTC.
    """
    cells = [[_cell(row[name]) for name in columns] for row in rows]
    kinds = [{type(row[name]) for row in rows} - {type(None)} for name in columns]
    is_number = [bool(kind) and kind <= {int, float} for kind in kinds]
    widths = [max(map(len, column)) for column in zip(columns.values(), *cells, strict=True)]

    def line(words: Sequence[str]) -> str:
        fitted = zip(words, widths, is_number, strict=True)
        return "  ".join(w.rjust(width) if right else w.ljust(width) for w, width, right in fitted).rstrip()

    return "\n".join(line(words) for words in [list(columns.values()), *cells])


def print_json(found: Any) -> None:
    """Print what was found for a program: times as RFC 3339."""
    print(json.dumps(found, indent=2, ensure_ascii=False, default=_plain))


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "–"
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, dt.datetime) else " ".join(str(value).split())


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else str(value)

"""Query results and table rows as REST sends them.

Rows are first brought to a *canonical* form that JSON can hold (and a file can keep): every value is its REST text, a
TIMESTAMP its microseconds, a RECORD or an array a list. ``wire_rows`` wraps a page of those in REST's ``f`` and ``v``.
"""

import base64
import math
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, overload

from sandbox.bigquery.model import Field

Cell = Any  # None, str, or a list of cells
Encoder = Callable[[Any], Cell]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def canonical_rows(fields: list[Field], rows: Iterable[Sequence[Any]]) -> list[list[Cell]]:
    """Rows of Python values (as a StatementResult has them) in canonical form."""
    encoders = [_nullable_field(field) for field in fields]
    return [[encode(value) for encode, value in zip(encoders, row, strict=True)] for row in rows]


class CanonicalRows(Sequence[list[Cell]]):
    """Rows of Python values as a sequence of canonical ones, each page encoded when it is asked for."""

    def __init__(self, fields: list[Field], rows: Sequence[Sequence[Any]]) -> None:
        self._fields = fields
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, which: int) -> list[Cell]: ...
    @overload
    def __getitem__(self, which: slice) -> list[list[Cell]]: ...
    def __getitem__(self, which: int | slice) -> Any:
        """Return a row, or a page of them."""
        if isinstance(which, int):
            return canonical_rows(self._fields, [self._rows[which]])[0]
        return canonical_rows(self._fields, self._rows[which])


def _encoder(field: Field) -> Encoder:
    if field.get("mode") == "REPEATED":
        item = _nullable(_encoder({**field, "mode": "NULLABLE"}))
        return lambda value: [item(inner) for inner in value or []]
    if field["type"] == "RECORD":
        return _record_encoder(field["fields"])
    return _SCALARS[field["type"]]


def _nullable(encode: Encoder) -> Encoder:
    return lambda value: None if value is None else encode(value)


def _record_encoder(fields: list[Field]) -> Encoder:
    encoders = [_nullable_field(field) for field in fields]

    def encode(value: Any) -> Cell:
        values = value.values() if isinstance(value, dict) else value
        return [encode_inner(inner) for encode_inner, inner in zip(encoders, values, strict=True)]

    return encode


def _nullable_field(field: Field) -> Encoder:
    # A NULL array is an empty one.
    return _encoder(field) if field.get("mode") == "REPEATED" else _nullable(_encoder(field))


def _float(value: Any) -> str:
    number = float(value)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return repr(number)


def _numeric(value: Any) -> str:
    """Without exponent and without trailing zeros, as BigQuery writes NUMERIC."""
    text = format(Decimal(value), "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


_SCALARS: dict[str, Encoder] = {
    "STRING": str,
    "INTEGER": lambda value: str(int(value)),
    "FLOAT": _float,
    "NUMERIC": _numeric,
    "BOOLEAN": lambda value: "true" if value else "false",
    "TIMESTAMP": lambda value: str((value - _EPOCH) // _MICROSECOND),
    "DATE": lambda value: value.isoformat(),
    "BYTES": lambda value: base64.b64encode(bytes(value)).decode(),
}


def wire_rows(fields: list[Field], rows: Iterable[list[Cell]]) -> list[dict[str, Any]]:
    """Canonical rows as REST's ``{"f": [{"v": …}]}``."""
    wrappers = [_wrapper(field) for field in fields]
    return [{"f": [{"v": wrap(cell)} for wrap, cell in zip(wrappers, row, strict=True)]} for row in rows]


def _wrapper(field: Field) -> Encoder:
    if field.get("mode") == "REPEATED":
        item = _wrapper({**field, "mode": "NULLABLE"})
        return lambda cells: [{"v": item(cell)} for cell in cells or []]
    if field["type"] == "RECORD":
        inner = [_wrapper(child) for child in field["fields"]]
        return _nullable(lambda cells: {"f": [{"v": wrap(cell)} for wrap, cell in zip(inner, cells, strict=True)]})
    return lambda cell: cell

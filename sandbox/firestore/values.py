"""Firestore's order over values of every type, as bytes that compare the same way.

One encoding serves the sort, the filters, the cursors and the SQLite index: ``sort_key(a) < sort_key(b)`` exactly when
Firestore puts a before b, and equal keys are what Firestore calls equal (1 and 1.0 are).
"""

import math
import re
import struct
from typing import Any

# The first byte is the type's rank; gaps leave every type a range [rank, rank + 1).
NULL, BOOLEAN, NUMBER, TIMESTAMP, STRING, BYTES, REFERENCE, GEO_POINT, ARRAY, MAP = (
    bytes([rank]) for rank in range(0x10, 0x60, 0x08)
)
VECTOR = bytes([ARRAY[0] + 4])
_END = b"\x00\x00"  # below every element, so that a prefix sorts first
_MORE = b"\x01"
NUMERIC_ID = re.compile(r"__id(-?\d+)__")

NULL_KEY = NULL
NAN_KEY = NUMBER + b"\x00"


def _text(raw: bytes) -> bytes:
    return raw.replace(b"\x00", b"\x00\xff") + b"\x00\x01"


def _double(number: float) -> bytes:
    (bits,) = struct.unpack(">Q", struct.pack(">d", number + 0.0))  # + 0.0 turns -0.0 into 0.0
    bits = bits ^ 0xFFFFFFFFFFFFFFFF if bits >> 63 else bits | 1 << 63
    return struct.pack(">Q", bits)


def _number(number: int | float) -> bytes:
    if number != number:
        return NAN_KEY
    # An integer is the next double below it plus what is left (less than 1024 within 64 bits): exact past 2**53.
    floor = float(number)
    if isinstance(number, int) and floor > number:
        floor = math.nextafter(floor, -math.inf)
    rest = number - int(floor) if isinstance(number, int) else 0
    return NUMBER + b"\x01" + _double(floor) + rest.to_bytes(2, "big")


def name_key(name: str) -> bytes:
    """Return the sort key of a resource name: segment by segment, numeric ids (``__id7__``) first."""
    parts = []
    for segment in name.split("/"):
        numeric = NUMERIC_ID.fullmatch(segment) if segment.startswith("__id") else None
        if numeric:
            parts.append(b"\x01" + (int(numeric[1]) + (1 << 63)).to_bytes(9, "big"))
        else:
            parts.append(b"\x02" + _text(segment.encode()))
    return REFERENCE + b"".join(parts) + _END


def _map(fields: Any) -> bytes:
    names = sorted(fields, key=str.encode)
    return MAP + b"".join(_MORE + _text(name.encode()) + sort_key(fields[name]) for name in names) + _END


def _vector(numbers: Any) -> bytes:
    """Vectors stand between arrays and maps, shorter ones first."""
    return VECTOR + struct.pack(">I", len(numbers)) + b"".join(_number(number.double_value) for number in numbers)


def sort_key(value: Any) -> bytes:
    """Return the bytes by which a value sorts and compares."""
    kind = value.WhichOneof("value_type")
    if kind == "string_value":
        return STRING + _text(value.string_value.encode())
    if kind == "integer_value":
        return _number(value.integer_value)
    if kind == "double_value":
        return _number(value.double_value)
    if kind == "timestamp_value":
        moment = value.timestamp_value
        return TIMESTAMP + struct.pack(">QI", moment.seconds + (1 << 63), moment.nanos)
    if kind == "boolean_value":
        return BOOLEAN + bytes([value.boolean_value])
    if kind == "map_value":
        fields = value.map_value.fields
        return _vector(fields["value"].array_value.values) if "__type__" in fields else _map(fields)
    if kind == "array_value":
        return ARRAY + b"".join(_MORE + sort_key(element) for element in value.array_value.values) + _END
    if kind == "reference_value":
        return name_key(value.reference_value)
    if kind == "bytes_value":
        return BYTES + _text(value.bytes_value)
    if kind == "geo_point_value":
        return GEO_POINT + _double(value.geo_point_value.latitude) + _double(value.geo_point_value.longitude)
    return NULL_KEY


def type_range(key: bytes) -> tuple[bytes, bytes]:
    """Return the lower and the upper bound of all keys of the type that ``key`` has."""
    return key[:1], bytes([key[0] + 1])

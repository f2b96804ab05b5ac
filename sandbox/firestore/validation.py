"""What Firestore refuses to store: bad values, too deep, too large."""

from typing import Any

from sandbox.firestore.errors import invalid
from sandbox.firestore.paths import check_document_name, check_field_name

MAX_DOCUMENT_BYTES = 1 << 20
MAX_DEPTH = 20
MAX_DIMENSIONS = 2048
_FIRST_SECOND, _LAST_SECOND = -62135596800, 253402300799  # years 1 to 9999
_FIXED_SIZES = {"boolean_value": 1, "integer_value": 8, "double_value": 8, "timestamp_value": 8, "geo_point_value": 16}


def check_document(document: Any) -> None:
    """Refuse a document that Firestore would not store; cut its timestamps to microseconds, as Firestore does."""
    name = document.name.partition("/documents/")[2]
    size = sum(_text_size(segment) for segment in name.split("/")) + 16 + 32
    size += _check_fields(document.fields, depth=0)
    if size > MAX_DOCUMENT_BYTES:
        raise invalid(
            f"Document '{document.name}' cannot be written because its size ({size:,} bytes) "
            f"exceeds the maximum allowed size of {MAX_DOCUMENT_BYTES:,} bytes."
        )


def _text_size(text: str) -> int:
    return len(text.encode()) + 1


def _check_fields(fields: Any, depth: int) -> int:
    size = 0
    for name, value in fields.items():
        check_field_name(name)
        size += _text_size(name) + check_value(value, depth)
    return size


def check_value(value: Any, depth: int = 0, in_array: bool = False) -> int:
    """Refuse a value that Firestore would not store, and return its size as Firestore counts it."""
    kind = value.WhichOneof("value_type")
    if kind == "string_value":
        return _text_size(value.string_value)
    if kind in ("map_value", "array_value"):
        return _check_nested(value, kind, depth + 1, in_array)
    if kind == "null_value":
        return 1
    if kind == "bytes_value":
        return len(value.bytes_value)
    if kind == "reference_value":
        check_document_name(value.reference_value)
        return len(value.reference_value.encode())
    if kind == "timestamp_value":
        _check_timestamp(value.timestamp_value)
    elif kind == "geo_point_value":
        _check_geo_point(value.geo_point_value)
    if kind not in _FIXED_SIZES:
        raise invalid(f"Cannot store a value of type {kind or 'unset'}.")
    return _FIXED_SIZES[kind]


def _check_nested(value: Any, kind: str, depth: int, in_array: bool) -> int:
    if depth > MAX_DEPTH:
        raise invalid(f"A field contains a {'map' if kind == 'map_value' else 'array'} nested deeper than {MAX_DEPTH}.")
    if kind == "map_value":
        if "__type__" in value.map_value.fields:
            return _check_vector(value.map_value.fields)
        return _check_fields(value.map_value.fields, depth)
    if in_array:
        raise invalid("Cannot convert an array value in an array value.")
    return sum(check_value(element, depth, in_array=True) for element in value.array_value.values)


def _check_vector(fields: Any) -> int:
    """Refuse a map of the reserved type that is not what clients write a vector as."""
    numbers = fields["value"].array_value.values if fields.keys() == {"__type__", "value"} else []
    if fields["__type__"].string_value != "__vector__" or not 1 <= len(numbers) <= MAX_DIMENSIONS:
        raise invalid(f"A map with __type__ must be a vector of 1 to {MAX_DIMENSIONS} dimensions.")
    if any(number.WhichOneof("value_type") != "double_value" for number in numbers):
        raise invalid("A vector holds doubles alone.")
    return 8 * len(numbers)


def _check_timestamp(timestamp: Any) -> None:
    if not _FIRST_SECOND <= timestamp.seconds <= _LAST_SECOND or not 0 <= timestamp.nanos < 1_000_000_000:
        raise invalid("Timestamp is out of the range of years 1 to 9999.")
    timestamp.nanos -= timestamp.nanos % 1000


def _check_geo_point(point: Any) -> None:
    if not -90 <= point.latitude <= 90:
        raise invalid(f"Geo point latitude '{point.latitude}' outside permitted range -90.0 to 90.0.")
    if not -180 <= point.longitude <= 180:
        raise invalid(f"Geo point longitude '{point.longitude}' outside permitted range -180.0 to 180.0.")

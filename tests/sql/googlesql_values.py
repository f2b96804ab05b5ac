"""Python values as the GoogleSQL engine takes and gives them: messages (``ValueProto``), read and written by type.

The messages are used as they are: the library's own wrapper of values loses timestamps.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from zetasql.wasi._pb2.zetasql.public import value_pb2

from tests.sql.googlesql_types import type_name

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_PLAIN = {
    "STRING": "string_value",
    "INT64": "int64_value",
    "BOOL": "bool_value",
    "FLOAT64": "double_value",
    "BYTES": "bytes_value",
}


def encode(value: Any, kind: Any) -> Any:
    """Return the message of a value: of a row by the names of its fields, of a moment also if it is ISO text."""
    message = value_pb2.ValueProto()
    name = type_name(kind)
    if name.startswith("ARRAY<"):
        # BigQuery's tables and parameters know no NULL arrays.
        cells = [encode(item, kind.array_type.element_type) for item in value or []]
        message.array_value.CopyFrom(value_pb2.ValueProto.Array(element=cells))
    elif value is None:
        return message
    elif name.startswith("STRUCT<"):
        cells = [encode(value.get(field.field_name), field.field_type) for field in kind.struct_type.field]
        message.struct_value.CopyFrom(value_pb2.ValueProto.Struct(field=cells))
    elif name == "TIMESTAMP":
        moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
        seconds, microseconds = divmod((moment - _EPOCH) // _MICROSECOND, 1_000_000)
        message.timestamp_value.seconds = seconds
        message.timestamp_value.nanos = microseconds * 1000
    elif name == "DATE":
        message.date_value = (value - _EPOCH.date()).days
    else:
        setattr(message, _PLAIN[name], value)
    return message


def decode(message: Any, kind: Any) -> Any:
    """Return the value of a message as BigQuery's client gives it: rows as dicts, no NULL arrays."""
    name = type_name(kind)
    if name.startswith("ARRAY<"):
        return [decode(item, kind.array_type.element_type) for item in message.array_value.element]
    if message.WhichOneof("value") is None:
        return None
    if name.startswith("STRUCT<"):
        return decode_row(message.struct_value.field, fields_of(kind))
    if name == "TIMESTAMP":
        moment = message.timestamp_value
        return _EPOCH + dt.timedelta(seconds=moment.seconds, microseconds=moment.nanos // 1000)
    if name == "DATE":
        return _EPOCH.date() + dt.timedelta(days=message.date_value)
    return getattr(message, _PLAIN[name])


def fields_of(kind: Any) -> dict[str, Any]:
    """Return the fields of a STRUCT, name to type."""
    return {field.field_name: field.field_type for field in kind.struct_type.field}


def decode_row(cells: Any, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row by the names of its columns."""
    return {name: decode(cell, kind) for cell, (name, kind) in zip(cells, columns.items(), strict=True)}

"""JSON rows against a schema: BigQuery's rules for unknown, missing, repeated, nested and typed values."""

from collections.abc import Callable
from typing import Any

from sandbox.bigquery.model import Field
from sandbox.bigquery.scalar_values import BadValue, scalar_decoder

Decode = Callable[[Any], Any]


class BadField(Exception):
    """A row that does not fit."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def row_decoder(fields: list[Field]) -> Decode:
    """What turns a JSON object into a row of carried values by column (see ``staging``), or raises ``BadField``."""
    record = _record(fields, "")

    def decode(row: Any) -> dict[str, Any]:
        if not isinstance(row, dict):
            raise BadField("Expected a JSON object")
        decoded: dict[str, Any] = record(row)
        return decoded

    return decode


def _record(fields: list[Field], prefix: str) -> Decode:
    decoders = {field["name"].lower(): (field["name"], _field(field, prefix)) for field in fields}
    required = [field["name"] for field in fields if field.get("mode") == "REQUIRED"]
    arrays = [field["name"] for field in fields if field.get("mode") == "REPEATED"]

    def decode(row: dict[str, Any]) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key, value in row.items():
            known = decoders.get(key.lower())
            if known is None:
                raise BadField(f"No such field: {prefix}{key}.")
            name, decode_field = known
            out[name] = decode_field(value)
        for name in required:
            if name not in out:
                raise BadField(f"Missing required fields: {prefix}{name}.")
        for name in arrays:
            out.setdefault(name, [])
        return out

    return decode


def _field(field: Field, prefix: str) -> Decode:
    path = prefix + field["name"]
    single = _nested(field, path) if field["type"] == "RECORD" else _scalar(field, path)
    if field.get("mode") == "REPEATED":
        return _repeated(single, path)
    if field.get("mode") == "REQUIRED":

        def required(value: Any) -> Any:
            if value is None:
                raise BadField(f"Only optional fields can be set to NULL. Field: {path}; Value: NULL")
            return single(value)

        return required
    return lambda value: None if value is None else single(value)


def _repeated(single: Decode, path: str) -> Decode:
    def decode(values: Any) -> Any:
        if values is None:
            return []
        if not isinstance(values, list):
            raise BadField(f"Repeated field must be imported as a JSON array. Field: {path}.")
        if None in values:
            raise BadField(f"Only optional fields can be set to NULL. Field: {path}; Value: NULL")
        return [single(value) for value in values]

    return decode


def _scalar(field: Field, path: str) -> Decode:
    decode = scalar_decoder(field)

    def decode_scalar(value: Any) -> Any:
        if isinstance(value, list):
            raise BadField(f"Array specified for non-repeated field: {path}.")
        try:
            return decode(value)
        except BadValue as error:
            raise BadField(f"{error} (Field: {path})") from None

    return decode_scalar


def _nested(field: Field, path: str) -> Decode:
    record = _record(field["fields"], path + ".")

    def decode(value: Any) -> Any:
        if isinstance(value, list):
            raise BadField(f"Array specified for non-repeated field: {path}.")
        if not isinstance(value, dict):
            raise BadField(f"This field: {path} is not a record.")
        return record(value)

    return decode

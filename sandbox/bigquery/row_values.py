"""JSON rows against a schema: BigQuery's rules for unknown, missing, repeated, nested and typed values."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.bigquery.model import Field
from sandbox.bigquery.scalar_values import BadValue, json_text, scalar_decoder
from sandbox.bigquery.staging import GIVEN


class BadField(Exception):
    """A row that does not fit, with the path of the field that is to blame."""

    def __init__(self, location: str, message: str) -> None:
        super().__init__(message)
        self.location = location
        self.message = message


@dataclass(frozen=True)
class Rules:
    """How strict to be, and which of BigQuery's two voices (loads, streamed rows) to speak with."""

    ignore_unknown: bool = False
    streamed: bool = False
    json_is_text: bool = False
    """Whether a JSON column's value comes as text that is still to be parsed (CSV, streamed rows)."""


Decode = Callable[[Any], Any]


class RowDecoder:
    """Turns a JSON object into a row of carried values (see ``staging``) or raises ``BadField``."""

    def __init__(self, fields: list[Field], rules: Rules) -> None:
        self._rules = rules
        self.optional = [field["name"] for field in fields if field.get("defaultValueExpression")]
        self._decode = self._record(fields, "", self.optional)

    def __call__(self, row: Any) -> dict[str, Any]:
        """The row's carried values by column name."""
        if not isinstance(row, dict):
            raise BadField("", "Expected a JSON object")
        decoded: dict[str, Any] = self._decode(row)
        return decoded

    def _record(self, fields: list[Field], prefix: str, optional: list[str]) -> Callable[[dict[str, Any]], Any]:
        decoders = {field["name"].lower(): (field["name"], self._field(field, prefix)) for field in fields}
        required = [field["name"] for field in fields if field.get("mode") == "REQUIRED"]
        arrays = [field["name"] for field in fields if field.get("mode") == "REPEATED"]
        needed = [name for name in required if name not in optional]
        ignore_unknown = self._rules.ignore_unknown

        def decode(row: dict[str, Any]) -> dict[str, Any]:
            out: dict[str, Any] = {}
            for key, value in row.items():
                known = decoders.get(key.lower())
                if known is not None:
                    name, decode_field = known
                    out[name] = decode_field(value)
                elif not ignore_unknown:
                    raise self._unknown(prefix + key)
            for name in needed:
                if name not in out:
                    raise self._missing(prefix + name)
            for name in arrays:
                out.setdefault(name, [])
            for name in optional:
                out[GIVEN + name] = name in out
            return out

        return decode

    def _field(self, field: Field, prefix: str) -> Decode:
        path = prefix + field["name"]
        if field.get("mode") == "REPEATED":
            return self._repeated(self._single(field, path), path)
        single = self._single(field, path)
        if field.get("mode") == "REQUIRED":

            def required(value: Any) -> Any:
                if value is None:
                    raise BadField(path, f"Only optional fields can be set to NULL. Field: {path}; Value: NULL")
                return single(value)

            return required
        return lambda value: None if value is None else single(value)

    def _repeated(self, single: Decode, path: str) -> Decode:
        def decode(values: Any) -> Any:
            if values is None:
                return []
            if not isinstance(values, list):
                raise BadField(path, f"Repeated field must be imported as a JSON array. Field: {path}.")
            if None in values:
                raise BadField(path, f"Only optional fields can be set to NULL. Field: {path}; Value: NULL")
            return [single(value) for value in values]

        return decode

    def _single(self, field: Field, path: str) -> Decode:
        if field["type"] == "RECORD":
            return self._nested(field, path)
        if field["type"] == "JSON":
            return self._json(path)
        decode = scalar_decoder(field)

        def decode_scalar(value: Any) -> Any:
            if isinstance(value, list):
                raise BadField(path, f"Array specified for non-repeated field: {path}.")
            try:
                return decode(value)
            except BadValue as error:
                raise BadField(path, f"{error} (Field: {path})") from None

        return decode_scalar

    def _json(self, path: str) -> Decode:
        def decode(value: Any) -> Any:
            if self._rules.streamed and isinstance(value, dict):
                raise BadField(path, f"This field: {path} is not a record.")
            try:
                return json_text(value) if self._rules.json_is_text else _LOADED_JSON(value)
            except BadValue as error:
                raise BadField(path, str(error)) from None

        return decode

    def _nested(self, field: Field, path: str) -> Decode:
        record = self._record(field["fields"], path + ".", [])

        def decode(value: Any) -> Any:
            if isinstance(value, list):
                raise BadField(path, f"Array specified for non-repeated field: {path}.")
            if not isinstance(value, dict):
                raise BadField(path, f"This field: {path} is not a record.")
            return record(value)

        return decode

    def _unknown(self, path: str) -> BadField:
        return BadField(path, f"no such field: {path}." if self._rules.streamed else f"No such field: {path}.")

    def _missing(self, path: str) -> BadField:
        if self._rules.streamed:
            return BadField(path, f"Missing required field: {path}.")
        return BadField(path, f"Missing required fields: {path}.")


_LOADED_JSON = scalar_decoder({"name": "", "type": "JSON"})

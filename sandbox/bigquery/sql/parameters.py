"""Query parameters: from REST's queryParameters to typed values."""

import base64
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.bigquery.errors import invalid, invalid_query, not_implemented
from sandbox.bigquery.sql import date_literals
from sandbox.bigquery.sql.environment import Variable
from sandbox.bigquery.sql.typesystem import MISSING_TYPES, SIMPLE_TYPES, Type, array_of, struct_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def named_parameters(parameters: list[dict[str, Any]]) -> dict[str, Variable]:
    """Parameters by lower-case name."""
    found: dict[str, Variable] = {}
    for parameter in parameters:
        name = parameter.get("name")
        if not name:
            raise not_implemented("positional parameters")
        if name.lower() in found:
            raise invalid(f"Duplicate query parameter {name}")
        found[name.lower()] = _variable(parameter, name)
    return found


def _variable(parameter: dict[str, Any], name: str) -> Variable:
    type = parameter_type(parameter.get("parameterType") or {})
    return Variable(type, _value(type, parameter.get("parameterValue") or {}, name))


def parameter_type(given: dict[str, Any]) -> Type:
    """The type of a parameter."""
    kind = str(given.get("type", "")).upper()
    if kind == "ARRAY":
        return array_of(parameter_type(given.get("arrayType") or {}))
    if kind in ("STRUCT", "RECORD"):
        fields = given.get("structTypes") or []
        return struct_of(*((field.get("name") or None, parameter_type(field.get("type") or {})) for field in fields))
    kind = {"FLOAT": "FLOAT64"}.get(kind, kind)
    if kind in MISSING_TYPES:
        raise not_implemented(f"parameters of type {kind}")
    if kind not in SIMPLE_TYPES:
        raise invalid(f"Invalid parameter type: {kind or 'missing'}")
    return SIMPLE_TYPES[kind]


def _value(type: Type, given: dict[str, Any], name: str) -> Any:
    if type.is_array:
        if "arrayValues" not in given and "value" in given and given["value"] is None:
            return []
        return [_value(type.item, item or {}, name) for item in given.get("arrayValues") or []]
    if type.is_struct:
        if given.get("structValues") is None:
            return None
        values = given["structValues"]
        return {
            key: _value(inner, values.get(field or key) or {}, name)
            for key, (field, inner) in zip(type.field_keys, type.fields, strict=True)
        }
    text = given.get("value")
    if text is None:
        return None
    try:
        return scalar(type.kind, text if isinstance(text, str) else str(text))
    except (ValueError, InvalidOperation, OverflowError):
        raise invalid_query(
            f"Invalid value for query parameter {name}: could not parse '{text}' as {type.kind}"
        ) from None


def scalar(kind: str, text: str) -> Any:
    """A value from its REST text; raises ValueError when it is none."""
    if kind == "INT64":
        value = int(text)
        if not -(2**63) <= value < 2**63:
            raise ValueError(text)
        return value
    if kind == "FLOAT64":
        return float(text)
    if kind == "BOOL":
        return (
            {"true": True, "false": False, "1": True, "0": False}[text.lower()]
            if text.lower() in ("true", "false", "1", "0")
            else _refuse(text)
        )
    if kind == "BYTES":
        return base64.b64decode(text, validate=True)
    if kind == "NUMERIC":
        number = Decimal(text)
        return number if number.is_finite() else _refuse(text)
    if kind == "TIMESTAMP":
        return _timestamp(text)
    if kind == "DATE":
        return date_literals.parse_date(text)
    return text


def _refuse(text: str) -> Any:
    raise ValueError(text)


def _timestamp(text: str) -> datetime:
    if text.lstrip("-").isdigit():
        return _EPOCH + timedelta(microseconds=int(text))
    return date_literals.parse_timestamp(text)

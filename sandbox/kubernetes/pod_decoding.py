"""Reading a pod's JSON as an API server does: by the types of its description, which it serves itself."""

import re
from collections.abc import Iterator
from typing import Any

from sandbox.contracts.descriptions import Schema, description
from sandbox.kubernetes.status import ApiFailure, bad_request

Object = dict[str, Any]
_POD = "io.k8s.api.core.v1.Pod"
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_QUANTITY_FORM = r"([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)"
_INT_OR_STRING = "int-or-string"
_FIELD_VALIDATION = ("", "Ignore", "Warn", "Strict")


def decode_pod(obj: Object, field_validation: str) -> Object:
    """Return the pod without the fields that no API server knows.

    Raises:
        ApiFailure: 400 where a value is of another type, or, with ``Strict``, where a field is unknown.
    """
    if field_validation not in _FIELD_VALIDATION:
        supported = 'supported values: "Ignore", "Warn", "Strict"'
        message = f'fieldValidation: Unsupported value: "{field_validation}": {supported}'
        raise ApiFailure(422, "Invalid", f'CreateOptions.meta.k8s.io "" is invalid: {message}')
    for field, expected in (("kind", "Pod"), ("apiVersion", "v1")):
        if obj.get(field) not in (None, expected):
            raise bad_request(f'{field} {obj[field]!r} is not "{expected}"')
    unknown: list[str] = []
    decoded: Object = _decode(obj, {"$ref": _POD}, "", "Pod", unknown)
    if unknown and field_validation == "Strict":
        fields = ", ".join(f'unknown field "{path}"' for path in unknown)
        raise bad_request(f'Pod in version "v1" cannot be handled as a Pod: strict decoding error: {fields}')
    return decoded


def _decode(value: Any, schema: Schema, path: str, owner: str, unknown: list[str]) -> Any:
    if "$ref" in schema:
        name = schema["$ref"]
        if name == _QUANTITY:
            return _quantity(value)
        owner = name.rpartition(".")[2] if "properties" in description("kubernetes").schema(name) else owner
    resolved = description("kubernetes").resolved(schema)
    if value is None or resolved.get("type") == "any" or resolved.get("format") == _INT_OR_STRING:
        return value
    match resolved.get("type"):
        case "object":
            return _decode_object(value, resolved, path, owner, unknown)
        case "array":
            if not isinstance(value, list):
                return _refuse(value, owner, path, "[]" + _go_type(resolved["items"]))
            return [
                _decode(element, resolved["items"], f"{path}[{place}]", owner, unknown)
                for place, element in enumerate(value)
            ]
        case "integer":
            is_right = isinstance(value, int) and not isinstance(value, bool)
        case "boolean":
            is_right = isinstance(value, bool)
        case _:
            is_right = isinstance(value, str)
    return value if is_right else _refuse(value, owner, path, _go_type(resolved))


def _quantity(value: Any) -> str:
    text = str(value)
    if isinstance(value, (bool, dict, list)) or not re.fullmatch(_QUANTITY_FORM, text):
        rule = f"quantities must match the regular expression '^{_QUANTITY_FORM}$'"
        raise bad_request(f'Pod in version "v1" cannot be handled as a Pod: {rule}')
    return text


def _decode_object(value: Any, schema: Schema, path: str, owner: str, unknown: list[str]) -> Object:
    if not isinstance(value, dict):
        _refuse(value, owner, path, "map" if "properties" not in schema else owner)
    return dict(_fields(value, schema, path, owner, unknown))


def _fields(value: Object, schema: Schema, path: str, owner: str, unknown: list[str]) -> Iterator[tuple[str, Any]]:
    others = schema.get("additionalProperties")
    for name, held in value.items():
        place = f"{path}.{name}" if path else name
        known = schema.get("properties", {}).get(name, others)
        if known is None and "properties" in schema:
            unknown.append(place)
        else:
            yield name, _decode(held, known or {"type": "any"}, place, owner, unknown)


def _refuse(value: Any, owner: str, path: str, wanted: str) -> Any:
    found = {dict: "object", list: "array", str: "string", bool: "bool"}.get(type(value), "number")
    # As Go's decoder names a place: without the numbers of elements.
    field = "".join(part.partition("]")[2] if "]" in part else part for part in path.split("["))
    raise bad_request(
        'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal '
        f"{found} into Go struct field {owner}.{field} of type {wanted}"
    )


def _go_type(schema: Schema) -> str:
    if "$ref" in schema:
        return "v1." + str(schema["$ref"]).rpartition(".")[2]
    return {"integer": str(schema.get("format", "int64")), "boolean": "bool"}.get(schema["type"], str(schema["type"]))

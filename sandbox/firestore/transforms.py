"""Field transforms: the server computes the new value from the stored one."""

from typing import Any

from sandbox.firestore.errors import invalid
from sandbox.firestore.paths import parse_field_path, set_at, value_at
from sandbox.firestore.protos import Value, to_timestamp
from sandbox.firestore.validation import check_value
from sandbox.firestore.values import NAN_KEY, is_number, number_of, sort_key

_LEAST, _GREATEST = -(2**63), 2**63 - 1
_NULL = Value(null_value=0)


def apply_transform(document: Any, transform: Any, moment: int) -> Any:
    """Apply one transform to a document in place and return the result that the client is told."""
    path = parse_field_path(transform.field_path)
    kind = transform.WhichOneof("transform_type")
    stored = value_at(document.fields, path)
    if kind in ("append_missing_elements", "remove_all_from_array"):
        operand = getattr(transform, kind)
        for element in operand.values:
            check_value(element, depth=1, in_array=True)
        set_at(document.fields, path, _array(kind, stored, operand))
        return _NULL
    if kind == "set_to_server_value":
        value = _server_value(transform, moment)
    elif kind in ("increment", "maximum", "minimum"):
        operand = getattr(transform, kind)
        if not is_number(operand):
            raise invalid("Input must be int64 or double.")
        value = _numeric(kind, stored, operand)
    else:
        raise invalid("A field transform needs a type.")
    set_at(document.fields, path, value)
    return value


def _server_value(transform: Any, moment: int) -> Any:
    if not transform.set_to_server_value:
        raise invalid("ServerValue type must be specified for set_to_server_value transformation.")
    # The real service's request time has milliseconds and precedes the commit; so does this.
    return Value(timestamp_value=to_timestamp(moment // 1000 * 1000))


def _numeric(kind: str, stored: Any | None, operand: Any) -> Any:
    if stored is None or not is_number(stored):
        return operand
    if kind == "increment":
        total = number_of(stored) + number_of(operand)
        if isinstance(total, int):
            return Value(integer_value=min(max(total, _LEAST), _GREATEST))
        return Value(double_value=total)
    ours, theirs = sort_key(stored), sort_key(operand)
    if NAN_KEY in (ours, theirs):
        return Value(double_value=float("nan"))
    is_replaced = theirs > ours if kind == "maximum" else theirs < ours  # of equals (1 and 1.0) the stored one stays
    return operand if is_replaced else stored


def _array(kind: str, stored: Any | None, operand: Any) -> Any:
    elements = list(stored.array_value.values) if stored is not None else []
    result = Value()
    result.array_value.SetInParent()
    if kind == "remove_all_from_array":
        unwanted = {sort_key(element) for element in operand.values}
        result.array_value.values.extend(element for element in elements if sort_key(element) not in unwanted)
        return result
    present = {sort_key(element) for element in elements}
    for element in operand.values:
        key = sort_key(element)
        if key not in present:
            present.add(key)
            elements.append(element)
    result.array_value.values.extend(elements)
    return result

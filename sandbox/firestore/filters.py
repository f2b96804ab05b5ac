"""The ``where`` of a query: which documents match, and which range of an index holds them all."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from sandbox.firestore.errors import invalid, not_implemented
from sandbox.firestore.paths import NAME, check_document_name, parse_field_path, value_at
from sandbox.firestore.protos import StructuredQuery
from sandbox.firestore.values import NAN_KEY, NULL_KEY, name_key, sort_key, type_range

FieldPath = tuple[str, ...]
NAME_PATH: FieldPath = (NAME,)
MAX_DISJUNCTIONS = 30

_Op = StructuredQuery.FieldFilter.Operator
_Composite = StructuredQuery.CompositeFilter.Operator
_NAME_EQUALS = "__name__ =="
_RANGES = ("LESS_THAN", "LESS_THAN_OR_EQUAL", "GREATER_THAN", "GREATER_THAN_OR_EQUAL")


@dataclass(frozen=True)
class Filter:
    """A compiled filter. ``ranges`` are inclusive key ranges of fields that every match must lie in."""

    matches: Callable[[Any], bool] = lambda document: True
    ranges: dict[FieldPath, tuple[bytes, bytes]] = field(default_factory=dict)
    inequalities: frozenset[FieldPath] = frozenset()
    operators: tuple[str, ...] = ()
    disjunctions: int = 1


EVERYTHING = Filter()


def key_at(document: Any, path: FieldPath) -> bytes | None:
    """Return the sort key of a document's field, or None when the document lacks it."""
    if path == NAME_PATH:
        return name_key(document.name)
    value = value_at(document.fields, path)
    return None if value is None else sort_key(value)


def compile_filter(proto: Any) -> Filter:
    """Compile a query's whole ``where``, refusing the combinations that Firestore refuses."""
    compiled = _compile(proto)
    operators = compiled.operators
    if _NAME_EQUALS in operators and compiled.inequalities and NAME_PATH not in compiled.inequalities:
        raise invalid("Equality on __name__ is not allowed beside inequalities of other fields alone.")
    if compiled.disjunctions > MAX_DISJUNCTIONS:
        raise invalid(f"A query supports up to {MAX_DISJUNCTIONS} disjunctions.")
    return compiled


def _compile(proto: Any) -> Filter:
    kind = proto.WhichOneof("filter_type")
    if kind == "composite_filter":
        return _composite(proto.composite_filter)
    if kind == "unary_filter":
        raise not_implemented("filters for null and NaN (unary_filter)")
    if kind == "field_filter":
        return _field_filter(proto.field_filter)
    return EVERYTHING


def _composite(proto: Any) -> Filter:
    parts = [_compile(part) for part in proto.filters]
    if not parts:
        return EVERYTHING
    if len(parts) == 1 and proto.op == _Composite.AND:
        return parts[0]
    if proto.op == _Composite.OR:
        raise not_implemented("filters joined by OR")
    if proto.op != _Composite.AND:
        raise invalid("A composite filter needs an operator.")
    predicates = [part.matches for part in parts]
    return Filter(
        lambda document: all(matches(document) for matches in predicates),
        reduce(_intersect, (part.ranges for part in parts)),
        frozenset().union(*(part.inequalities for part in parts)),
        sum((part.operators for part in parts), ()),
        reduce(lambda product, part: product * part.disjunctions, parts, 1),
    )


def _intersect(
    ours: dict[FieldPath, tuple[bytes, bytes]], theirs: dict[FieldPath, tuple[bytes, bytes]]
) -> dict[FieldPath, tuple[bytes, bytes]]:
    merged = dict(ours)
    for path, (low, high) in theirs.items():
        mine = merged.get(path, (low, high))
        merged[path] = (max(low, mine[0]), min(high, mine[1]))
    return merged


def _field_filter(proto: Any) -> Filter:
    path = parse_field_path(proto.field.field_path)
    if proto.op == _Op.OPERATOR_UNSPECIFIED:
        raise invalid("A field filter needs an operator.")
    operator = _Op.Name(proto.op)
    if operator == "IN":
        return _membership(path, operator, proto.value)
    key = _operand(path, proto.value)
    # Null and NaN equal nothing, not even themselves: there are unary filters for them.
    incomparable = key in (NULL_KEY, NAN_KEY)
    if operator == "EQUAL":
        return Filter(
            lambda document: not incomparable and key_at(document, path) == key,
            {path: (key, key)},
            operators=_name_marker(path),
        )
    if operator in _RANGES:
        return _range(path, operator, key, incomparable)
    raise not_implemented(f"the filter {operator}")


def _range(path: FieldPath, operator: str, key: bytes, incomparable: bool) -> Filter:
    low, high = type_range(key)
    if operator.startswith("LESS_THAN"):
        high = key
    else:
        low = key
    is_strict = not operator.endswith("OR_EQUAL")

    def matches(document: Any) -> bool:
        held = key_at(document, path)
        if held is None or incomparable or not low <= held <= high or held == NAN_KEY:
            return False
        return not (is_strict and held == key)

    return Filter(matches, {path: (low, high)}, frozenset([path]), (operator,))


def _membership(path: FieldPath, operator: str, value: Any) -> Filter:
    if not value.HasField("array_value"):
        raise invalid(f"'{operator}' requires an ArrayValue.")
    elements = value.array_value.values
    if not elements:
        raise invalid(f"'{operator}' requires an non-empty ArrayValue.")
    if len(elements) > MAX_DISJUNCTIONS:
        raise invalid(f"'{operator}' supports up to {MAX_DISJUNCTIONS} comparison values.")
    comparable = {_operand(path, element) for element in elements} - {NULL_KEY, NAN_KEY}
    return Filter(
        lambda document: key_at(document, path) in comparable,
        {path: (min(comparable), max(comparable))} if comparable else {},
        operators=(operator, *_name_marker(path)),
        disjunctions=len(elements),
    )


def _name_marker(path: FieldPath) -> tuple[str, ...]:
    return (_NAME_EQUALS,) if path == NAME_PATH else ()


def _operand(path: FieldPath, value: Any) -> bytes:
    if path == NAME_PATH:
        if not value.HasField("reference_value"):
            raise invalid("__name__ filter value must be a reference.")
        check_document_name(value.reference_value, may_be_numeric=True)
    if value.WhichOneof("value_type") is None:
        raise invalid("A filter needs a value.")
    return sort_key(value)

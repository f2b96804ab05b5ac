"""The ``where`` of a query: which documents match, and which range of an index holds them all."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from sandbox.firestore.errors import invalid
from sandbox.firestore.paths import NAME, check_document_name, parse_field_path, value_at
from sandbox.firestore.protos import StructuredQuery
from sandbox.firestore.values import NAN_KEY, NULL_KEY, element_keys, name_key, sort_key, type_range

FieldPath = tuple[str, ...]
NAME_PATH: FieldPath = (NAME,)
MAX_DISJUNCTIONS = 30
MAX_NOT_IN = 10

_Op = StructuredQuery.FieldFilter.Operator
_Unary = StructuredQuery.UnaryFilter.Operator
_Composite = StructuredQuery.CompositeFilter.Operator
_NEGATIONS = ("NOT_EQUAL", "NOT_IN", "IS_NOT_NAN", "IS_NOT_NULL")
_NAME_EQUALS = "__name__ =="
_RANGES = ("LESS_THAN", "LESS_THAN_OR_EQUAL", "GREATER_THAN", "GREATER_THAN_OR_EQUAL")
_MEMBERSHIPS = ("IN", "ARRAY_CONTAINS_ANY", "NOT_IN")


@dataclass(frozen=True)
class Filter:
    """A compiled filter. ``ranges`` are inclusive key ranges of fields that every match must lie in."""

    matches: Callable[[Any], bool] = lambda document: True
    ranges: dict[FieldPath, tuple[bytes, bytes]] = field(default_factory=dict)
    inequalities: frozenset[FieldPath] = frozenset()
    operators: tuple[str, ...] = ()
    disjunctions: int = 1
    array_filters: int = 0


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
    if sum(operator in _NEGATIONS for operator in operators) > 1:
        raise invalid("Only a single 'NOT_EQUAL', 'NOT_IN', 'IS_NOT_NAN', or 'IS_NOT_NULL' filter allowed per query.")
    if "NOT_IN" in operators and {"IN", "ARRAY_CONTAINS_ANY", "OR"} & set(operators):
        raise invalid("'NOT_IN' cannot be used in the same query with 'IN', 'ARRAY_CONTAINS_ANY' or 'OR'.")
    if compiled.array_filters > 1:
        raise invalid("A maximum of 1 'ARRAY_CONTAINS' filter is allowed per disjunction.")
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
        return _unary(proto.unary_filter)
    if kind == "field_filter":
        return _field_filter(proto.field_filter)
    return EVERYTHING


def _composite(proto: Any) -> Filter:
    parts = [_compile(part) for part in proto.filters]
    if not parts:
        return EVERYTHING
    if len(parts) == 1 and proto.op == _Composite.AND:
        return parts[0]
    predicates = [part.matches for part in parts]
    inequalities = frozenset().union(*(part.inequalities for part in parts))
    operators = sum((part.operators for part in parts), ())
    if proto.op == _Composite.AND:
        return Filter(
            lambda document: all(matches(document) for matches in predicates),
            reduce(_intersect, (part.ranges for part in parts)),
            inequalities,
            operators,
            reduce(lambda product, part: product * part.disjunctions, parts, 1),
            sum(part.array_filters for part in parts),
        )
    if proto.op == _Composite.OR:
        return Filter(
            lambda document: any(matches(document) for matches in predicates),
            {},
            inequalities,
            ("OR", *operators),
            sum(part.disjunctions for part in parts),
            max(part.array_filters for part in parts),
        )
    raise invalid("A composite filter needs an operator.")


def _intersect(
    ours: dict[FieldPath, tuple[bytes, bytes]], theirs: dict[FieldPath, tuple[bytes, bytes]]
) -> dict[FieldPath, tuple[bytes, bytes]]:
    merged = dict(ours)
    for path, (low, high) in theirs.items():
        mine = merged.get(path, (low, high))
        merged[path] = (max(low, mine[0]), min(high, mine[1]))
    return merged


def _unary(proto: Any) -> Filter:
    path = parse_field_path(proto.field.field_path)
    if path == NAME_PATH:
        raise invalid("__name__ filter value must be a reference.")
    if proto.op == _Unary.OPERATOR_UNSPECIFIED:
        raise invalid("A unary filter needs an operator.")
    operator = _Unary.Name(proto.op)
    wanted = NAN_KEY if operator in ("IS_NAN", "IS_NOT_NAN") else NULL_KEY
    if operator in ("IS_NAN", "IS_NULL"):
        return Filter(lambda document: key_at(document, path) == wanted, {path: (wanted, wanted)})
    unwanted = (None, NULL_KEY, wanted)
    return Filter(lambda document: key_at(document, path) not in unwanted, {}, frozenset([path]), (operator,))


def _field_filter(proto: Any) -> Filter:
    path = parse_field_path(proto.field.field_path)
    if proto.op == _Op.OPERATOR_UNSPECIFIED:
        raise invalid("A field filter needs an operator.")
    operator = _Op.Name(proto.op)
    if operator in _MEMBERSHIPS:
        return _membership(path, operator, proto.value)
    key = _operand(path, operator, proto.value)
    # Null and NaN equal nothing, not even themselves: there are unary filters for them.
    incomparable = key in (NULL_KEY, NAN_KEY)
    if operator == "EQUAL":
        return Filter(
            lambda document: not incomparable and key_at(document, path) == key,
            {path: (key, key)},
            operators=_name_marker(path),
        )
    if operator == "NOT_EQUAL":
        unwanted = (None, NULL_KEY) if key == NAN_KEY else (None, NULL_KEY, key)
        return Filter(
            lambda document: key != NULL_KEY and key_at(document, path) not in unwanted,
            {},
            frozenset([path]),
            (operator,),
        )
    if operator in _RANGES:
        return _range(path, operator, key, incomparable)
    return Filter(
        lambda document: not incomparable and key in _elements(document, path), operators=(operator,), array_filters=1
    )


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
    most = MAX_NOT_IN if operator == "NOT_IN" else MAX_DISJUNCTIONS
    if len(elements) > most:
        raise invalid(f"'{operator}' supports up to {most} comparison values.")
    keys = {_operand(path, operator, element) for element in elements}
    comparable = keys - {NULL_KEY, NAN_KEY}
    if operator == "IN":
        ranges = {path: (min(comparable), max(comparable))} if comparable else {}
        return Filter(
            lambda document: key_at(document, path) in comparable,
            ranges,
            operators=(operator, *_name_marker(path)),
            disjunctions=len(elements),
        )
    if operator == "ARRAY_CONTAINS_ANY":
        return Filter(
            lambda document: not comparable.isdisjoint(_elements(document, path)),
            operators=(operator,),
            disjunctions=len(elements),
            array_filters=1,
        )
    unwanted = comparable | {None, NULL_KEY}
    has_null = NULL_KEY in keys
    return Filter(
        lambda document: not has_null and key_at(document, path) not in unwanted, {}, frozenset([path]), (operator,)
    )


def _name_marker(path: FieldPath) -> tuple[str, ...]:
    return (_NAME_EQUALS,) if path == NAME_PATH else ()


def _operand(path: FieldPath, operator: str, value: Any) -> bytes:
    if path == NAME_PATH:
        if not value.HasField("reference_value") or operator.startswith("ARRAY_"):
            raise invalid("__name__ filter value must be a reference.")
        check_document_name(value.reference_value, may_be_numeric=True)
    if value.WhichOneof("value_type") is None:
        raise invalid("A filter needs a value.")
    return sort_key(value)


def _elements(document: Any, path: FieldPath) -> list[bytes]:
    value = value_at(document.fields, path)
    return [] if value is None else element_keys(value)

"""What is done to rows that DuckDB has fetched: values as BigQuery has them, and answers that it would refuse."""

from collections.abc import Callable, Sequence
from decimal import Context, Decimal
from typing import Any

from sandbox.bigquery.errors import invalid_query
from sandbox.bigquery.sql.typesystem import NUMERIC, Type

_WIDE = Context(prec=80)


def converter(type: Type) -> Callable[[Any], Any] | None:
    """How a fetched value of the type must still be changed; None when it is right as it is."""
    if type == NUMERIC:
        return _plain_decimal
    if type.is_array:
        inner = converter(type.item)
        if inner is None:
            return None
        return lambda values: [inner(value) if value is not None else None for value in values]
    if type.is_struct:
        inners = {key: converter(field) for key, (_, field) in zip(type.field_keys, type.fields, strict=True)}
        if not any(inners.values()):
            return None

        def convert(value: dict[str, Any]) -> dict[str, Any]:
            return {
                key: change(item) if (change := inners.get(key)) is not None and item is not None else item
                for key, item in value.items()
            }

        return convert
    return None


def row_converter(types: list[Type]) -> Callable[[list[tuple[Any, ...]]], list[tuple[Any, ...]]]:
    """How fetched rows of these types must still be changed."""
    converters = [converter(type) for type in types]
    if not any(converters):
        return lambda rows: rows
    return lambda rows: [
        tuple(
            convert(value) if convert is not None and value is not None else value
            for convert, value in zip(converters, row, strict=True)
        )
        for row in rows
    ]


def _plain_decimal(value: Decimal) -> Decimal:
    """Without the zeros of the stored scale: BigQuery says 1.5, not 1.500000000."""
    if value == value.to_integral_value():
        return value.quantize(Decimal(1), context=_WIDE)
    return value.normalize(_WIDE)


def reject_null_elements(rows: Sequence[tuple[Any, ...]], types: list[Type], names: list[str]) -> None:
    """BigQuery cannot put an array with a NULL element into an answer, at whatever depth."""
    checks = [(index, check) for index, type in enumerate(types) if (check := _null_check(type)) is not None]
    for row in rows if checks else ():
        for index, check in checks:
            if check(row[index]):
                raise invalid_query(f"Array cannot have a null element; error in writing field {names[index]}")


def _null_check(type: Type) -> Callable[[Any], bool] | None:
    """Tell of a value whether an array in it has a NULL element; None for types without arrays."""
    if type.is_array:
        inner = _null_check(type.item)
        return lambda values: any(value is None or (inner is not None and inner(value)) for value in values or ())
    if type.is_struct:
        fields = zip(type.field_keys, type.fields, strict=True)
        checks = [(key, check) for key, (_, field) in fields if (check := _null_check(field)) is not None]
        if checks:
            return lambda value: value is not None and any(check(value[key]) for key, check in checks)
    return None

"""Turning values of one type into another: implicit coercion, CAST, and literals of the date types."""

import re
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from sandbox.bigquery.sql import date_literals
from sandbox.bigquery.sql.expression import NOT_LITERAL, Expression, derive, fail, failure, integer
from sandbox.bigquery.sql.lexer import Position
from sandbox.bigquery.sql.typesystem import (
    BOOL,
    FLOAT64,
    INT64,
    NUMERIC,
    Type,
    literal_becomes,
    quote,
    text_literal,
    widens,
)

_INTEGER_TEXT = r"^\s*[-+]?[0-9]+\s*$"
_HEX_TEXT = r"^\s*[-+]?0[xX][0-9a-fA-F]+\s*$"
_FLOAT_TEXT = r"(?i)^\s*[-+]?([0-9]+\.?[0-9]*(e[-+]?[0-9]+)?|\.[0-9]+(e[-+]?[0-9]+)?|inf(inity)?|nan)\s*$"
_NUMERIC_TEXT = r"^\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*$"
_DATE_PARTS = {"DATE", "TIMESTAMP"}


def can_coerce(value: Expression, target: Type) -> bool:
    """Whether ``value`` may stand where ``target`` is expected."""
    if value.is_null or widens(value.type, target):
        return True
    if value.items is not None and value.type.kind == target.kind:
        if target.is_array:
            return all(can_coerce(item, target.item) for item in value.items)
        if target.is_struct and len(value.items) == len(target.fields):
            return all(can_coerce(item, type) for item, (_, type) in zip(value.items, target.fields, strict=True))
    if value.is_literal and literal_becomes(value.type, target):
        if isinstance(value.literal, str) and target.kind in _DATE_PARTS:
            return date_literals.is_valid(value.literal, target.kind)
        return True
    return False


def coerce(value: Expression, target: Type) -> Expression:
    """``value`` as ``target``; ask ``can_coerce`` first."""
    if value.is_null:
        return replace(value, sql=_nothing(value, target), type=target)
    if value.type.duckdb == target.duckdb:
        return value if value.type == target else replace(value, type=target)
    if value.items is not None and target.is_array and value.type.is_array:
        items = tuple(coerce(item, target.item) for item in value.items)
        return replace(value, sql=array_sql(items, target), type=target, items=items)
    if value.items is not None and target.is_struct and value.type.is_struct:
        items = tuple(coerce(item, type) for item, (_, type) in zip(value.items, target.fields, strict=True))
        return replace(value, sql=struct_sql(items, target), type=target, items=items)
    if isinstance(value.literal, str) and target.kind in _DATE_PARTS:
        return replace(value, sql=date_literals.duckdb_literal(value.literal, target.kind), type=target)
    if target.kind == "NUMERIC" and isinstance(value.literal, float):
        return replace(value, sql=f"CAST({text_literal(repr(value.literal))} AS {target.duckdb})", type=target)
    return replace(cast(value, target), column=None, is_parameter=value.is_parameter)


def _nothing(value: Expression, target: Type) -> str:
    """An untyped NULL as a value of a type; ERROR(…) goes on to fail."""
    return f"CAST(NULL AS {target.duckdb})" if value.failure is None else failure(value.failure, target)


def array_sql(items: tuple[Expression, ...], type: Type) -> str:
    """An array literal."""
    if not items:
        return f"CAST([] AS {type.duckdb})"
    return "[" + ", ".join(item.sql for item in items) + "]"


def struct_sql(items: tuple[Expression, ...], type: Type) -> str:
    """A struct literal."""
    if not items:
        return "struct_pack(_empty := NULL)"
    pairs = (f"{quote(key)} := {item.sql}" for key, item in zip(type.field_keys, items, strict=True))
    return f"struct_pack({', '.join(pairs)})"


def field_sql(struct: str, type: Type, index: int) -> str:
    """A field of a struct."""
    return f"struct_extract({struct}, {text_literal(type.field_keys[index])})"


def cast(value: Expression, target: Type, position: Position = (1, 1)) -> Expression:
    """An explicit CAST."""
    source = value.type
    if value.is_null:
        return replace(value, sql=_nothing(value, target), type=target, literal=NOT_LITERAL)
    sql = _cast_sql(value.sql, source, target, value)
    if sql is None:
        fail(f"Invalid cast from {source} to {target}", position)
    return derive(sql, target, value)


def _cast_sql(sql: str, source: Type, target: Type, value: Expression | None = None) -> str | None:
    """The text of a cast, or None if there is no such cast."""
    if source.duckdb == target.duckdb:
        return sql
    if source.is_struct or target.is_struct:
        return _cast_struct(sql, source, target)
    if source.is_array or target.is_array:
        return _cast_array(sql, source, target)
    literal = value.literal if value is not None else NOT_LITERAL
    is_date_text = source.kind == "STRING" and isinstance(literal, str) and target.kind in _DATE_PARTS
    if is_date_text and date_literals.is_valid(literal, target.kind):
        return date_literals.duckdb_literal(literal, target.kind)
    template = _SIMPLE_CASTS.get((source.kind, target.kind))
    return None if template is None else template.replace("{0}", sql)


def _cast_struct(sql: str, source: Type, target: Type) -> str | None:
    if not (source.is_struct and target.is_struct and len(source.fields) == len(target.fields)):
        return None
    parts = []
    for index, ((_, inner), (_, wanted)) in enumerate(zip(source.fields, target.fields, strict=True)):
        part = _cast_sql(field_sql(sql, source, index), inner, wanted)
        if part is None:
            return None
        parts.append(f"{quote(target.field_keys[index])} := {part}")
    return f"CASE WHEN {sql} IS NULL THEN NULL ELSE struct_pack({', '.join(parts)}) END"


def _cast_array(sql: str, source: Type, target: Type) -> str | None:
    if not (source.is_array and target.is_array):
        return None
    inner = _cast_sql("_e", source.item, target.item)
    return None if inner is None else f"list_transform({sql}, lambda _e: {inner})"


def _checked(pattern: str, good: str, what: str, type: Type) -> str:
    wrong = failure(f"'{what}' || {{0}}", type)
    matches = f"regexp_matches({{0}}, {text_literal(pattern)})"
    return f"CASE WHEN {{0}} IS NULL THEN NULL WHEN {matches} THEN {good} ELSE {wrong} END"


_STRING_TO_INT = (
    "CASE WHEN {0} IS NULL THEN NULL "
    f"WHEN regexp_matches({{0}}, {text_literal(_INTEGER_TEXT)}) THEN CAST(trim({{0}}) AS BIGINT) "
    f"WHEN regexp_matches({{0}}, {text_literal(_HEX_TEXT)}) THEN bq_hex_int({{0}}) "
    "ELSE " + failure("'Bad int64 value: ' || {0}", INT64) + " END"
)


def _from_text(kind: str) -> str:
    wrong = failure(f"'Invalid {kind.lower()}: ' || chr(39) || {{0}} || chr(39)", Type(kind))
    return (
        f"CASE WHEN {{0}} IS NULL THEN NULL WHEN regexp_matches({{0}}, {text_literal(date_literals.PATTERNS[kind])}) "
        f"THEN bq_parse_{kind.lower()}({{0}}) ELSE {wrong} END"
    )


_SIMPLE_CASTS = {
    ("INT64", "FLOAT64"): "CAST({0} AS DOUBLE)",
    ("INT64", "NUMERIC"): "CAST({0} AS DECIMAL(38,9))",
    ("INT64", "BOOL"): "CAST({0} AS BOOLEAN)",
    ("INT64", "STRING"): "CAST({0} AS VARCHAR)",
    ("FLOAT64", "INT64"): "CAST(round({0}) AS BIGINT)",
    ("FLOAT64", "NUMERIC"): "bq_float_numeric({0})",
    ("FLOAT64", "STRING"): "bq_float_text({0})",
    ("NUMERIC", "INT64"): "CAST(round({0}) AS BIGINT)",
    ("NUMERIC", "FLOAT64"): "CAST({0} AS DOUBLE)",
    ("NUMERIC", "STRING"): "bq_numeric_text({0})",
    ("BOOL", "INT64"): "CAST({0} AS BIGINT)",
    ("BOOL", "STRING"): "CAST({0} AS VARCHAR)",
    ("STRING", "INT64"): _STRING_TO_INT,
    ("STRING", "FLOAT64"): _checked(_FLOAT_TEXT, "CAST(trim({0}) AS DOUBLE)", "Bad double value: ", FLOAT64),
    ("STRING", "NUMERIC"): _checked(
        _NUMERIC_TEXT, "CAST(trim({0}) AS DECIMAL(38,9))", "Invalid NUMERIC value: ", NUMERIC
    ),
    ("STRING", "BOOL"): (
        "CASE lower({0}) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE ELSE "
        "CASE WHEN {0} IS NULL THEN NULL ELSE " + failure("'Bad bool value: ' || {0}", BOOL) + " END END"
    ),
    ("STRING", "BYTES"): "encode({0})",
    ("BYTES", "STRING"): "decode({0})",
    ("STRING", "DATE"): _from_text("DATE"),
    ("STRING", "TIMESTAMP"): _from_text("TIMESTAMP"),
    ("DATE", "STRING"): "bq_date_text({0})",
    ("DATE", "TIMESTAMP"): "CAST({0} AS TIMESTAMPTZ)",
    ("TIMESTAMP", "STRING"): "bq_timestamp_text({0})",
    ("TIMESTAMP", "DATE"): "CAST(timezone('UTC', {0}) AS DATE)",
}


def literal_expression(type: Type, value: object, position: Position) -> Expression:
    """A literal as it was written: ``TIMESTAMP '…'``, ``NUMERIC '1.5'``, plain numbers and strings."""
    kind = type.kind
    if value is None:
        return Expression("NULL::BIGINT", type, literal=None)
    if kind == "INT64" and isinstance(value, int):
        return Expression(integer(value), type, literal=value)
    if kind == "FLOAT64":
        text = repr(value)
        return Expression(f"CAST('{text}' AS DOUBLE)" if "inf" in text else f"{text}::DOUBLE", type, literal=value)
    if kind == "BOOL":
        return Expression("TRUE" if value else "FALSE", type, literal=value)
    if kind == "BYTES" and isinstance(value, bytes):
        return Expression("'" + "".join(f"\\x{byte:02X}" for byte in value) + "'::BLOB", type, literal=value)
    text = str(value)
    if kind == "STRING":
        return Expression(text_literal(text), type, literal=text)
    if kind in _DATE_PARTS:
        if not date_literals.is_valid(text, kind):
            fail(f"Invalid {kind} literal: {text_literal(text)}", position)
        return Expression(date_literals.duckdb_literal(text, kind), type)
    return _numeric_literal(text, type, position)


def _numeric_literal(text: str, type: Type, position: Position) -> Expression:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        fail(f"Invalid {type.kind} literal: {text_literal(text)}", position)
    if not number.is_finite() or not re.match(_NUMERIC_TEXT, text):
        fail(f"Invalid {type.kind} literal: {text_literal(text)}", position)
    return Expression(f"CAST('{number:f}' AS {type.duckdb})", type)

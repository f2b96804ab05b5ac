"""JSON."""

import re

from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import coerce
from sandbox.bigquery.sql.compiler_base import CompilerBase
from sandbox.bigquery.sql.expression import Expression, derive, fail
from sandbox.bigquery.sql.scopes import Scope
from sandbox.bigquery.sql.signatures import define, special
from sandbox.bigquery.sql.typesystem import BOOL, FLOAT64, INT64, JSON, STRING, Type, array_of, text_literal

define(
    """
JSON_TYPE(JSON) -> STRING = bq_json_type({0})
LAX_BOOL(JSON) -> BOOL = bq_lax_bool({0})
LAX_INT64(JSON) -> INT64 = bq_lax_int({0})
LAX_FLOAT64(JSON) -> FLOAT64 = bq_lax_float({0})
LAX_STRING(JSON) -> STRING = bq_lax_string({0})
BOOL(JSON) -> BOOL = bq_json_bool({0})
INT64(JSON) -> INT64 = bq_json_int({0})
FLOAT64(JSON) -> FLOAT64 = bq_json_float({0})
JSON_STRIP_NULLS(JSON) -> JSON = bq_json_strip({0})
JSON_KEYS(JSON) -> ARRAY<STRING> = bq_json_keys({0}, NULL)
JSON_KEYS(JSON, INT64) -> ARRAY<STRING> = bq_json_keys({0}, {1})
"""
)

_SIMPLE_PATH = re.compile(r"\$(?:\.[A-Za-z_][A-Za-z0-9_]*|\[\d+\])*")


def _subject(compiler: CompilerBase, call: n.Call, scope: Scope) -> tuple[Expression, Expression]:
    """The document and the path of a JSON_* call."""
    value = compiler.expression(call.arguments[0], scope) if call.arguments else None
    if value is None or len(call.arguments) > 2:
        compiler.mismatch(f"function {call.name}", [], call.position)
    if value.is_null:
        value = coerce(value, STRING)
    if value.type.kind not in ("STRING", "JSON"):
        compiler.mismatch(f"function {call.name}", [value.type], call.position)
    if len(call.arguments) == 1:
        return value, Expression("'$'", STRING, literal="$")
    path = compiler.expression(call.arguments[1], scope)
    path = compiler.required(path, STRING, f"JSONPath must be a STRING, but is {path.type}", call.position)
    return value, path


def _is_simple(path: Expression) -> bool:
    return isinstance(path.literal, str) and _SIMPLE_PATH.fullmatch(path.literal) is not None


@special("JSON_VALUE", "JSON_EXTRACT_SCALAR")
def _json_value(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    value, path = _subject(compiler, call, scope)
    legacy = "TRUE" if call.name.startswith("JSON_EXTRACT") else "FALSE"
    if value.type == JSON and _is_simple(path):
        # A JSON value is known to be well-formed, so DuckDB's own functions may read it.
        kind = f"json_type({value.sql}, {path.sql})"
        sql = f"CASE WHEN {kind} IN ('OBJECT', 'ARRAY') THEN NULL ELSE json_extract_string({value.sql}, {path.sql}) END"
        return derive(sql, STRING, value, path)
    return derive(f"bq_json_value(CAST({value.sql} AS VARCHAR), {path.sql}, {legacy})", STRING, value, path)


@special("JSON_QUERY", "JSON_EXTRACT")
def _json_query(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    value, path = _subject(compiler, call, scope)
    legacy = "TRUE" if call.name.startswith("JSON_EXTRACT") else "FALSE"
    is_json = "TRUE" if value.type == JSON else "FALSE"
    sql = f"bq_json_query(CAST({value.sql} AS VARCHAR), {path.sql}, {legacy}, {is_json})"
    if value.type == JSON:
        return derive(f"CAST({sql} AS JSON)", JSON, value, path)
    return derive(sql, STRING, value, path)


@special("JSON_QUERY_ARRAY", "JSON_EXTRACT_ARRAY")
def _json_query_array(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    value, path = _subject(compiler, call, scope)
    legacy = "TRUE" if call.name.startswith("JSON_EXTRACT") else "FALSE"
    sql = f"bq_json_array(CAST({value.sql} AS VARCHAR), {path.sql}, {legacy})"
    if value.type == JSON:
        return derive(f"CAST({sql} AS JSON[])", array_of(JSON), value, path)
    return derive(sql, array_of(STRING), value, path)


@special("JSON_VALUE_ARRAY", "JSON_EXTRACT_STRING_ARRAY")
def _json_value_array(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    value, path = _subject(compiler, call, scope)
    legacy = "TRUE" if call.name.startswith("JSON_EXTRACT") else "FALSE"
    sql = f"bq_json_value_array(CAST({value.sql} AS VARCHAR), {path.sql}, {legacy})"
    return derive(sql, array_of(STRING), value, path)


@special("PARSE_JSON")
def _parse_json(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    value = compiler.expression(call.arguments[0], scope)
    value = compiler.required(
        value, STRING, f"No matching signature for function PARSE_JSON for argument types: {value.type}", call.position
    )
    mode = "'exact'"
    parts = [value]
    if "wide_number_mode" in call.named:
        given = compiler.expression(call.named["wide_number_mode"], scope)
        parts.append(given)
        mode = given.sql
    return derive(f"bq_parse_json({value.sql}, {mode})", JSON, *parts)


@special("TO_JSON", "TO_JSON_STRING")
def _to_json(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    value = compiler.expression(call.arguments[0], scope)
    wide = "TRUE" if call.name == "TO_JSON_STRING" else "FALSE"
    if "stringify_wide_numbers" in call.named:
        wide = compiler.expression(call.named["stringify_wide_numbers"], scope).sql
    to_json = call.name == "TO_JSON"
    document = f"CAST({_document_of(value, wide, to_json)} AS VARCHAR)"
    if to_json:
        return derive(f"CAST(coalesce({document}, 'null') AS JSON)", JSON, value)
    pretty = compiler.expression(call.arguments[1], scope).sql if len(call.arguments) > 1 else "FALSE"
    if pretty == "FALSE":  # nothing to lay out: not handed to Python row by row
        return derive(f"coalesce({document}, 'null')", STRING, value)
    return derive(f"bq_json_text(coalesce({document}, 'null'), {pretty})", STRING, value)


def _document_of(value: Expression, wide: str, points: bool) -> str:
    """A value as JSON: a struct that is written out field by field, not made first and then taken apart."""
    type = value.type
    if type.kind != "STRUCT" or not value.items or len(value.items) != len(type.fields):
        return json_document(value.sql, type, wide, points)
    pairs = (
        f"{text_literal(name or '')}, {json_document(coerce(item, inner).sql, inner, wide, points)}"
        for item, (name, inner) in zip(value.items, type.fields, strict=True)
    )
    return f"json_object({', '.join(pairs)})"


def json_document(sql: str, type: Type, wide: str = "FALSE", points: bool = True) -> str:
    """A value as DuckDB JSON in GoogleSQL's encoding; inside JSON, ``points`` has a FLOAT64 keep its point (1.0)."""
    kind = type.kind
    if kind == "STRUCT":
        pairs = []
        for key, (name, inner) in zip(type.field_keys, type.fields, strict=True):
            field = json_document(f"struct_extract({sql}, {text_literal(key)})", inner, wide, points)
            pairs.append(f"{text_literal(name or '')}, {field}")
        return f"CASE WHEN {sql} IS NULL THEN NULL ELSE json_object({', '.join(pairs)}) END"
    if kind == "ARRAY":
        return f"to_json(list_transform({sql}, lambda _e: {json_document('_e', type.item, wide, points)}))"
    if kind == "FLOAT64":
        return f"CAST(bq_json_float_{'display' if points else 'text'}({sql}) AS JSON)"
    if kind == "INT64":
        return (
            f"CASE WHEN {wide} AND abs({sql}::HUGEINT) > 9007199254740992 "
            f"THEN to_json(CAST({sql} AS VARCHAR)) ELSE to_json({sql}) END"
            if wide != "FALSE"
            else f"to_json({sql})"
        )
    if kind in ("NUMERIC", "BIGNUMERIC"):
        return f"CAST(bq_numeric_text({sql}) AS JSON)"
    if kind == "BYTES":
        return f"to_json(base64({sql}))"
    text = {
        "TIMESTAMP": f"bq_json_timestamp({sql})",
        "DATETIME": f"replace(bq_datetime_text({sql}), ' ', 'T')",
        "DATE": f"bq_date_text({sql})",
        "TIME": f"bq_time_text({sql})",
        "INTERVAL": f"bq_interval_text({sql})",
    }.get(kind)
    if text is not None:
        return f"to_json({text})"
    return sql if kind == "JSON" else f"to_json({sql})"


@special("JSON_OBJECT")
def _json_object(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    values = [compiler.expression(argument, scope) for argument in call.arguments]
    if len(values) == 2 and values[0].type.is_array and values[1].type.is_array:
        documents = (
            f"list_transform({values[1].sql}, lambda _e: CAST({json_document('_e', values[1].type.item)} AS VARCHAR))"
        )
        return derive(f"CAST(bq_json_object({values[0].sql}, {documents}) AS JSON)", JSON, *values)
    if len(values) % 2:
        fail("JSON_OBJECT needs an even number of arguments", call.position)
    keys = ", ".join(value.sql for value in values[::2])
    documents = ", ".join(
        f"coalesce(CAST({json_document(value.sql, value.type)} AS VARCHAR), 'null')" for value in values[1::2]
    )
    if not values:
        return Expression("CAST('{}' AS JSON)", JSON)
    return derive(f"CAST(bq_json_object([{keys}], [{documents}]) AS JSON)", JSON, *values)


@special("JSON_ARRAY")
def _json_array(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    values = [compiler.expression(argument, scope) for argument in call.arguments]
    listed = ", ".join(f"coalesce({json_document(value.sql, value.type)}, CAST('null' AS JSON))" for value in values)
    return derive(f"CAST(to_json([{listed}]) AS JSON)" if values else "CAST('[]' AS JSON)", JSON, *values)


@special("JSON_SET", "JSON_REMOVE", "JSON_ARRAY_APPEND", "JSON_ARRAY_INSERT")
def _json_change(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    values = [compiler.expression(argument, scope) for argument in call.arguments]
    if not values or values[0].type != JSON:
        compiler.mismatch(f"function {call.name}", [value.type for value in values], call.position)
    sql = values[0].sql
    rest = values[1:]
    if call.name == "JSON_REMOVE":
        for path in rest:
            sql = f"bq_json_change({sql}, 'JSON_REMOVE', {path.sql}, NULL, TRUE)"
        return derive(f"CAST({sql} AS JSON)", JSON, *values)
    create = (
        compiler.expression(call.named["create_if_missing"], scope).sql if "create_if_missing" in call.named else "TRUE"
    )
    for path, value in zip(rest[::2], rest[1::2], strict=True):
        document = f"coalesce(CAST({json_document(value.sql, value.type)} AS VARCHAR), 'null')"
        sql = f"bq_json_change({sql}, '{call.name}', {path.sql}, {document}, {create})"
    return derive(f"CAST({sql} AS JSON)", JSON, *values)


@special("BOOL_ARRAY", "INT64_ARRAY", "FLOAT64_ARRAY", "STRING_ARRAY")
def _json_typed_array(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    value = compiler.expression(call.arguments[0], scope)
    type, reader = {
        "BOOL_ARRAY": (BOOL, "bq_json_bool"),
        "INT64_ARRAY": (INT64, "bq_json_int"),
        "FLOAT64_ARRAY": (FLOAT64, "bq_json_float"),
        "STRING_ARRAY": (STRING, "bq_json_string"),
    }[call.name]
    items = f"CAST(bq_json_array(CAST({value.sql} AS VARCHAR), '$', FALSE) AS JSON[])"
    return derive(f"list_transform({items}, lambda _e: {reader}(_e))", array_of(type), value)

"""JSON as text."""

import json

from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import coerce
from sandbox.bigquery.sql.compiler_base import CompilerBase
from sandbox.bigquery.sql.expression import Expression, derive
from sandbox.bigquery.sql.scopes import Scope
from sandbox.bigquery.sql.signatures import define, special
from sandbox.bigquery.sql.typesystem import STRING, Type, text_literal

define(
    """
JSON_VALUE(STRING) -> STRING = bq_json_value({0}, '$')
JSON_VALUE(STRING, STRING) -> STRING = bq_json_value({0}, {1})
"""
)


@special("TO_JSON_STRING")
def _to_json_string(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    value = compiler.expression(call.arguments[0], scope)
    if len(call.arguments) > 1:
        raise not_implemented("TO_JSON_STRING with pretty_print")
    return derive(_text_of(value), STRING, value)


def _text_of(value: Expression) -> str:
    """A value as JSON text: a struct that is written out field by field, not made first and then taken apart."""
    type = value.type
    if type.kind != "STRUCT" or not value.items or len(value.items) != len(type.fields):
        return _text(value.sql, type)
    pairs = (
        f"{text_literal(json.dumps(name or '', ensure_ascii=False) + ':')}, {_text(coerce(item, inner).sql, inner)}"
        for item, (name, inner) in zip(value.items, type.fields, strict=True)
    )
    return "concat('{', " + ", ',', ".join(pairs) + ", '}')"


def _text(sql: str, type: Type) -> str:
    if type.kind == "INT64":
        text = f"CASE WHEN {_is_exact(sql)} THEN CAST({sql} AS VARCHAR) ELSE '\"' || {sql} || '\"' END"
        return f"coalesce({text}, 'null')"
    return f"coalesce(CAST({_document(sql, type)} AS VARCHAR), 'null')"


def _is_exact(sql: str) -> str:
    """Whether every reader of JSON has the same number: one that may be rounded is a text."""
    return f"{sql} BETWEEN -9007199254740992 AND 9007199254740992"


def _document(sql: str, type: Type) -> str:
    """A value as DuckDB JSON in GoogleSQL's encoding."""
    kind = type.kind
    if kind == "STRUCT":
        pairs = []
        for key, (name, inner) in zip(type.field_keys, type.fields, strict=True):
            field = _document(f"struct_extract({sql}, {text_literal(key)})", inner)
            pairs.append(f"{text_literal(name or '')}, {field}")
        return f"CASE WHEN {sql} IS NULL THEN NULL ELSE json_object({', '.join(pairs)}) END"
    if kind == "ARRAY":
        return f"to_json(list_transform({sql}, lambda _e: {_document('_e', type.item)}))"
    if kind == "FLOAT64":
        return f"CAST(bq_json_float_text({sql}) AS JSON)"
    if kind == "INT64":
        return f"CASE WHEN {_is_exact(sql)} THEN to_json({sql}) ELSE to_json(CAST({sql} AS VARCHAR)) END"
    if kind == "NUMERIC":
        return f"CAST(bq_numeric_text({sql}) AS JSON)"
    if kind == "BYTES":
        return f"to_json(base64({sql}))"
    text = {"TIMESTAMP": f"bq_json_timestamp({sql})", "DATE": f"bq_date_text({sql})"}.get(kind, sql)
    return f"to_json({text})"

"""FORMAT: the pattern is read while compiling, each argument rendered by its type."""

import re

from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import coerce
from sandbox.bigquery.sql.compiler_base import CompilerBase
from sandbox.bigquery.sql.expression import Expression, derive, fail
from sandbox.bigquery.sql.functions_json import json_document
from sandbox.bigquery.sql.scopes import Scope
from sandbox.bigquery.sql.signatures import special
from sandbox.bigquery.sql.typesystem import FLOAT64, INT64, STRING, Type, text_literal

_SPECIFIER = re.compile(r"%(?P<flags>[-+ #0']*)(?P<width>\*|\d+)?(?:\.(?P<precision>\*|\d*))?(?P<kind>[a-zA-Z%])")


@special("FORMAT")
def _format(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    values = [compiler.expression(argument, scope) for argument in call.arguments]
    if not values or (values[0].type.kind != STRING.kind and not values[0].is_null):
        compiler.mismatch("function FORMAT", [value.type for value in values], call.position)
    pattern = values[0].literal
    if pattern is None:
        return derive("CAST(NULL AS VARCHAR)", STRING, *values)
    if not isinstance(pattern, str):
        raise not_implemented("FORMAT with a pattern that is not a literal")
    pieces: list[str] = []
    rest, end = values[1:], 0
    for match in _SPECIFIER.finditer(pattern):
        _add_text(pieces, pattern[end : match.start()], call)
        end = match.end()
        if match["kind"] == "%":
            _add_text(pieces, "%", call, plain=True)
            continue
        spec = {"flags": match["flags"], "width": match["width"] or "", "precision": match["precision"]}
        stars = []
        for part in ("width", "precision"):
            if spec[part] == "*":
                stars.append(coerce(_next(rest, call), INT64).sql)
        pieces.append(_render(_next(rest, call), match["kind"], spec, stars, call))
    _add_text(pieces, pattern[end:], call)
    if rest:
        fail("Too many arguments to FORMAT for pattern " + repr(pattern), call.position)
    return derive("(" + " || ".join(pieces or ["''"]) + ")", STRING, *values)


def _add_text(pieces: list[str], text: str, call: n.Call, plain: bool = False) -> None:
    if "%" in text and not plain:
        fail(f"Invalid format specifier {text[text.index('%') :]!r} in FORMAT string", call.position)
    if text:
        pieces.append(text_literal(text))


def _next(rest: list[Expression], call: n.Call) -> Expression:
    if not rest:
        fail("Too few arguments to FORMAT for its pattern", call.position)
    return rest.pop(0)


def _render(value: Expression, kind: str, spec: dict[str, str | None], stars: list[str], call: n.Call) -> str:
    width, precision = spec["width"], spec["precision"]
    width_sql = stars.pop(0) if width == "*" else (width or "NULL")
    precision_sql = stars.pop(0) if precision == "*" else (precision or "0" if precision is not None else "NULL")
    options = f"{text_literal(spec['flags'] or '')}, CAST({width_sql} AS BIGINT), CAST({precision_sql} AS BIGINT)"
    if kind in "di":
        return f"bq_format_integer({_typed(value, INT64, kind, call)}, '{kind}', {options})"
    if kind in "oxXu":
        return f"bq_format_integer({_typed(value, INT64, kind, call)}, '{kind}', {options})"
    if kind in "fFeEgG":
        if value.type.kind in ("NUMERIC", "BIGNUMERIC"):
            return f"bq_format_numeric(CAST({value.sql} AS DECIMAL(38,18)), '{kind}', {options})"
        return f"bq_format_float({_typed(value, FLOAT64, kind, call)}, '{kind}', {options})"
    if kind == "s":
        return f"bq_format_text({_typed(value, STRING, kind, call)}, {options})"
    if kind in "tT":
        text = display(value.sql, value.type) if kind == "t" else literal_text(value.sql, value.type)
        return f"bq_format_text(coalesce({text}, 'NULL'), {options})"
    if kind in "pP":
        document = f"CAST({json_document(value.sql, value.type)} AS VARCHAR)"
        return f"bq_format_text(bq_json_text({document}, {'TRUE' if kind == 'P' else 'FALSE'}), {options})"
    fail(f'Invalid format specifier character "{kind}" in FORMAT string', call.position)


def _typed(value: Expression, type: Type, kind: str, call: n.Call) -> str:
    from sandbox.bigquery.sql.casts import can_coerce

    if not can_coerce(value, type):
        fail(
            f"Invalid type for argument to FORMAT; Expected {type.kind}; Got {value.type} for specifier %{kind}",
            call.position,
        )
    return coerce(value, type).sql


def display(sql: str, type: Type) -> str:
    """``%t``: a value as people read it."""
    kind = type.kind
    if kind == "STRUCT":
        fields = [
            f"coalesce({display(f'struct_extract({sql}, {text_literal(key)})', inner)}, 'NULL')"
            for key, (_, inner) in zip(type.field_keys, type.fields, strict=True)
        ]
        return f"CASE WHEN {sql} IS NULL THEN NULL ELSE '(' || {_join(fields)} || ')' END"
    if kind == "ARRAY":
        return _bracketed(sql, display("_e", type.item))
    return _TEXTS.get(kind, "CAST({0} AS VARCHAR)").replace("{0}", sql)


def literal_text(sql: str, type: Type) -> str:
    """``%T``: a value as a GoogleSQL literal."""
    kind = type.kind
    if kind == "STRUCT":
        fields = [
            f"coalesce({literal_text(f'struct_extract({sql}, {text_literal(key)})', inner)}, 'NULL')"
            for key, (_, inner) in zip(type.field_keys, type.fields, strict=True)
        ]
        start = "'STRUCT('" if len(fields) == 1 else "'('"
        return f"CASE WHEN {sql} IS NULL THEN NULL ELSE {start} || {_join(fields)} || ')' END"
    if kind == "ARRAY":
        return _bracketed(sql, literal_text("_e", type.item))
    if kind in ("STRING", "BYTES"):
        return f"bq_quote_{kind.lower()}({sql})"
    if kind == "FLOAT64":
        return f"bq_float_literal({sql})"
    if kind == "JSON":
        return f"'JSON ' || bq_quote_string(CAST({sql} AS VARCHAR))"
    if kind in ("DATE", "TIME", "DATETIME", "TIMESTAMP", "NUMERIC", "BIGNUMERIC"):
        return f"'{kind} \"' || {_TEXTS[kind].replace('{0}', sql)} || '\"'"
    if kind == "INTERVAL":
        return f"'INTERVAL \"' || bq_interval_text({sql}) || '\" YEAR TO SECOND'"
    return f"CAST({sql} AS VARCHAR)"


def _bracketed(array: str, element: str) -> str:
    texts = f"list_transform({array}, lambda _e: coalesce({element}, 'NULL'))"
    return f"'[' || array_to_string({texts}, ', ') || ']'"


def _join(fields: list[str]) -> str:
    return " || ', ' || ".join(fields) or "''"


_TEXTS = {
    "FLOAT64": "bq_float_display({0})",
    "NUMERIC": "bq_numeric_text({0})",
    "BIGNUMERIC": "bq_numeric_text({0})",
    "DATE": "bq_date_text({0})",
    "TIME": "bq_time_text({0})",
    "DATETIME": "bq_datetime_text({0})",
    "TIMESTAMP": "bq_timestamp_text({0})",
    "INTERVAL": "bq_interval_text({0})",
    "BYTES": "bq_bytes_text({0})",
}

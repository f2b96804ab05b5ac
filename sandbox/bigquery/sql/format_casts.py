"""CAST … FORMAT: the date elements, both ways."""

import re
from typing import TYPE_CHECKING

from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.expression import Expression, derive
from sandbox.bigquery.sql.scopes import Scope
from sandbox.bigquery.sql.time_parts import Zone, time_zone
from sandbox.bigquery.sql.typesystem import STRING, text_literal

if TYPE_CHECKING:
    from sandbox.bigquery.sql.compile_expressions import ExpressionCompiler

# The elements in strftime's words, the longest first.
_ELEMENTS = {
    "YYYY": "%Y", "YY": "%y", "MONTH": "%B", "MON": "%b", "MM": "%m", "DDD": "%j", "DD": "%d", "DAY": "%A", "DY": "%a",
    "HH24": "%H", "HH12": "%I", "HH": "%I", "MI": "%M", "SS": "%S", "TZH:TZM": "%Ez", "AM": "%p", "PM": "%p",
}  # fmt: skip
_TOKEN = re.compile(
    "|".join([re.escape(key) for key in sorted(_ELEMENTS, key=len, reverse=True)] + [r'"[^"]*"', r"[-./,'; :TZ]"]),
    re.IGNORECASE,
)


def formatted_cast(compiler: "ExpressionCompiler", node: n.Cast, value: Expression, scope: Scope) -> Expression:
    """A CAST with FORMAT."""
    assert node.format is not None
    pattern = compiler.expression(node.format, scope)
    if not isinstance(pattern.literal, str):
        raise not_implemented("CAST … FORMAT with a pattern that is not a literal")
    kinds = ("DATE", "DATETIME", "TIME", "TIMESTAMP")
    if (node.type.kind != "STRING" and not (value.type.kind == "STRING" and node.type.kind in kinds)) or (
        node.type.kind == "STRING" and value.type.kind not in kinds
    ):
        raise not_implemented(f"CAST from {value.type} to {node.type} with FORMAT")
    strftime = _translated(pattern.literal)
    zone = (
        time_zone(compiler, compiler.expression(node.time_zone, scope), node.position)
        if node.time_zone is not None
        else Zone()
    )
    form = text_literal(strftime)
    if node.type.kind == "STRING":
        moment = {"DATE": f"CAST({value.sql} AS TIMESTAMP)", "TIME": f"(DATE '1970-01-01' + {value.sql})"}.get(
            value.type.kind, value.sql
        )
        sql = f"bq_format_time({form}, epoch_us({moment}), {zone.sql}, '{value.type.kind}')"
        return derive(sql if not node.safe else f"TRY({sql})", STRING, value)
    kind = node.type.kind
    micros = f"bq_parse_time_text({form}, {value.sql}, {zone.sql}, '{kind}')"
    sql = {"TIMESTAMP": f"make_timestamptz({micros})", "DATETIME": f"make_timestamp({micros})"}.get(
        kind, f"CAST(make_timestamp({micros}) AS {node.type.duckdb})"
    )
    return derive(sql if not node.safe else f"TRY({sql})", node.type, value)


def _translated(pattern: str) -> str:
    out, place = "", 0
    while place < len(pattern):
        match = _TOKEN.match(pattern, place)
        if match is None:
            raise not_implemented(f"the FORMAT element at {pattern[place:]!r}")
        text = match[0]
        element = _ELEMENTS.get(text.upper())
        if element is None:
            out += text.strip('"')
        elif element in ("%B", "%b", "%A", "%a") and text.isupper():
            out += "%^" + element[1]
        else:
            out += element
        place = match.end()
    return out

"""Text, hashes and patterns."""

import re

from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.compile_operators import concatenated
from sandbox.bigquery.sql.compiler_base import CompilerBase
from sandbox.bigquery.sql.expression import Expression, derive, failure
from sandbox.bigquery.sql.scopes import Scope
from sandbox.bigquery.sql.signatures import choose, define, special
from sandbox.bigquery.sql.typesystem import STRING

# 'n': a dot does not match a line's end
define(
    """
BYTE_LENGTH(STRING) -> INT64 = CAST(strlen({0}) AS BIGINT)
REPLACE(STRING, STRING, STRING) -> STRING = bq_replace({0}, {1}, {2})
SPLIT(STRING) -> ARRAY<STRING> = string_split({0}, ',')
SPLIT(STRING, STRING) -> ARRAY<STRING> = bq_split({0}, {1})
STARTS_WITH(STRING, STRING) -> BOOL = starts_with({0}, {1})
REGEXP_CONTAINS(STRING, STRING) -> BOOL = regexp_matches({0}, {1}, 'n')
TO_HEX(BYTES) -> STRING = lower(hex({0}))
SHA256(STRING) -> BYTES = unhex(sha256({0}))
SHA256(BYTES) -> BYTES = unhex(sha256({0}))
SESSION_USER() -> STRING = 'local@example.com'
"""
)


def _outside_of_classes(pattern: str) -> str:
    """A pattern without escapes and bracketed classes of characters."""
    return re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", "", pattern, flags=re.DOTALL)


def _may_skip_group(pattern: str) -> bool:
    """Whether a match can leave the pattern's one group out, which is NULL and not an empty text."""
    text = _outside_of_classes(pattern)
    outside = re.sub(r"\([^()]*\)", "", text)
    return "|" in outside or re.search(r"\)(?:[?*]|\{0?,)", text) is not None


@special("CONCAT")
def _concat(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    values = [compiler.expression(argument, scope) for argument in call.arguments]
    joined = concatenated(values)
    if joined is None:
        compiler.mismatch("function CONCAT", [value.type for value in values], call.position)
    return joined


@special("TO_HEX")
def _to_hex(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    values = [compiler.expression(argument, scope) for argument in call.arguments]
    first = call.arguments[0]
    if len(values) == 1 and isinstance(first, n.Call) and first.name == "SHA256":
        # DuckDB's hash is in hex: not made bytes of first, and hex of those.
        return derive(values[0].sql.removeprefix("unhex(").removesuffix(")"), STRING, *values)
    found = choose("TO_HEX", values)
    if found is None:
        compiler.mismatch("function TO_HEX", [value.type for value in values], call.position)
    return found


@special("REGEXP_EXTRACT")
def _regexp_extract(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    values = [compiler.expression(argument, scope) for argument in call.arguments]
    text, pattern = values[:2]
    if any(value.type.kind != "STRING" and not value.is_null for value in (text, pattern)):
        compiler.mismatch("function REGEXP_EXTRACT", [value.type for value in values], call.position)
    if len(values) > 2 or not isinstance(pattern.literal, str):
        raise not_implemented("REGEXP_EXTRACT with a position, or with a pattern that is not a literal")
    groups = len(re.findall(r"\((?!\?)|\(\?P?<[A-Za-z_]", _outside_of_classes(pattern.literal)))
    if groups > 1:
        return derive(failure("'Regular expression has more than 1 capturing group'", STRING), STRING, text, pattern)
    if groups == 1 and _may_skip_group(pattern.literal):
        raise not_implemented("REGEXP_EXTRACT of a group that a match may leave out")
    matched = f"regexp_matches({text.sql}, {pattern.sql}, 'n')"
    found = f"regexp_extract({text.sql}, {pattern.sql}, {groups}, 'n')"
    return derive(f"CASE WHEN {matched} THEN {found} END", STRING, text, pattern)

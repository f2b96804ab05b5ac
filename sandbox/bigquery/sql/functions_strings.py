"""Text, bytes, hashes and patterns."""

import re

from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import coerce
from sandbox.bigquery.sql.compile_operators import concatenated
from sandbox.bigquery.sql.compiler_base import CompilerBase
from sandbox.bigquery.sql.expression import Expression, derive, failure
from sandbox.bigquery.sql.scopes import Scope
from sandbox.bigquery.sql.signatures import define, special
from sandbox.bigquery.sql.typesystem import BOOL, BYTES, STRING, array_of, text_literal

define(
    """
LENGTH(STRING) -> INT64 = length({0})
LENGTH(BYTES) -> INT64 = octet_length({0})
CHAR_LENGTH(STRING) -> INT64 = length({0})
CHARACTER_LENGTH(STRING) -> INT64 = length({0})
BYTE_LENGTH(STRING) -> INT64 = strlen({0})
BYTE_LENGTH(BYTES) -> INT64 = octet_length({0})
OCTET_LENGTH(STRING) -> INT64 = strlen({0})
OCTET_LENGTH(BYTES) -> INT64 = octet_length({0})
LOWER(STRING) -> STRING = lower({0})
LOWER(BYTES) -> BYTES = bq_bytes_lower({0})
UPPER(STRING) -> STRING = upper(replace({0}, 'ß', 'SS'))
UPPER(BYTES) -> BYTES = bq_bytes_upper({0})
SUBSTR(STRING, INT64) -> STRING = bq_substr({0}, {1})
SUBSTR(STRING, INT64, INT64) -> STRING = bq_substr_length({0}, {1}, {2})
SUBSTR(BYTES, INT64) -> BYTES = bq_bytes_substr({0}, {1}, NULL)
SUBSTR(BYTES, INT64, INT64) -> BYTES = bq_bytes_substr({0}, {1}, {2})
SUBSTRING(STRING, INT64) -> STRING = bq_substr({0}, {1})
SUBSTRING(STRING, INT64, INT64) -> STRING = bq_substr_length({0}, {1}, {2})
SUBSTRING(BYTES, INT64) -> BYTES = bq_bytes_substr({0}, {1}, NULL)
SUBSTRING(BYTES, INT64, INT64) -> BYTES = bq_bytes_substr({0}, {1}, {2})
LEFT(STRING, INT64) -> STRING = bq_left({0}, {1})
LEFT(BYTES, INT64) -> BYTES = bq_bytes_substr({0}, 1, {1})
RIGHT(STRING, INT64) -> STRING = bq_right({0}, {1})
RIGHT(BYTES, INT64) -> BYTES = bq_bytes_right({0}, {1})
LPAD(STRING, INT64) -> STRING = bq_pad({0}, {1}, ' ', TRUE)
LPAD(STRING, INT64, STRING) -> STRING = bq_pad({0}, {1}, {2}, TRUE)
RPAD(STRING, INT64) -> STRING = bq_pad({0}, {1}, ' ', FALSE)
RPAD(STRING, INT64, STRING) -> STRING = bq_pad({0}, {1}, {2}, FALSE)
TRIM(STRING) -> STRING = bq_trim({0})
TRIM(STRING, STRING) -> STRING = trim({0}, {1})
LTRIM(STRING) -> STRING = bq_ltrim({0})
LTRIM(STRING, STRING) -> STRING = ltrim({0}, {1})
RTRIM(STRING) -> STRING = bq_rtrim({0})
RTRIM(STRING, STRING) -> STRING = rtrim({0}, {1})
TRIM(BYTES, BYTES) -> BYTES = bq_bytes_trim({0}, {1}, 'both')
LTRIM(BYTES, BYTES) -> BYTES = bq_bytes_trim({0}, {1}, 'left')
RTRIM(BYTES, BYTES) -> BYTES = bq_bytes_trim({0}, {1}, 'right')
REPLACE(STRING, STRING, STRING) -> STRING = bq_replace({0}, {1}, {2})
REPLACE(BYTES, BYTES, BYTES) -> BYTES = bq_bytes_replace({0}, {1}, {2})
REVERSE(STRING) -> STRING = bq_reverse({0})
REVERSE(BYTES) -> BYTES = bq_bytes_reverse({0})
REPEAT(STRING, INT64) -> STRING = bq_repeat({0}, {1})
REPEAT(BYTES, INT64) -> BYTES = bq_bytes_repeat({0}, {1})
SPLIT(STRING) -> ARRAY<STRING> = string_split({0}, ',')
SPLIT(STRING, STRING) -> ARRAY<STRING> = bq_split({0}, {1})
SPLIT(BYTES, BYTES) -> ARRAY<BYTES> = bq_bytes_split({0}, {1})
STRPOS(STRING, STRING) -> INT64 = bq_strpos({0}, {1})
STRPOS(BYTES, BYTES) -> INT64 = bq_bytes_instr({0}, {1})
INSTR(STRING, STRING) -> INT64 = bq_strpos({0}, {1})
INSTR(STRING, STRING, INT64) -> INT64 = bq_instr({0}, {1}, {2}, 1)
INSTR(STRING, STRING, INT64, INT64) -> INT64 = bq_instr({0}, {1}, {2}, {3})
STARTS_WITH(STRING, STRING) -> BOOL = starts_with({0}, {1})
STARTS_WITH(BYTES, BYTES) -> BOOL = bq_bytes_starts({0}, {1})
ENDS_WITH(STRING, STRING) -> BOOL = ends_with({0}, {1})
ENDS_WITH(BYTES, BYTES) -> BOOL = bq_bytes_ends({0}, {1})
NORMALIZE(STRING) -> STRING = bq_normalize({0}, 'NFC', FALSE)
NORMALIZE_AND_CASEFOLD(STRING) -> STRING = bq_normalize({0}, 'NFC', TRUE)
INITCAP(STRING) -> STRING = bq_initcap({0}, NULL)
INITCAP(STRING, STRING) -> STRING = bq_initcap({0}, {1})
TRANSLATE(STRING, STRING, STRING) -> STRING = bq_translate({0}, {1}, {2})
SOUNDEX(STRING) -> STRING = bq_soundex({0})
EDIT_DISTANCE(STRING, STRING) -> INT64 = levenshtein({0}, {1})
TO_CODE_POINTS(STRING) -> ARRAY<INT64> = bq_code_points({0})
TO_CODE_POINTS(BYTES) -> ARRAY<INT64> = bq_byte_points({0})
CODE_POINTS_TO_STRING(ARRAY<INT64>) -> STRING = bq_from_code_points({0})
CODE_POINTS_TO_BYTES(ARRAY<INT64>) -> BYTES = bq_from_byte_points({0})
ASCII(STRING) -> INT64 = bq_ascii({0})
UNICODE(STRING) -> INT64 = CASE WHEN {0} = '' THEN 0 ELSE unicode({0}) END
CHR(INT64) -> STRING = bq_chr({0})
TO_BASE64(BYTES) -> STRING = base64({0})
FROM_BASE64(STRING) -> BYTES = bq_from_base64({0})
TO_BASE32(BYTES) -> STRING = bq_to_base32({0})
FROM_BASE32(STRING) -> BYTES = bq_from_base32({0})
TO_HEX(BYTES) -> STRING = lower(hex({0}))
FROM_HEX(STRING) -> BYTES = bq_from_hex({0})
SAFE_CONVERT_BYTES_TO_STRING(BYTES) -> STRING = bq_lossy_text({0})
MD5(STRING) -> BYTES = unhex(md5({0}))
MD5(BYTES) -> BYTES = unhex(md5({0}))
SHA1(STRING) -> BYTES = unhex(sha1({0}))
SHA1(BYTES) -> BYTES = unhex(sha1({0}))
SHA256(STRING) -> BYTES = unhex(sha256({0}))
SHA256(BYTES) -> BYTES = unhex(sha256({0}))
SHA512(STRING) -> BYTES = bq_sha512(encode({0}))
SHA512(BYTES) -> BYTES = bq_sha512({0})
FARM_FINGERPRINT(STRING) -> INT64 = bq_farm_fingerprint(encode({0}))
FARM_FINGERPRINT(BYTES) -> INT64 = bq_farm_fingerprint({0})
REGEXP_INSTR(STRING, STRING) -> INT64 = bq_regexp_instr({0}, {1}, 1, 1, 0)
REGEXP_INSTR(STRING, STRING, INT64) -> INT64 = bq_regexp_instr({0}, {1}, {2}, 1, 0)
REGEXP_INSTR(STRING, STRING, INT64, INT64) -> INT64 = bq_regexp_instr({0}, {1}, {2}, {3}, 0)
REGEXP_INSTR(STRING, STRING, INT64, INT64, INT64) -> INT64 = bq_regexp_instr({0}, {1}, {2}, {3}, {4})
GENERATE_UUID() -> STRING = CAST(uuid() AS VARCHAR)
SESSION_USER() -> STRING = 'local@example.com'
"""
)


def _groups(pattern: object) -> int | None:
    """How many capturing groups a pattern has; None when it is not known before it runs."""
    if not isinstance(pattern, str):
        return None
    text = re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", "", pattern, flags=re.DOTALL)
    return len(re.findall(r"\((?!\?)|\(\?P?<[A-Za-z_]", text))


def _may_skip_group(pattern: str) -> bool:
    """Whether a match can leave the pattern's one group out, which is NULL and not an empty text."""
    text = re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", "", pattern, flags=re.DOTALL)
    outside = re.sub(r"\([^()]*\)", "", text)
    return "|" in outside or re.search(r"\)(?:[?*]|\{0?,)", text) is not None


def _two_strings(compiler: CompilerBase, call: n.Call, scope: Scope) -> list[Expression]:
    values = [compiler.expression(argument, scope) for argument in call.arguments]
    if len(values) < 2 or any(not value.is_null and value.type.kind != STRING.kind for value in values[:2]):
        if len(values) >= 2 and all(value.is_null or value.type == BYTES for value in values[:2]):
            return [
                derive(f"bq_latin({value.sql})", STRING, value) if value.type == BYTES else value for value in values
            ]
        compiler.mismatch(f"function {call.name}", [value.type for value in values], call.position)
    return [coerce(value, STRING) if value.is_null else value for value in values]


def _is_bytes(compiler: CompilerBase, call: n.Call, scope: Scope) -> bool:
    return bool(call.arguments) and compiler.expression(call.arguments[0], scope).type == BYTES


@special("CONCAT")
def _concat(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    values = [compiler.expression(argument, scope) for argument in call.arguments]
    joined = concatenated(values)
    if joined is None:
        compiler.mismatch("function CONCAT", [value.type for value in values], call.position)
    return joined


@special("REGEXP_CONTAINS")
def _regexp_contains(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    text, pattern = _two_strings(compiler, call, scope)[:2]
    # 'n': a dot does not match a line's end
    return derive(f"regexp_matches({text.sql}, {pattern.sql}, 'n')", BOOL, text, pattern)


@special("REGEXP_EXTRACT", "REGEXP_SUBSTR")
def _regexp_extract(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    values = _two_strings(compiler, call, scope)
    text, pattern = values[:2]
    result = BYTES if _is_bytes(compiler, call, scope) else STRING
    groups = _groups(pattern.literal)
    if groups is not None and groups > 1:
        many = "'Regular expression has more than 1 capturing group'"
        sql = failure(many, STRING)
    elif len(values) > 2 or groups is None or (groups == 1 and _may_skip_group(str(pattern.literal))):
        places = [value.sql for value in values[2:]] + ["1", "1"]
        sql = f"bq_regexp_extract({text.sql}, {pattern.sql}, {places[0]}, {places[1]})"
    elif groups == 0:
        matched = f"regexp_matches({text.sql}, {pattern.sql}, 'n')"
        sql = f"CASE WHEN {matched} THEN regexp_extract({text.sql}, {pattern.sql}, 0, 'n') END"
    else:
        matched = f"regexp_matches({text.sql}, {pattern.sql}, 'n')"
        found = f"regexp_extract({text.sql}, {pattern.sql}, 1, 'n')"
        sql = f"CASE WHEN {matched} THEN {found} END"
    value = derive(sql, STRING, *values)
    return derive(f"bq_unlatin({sql})", BYTES, value) if result == BYTES else value


@special("REGEXP_EXTRACT_ALL")
def _regexp_extract_all(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    text, pattern = _two_strings(compiler, call, scope)[:2]
    groups = _groups(pattern.literal)
    if groups is None:
        sql = f"bq_regexp_extract_all({text.sql}, {pattern.sql})"
    elif groups > 1:
        sql = failure("'Regular expression has more than 1 capturing group'", array_of(STRING))
    else:
        sql = f"regexp_extract_all({text.sql}, {pattern.sql}, {groups}, 'n')"
    return derive(sql, array_of(STRING), text, pattern)


@special("REGEXP_REPLACE")
def _regexp_replace(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    values = _two_strings(compiler, call, scope)
    if len(values) != 3:
        compiler.mismatch("function REGEXP_REPLACE", [value.type for value in values], call.position)
    text, pattern, replacement = values
    groups = _groups(pattern.literal)
    if isinstance(replacement.literal, str) and groups is not None:
        used = [int(number) for number in re.findall(r"\\(\d)", replacement.literal.replace("\\\\", ""))]
        if used and max(used) > groups:
            wrong = (
                f"Invalid REGEXP_REPLACE pattern: Rewrite schema requests {max(used)} matches, "
                f"but the regexp only has {groups} parenthesized subexpressions."
            )
            return derive(failure(text_literal(wrong), STRING), STRING, *values)
    return derive(f"regexp_replace({text.sql}, {pattern.sql}, {replacement.sql}, 'gn')", STRING, *values)


@special("CONTAINS_SUBSTR")
def _contains_substr(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    value, wanted = [compiler.expression(argument, scope) for argument in call.arguments[:2]]
    if value.type.kind == "STRING":
        return derive(f"bq_contains_substr({value.sql}, {wanted.sql})", BOOL, value, wanted)
    return derive(f"bq_contains_substr(CAST(to_json({value.sql}) AS VARCHAR), {wanted.sql})", BOOL, value, wanted)


@special("NORMALIZE", "NORMALIZE_AND_CASEFOLD")
def _normalize(compiler: CompilerBase, call: n.Call, scope: Scope) -> Expression:
    value = compiler.expression(call.arguments[0], scope)
    mode = "NFC"
    if len(call.arguments) > 1:
        argument = call.arguments[1]
        mode = argument.names[0].upper() if isinstance(argument, n.Path) else "?"
    if mode not in ("NFC", "NFD", "NFKC", "NFKD") or value.type.kind != "STRING":
        compiler.mismatch(f"function {call.name}", [value.type], call.position)
    fold = "TRUE" if call.name == "NORMALIZE_AND_CASEFOLD" else "FALSE"
    return derive(f"bq_normalize({value.sql}, '{mode}', {fold})", STRING, value)

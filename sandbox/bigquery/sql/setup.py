"""What a DuckDB database and a cursor need before GoogleSQL runs on them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from duckdb import DuckDBPyConnection
from duckdb.func import FunctionNullHandling

from sandbox.bigquery.sql import macros, udf_json, udf_json_values, udf_numbers, udf_text, udf_time, udf_time_parse
from sandbox.bigquery.sql.store import CREATE_STORE

_MASK = (1 << 64) - 1

# (name, function, argument types, result type, whether it is called with NULLs, too)
_Function = tuple[str, Callable[..., Any], str, str, bool]


def _shift_left(value: int, count: int) -> int:
    """``<<`` of INT64."""
    if count < 0:
        raise ValueError("BQ!Bitwise shift by negative offset")
    shifted = value << count & _MASK if count < 64 else 0
    return shifted - (1 << 64) if shifted >> 63 else shifted


def _shift_right(value: int, count: int) -> int:
    """``>>`` of INT64 fills with zeros."""
    if count < 0:
        raise ValueError("BQ!Bitwise shift by negative offset")
    shifted = (value & _MASK) >> count if count < 64 else 0
    return shifted - (1 << 64) if shifted >> 63 else shifted


_FUNCTIONS: list[_Function] = [
    ("bq_hex_int", udf_text.hex_int, "VARCHAR", "BIGINT", False),
    ("bq_bytes_lower", udf_text.bytes_lower, "BLOB", "BLOB", False),
    ("bq_bytes_upper", udf_text.bytes_upper, "BLOB", "BLOB", False),
    ("bq_bytes_substr", udf_text.bytes_substr, "BLOB BIGINT BIGINT", "BLOB", True),
    ("bq_bytes_right", udf_text.bytes_right, "BLOB BIGINT", "BLOB", False),
    ("bq_bytes_trim", udf_text.bytes_trim, "BLOB BLOB VARCHAR", "BLOB", False),
    ("bq_bytes_replace", udf_text.bytes_replace, "BLOB BLOB BLOB", "BLOB", False),
    ("bq_bytes_reverse", udf_text.bytes_reverse, "BLOB", "BLOB", False),
    ("bq_bytes_repeat", udf_text.bytes_repeat, "BLOB BIGINT", "BLOB", False),
    ("bq_bytes_split", udf_text.bytes_split, "BLOB BLOB", "BLOB[]", False),
    ("bq_bytes_instr", udf_text.bytes_instr, "BLOB BLOB", "BIGINT", False),
    ("bq_bytes_starts", udf_text.bytes_starts, "BLOB BLOB", "BOOLEAN", False),
    ("bq_bytes_ends", udf_text.bytes_ends, "BLOB BLOB", "BOOLEAN", False),
    ("bq_instr", udf_text.instr, "VARCHAR VARCHAR BIGINT BIGINT", "BIGINT", False),
    ("bq_normalize", udf_text.normalize, "VARCHAR VARCHAR BOOLEAN", "VARCHAR", False),
    ("bq_initcap", udf_text.initcap, "VARCHAR VARCHAR", "VARCHAR", True),
    ("bq_translate", udf_text.translate, "VARCHAR VARCHAR VARCHAR", "VARCHAR", False),
    ("bq_soundex", udf_text.soundex, "VARCHAR", "VARCHAR", False),
    ("bq_code_points", udf_text.code_points, "VARCHAR", "BIGINT[]", False),
    ("bq_byte_points", udf_text.byte_points, "BLOB", "BIGINT[]", False),
    ("bq_from_code_points", udf_text.from_code_points, "BIGINT[]", "VARCHAR", False),
    ("bq_from_byte_points", udf_text.from_byte_points, "BIGINT[]", "BLOB", False),
    ("bq_to_base32", udf_text.to_base32, "BLOB", "VARCHAR", False),
    ("bq_from_base32", udf_text.from_base32, "VARCHAR", "BLOB", False),
    ("bq_from_base64", udf_text.from_base64, "VARCHAR", "BLOB", False),
    ("bq_from_hex", udf_text.from_hex, "VARCHAR", "BLOB", False),
    ("bq_lossy_text", udf_text.lossy_text, "BLOB", "VARCHAR", False),
    ("bq_latin", udf_text.latin, "BLOB", "VARCHAR", False),
    ("bq_unlatin", udf_text.unlatin, "VARCHAR", "BLOB", False),
    ("bq_bytes_text", udf_text.bytes_text, "BLOB", "VARCHAR", False),
    ("bq_sha512", udf_text.sha_512, "BLOB", "BLOB", False),
    ("bq_farm_fingerprint", udf_text.farm_fingerprint, "BLOB", "BIGINT", False),
    ("bq_quote_string", udf_text.quote_string, "VARCHAR", "VARCHAR", False),
    ("bq_quote_bytes", udf_text.quote_bytes, "BLOB", "VARCHAR", False),
    ("bq_contains_substr", udf_text.contains_substr, "VARCHAR VARCHAR", "BOOLEAN", False),
    ("bq_regexp_extract", udf_text.regexp_extract, "VARCHAR VARCHAR BIGINT BIGINT", "VARCHAR", False),
    ("bq_regexp_extract_all", udf_text.regexp_extract_all, "VARCHAR VARCHAR", "VARCHAR[]", False),
    ("bq_regexp_instr", udf_text.regexp_instr, "VARCHAR VARCHAR BIGINT BIGINT BIGINT", "BIGINT", False),
    ("bq_shift_left", _shift_left, "BIGINT BIGINT", "BIGINT", False),
    ("bq_shift_right", _shift_right, "BIGINT BIGINT", "BIGINT", False),
    ("bq_numeric_divide", udf_numbers.numeric_divide, "N N", "N", False),
    ("bq_bignumeric_divide", udf_numbers.bignumeric_divide, "B B", "B", False),
    ("bq_numeric_div", udf_numbers.numeric_div, "N N", "N", False),
    ("bq_numeric_mod", udf_numbers.numeric_mod, "N N", "N", False),
    ("bq_numeric_round", udf_numbers.numeric_round, "N BIGINT", "N", False),
    ("bq_numeric_trunc", udf_numbers.numeric_trunc, "N BIGINT", "N", False),
    ("bq_float_numeric", udf_numbers.float_numeric, "DOUBLE", "N", False),
    ("bq_parse_numeric", udf_numbers.parse_numeric, "VARCHAR", "N", False),
    ("bq_numeric_text", udf_numbers.numeric_text, "B", "VARCHAR", False),
    ("bq_float_text", udf_numbers.float_text, "DOUBLE", "VARCHAR", False),
    ("bq_float_display", udf_numbers.float_display, "DOUBLE", "VARCHAR", False),
    ("bq_json_float_display", udf_numbers.json_float_display, "DOUBLE", "VARCHAR", False),
    ("bq_exact_round", udf_numbers.exact_round, "DOUBLE BIGINT", "DOUBLE", False),
    ("bq_json_float_text", udf_numbers.json_float_text, "DOUBLE", "VARCHAR", False),
    ("bq_float_literal", udf_numbers.float_literal, "DOUBLE", "VARCHAR", False),
    ("bq_format_integer", udf_numbers.format_integer, "BIGINT VARCHAR VARCHAR BIGINT BIGINT", "VARCHAR", True),
    ("bq_format_float", udf_numbers.format_float, "DOUBLE VARCHAR VARCHAR BIGINT BIGINT", "VARCHAR", True),
    ("bq_format_numeric", udf_numbers.format_numeric, "B VARCHAR VARCHAR BIGINT BIGINT", "VARCHAR", True),
    ("bq_format_text", udf_numbers.format_text, "VARCHAR VARCHAR BIGINT BIGINT", "VARCHAR", True),
    ("bq_format_time", udf_time.format_time, "VARCHAR BIGINT VARCHAR VARCHAR", "VARCHAR", False),
    ("bq_parse_time_text", udf_time_parse.parse_time_text, "VARCHAR VARCHAR VARCHAR VARCHAR", "BIGINT", False),
    ("bq_zoned_text", udf_time.timestamp_text_in, "BIGINT VARCHAR", "VARCHAR", False),
    ("bq_timestamp_micros", udf_time_parse.parse_timestamp_in, "VARCHAR VARCHAR", "BIGINT", False),
    ("bq_parse_date", udf_time_parse.parse_date_text, "VARCHAR", "DATE", False),
    ("bq_parse_datetime", udf_time_parse.parse_datetime_text, "VARCHAR", "TIMESTAMP", False),
    ("bq_clock_text", udf_time_parse.parse_clock_text, "VARCHAR", "VARCHAR", False),
    ("bq_checked_zone", udf_time_parse.zone_name, "VARCHAR", "VARCHAR", False),
    ("bq_interval_text_of", udf_time.interval_text, "BIGINT BIGINT BIGINT", "VARCHAR", False),
    ("bq_json_document", udf_json.parse_json, "VARCHAR VARCHAR", "VARCHAR", False),
    ("bq_json_value", udf_json.json_value, "VARCHAR VARCHAR BOOLEAN", "VARCHAR", False),
    ("bq_json_query", udf_json.json_query, "VARCHAR VARCHAR BOOLEAN BOOLEAN", "VARCHAR", False),
    ("bq_json_array", udf_json.json_array, "VARCHAR VARCHAR BOOLEAN", "VARCHAR[]", False),
    ("bq_json_value_array", udf_json.json_value_array, "VARCHAR VARCHAR BOOLEAN", "VARCHAR[]", False),
    ("bq_json_text", udf_json.json_text, "VARCHAR BOOLEAN", "VARCHAR", False),
    ("bq_json_type", udf_json.json_type, "VARCHAR", "VARCHAR", False),
    ("bq_json_string", udf_json_values.json_string, "VARCHAR", "VARCHAR", False),
    ("bq_json_bool", udf_json_values.json_bool, "VARCHAR", "BOOLEAN", False),
    ("bq_json_int", udf_json_values.json_int, "VARCHAR", "BIGINT", False),
    ("bq_json_float", udf_json_values.json_float, "VARCHAR", "DOUBLE", False),
    ("bq_lax_bool", udf_json_values.lax_bool, "VARCHAR", "BOOLEAN", False),
    ("bq_lax_int", udf_json_values.lax_int, "VARCHAR", "BIGINT", False),
    ("bq_lax_float", udf_json_values.lax_float, "VARCHAR", "DOUBLE", False),
    ("bq_lax_string", udf_json_values.lax_string, "VARCHAR", "VARCHAR", False),
    ("bq_json_keys", udf_json.json_keys, "VARCHAR BIGINT", "VARCHAR[]", True),
    ("bq_json_strip_text", udf_json.json_strip, "VARCHAR", "VARCHAR", False),
    ("bq_json_object", udf_json.json_object, "VARCHAR[] VARCHAR[]", "VARCHAR", False),
    ("bq_json_change", udf_json.json_change, "VARCHAR VARCHAR VARCHAR VARCHAR BOOLEAN", "VARCHAR", True),
]
_SHORT = {"N": "DECIMAL(38,9)", "B": "DECIMAL(38,18)"}


def _nullable(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that may answer None: DuckDB wants to be told by calling it with NULLs, too."""

    @wraps(function)
    def call(*arguments: Any) -> Any:
        return None if any(argument is None for argument in arguments) else function(*arguments)

    return call


def prepare_connection(con: DuckDBPyConnection) -> None:
    """Register the functions the compiler's output calls; once per database."""
    for name, function, arguments, result, with_nulls in _FUNCTIONS:
        types: list[Any] = [_SHORT.get(word, word) for word in arguments.split()]
        con.create_function(
            name,
            function if with_nulls else _nullable(function),
            types,
            _SHORT.get(result, result),
            null_handling=FunctionNullHandling.SPECIAL,
        )
    for statement in (*macros.statements(), *CREATE_STORE):
        con.execute(statement)
    prepare_cursor(con)


def prepare_cursor(cur: DuckDBPyConnection) -> None:
    """Set what DuckDB keeps per cursor."""
    cur.execute("SET TimeZone = 'UTC'")

"""What a DuckDB database and a cursor need before GoogleSQL runs on them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from duckdb import DuckDBPyConnection
from duckdb.func import FunctionNullHandling

from sandbox.bigquery.sql import macros, udf_json, udf_values

_NUMERIC = "DECIMAL(38,9)"

# (name, function, argument types, result type)
_FUNCTIONS: list[tuple[str, Callable[..., Any], list[str], str]] = [
    ("bq_hex_int", udf_values.hex_int, ["VARCHAR"], "BIGINT"),
    ("bq_float_numeric", udf_values.float_numeric, ["DOUBLE"], _NUMERIC),
    ("bq_numeric_text", udf_values.numeric_text, [_NUMERIC], "VARCHAR"),
    ("bq_float_text", udf_values.float_text, ["DOUBLE"], "VARCHAR"),
    ("bq_json_float_text", udf_values.json_float_text, ["DOUBLE"], "VARCHAR"),
    ("bq_timestamp_micros", udf_values.timestamp_micros, ["VARCHAR"], "BIGINT"),
    ("bq_parse_date", udf_values.parse_date_text, ["VARCHAR"], "DATE"),
    ("bq_checked_zone", udf_values.zone_name, ["VARCHAR"], "VARCHAR"),
    ("bq_json_value", udf_json.json_value, ["VARCHAR", "VARCHAR"], "VARCHAR"),
]


def _nullable(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that may answer None: DuckDB wants to be told by calling it with NULLs, too."""

    @wraps(function)
    def call(*arguments: Any) -> Any:
        return None if any(argument is None for argument in arguments) else function(*arguments)

    return call


def prepare_connection(con: DuckDBPyConnection) -> None:
    """Register the functions the compiler's output calls; once per database."""
    for name, function, arguments, result in _FUNCTIONS:
        types: list[Any] = list(arguments)
        con.create_function(name, _nullable(function), types, result, null_handling=FunctionNullHandling.SPECIAL)
    for statement in macros.statements():
        con.execute(statement)
    prepare_cursor(con)


def prepare_cursor(cur: DuckDBPyConnection) -> None:
    """Set what DuckDB keeps per cursor."""
    cur.execute("SET TimeZone = 'UTC'")

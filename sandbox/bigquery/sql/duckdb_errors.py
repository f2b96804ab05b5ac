"""DuckDB's errors in BigQuery's words."""

import re

import duckdb

from sandbox.bigquery.errors import BigQueryError, invalid_query
from sandbox.bigquery.sql.expression import FAILURE

_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), message)
    for pattern, message in (
        (r"Overflow in \w+ of DECIMAL\S* .*", r"numeric overflow"),
        (r"Overflow in addition of \w+ \((.*?)\)", r"int64 overflow: \1"),
        (r"Overflow in subtraction of \w+ \((.*?)\)", r"int64 overflow: \1"),
        (r"Overflow in multiplication of \w+ \((.*?)\)", r"int64 overflow: \1"),
        (r"Overflow in (?:negation|abs).*", r"int64 overflow"),
        (r"Type (?:INT128|HUGEINT|UINT64) with value (\S+) can't be cast.*", r"int64 overflow: \1"),
        (r"Type DOUBLE with value (\S+) can't be cast.*(?:INT64|BIGINT).*", r"int64 overflow: \1"),
        (r"Type \S+ with value .*? can't be cast .*", r"Arithmetic overflow"),
        (r"Could not cast value (\S+) to DECIMAL.*", r"numeric overflow: \1"),
        (r"Casting value \"?(\S+?)\"? to type DECIMAL.*", r"numeric overflow: \1"),
        (r"NOT NULL constraint failed: .*?\.?\"?([^.\"]+)\"?$", r"Required field \1 cannot be null"),
        (r"More than one row returned by a subquery.*", r"Scalar subquery produced more than one element"),
        (r"Unknown TimeZone '?(.*?)'?[!.]?$", r"Invalid time zone: \1"),
        (r"Malformed JSON.*", r"Invalid JSON"),
        (r"Failure in decode.*|Invalid (?:UTF-?8|unicode).*", r"Invalid cast of bytes to UTF8 string"),
        (r"Could not convert string '(.*?)' to (?:INT64|BIGINT)", r"Bad int64 value: \1"),
        (r"Could not convert string '(.*?)' to DOUBLE", r"Bad double value: \1"),
    )
)
_CONFLICT = re.compile(
    r"[Cc]onflict on|write-write conflict|[Tt]ransaction conflict|has been (?:altered|modified|deleted)"
    r"|Catalog write-write"
)
_KINDS = re.compile(r"^[A-Z][A-Za-z ]*Error: ")


class WriteConflict(Exception):
    """Another transaction got there first; an autocommit statement may be tried again."""


def translate(error: Exception) -> Exception:
    """The error to raise instead; one that comes through Arrow is DuckDB's by its text alone."""
    text = str(error)
    if isinstance(error, duckdb.InterruptException) or text.startswith("INTERRUPT Error"):
        return BigQueryError(400, "stopped", "Job execution was cancelled: User requested cancellation")
    if FAILURE in text:
        own = text[text.index(FAILURE) + len(FAILURE) :]
        # A failing cast quotes our text, a Python function ends with it.
        return invalid_query(re.split(r"' to \w+|\n\nLINE|\n\nAt:", own)[0].strip())
    if _CONFLICT.search(text):
        return WriteConflict(text)
    first = _KINDS.sub("", text.split("\n")[0])
    for pattern, message in _RULES:
        match = pattern.search(first)
        if match:
            return invalid_query(match.expand(message))
    return invalid_query(first)

"""What a DuckDB database and a cursor need before GoogleSQL runs on them."""

from duckdb import DuckDBPyConnection


def prepare_connection(con: DuckDBPyConnection) -> None:
    """Register the functions the compiler's output calls; once per database."""
    prepare_cursor(con)


def prepare_cursor(cur: DuckDBPyConnection) -> None:
    """Set what DuckDB keeps per cursor."""
    cur.execute("SET TimeZone = 'UTC'")

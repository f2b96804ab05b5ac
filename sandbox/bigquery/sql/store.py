"""Where the SQL side keeps what is its own."""

CREATE_STORE = (
    "CREATE SCHEMA IF NOT EXISTS _bq",
    "CREATE TABLE IF NOT EXISTS _bq.routines "
    "(project VARCHAR, dataset VARCHAR, name VARCHAR, kind VARCHAR, body VARCHAR)",
)
"""The statements that make it."""

"""Dry runs: what they tell, what they refuse, and that they change nothing."""

import pytest

from sandbox.bigquery.errors import BigQueryError
from sandbox.bigquery.tests.sql_engine import Engine


@pytest.fixture
def engine() -> Engine:
    """Return a database with one table."""
    engine = Engine()
    engine.run("CREATE TABLE t AS SELECT 1 AS k, 'a' AS s")
    return engine


def test_tells_schema_type_and_tables(engine: Engine) -> None:
    """The answer has the columns, the statement's type, and the tables it reads."""
    told = engine.describe("SELECT k, COUNT(*) AS c, k / 2 FROM t GROUP BY 1")
    assert [(field["name"], field["type"]) for field in told.fields] == [
        ("k", "INTEGER"),
        ("c", "INTEGER"),
        ("f0_", "FLOAT"),
    ]
    assert (told.statement_type, [str(ref) for ref in told.referenced]) == ("SELECT", ["p:d.t"])


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT nope FROM t", "Unrecognized name: nope at [1:8]"),
        ("SELECT * FROM missing", "Not found: Table p:d.missing"),
        ("INSERT t VALUES ('x', 'y')", "Value has type STRING"),
        ("DECLARE x INT64; SELECT x, nope FROM t", "Unrecognized name: nope"),
        ("CREATE TABLE t (x INT64)", "Already Exists"),
        ("DROP TABLE missing", "Not found"),
        ("SELEC 1", 'Syntax error: Unexpected identifier "SELEC" at [1:1]'),
        ("SELECT 1::INT64", "Syntax error: Expected end of input but got"),
        ("SELECT 'a' = 1", "No matching signature for operator = for argument types: STRING, INT64"),
    ],
)
def test_refuses_what_a_run_would_refuse(engine: Engine, sql: str, message: str) -> None:
    """Names, types and syntax are checked."""
    with pytest.raises(BigQueryError) as refused:
        engine.describe(sql)
    assert message in refused.value.message


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT t VALUES (2, 'b')",
        "DELETE t WHERE TRUE",
        "DROP TABLE t",
        "CREATE OR REPLACE TABLE t AS SELECT 5 AS k, 'q' AS s",
        "TRUNCATE TABLE t",
    ],
)
def test_changes_nothing(engine: Engine, sql: str) -> None:
    """The table is as it was."""
    engine.describe(sql)
    assert engine.rows("SELECT k, s FROM t") == [[1, "a"]]

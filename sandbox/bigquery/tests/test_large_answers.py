"""Answers that are too large to be held: the same rows, from a file, and only those that are asked for."""

from collections.abc import Iterator
from typing import Any

import pytest
from google.cloud import bigquery

from sandbox.bigquery.errors import BigQueryError
from sandbox.bigquery.spooled_rows import SpooledRows
from sandbox.bigquery.sql import execution
from sandbox.bigquery.tests.comparable import comparable
from sandbox.bigquery.tests.sql_engine import Engine, type_name
from sandbox.bigquery.tests.test_sql_answers import cases

NUMBERS = "SELECT x FROM UNNEST(GENERATE_ARRAY(1, 100000)) AS x ORDER BY x"
MILLIONS = """
SELECT a * 1000 + b AS number, CONCAT('row ', a * 1000 + b) AS text
FROM UNNEST(GENERATE_ARRAY(0, 1199)) AS a CROSS JOIN UNNEST(GENERATE_ARRAY(0, 999)) AS b
ORDER BY number
"""


@pytest.fixture(scope="module")
def engine() -> Engine:
    """Return one database for all; no test leaves anything in it."""
    return Engine()


@pytest.fixture
def nothing_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every answer with a row in it for a large one."""
    monkeypatch.setattr(execution, "_HELD_CELLS", 0)


def one_of_each_type() -> Iterator[Any]:
    """The first recorded SELECT that answers these types with rows: how a row is written depends on nothing else."""
    seen = set()
    for case in cases():
        recorded = case.values[0]
        kind = (tuple(recorded.get("types", ())), bool(recorded.get("rows")))
        if not recorded.get("error") and kind not in seen:
            seen.add(kind)
            yield case


@pytest.mark.usefixtures("nothing_is_held")
@pytest.mark.parametrize("case", one_of_each_type())
def test_the_same_as_an_answer_that_is_held(engine: Engine, case: dict[str, Any]) -> None:
    answer = engine.run(case["sql"])[-1]
    assert isinstance(answer.rows, SpooledRows) == bool(case["rows"])
    assert [comparable(row) for row in answer.rows] == case["rows"]
    assert [type_name(field) for field in answer.fields] == case["types"]


@pytest.mark.usefixtures("nothing_is_held")
def test_pages_across_batches(engine: Engine) -> None:
    rows = engine.run(NUMBERS)[-1].rows
    assert len(rows) == 100_000
    assert rows[32_766:32_770] == [(32_767,), (32_768,), (32_769,), (32_770,)]
    assert rows[20_000:90_000] == [(number,) for number in range(20_001, 90_001)]
    assert rows[99_999] == (100_000,)
    assert rows[99_998:200_000] == [(99_999,), (100_000,)]
    assert rows[100_000:] == []


@pytest.mark.usefixtures("nothing_is_held")
def test_within_a_transaction_it_sees_what_was_written_and_breaks_nothing(engine: Engine) -> None:
    engine.run("CREATE TABLE d.kept (x INT64)")
    script = "BEGIN TRANSACTION; INSERT INTO d.kept SELECT x FROM UNNEST([1, 2]) AS x; SELECT x FROM d.kept ORDER BY x;"
    results = engine.run(f"{script} COMMIT TRANSACTION;")
    assert [list(result.rows) for result in results if result.statement_type == "SELECT"] == [[(1,), (2,)]]
    assert engine.rows("SELECT COUNT(*) FROM d.kept") == [[2]]
    engine.run("DROP TABLE d.kept")


@pytest.mark.usefixtures("nothing_is_held")
def test_an_error_far_behind_is_bigquerys(engine: Engine) -> None:
    with pytest.raises(BigQueryError, match="far behind"):
        engine.run("SELECT IF(x = 99999, ERROR('far behind'), x) FROM UNNEST(GENERATE_ARRAY(1, 100000)) AS x")


def test_a_client_reads_any_page(client: bigquery.Client) -> None:
    job = client.query(MILLIONS)
    assert job.result(page_size=10).total_rows == 1_200_000
    found = client.get_job(job.job_id).result(start_index=1_199_998)
    assert [tuple(row) for row in found] == [(1_199_998, "row 1199998"), (1_199_999, "row 1199999")]

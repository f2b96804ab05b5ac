"""Writers at the same time: every statement counts, and a transaction never loses another's work."""

import threading

from sandbox.bigquery.errors import BigQueryError
from sandbox.bigquery.tests.sql_engine import Engine

MERGE = """MERGE t USING (SELECT x AS k FROM UNNEST(GENERATE_ARRAY(1, 20)) AS x) AS s ON t.k = s.k
WHEN MATCHED THEN UPDATE SET v = t.v + 1"""


def _together(*work: object) -> list[str]:
    failures: list[str] = []

    def guarded(action: object) -> None:
        try:
            action()  # type: ignore[operator]
        except BigQueryError as refused:
            failures.append(refused.message)

    threads = [threading.Thread(target=guarded, args=(action,)) for action in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def test_forty_merges_all_apply() -> None:
    """Autocommit statements on one table wait for each other."""
    engine = Engine()
    engine.run("CREATE TABLE t AS SELECT x AS k, 0 AS v FROM UNNEST(GENERATE_ARRAY(1, 20)) AS x")
    assert _together(*[lambda: [engine.run(MERGE) for _ in range(5)]] * 8) == []
    assert engine.rows("SELECT DISTINCT v FROM t") == [[40]]


def test_two_transactions_on_one_table() -> None:
    """The counter is what those that committed made of it; those that did not were told so."""
    engine = Engine()
    engine.run("CREATE TABLE t AS SELECT 0 AS v")
    script = "BEGIN TRANSACTION; UPDATE t SET v = v + 1 WHERE TRUE; COMMIT TRANSACTION"
    failures = _together(*[lambda: engine.run(script)] * 6)
    assert all("Transaction is aborted due to concurrent update against table p.d.t" in text for text in failures)
    assert engine.rows("SELECT v FROM t") == [[6 - len(failures)]]


def test_readers_see_no_half_of_a_transaction() -> None:
    """What is not committed is not seen."""
    engine = Engine()
    engine.run("CREATE TABLE t (v INT64)")
    seen: list[int] = []
    script = "BEGIN TRANSACTION; INSERT t VALUES (1); INSERT t VALUES (2); COMMIT TRANSACTION"

    def watch() -> None:
        for _ in range(20):
            seen.append(engine.rows("SELECT COUNT(*) FROM t")[0][0])

    assert _together(watch, lambda: engine.run(script)) == []
    assert set(seen) <= {0, 2}
    assert engine.rows("SELECT COUNT(*) FROM t") == [[2]]

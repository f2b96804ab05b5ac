"""What jobs bill, and the limits they set to it: maximumBytesBilled, and statementByteBudget of a script."""

from collections.abc import Iterator

import pytest
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery
from google.cloud.bigquery import QueryJobConfig, ScriptOptions

from sandbox.bigquery.tests.servers import run

MEGABYTE = 1 << 20
LEAST = 10 * MEGABYTE
HOURS = 100


@pytest.fixture(scope="module")
def ledger(client: bigquery.Client) -> Iterator[str]:
    """A table of a hundred hours with 20,000 rows each: 16 bytes and a text of 24, so 0.8 MB an hour."""
    dataset = client.create_dataset(f"{client.project}.billed", exists_ok=True)
    name = f"{dataset.project}.{dataset.dataset_id}.ledger"
    run(
        client,
        f"CREATE TABLE `{name}` (cycle TIMESTAMP, n INT64, word STRING) PARTITION BY TIMESTAMP_TRUNC(cycle, HOUR)"
        " OPTIONS (require_partition_filter = TRUE)",
    )
    run(
        client,
        f"INSERT INTO `{name}` (cycle, n, word) SELECT TIMESTAMP_ADD(TIMESTAMP '2026-03-02 00:00:00+00', "
        f"INTERVAL DIV(i, 20000) HOUR), i, 'word' FROM UNNEST(GENERATE_ARRAY(0, {HOURS * 20_000 - 1})) AS i",
    )
    run(
        client,
        "CREATE TABLE billed.ranges (place INT64, word STRING)"
        " PARTITION BY RANGE_BUCKET(place, GENERATE_ARRAY(0, 8, 4))",
    )
    run(
        client,
        "INSERT INTO billed.ranges (place, word) SELECT MOD(i, 8), 'word' FROM UNNEST(GENERATE_ARRAY(1, 1000000)) AS i",
    )
    run(client, f"CREATE TABLE `{dataset.dataset_id}.small` (n INT64)")
    run(client, f"INSERT INTO `{dataset.dataset_id}.small` (n) VALUES (1), (2)")
    yield name
    client.delete_dataset(dataset, delete_contents=True, not_found_ok=True)


def billed(client: bigquery.Client, text: str, **options: object) -> int:
    job = client.query(text, job_config=QueryJobConfig(use_query_cache=False, **options), job_retry=None)
    job.result()
    return int(job.total_bytes_billed)


@pytest.mark.parametrize(
    ("text", "megabytes"),
    [
        ("SELECT 1 AS n", 0),
        ("SELECT COUNT(*) AS n FROM billed.small", 10),
        ("SELECT a.n FROM billed.small AS a INNER JOIN billed.small AS b ON a.n = b.n", 10),
        ("SELECT n FROM billed.ledger WHERE cycle = TIMESTAMP '2026-03-02 05:00:00+00'", 10),
        # 50 hours of a number and a moment, of all three, of a moment; a condition on the minute takes the whole hour.
        ("SELECT SUM(n) AS n FROM billed.ledger WHERE cycle < TIMESTAMP '2026-03-04 02:00:00+00'", 16),
        ("SELECT * FROM billed.ledger WHERE cycle < TIMESTAMP '2026-03-04 02:00:00+00' ORDER BY n LIMIT 1", 39),
        ("SELECT MAX(cycle) AS n FROM billed.ledger WHERE cycle < TIMESTAMP '2026-03-06 04:00:00+00'", 16),
        ("SELECT SUM(n) AS n FROM billed.ledger WHERE cycle < TIMESTAMP '2026-03-04 01:00:01+00'", 16),
        ("SELECT l.n FROM billed.ledger AS l, billed.small AS s WHERE l.cycle = '2026-03-02 05:00:00+00' LIMIT 1", 20),
        # A number and a text of a million rows, and of the half that lie in one of two ranges.
        ("SELECT MAX(word) AS n FROM billed.ranges WHERE place = 1", 16),
        ("SELECT MAX(word) AS n FROM billed.ranges WHERE place < 4", 16),
        ("SELECT MAX(word) AS n FROM billed.ranges WHERE MOD(place, 4) = 1", 31),
        # All columns of what is scanned, where rows are changed; only those that are read, where they are added.
        ("UPDATE billed.ledger SET n = 0 WHERE cycle < TIMESTAMP '2026-03-04 02:00:00+00' AND MOD(n, 7) = 9", 39),
        ("INSERT INTO billed.small (n) VALUES (3)", 0),
        ("INSERT INTO billed.small (n) SELECT n FROM billed.ledger WHERE cycle = '2026-03-02 05:00:00+00' LIMIT 0", 10),
        (
            "MERGE billed.ledger AS l USING (SELECT 1 AS n) AS s ON l.cycle = '2026-03-02 05:00:00+00' AND l.n = s.n"
            " WHEN NOT MATCHED THEN INSERT (cycle, n) VALUES ('2026-03-02 05:00:00+00', 100000)",
            10,
        ),
        ("CREATE TEMP TABLE t AS SELECT 1 AS n; SELECT n FROM t; SELECT COUNT(*) AS n FROM t, billed.small", 30),
        ("DECLARE v INT64 DEFAULT (SELECT MAX(n) FROM billed.small); IF v > 99 THEN SELECT v; END IF", 10),
    ],
)
@pytest.mark.usefixtures("ledger")
def test_what_a_job_bills(client: bigquery.Client, text: str, megabytes: int) -> None:
    assert billed(client, text) == megabytes * MEGABYTE


@pytest.mark.usefixtures("ledger")
def test_a_statement_that_would_bill_more_than_the_job_may_does_nothing(client: bigquery.Client) -> None:
    text = "SELECT SUM(n) AS n FROM billed.ledger WHERE cycle < TIMESTAMP '2026-03-04 02:00:00+00'"
    assert billed(client, text, maximum_bytes_billed=16 * MEGABYTE) == 16 * MEGABYTE
    with pytest.raises(GoogleAPICallError) as refused:
        billed(client, text, maximum_bytes_billed=LEAST)
    assert f"Query exceeded limit for bytes billed: {LEAST}. {16 * MEGABYTE} or higher required." in str(refused.value)
    assert refused.value.errors[0]["reason"] == "bytesBilledLimitExceeded"
    with pytest.raises(GoogleAPICallError):
        billed(client, "DELETE FROM billed.small WHERE n = 1", maximum_bytes_billed=MEGABYTE)
    (row,) = run(client, "SELECT COUNTIF(n = 1) AS n FROM billed.small")
    assert row.n == 1


@pytest.mark.usefixtures("ledger")
def test_a_script_is_held_to_both_limits(client: bigquery.Client) -> None:
    read = "SELECT COUNT(*) AS n FROM billed.small"
    twice = f"{read}; {read}"
    assert billed(client, twice, maximum_bytes_billed=2 * LEAST) == 2 * LEAST
    with pytest.raises(GoogleAPICallError, match=f"billed: {LEAST}. {2 * LEAST} or higher"):
        billed(client, twice, maximum_bytes_billed=LEAST)
    both = "SELECT COUNT(*) AS n FROM billed.small AS s, billed.ledger AS l WHERE l.cycle = '2026-03-02 05:00:00+00'"
    with pytest.raises(GoogleAPICallError, match=f"billed: {LEAST}. {2 * LEAST} or higher"):
        billed(client, f"{read}; {both}", script_options=ScriptOptions(statement_byte_budget=LEAST))


@pytest.mark.usefixtures("ledger")
def test_what_was_written_in_a_transaction_that_exceeds_the_limit_is_gone(client: bigquery.Client) -> None:
    text = (
        "BEGIN TRANSACTION; INSERT INTO billed.small (n) VALUES (77); "
        "SELECT SUM(n) AS n FROM billed.ledger WHERE cycle < TIMESTAMP '2026-03-06 04:00:00+00'; COMMIT TRANSACTION"
    )
    with pytest.raises(GoogleAPICallError, match="exceeded limit for bytes billed"):
        billed(client, text, maximum_bytes_billed=LEAST)
    (row,) = run(client, "SELECT COUNTIF(n = 77) AS n FROM billed.small")
    assert row.n == 0

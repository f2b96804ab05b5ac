"""Many clients at once."""

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from google.cloud import bigquery
from google.cloud.bigquery import LoadJobConfig, SchemaField, TimePartitioning

from sandbox.bigquery.tests.servers import StandIn, create_table
from sandbox.bigquery.tests.test_api_jobs import SLOW

NO_RETRY: dict[str, Any] = {"retry": None, "job_retry": None}


def run(client: bigquery.Client, sql: str) -> list[tuple[Any, ...]]:
    """Run a query without a second chance."""
    return [row.values() for row in client.query(sql, **NO_RETRY).result(timeout=60, **NO_RETRY)]


def together(tasks: Iterable[Callable[[], Any]], width: int = 40) -> None:
    """Run all tasks at the same time; raises the first error."""
    with ThreadPoolExecutor(width) as pool:
        for future in [pool.submit(task) for task in tasks]:
            future.result()


def test_forty_merges_of_one_table_all_apply(server: StandIn, client: bigquery.Client, dataset: str) -> None:
    run(client, f"CREATE TABLE `{dataset}.t` AS SELECT k, 0 AS v FROM UNNEST(GENERATE_ARRAY(1, 50)) AS k")
    merge = (
        f"MERGE `{dataset}.t` T USING (SELECT k FROM UNNEST(GENERATE_ARRAY(1, 50)) AS k) S ON T.k = S.k "
        "WHEN MATCHED THEN UPDATE SET v = T.v + 1"
    )
    together(lambda: run(server.client(), merge) for _ in range(40))
    assert run(client, f"SELECT DISTINCT v FROM `{dataset}.t`") == [(40,)]


def test_eight_clients_insert_ten_rows_each(server: StandIn, client: bigquery.Client, dataset: str) -> None:
    run(client, f"CREATE TABLE `{dataset}.t` (w INT64, i INT64)")

    def work(number: int) -> None:
        own = server.client()
        for index in range(10):
            run(own, f"INSERT INTO `{dataset}.t` VALUES ({number}, {index})")

    together(lambda number=number: work(number) for number in range(8))
    assert run(client, f"SELECT COUNT(*), COUNT(DISTINCT w * 10 + i) FROM `{dataset}.t`") == [(80, 80)]


def test_partitions_of_one_table_load_at_once(server: StandIn, client: bigquery.Client, dataset: str) -> None:
    schema = [SchemaField("at", "TIMESTAMP"), SchemaField("v", "INTEGER")]
    table = bigquery.Table(f"{dataset}.t", schema=schema)
    table.time_partitioning = TimePartitioning(type_="HOUR", field="at")
    create_table(client, table)

    def load(hour: int, version: int) -> None:
        data = [{"at": f"2026-01-01 {hour:02d}:{minute:02d}:00", "v": version} for minute in range(60)]
        config = LoadJobConfig(schema=schema, write_disposition="WRITE_TRUNCATE")
        target = f"{dataset}.t$20260101{hour:02d}"
        server.client().load_table_from_json(data, target, job_config=config).result(timeout=60, retry=None)

    together(lambda hour=hour, version=version: load(hour, version) for version in range(2) for hour in range(12))
    assert client.get_table(table).num_rows == 12 * 60


def test_readers_wait_for_no_writer_and_for_no_other_reader(
    server: StandIn, client: bigquery.Client, dataset: str
) -> None:
    run(client, f"CREATE TABLE `{dataset}.t` AS SELECT 1 AS n")
    slow_read = client.query(SLOW, job_retry=None)
    slow_write = client.query(f"INSERT INTO `{dataset}.t` {SLOW.replace('AS n', '', 1)}", job_retry=None)
    waiting = client.query(f"UPDATE `{dataset}.t` SET n = 2 WHERE TRUE", job_retry=None)
    for _ in range(5):
        assert run(server.client(), f"SELECT n FROM `{dataset}.t`") == [(1,)]
    assert client.get_table(f"{dataset}.t").num_rows == 1
    assert [row["n"] for row in client.list_rows(f"{dataset}.t")] == [1]
    assert [client.get_job(job.job_id).state for job in (slow_read, slow_write, waiting)] == ["RUNNING"] * 3
    slow_read.cancel()
    slow_write.cancel()
    waiting.result(timeout=60)
    assert run(client, f"SELECT n FROM `{dataset}.t`") == [(2,)]


def test_a_reader_never_sees_half_a_load(server: StandIn, client: bigquery.Client, dataset: str) -> None:
    schema = [SchemaField("v", "INTEGER")]

    def load(version: int) -> None:
        config = LoadJobConfig(schema=schema, write_disposition="WRITE_TRUNCATE")
        rows = [{"v": version}] * 500
        server.client().load_table_from_json(rows, f"{dataset}.t", job_config=config).result(timeout=60)

    create_table(client, bigquery.Table(f"{dataset}.t", schema=schema))
    load(0)
    stop = threading.Event()
    seen: set[tuple[Any, ...]] = set()

    def read() -> None:
        own = server.client()
        while not stop.is_set():
            seen.update(run(own, f"SELECT COUNT(*), COUNT(DISTINCT v) FROM `{dataset}.t`"))
            time.sleep(0.01)

    reader = threading.Thread(target=read)
    reader.start()
    for version in range(1, 6):
        load(version)
    stop.set()
    reader.join()
    assert seen == {(500, 1)}


def test_tables_of_one_name_are_created_once(server: StandIn, client: bigquery.Client, dataset: str) -> None:
    sql = f"CREATE TABLE IF NOT EXISTS `{dataset}.t` (x INT64)"
    together((lambda: run(server.client(), sql) for _ in range(12)), width=12)
    client.get_table(f"{dataset}.t")

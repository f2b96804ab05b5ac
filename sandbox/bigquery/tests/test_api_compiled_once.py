"""A statement asked again answers for the tables, types and values of now, however it was compiled before."""

from typing import Any

import pytest
import requests
from google.api_core.exceptions import BadRequest, Forbidden, NotFound
from google.cloud import bigquery
from google.cloud.bigquery import QueryJobConfig, ScalarQueryParameter

from sandbox.bigquery.tests.servers import PROJECT, StandIn, run


def asked(client: bigquery.Client, sql: str, **options: Any) -> list[tuple[Any, ...]]:
    return [row.values() for row in run(client, sql, **options)]


def with_parameter(kind: str, value: Any) -> QueryJobConfig:
    return QueryJobConfig(query_parameters=[ScalarQueryParameter("p", kind, value)])


def test_a_table_that_is_made_anew_is_read_by_its_columns_of_now(client: bigquery.Client, dataset: str) -> None:
    everything = f"SELECT * FROM `{dataset}.t`"
    run(client, f"CREATE TABLE `{dataset}.t` AS SELECT 1 AS a")
    assert asked(client, everything) == asked(client, everything) == [(1,)]
    run(client, f"CREATE OR REPLACE TABLE `{dataset}.t` AS SELECT 'x' AS b, 2 AS a")
    assert asked(client, everything) == [("x", 2)]
    run(client, f"ALTER TABLE `{dataset}.t` ADD COLUMN c INT64")
    assert asked(client, everything) == [("x", 2, None)]
    run(client, f"DROP TABLE `{dataset}.t`")
    with pytest.raises(NotFound):
        run(client, everything)


def test_a_view_is_read_as_it_is_defined_now(client: bigquery.Client, dataset: str) -> None:
    for number in (1, 2):
        run(client, f"CREATE OR REPLACE VIEW `{dataset}.v` AS SELECT {number} AS n")
        assert asked(client, f"SELECT n FROM `{dataset}.v`") == [(number,)]


def test_values_are_those_of_now_and_so_are_types(client: bigquery.Client) -> None:
    text = "SELECT @p"
    assert asked(client, text, job_config=with_parameter("INT64", 1)) == [(1,)]
    assert asked(client, text, job_config=with_parameter("INT64", 2)) == [(2,)]
    assert asked(client, text, job_config=with_parameter("STRING", "x")) == [("x",)]
    script = "DECLARE n INT64 DEFAULT @p; WHILE n < 3 DO SET n = n + 1; END WHILE; SELECT n"
    assert [asked(client, script, job_config=with_parameter("INT64", begin)) for begin in (1, 7)] == [[(3,)], [(7,)]]


def test_a_temporary_table_has_the_columns_that_it_was_made_with(client: bigquery.Client, dataset: str) -> None:
    script = f"CREATE TEMP TABLE x AS SELECT * FROM `{dataset}.t`; SELECT * FROM x"
    for made, found in (("SELECT 1 AS a", (1,)), ("SELECT 'x' AS b, 2 AS a", ("x", 2))):
        run(client, f"CREATE OR REPLACE TABLE `{dataset}.t` AS {made}")
        assert asked(client, script) == [found]


def test_a_partition_filter_is_demanded_as_soon_as_the_table_does(client: bigquery.Client, dataset: str) -> None:
    everything = f"SELECT * FROM `{dataset}.t`"
    made = f"CREATE OR REPLACE TABLE `{dataset}.t` (seen TIMESTAMP) PARTITION BY DATE(seen)"
    run(client, made)
    assert asked(client, everything) == []
    run(client, f"{made} OPTIONS (require_partition_filter = TRUE)")
    with pytest.raises(BadRequest, match="without a filter"):
        run(client, everything)


def test_a_right_that_is_gone_is_missed(client: bigquery.Client, dataset: str, server: StandIn) -> None:
    run(client, f"CREATE TABLE `{dataset}.t` AS SELECT 1 AS a")
    assert asked(client, f"SELECT a FROM `{dataset}.t`") == [(1,)]
    name = f"{PROJECT}:{dataset.partition('.')[2]}"
    requests.put(f"{server.url}/rights", json={"bigquery.tables.getData": [name]}, timeout=10).raise_for_status()
    try:
        with pytest.raises(Forbidden):
            run(client, f"SELECT a FROM `{dataset}.t`")
    finally:
        requests.put(f"{server.url}/rights", json={}, timeout=10).raise_for_status()

"""Query jobs and jobs.getQueryResults: results, pages, parameters, dry runs, errors."""

import datetime
import decimal
import json
import math
import urllib.error
import urllib.request
import uuid
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest, Conflict, MethodNotImplemented, NotFound
from google.cloud import bigquery
from google.cloud.bigquery import QueryJobConfig, ScalarQueryParameter

from sandbox.bigquery.tests.servers import PROJECT, StandIn, run

EVERY_TYPE = r"""
SELECT 'ä' AS s, b'\x00\xff' AS b, 9223372036854775807 AS i, 1.5 AS f, NUMERIC '1.10' AS n, TRUE AS o,
  TIMESTAMP '2026-01-01 00:00:00.000001+00' AS ts, DATE '2026-01-01' AS d, [1, 2] AS l, STRUCT(1 AS x, 'y' AS y) AS r,
  [STRUCT([1] AS z)] AS lr, CAST('nan' AS FLOAT64) AS nan, CAST(NULL AS STRING) AS nothing
"""


def post(server: StandIn, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
    """Send a raw request (a POST if there is a body); answer status and JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"{server.url}/bigquery/v2/projects/{PROJECT}/{path}", data, {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_every_type(client: bigquery.Client) -> None:
    (row,) = run(client, EVERY_TYPE)
    found = dict(row)
    assert math.isnan(found.pop("nan"))
    assert found == {
        "s": "ä", "b": b"\x00\xff", "i": 2**63 - 1, "f": 1.5, "n": decimal.Decimal("1.1"), "o": True,
        "ts": datetime.datetime(2026, 1, 1, microsecond=1, tzinfo=datetime.UTC), "d": datetime.date(2026, 1, 1),
        "l": [1, 2], "r": {"x": 1, "y": "y"}, "lr": [{"z": [1]}], "nothing": None,
    }  # fmt: skip


def test_results_come_in_pages(client: bigquery.Client) -> None:
    job = client.query("SELECT x FROM UNNEST(GENERATE_ARRAY(1, 2500)) AS x ORDER BY x")
    pages = list(job.result(page_size=1000).pages)
    assert [page.num_items for page in pages] == [1000, 1000, 500]
    assert [row.x for row in client.get_job(job.job_id).result(start_index=2498)] == [2499, 2500]
    assert [row.x for row in job.result(max_results=2)] == [1, 2]
    assert job.result().total_rows == 2500


def test_no_rows(client: bigquery.Client) -> None:
    result = client.query("SELECT 1 AS x FROM UNNEST([1]) AS y WHERE FALSE").result()
    assert (result.total_rows, list(result), [field.name for field in result.schema]) == (0, [], ["x"])


def test_parameters(client: bigquery.Client) -> None:
    named = QueryJobConfig(
        query_parameters=[
            ScalarQueryParameter("t", "TIMESTAMP", datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)),
            bigquery.ArrayQueryParameter("l", "STRING", ["a", "b"]),
            bigquery.StructQueryParameter("s", ScalarQueryParameter("x", "INT64", 7)),
            ScalarQueryParameter("n", "STRING", None),
        ]
    )
    (row,) = run(client, "SELECT @t AS t, @l AS l, @s.x AS x, @n AS n", job_config=named)
    assert row.values() == (datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), ["a", "b"], 7, None)


def test_a_dry_run_says_what_would_be_read_and_does_nothing(client: bigquery.Client, dataset: str) -> None:
    run(client, f"CREATE TABLE `{dataset}.t` AS SELECT 1 AS a, 'x' AS b")
    config = QueryJobConfig(dry_run=True)
    job = client.query(f"SELECT b FROM `{dataset}.t`", job_config=config)
    assert (job.state, [field.name for field in job.schema], job.statement_type) == ("DONE", ["b"], "SELECT")
    assert job.total_bytes_processed > 0
    assert [table.table_id for table in job.referenced_tables] == ["t"]
    client.query(f"CREATE TABLE `{dataset}.u` (x INT64)", job_config=config)
    client.query(f"DELETE FROM `{dataset}.t` WHERE TRUE", job_config=config)
    assert [table.table_id for table in client.list_tables(dataset)] == ["t"]
    assert client.get_table(f"{dataset}.t").num_rows == 1
    for sql, error in (
        ("SELEC 1", BadRequest),
        (f"SELECT z FROM `{dataset}.t`", BadRequest),
        (f"SELECT 1 FROM `{dataset}.z`", NotFound),
    ):
        with pytest.raises(error):
            client.query(sql, job_config=config)


@pytest.mark.parametrize(
    ("sql", "error", "reason"),
    [
        ("SELEC 1", BadRequest, "invalidQuery"),
        ("SELECT 1/0", BadRequest, "invalidQuery"),
        ("SELECT ERROR('boom')", BadRequest, "invalidQuery"),
        ("SELECT * FROM nowhere.t", NotFound, "notFound"),
    ],
)
def test_errors_have_their_reason(client: bigquery.Client, sql: str, error: type, reason: str) -> None:
    with pytest.raises(error) as refused:
        client.query(sql, retry=None, job_retry=None).result(retry=None, job_retry=None, timeout=10)
    assert refused.value.errors[0]["reason"] == reason


@pytest.mark.parametrize("dialect", [{}, {"useLegacySql": None}, {"useLegacySql": True}])
def test_legacy_sql_is_what_a_query_means_by_itself(server: StandIn, dialect: dict[str, Any]) -> None:
    query = {"query": "SELECT 1 AS x", **dialect}
    status, answer = post(server, "jobs", {"configuration": {"query": query}})
    assert (status, answer["error"]["errors"][0]["reason"]) == (501, "notImplemented")
    assert "useLegacySql" in answer["error"]["message"]


def test_default_dataset_labels_and_location(client: bigquery.Client, dataset: str) -> None:
    run(client, f"CREATE TABLE `{dataset}.t` AS SELECT 1 AS x")
    config = QueryJobConfig(default_dataset=dataset, labels={"airflow-dag": "x"})
    job = client.query("SELECT x FROM t", job_config=config, location="US")
    assert [row.x for row in job.result()] == [1]
    assert client.get_job(job.job_id, location="us").labels == {"airflow-dag": "x"}
    with pytest.raises(NotFound):
        client.get_job(job.job_id, location="EU")


def test_statistics_of_statements(client: bigquery.Client, dataset: str) -> None:
    def done(sql: str) -> bigquery.QueryJob:
        job = client.query(sql)
        job.result()
        return client.get_job(job.job_id)

    made = done(f"CREATE TABLE `{dataset}.t` (k INT64, v INT64)")
    assert (made.statement_type, made.ddl_operation_performed, made.ddl_target_table.table_id) == (
        "CREATE_TABLE",
        "CREATE",
        "t",
    )
    assert done(f"CREATE TABLE IF NOT EXISTS `{dataset}.t` (k INT64)").ddl_operation_performed == "SKIP"
    inserted = done(f"INSERT INTO `{dataset}.t` VALUES (1, 1), (2, 2)")
    assert (inserted.statement_type, inserted.num_dml_affected_rows) == ("INSERT", 2)
    merged = done(
        f"MERGE `{dataset}.t` T USING (SELECT 2 AS k UNION ALL SELECT 3) S ON T.k = S.k "
        "WHEN MATCHED THEN UPDATE SET v = 20 WHEN NOT MATCHED THEN INSERT (k) VALUES (k) "
        "WHEN NOT MATCHED BY SOURCE THEN DELETE"
    )
    stats = merged.dml_stats
    assert (stats.inserted_row_count, stats.updated_row_count, stats.deleted_row_count) == (1, 1, 1)
    read = done(f"SELECT * FROM `{dataset}.t`")
    assert read.started <= read.ended and read.total_bytes_processed > 0 and read.destination is not None
    assert [table.table_id for table in read.referenced_tables] == ["t"]
    assert done(f"DROP TABLE `{dataset}.t`").ddl_operation_performed == "DROP"


def test_dml_answers_no_rows(client: bigquery.Client, dataset: str) -> None:
    run(client, f"CREATE TABLE `{dataset}.t` (x INT64)")
    result = client.query(f"INSERT INTO `{dataset}.t` VALUES (1)").result()
    assert (list(result), result.num_dml_affected_rows) == ([], 1)
    result = run(client, f"UPDATE `{dataset}.t` SET x = 2 WHERE TRUE")
    assert (list(result), result.num_dml_affected_rows) == ([], 1)


def test_scripts_have_children(client: bigquery.Client, dataset: str) -> None:
    script = f"""
        DECLARE n INT64 DEFAULT 2;
        CREATE TABLE `{dataset}.t` AS SELECT 1 AS x;
        INSERT INTO `{dataset}.t` VALUES (n), (3);
        SELECT x FROM `{dataset}.t` ORDER BY x;
        SELECT COUNT(*) AS total FROM `{dataset}.t`;
    """
    job = client.query(script)
    assert [row.total for row in job.result()] == [3]
    job = client.get_job(job.job_id)
    children = list(client.list_jobs(parent_job=job.job_id))
    assert (job.statement_type, job.num_child_jobs) == ("SCRIPT", len(children))
    told = {child.statement_type: child for child in children}
    assert {"CREATE_TABLE_AS_SELECT", "INSERT", "SELECT"} <= set(told)
    assert all(child.parent_job_id == job.job_id for child in children)
    assert told["INSERT"].num_dml_affected_rows == 2
    listed = [[row.values() for row in child.result()] for child in children if child.statement_type == "SELECT"]
    assert sorted(listed) == [[(1,), (2,), (3,)], [(3,)]]
    assert job.job_id in [each.job_id for each in client.list_jobs(max_results=5)]
    assert not {child.job_id for child in children} & {each.job_id for each in client.list_jobs(max_results=50)}


def test_a_failed_script_tells_why_and_keeps_its_children(client: bigquery.Client) -> None:
    job = client.query("SELECT 1; SELECT 1/0; SELECT 2;", job_retry=None)
    with pytest.raises(BadRequest):
        job.result(job_retry=None)
    assert len(list(client.list_jobs(parent_job=job.job_id))) >= 1


def test_only_one_of_the_same_id(client: bigquery.Client) -> None:
    name = f"det_{uuid.uuid4().hex}"
    assert [row.x for row in client.query("SELECT 1 AS x", job_id=name).result()] == [1]
    body = {"jobReference": {"jobId": name}, "configuration": {"query": {"query": "SELECT 2", "useLegacySql": False}}}
    with pytest.raises(Conflict, match="Already Exists: Job"):
        client._connection.api_request(method="POST", path=f"/projects/{PROJECT}/jobs", data=body)
    assert [row.x for row in client.get_job(name).result()] == [1]


def test_sessions_say_that_they_are_not_there(client: bigquery.Client) -> None:
    with pytest.raises(MethodNotImplemented, match="createSession"):
        client.query("SELECT 1", job_config=QueryJobConfig(create_session=True)).result()

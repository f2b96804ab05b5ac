"""A service that never waits: jobs are PENDING when inserted, RUNNING for a while, and done at one moment."""

import json
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

import pytest
from google.cloud import bigquery

from sandbox.bigquery.tests.servers import PROJECT, StandIn, stand_in


@pytest.fixture(scope="module")
def hasty() -> Iterator[StandIn]:
    """Run a stand-in that lets no request wait for a job."""
    with stand_in(wait=0) as running:
        yield running


def call(server: StandIn, path: str, body: Any = None) -> dict[str, Any]:
    """Send a request; answer its JSON."""
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(f"{server.url}/bigquery/v2/projects/{PROJECT}/{path}", data)) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def test_a_job_is_done_at_one_moment(hasty: StandIn) -> None:
    """A state that is DONE before the rows are there makes a client take them for none."""
    for number in range(30):
        query = {"query": f"SELECT {number} AS x", "useLegacySql": False}
        job = call(hasty, "jobs", {"configuration": {"query": query}})
        assert job["status"] == {"state": "PENDING"}
        path = job["jobReference"]["jobId"]
        while (job := call(hasty, f"jobs/{path}"))["status"]["state"] != "DONE":
            assert "endTime" not in job["statistics"]
        answer = call(hasty, f"queries/{path}?formatOptions.useInt64Timestamp=true")
        assert (answer["jobComplete"], answer["rows"]) == (True, [{"f": [{"v": str(number)}]}])


def test_an_error_is_told_once_it_is_the_end(hasty: StandIn) -> None:
    query = {"query": "SELECT 1 / 0 FROM UNNEST(GENERATE_ARRAY(1, 1000))", "useLegacySql": False}
    job = call(hasty, "jobs", {"configuration": {"query": query}})
    while job["status"]["state"] != "DONE":
        assert job["status"].keys() == {"state"}
        job = call(hasty, f"jobs/{job['jobReference']['jobId']}")
    assert job["status"]["errorResult"]["reason"] == "invalidQuery"


def test_incomplete_results_have_no_rows(hasty: StandIn) -> None:
    slow = "SELECT COUNT(*) AS n FROM UNNEST(GENERATE_ARRAY(1, 30000000)) AS x WHERE MOD(x, 7) = 0"
    job = call(hasty, "jobs", {"configuration": {"query": {"query": slow, "useLegacySql": False}}})
    answer = call(hasty, f"queries/{job['jobReference']['jobId']}?timeoutMs=10000")
    assert answer["jobComplete"] is False
    assert not answer.keys() & {"rows", "schema", "totalRows", "pageToken"}


def test_the_client_waits_by_itself(hasty: StandIn) -> None:
    client = hasty.client()
    name = f"{PROJECT}.d{uuid.uuid4().hex[:10]}"
    client.create_dataset(name)
    client.query(f"CREATE TABLE `{name}.t` AS SELECT x FROM UNNEST(GENERATE_ARRAY(1, 3)) AS x").result()
    assert client.load_table_from_json([{"x": 4}], f"{name}.t").result().output_rows == 1
    script = client.query(f"DECLARE n INT64; INSERT INTO `{name}.t` VALUES (5); SELECT COUNT(*) AS n FROM `{name}.t`")
    assert [row.n for row in script.result()] == [5]
    assert [row.x for row in client.query(f"SELECT x FROM `{name}.t` ORDER BY x").result()] == [1, 2, 3, 4, 5]


def test_the_normal_stand_in_waits_for_a_quick_job(client: bigquery.Client) -> None:
    assert client.query("SELECT 1").state == "DONE"

"""Requests that no client sends, and requests that a wrong client might: never a 5xx but 501."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from google.cloud import bigquery

from sandbox.bigquery.tests.servers import PROJECT, StandIn, create_table

HERE = f"/bigquery/v2/projects/{PROJECT}"


def send(server: StandIn, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
    """Send a raw request; answer status and JSON (None without a body)."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=20)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, json.loads(data) if data else None


@pytest.mark.parametrize(
    ("method", "path", "feature"),
    [
        ("GET", HERE + "/datasets/d/models", "models"),
        ("GET", HERE + "/datasets/d/routines", "routines"),
        ("POST", HERE + "/queries", "queries"),
        ("POST", HERE + "/datasets/d/tables/t/insertAll", "insertAll"),
        ("PUT", HERE + "/datasets/d/tables/t", "PUT"),
        ("PUT", HERE + "/datasets/d", "PUT"),
        ("DELETE", HERE + "/jobs/j/delete", "delete"),
        ("POST", HERE + "/datasets/d/tables/t:getIamPolicy", "getIamPolicy"),
        ("GET", HERE + "/datasets/d/tables/t/rowAccessPolicies", "rowAccessPolicies"),
        ("OPTIONS", HERE + "/datasets", "OPTIONS"),
        ("GET", "/", ""),
        ("GET", "/nothing/of/the/kind", "nothing/of/the/kind"),
    ],
)
def test_unknown_paths_name_what_is_missing(server: StandIn, method: str, path: str, feature: str) -> None:
    status, answer = send(server, method, path)
    assert status == 501
    assert feature in answer["error"]["message"]
    assert answer["error"]["errors"][0]["reason"] == "notImplemented"


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"[]", b"null", b"1", b'"x"', b"\xff\xfe", b"[" * 100_000, b"{}", b'{"configuration":1}',
        b'{"configuration":{}}', b'{"configuration":{"query":1}}', b'{"configuration":{"query":{}}}',
        b'{"configuration":{"query":{"query":1}}}', b'{"configuration":{"load":{}}}',
        b'{"configuration":{"load":{"destinationTable":1}}}',
        b'{"configuration":{"load":{"destinationTable":{"projectId":"p","datasetId":"d"}}}}',
        b'{"configuration":{"query":{"query":"SELECT 1","useLegacySql":false},"load":{}}}',
        b'{"jobReference":1,"configuration":{"query":{"query":"SELECT 1","useLegacySql":false}}}',
        b'{"jobReference":{"jobId":5},"configuration":{"query":{"query":"SELECT 1","useLegacySql":false}}}',
    ],
)  # fmt: skip
def test_jobs_that_make_no_sense(server: StandIn, body: bytes) -> None:
    status, answer = send(server, "POST", HERE + "/jobs", body, Content_Type="application/json")
    error = answer["status"]["errorResult"] if status == 200 else answer["error"]
    assert status in (200, 400)
    assert error["message"]


QUERY = {"query": "SELECT 1", "useLegacySql": False}


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("jobs", {"konfiguration": 1, "configuration": {"query": QUERY}}, "\"konfiguration\" at 'job'"),
        (
            "jobs",
            {"configuration": {"query": {**QUERY, "noSuchField": 1}}},
            "\"noSuchField\" at 'job.configuration.query'",
        ),
        (
            "jobs",
            {"configuration": {"query": {**QUERY, "queryParameters": [{"nome": "a"}]}}},
            "\"nome\" at 'job.configuration.query.queryParameters[0]'",
        ),
        ("jobs?nonsense=1", {"configuration": {"query": QUERY}}, "Field 'nonsense' could not be found"),
        ("jobs", {"configuration": {"query": {**QUERY, "useLegacySql": "no"}}}, "query.useLegacySql': true or false"),
        ("datasets", {"datasetReference": {"datasetId": "d"}, "place": "EU"}, "\"place\" at 'dataset'"),
    ],
)
def test_a_misspelt_name_is_refused_and_told(server: StandIn, path: str, body: dict[str, Any], named: str) -> None:
    status, answer = send(server, "POST", f"{HERE}/{path}", json.dumps(body).encode())
    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert named in answer["error"]["message"]


@pytest.mark.parametrize("path", ["jobs?maxResult=1", "datasets/d/tables/t?views=BASIC", "queries/j?timeoutMs=soon"])
def test_a_misspelt_parameter_is_refused(server: StandIn, path: str) -> None:
    assert send(server, "GET", f"{HERE}/{path}")[0] == 400


@pytest.mark.parametrize(
    "labels",
    [{"Team": "a"}, {"1st": "a"}, {"": "a"}, {"team": "A/b"}, {"team": "x" * 64}, {f"k{n}": "" for n in range(65)}],
)
def test_labels_against_the_rules(server: StandIn, labels: dict[str, str]) -> None:
    job = {"configuration": {"labels": labels, "query": QUERY}}
    dataset = {"datasetReference": {"datasetId": "labelled"}, "labels": labels}
    for path, body in (("jobs", job), ("datasets", dataset)):
        status, answer = send(server, "POST", f"{HERE}/{path}", json.dumps(body).encode())
        assert (status, "abel" in answer["error"]["message"]) == (400, True), path


@pytest.mark.parametrize("query", ["maxResults=x", "maxResults=-1", "pageToken=x", "startIndex=-3", "startIndex=x"])
def test_numbers_that_are_none(server: StandIn, client: bigquery.Client, dataset: str, query: str) -> None:
    create_table(client, bigquery.Table(f"{dataset}.t", schema=[bigquery.SchemaField("x", "STRING")]))
    status, _ = send(server, "GET", f"{HERE}/datasets/{dataset.split('.')[1]}/tables/t/data?{query}")
    assert status == 400


def test_uploads_that_make_no_sense(server: StandIn) -> None:
    upload = f"/upload{HERE}/jobs"
    assert send(server, "POST", upload, b"{}")[0] == 501
    assert send(server, "POST", upload + "?uploadType=multipart", b"{}")[0] == 400
    multipart = {"Content_Type": "multipart/related; boundary=x"}
    assert send(server, "POST", upload + "?uploadType=multipart", b"--x--", **multipart)[0] == 400
    assert send(server, "POST", upload + "?uploadType=resumable", b"{}")[0] == 400
    assert send(server, "PUT", upload + "?upload_id=nope", b"x", Content_Range="bytes 0-0/1")[0] == 404


def test_one_connection_serves_many_requests_whatever_they_are(server: StandIn) -> None:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=20)
    for method, path, body, status in (
        ("GET", HERE + "/datasets", b"", 200),
        ("POST", HERE + "/datasets", b"not json", 400),
        ("GET", HERE + "/datasets/nope", b"", 404),
        ("DELETE", HERE + "/datasets/nope", b"", 404),
        ("GET", HERE + "/datasets", b"", 200),
    ):
        connection.request(method, path, body)
        answer = connection.getresponse()
        answer.read()
        assert (answer.status, answer.will_close) == (status, False)
    connection.close()


def test_a_large_upload_of_random_bytes_is_an_error_of_its_own(client: bigquery.Client, dataset: str) -> None:
    import io
    import random

    data = random.Random(7).randbytes(3_000_000)
    create_table(client, bigquery.Table(f"{dataset}.t", schema=[bigquery.SchemaField("x", "STRING")]))
    config = bigquery.LoadJobConfig(source_format="NEWLINE_DELIMITED_JSON")
    error = client.load_table_from_file(io.BytesIO(data), f"{dataset}.t", job_config=config).exception(timeout=60)
    assert error.code == 400


def query_of(*parameters: dict[str, Any]) -> bytes:
    """The body of a query job with parameters."""
    settings = {"query": "SELECT 1", "useLegacySql": False, "queryParameters": parameters}
    return json.dumps({"configuration": {"query": settings}}).encode()


def test_a_request_over_ten_megabytes_is_refused(server: StandIn) -> None:
    text = {"name": "x", "parameterType": {"type": "STRING"}, "parameterValue": {"value": ""}}
    room = 10 * 2**20 - len(query_of(text))
    text["parameterValue"] = {"value": "x" * room}
    assert send(server, "POST", HERE + "/jobs", query_of(text))[0] == 200
    text["parameterValue"] = {"value": "x" * (room + 1)}
    status, answer = send(server, "POST", HERE + "/jobs", query_of(text))
    assert (status, answer["error"]["errors"][0]["reason"]) == (400, "badRequest")
    assert answer["error"]["message"] == "Request payload size exceeds the limit: 10485760 bytes."


def test_more_than_ten_thousand_parameters_are_refused_but_not_elements_of_one(server: StandIn) -> None:
    one = {"parameterType": {"type": "INT64"}, "parameterValue": {"value": "1"}}
    status, answer = send(server, "POST", HERE + "/jobs", query_of(*({"name": f"p{n}", **one} for n in range(10_001))))
    assert status == 400
    assert answer["error"]["message"] == "Too many query parameters: 10001 exceeds limit of 10000."
    many = {
        "name": "x",
        "parameterType": {"type": "ARRAY", "arrayType": {"type": "INT64"}},
        "parameterValue": {"arrayValues": [{"value": "1"}] * 10_001},
    }
    assert send(server, "POST", HERE + "/jobs", query_of(many))[0] == 200

"""Load jobs of NDJSON: schemas, strictness, dispositions."""

import datetime
import gzip
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest, Conflict, GoogleAPICallError, NotFound
from google.cloud import bigquery
from google.cloud.bigquery import LoadJobConfig, SchemaField

from sandbox.bigquery.tests.servers import create_table, run

Rows = Callable[[str], list[dict[str, Any]]]

SCHEMA = [
    SchemaField("k", "STRING", "REQUIRED"),
    SchemaField("v", "INTEGER"),
    SchemaField("at", "TIMESTAMP"),
    SchemaField("l", "INTEGER", "REPEATED"),
    SchemaField("r", "RECORD", fields=[SchemaField("x", "INTEGER", "REQUIRED"), SchemaField("y", "STRING")]),
]
NDJSON = "NEWLINE_DELIMITED_JSON"


@pytest.fixture
def table(client: bigquery.Client, dataset: str) -> str:
    """Create a table; return its name."""
    create_table(client, bigquery.Table(f"{dataset}.t", schema=SCHEMA))
    return f"{dataset}.t"


def load(client: bigquery.Client, table: str, text: str | bytes, **config: Any) -> bigquery.LoadJob:
    """Load the text of a file; raises what the job ends with."""
    data = text.encode() if isinstance(text, str) else text
    job = client.load_table_from_file(io.BytesIO(data), table, job_config=LoadJobConfig(source_format=NDJSON, **config))
    job.result(timeout=30)
    return job


def lines(*rows: dict[str, Any]) -> str:
    """Write rows as NDJSON."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_typed_nested_and_repeated_values(client: bigquery.Client, table: str, rows: Rows) -> None:
    row = {"k": "a", "v": "12", "at": "2026-01-01T02:00:00+02:00", "l": [1, "2"], "r": {"x": 1}}
    job = load(client, table, lines(row, {"k": "b"}), schema=SCHEMA)
    assert (job.output_rows, job.input_files, job.state) == (2, 1, "DONE")
    moment = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    assert rows(table) == [
        {"k": "a", "v": 12, "at": moment, "l": [1, 2], "r": {"x": 1, "y": None}},
        {"k": "b", "v": None, "at": None, "l": [], "r": None},
    ]
    assert client.get_table(table).schema == SCHEMA


def test_gzip_blank_lines_and_names_in_other_case(client: bigquery.Client, table: str, rows: Rows) -> None:
    load(client, table, gzip.compress(b'\n{"K":"a","V":1}\n\n{"k":"b"}'), schema=SCHEMA[:2])
    assert [(row["k"], row["v"]) for row in rows(table)] == [("a", 1), ("b", None)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"k":"a","nope":1}', "No such field: nope"),
        ('{"k":"a","r":{"x":1,"z":1}}', r"No such field: r\.z"),
        ('{"v":1}', "Missing required field"),
        ('{"k":null}', "Only optional fields can be set to NULL"),
        ('{"k":"a","r":{}}', r"Missing required fields: r\.x"),
        ('{"k":"a","v":"x"}', "integer"),
        ('{"k":"a","v":1.5}', "integer"),
        ('{"k":"a","v":true}', "integer"),
        ('{"k":"a","v":99999999999999999999}', "integer"),
        ('{"k":"a","at":"yesterday"}', "timestamp"),
        ('{"k":"a","at":"2026-02-30 00:00:00"}', "timestamp"),
        ('{"k":"a","l":1}', "JSON array"),
        ('{"k":"a","l":[null]}', "NULL"),
        ('{"k":"a","l":[[1]]}', "Array specified"),
        ('{"k":"a","v":[1]}', "Array specified for non-repeated field"),
        ('{"k":"a","r":1}', "not a record"),
        ('{"k":["a"]}', "Array specified"),
        ('{"k":{"a":1}}', "string"),
        ("{", "Parser terminated"),
        ("[1]", "object"),
        ('{"k":"a","v":NaN}', "Parser terminated"),
    ],
)
def test_bad_rows_fail_the_whole_load(client: bigquery.Client, table: str, rows: Rows, text: str, message: str) -> None:
    load(client, table, lines({"k": "before"}), schema=SCHEMA)
    with pytest.raises(BadRequest, match=message) as caught:
        load(client, table, lines({"k": "good"}) + text, write_disposition="WRITE_TRUNCATE", schema=SCHEMA)
    assert caught.value.errors[0]["reason"] == "invalid"
    assert [row["k"] for row in rows(table)] == ["before"]


def test_the_jobs_errors_tell_the_details(client: bigquery.Client, table: str) -> None:
    job = client.load_table_from_file(
        io.BytesIO(b'{"k":"a","nope":1}'), table, job_config=LoadJobConfig(source_format=NDJSON, schema=SCHEMA)
    )
    with pytest.raises(BadRequest):
        job.result()
    assert job.state == "DONE" and job.error_result["reason"] == "invalid"
    assert any("No such field: nope" in error["message"] for error in job.errors)
    assert client.get_job(job.job_id).error_result == job.error_result
    assert client.get_table(table).num_rows == 0


def test_dispositions(client: bigquery.Client, table: str, rows: Rows) -> None:
    with pytest.raises(NotFound):
        load(client, f"{table}x", lines({"k": "a"}), schema=SCHEMA, create_disposition="CREATE_NEVER")
    load(client, table, lines({"k": "a"}), write_disposition="WRITE_EMPTY")
    with pytest.raises(Conflict, match="Already Exists: Table"):
        load(client, table, lines({"k": "b"}), schema=SCHEMA, write_disposition="WRITE_EMPTY")
    load(client, table, lines({"k": "b"}), schema=SCHEMA)
    assert [row["k"] for row in rows(table)] == ["a", "b"]
    load(client, table, lines({"k": "c"}), schema=SCHEMA, write_disposition="WRITE_TRUNCATE")
    assert [row["k"] for row in rows(table)] == ["c"]
    with pytest.raises(NotFound, match="Not found: Dataset"):
        load(client, f"{table.rpartition('.')[0]}x.t", lines({"k": "a"}), schema=SCHEMA)


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"source_format": "CSV"}, "loading CSV files"),
        ({"autodetect": True}, "the load option autodetect"),
        ({"max_bad_records": 1}, "the load option maxBadRecords"),
        ({"ignore_unknown_values": True}, "the load option ignoreUnknownValues"),
        ({"schema_update_options": ["ALLOW_FIELD_ADDITION"]}, "the load option schemaUpdateOptions"),
        ({"schema": SCHEMA[:1], "write_disposition": "WRITE_TRUNCATE"}, "one of another schema"),
    ],
)
def test_what_is_not_there_says_so(client: bigquery.Client, table: str, config: dict[str, Any], named: str) -> None:
    settings = LoadJobConfig(**{"source_format": NDJSON, **config})
    with pytest.raises(GoogleAPICallError, match=named) as caught:
        client.load_table_from_file(io.BytesIO(b'{"k":"a"}'), table, job_config=settings).result(timeout=20)
    assert caught.value.code == 501


def test_a_type_never_changes(client: bigquery.Client, table: str) -> None:
    load(client, table, lines({"k": "a"}), schema=SCHEMA)
    with pytest.raises(BadRequest, match="has changed type from INTEGER to STRING"):
        load(client, table, lines({"k": "a"}), schema=[SCHEMA[0], SchemaField("v", "STRING")])


def test_a_view_cannot_be_loaded(client: bigquery.Client, dataset: str) -> None:
    run(client, f"CREATE VIEW `{dataset}.v` AS SELECT 1 AS x")
    with pytest.raises(BadRequest, match="VIEW"):
        load(client, f"{dataset}.v", lines({"x": 1}), schema=[SchemaField("x", "INTEGER")])


def test_resumable_uploads_arrive_in_pieces(client: bigquery.Client, table: str, rows: Rows) -> None:
    text = lines(*({"k": f"{number:06d}"} for number in range(30_000)))
    upload = client._initiate_resumable_upload(
        io.BytesIO(text.encode()),
        {
            "jobReference": {"projectId": client.project, "jobId": f"load_{table.split('.')[1]}"},
            "configuration": {
                "load": {
                    "destinationTable": {
                        "projectId": client.project,
                        "datasetId": table.split(".")[1],
                        "tableId": "t",
                    },
                    "sourceFormat": NDJSON,
                    "schema": {"fields": [{"name": "k", "type": "STRING", "mode": "REQUIRED"}]},
                }
            },
        },
        None,
        30.0,
    )[0]
    upload._chunk_size = 256 * 1024
    chunks = 0
    while not upload.finished:
        answer = upload.transmit_next_chunk(client._http, timeout=30)
        chunks += 1
    assert chunks == -(-len(text) // (256 * 1024)) > 1
    job = client.get_job(answer.json()["jobReference"]["jobId"])
    job.result(timeout=30)
    assert job.output_rows == 30_000
    assert rows(table)[-1]["k"] == "029999"


def test_a_job_id_works_once(client: bigquery.Client, table: str, rows: Rows) -> None:
    config = LoadJobConfig(source_format=NDJSON, schema=SCHEMA[:2])
    name = f"once_{table.split('.')[1]}"
    for attempt in range(2):
        try:
            client.load_table_from_file(io.BytesIO(b'{"k":"a"}'), table, job_id=name, job_config=config).result()
        except Conflict:
            assert attempt == 1
    assert len(rows(table)) == 1


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("TIMESTAMP", "2026-01-01", "2026-01-01T00:00:00+00:00"),
        ("TIMESTAMP", "2026-07-01 10:00:00 America/New_York", "2026-07-01T14:00:00+00:00"),
        ("TIMESTAMP", "2026-01-01T10:00:00.123456789Z", "2026-01-01T10:00:00.123456+00:00"),
        ("TIMESTAMP", 1767225600, "2026-01-01T00:00:00+00:00"),
        ("TIMESTAMP", 1767225600123, "2026-01-01T00:00:00.123000+00:00"),
        ("TIMESTAMP", "1767225600.5", "2026-01-01T00:00:00.500000+00:00"),
        ("DATE", "2026-02-29", None),
        ("STRING", 1.5, "1.5"),
        ("STRING", True, "true"),
        ("BOOLEAN", "yes", "True"),
        ("BOOLEAN", 0, "False"),
        ("BOOLEAN", 2, None),
        ("FLOAT", "inf", "inf"),
        ("FLOAT", "1_0", None),
        ("INTEGER", 3.0, "3"),
        ("INTEGER", "3.0", None),
    ],
)
def test_what_a_column_makes_of_a_value(
    client: bigquery.Client, dataset: str, rows: Rows, kind: str, value: object, expected: str | None
) -> None:
    schema = [SchemaField("x", kind)]
    create_table(client, bigquery.Table(f"{dataset}.t", schema=schema))
    if expected is None:
        with pytest.raises(BadRequest):
            load(client, f"{dataset}.t", lines({"x": value}), schema=schema)
        return
    load(client, f"{dataset}.t", lines({"x": value}), schema=schema)
    found = rows(f"{dataset}.t")[0]["x"]
    assert (found.isoformat() if hasattr(found, "isoformat") else str(found)) == expected

"""Load jobs of NDJSON: schemas, strictness, dispositions, schema updates."""

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

Rows = Callable[[str], list[dict[str, Any]]]

SCHEMA = [
    SchemaField("k", "STRING", "REQUIRED"),
    SchemaField("v", "INTEGER"),
    SchemaField("at", "TIMESTAMP"),
    SchemaField("l", "INTEGER", "REPEATED"),
    SchemaField("r", "RECORD", fields=[SchemaField("x", "INTEGER", "REQUIRED"), SchemaField("y", "STRING")]),
    SchemaField("j", "JSON"),
]
NDJSON = "NEWLINE_DELIMITED_JSON"


def load(client: bigquery.Client, table: str, text: str | bytes, **config: Any) -> bigquery.LoadJob:
    """Load the text of a file; raises what the job ends with."""
    data = text.encode() if isinstance(text, str) else text
    job = client.load_table_from_file(io.BytesIO(data), table, job_config=LoadJobConfig(source_format=NDJSON, **config))
    job.result(timeout=30)
    return job


def lines(*rows: dict[str, Any]) -> str:
    """Write rows as NDJSON."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_typed_nested_and_repeated_values(client: bigquery.Client, dataset: str, rows: Rows) -> None:
    row = {"k": "a", "v": "12", "at": "2026-01-01T02:00:00+02:00", "l": [1, "2"], "r": {"x": 1}, "j": {"a": [1]}}
    job = load(client, f"{dataset}.t", lines(row, {"k": "b"}), schema=SCHEMA)
    assert (job.output_rows, job.input_files, job.state) == (2, 1, "DONE")
    moment = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    assert rows(f"{dataset}.t") == [
        {"k": "a", "v": 12, "at": moment, "l": [1, 2], "r": {"x": 1, "y": None}, "j": {"a": [1]}},
        {"k": "b", "v": None, "at": None, "l": [], "r": None, "j": None},
    ]
    assert client.get_table(f"{dataset}.t").schema == SCHEMA


def test_gzip_blank_lines_and_names_in_other_case(client: bigquery.Client, dataset: str, rows: Rows) -> None:
    load(client, f"{dataset}.t", gzip.compress(b'\n{"K":"a","V":1}\n\n{"k":"b"}'), schema=SCHEMA[:2])
    assert rows(f"{dataset}.t") == [{"k": "a", "v": 1}, {"k": "b", "v": None}]


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
def test_bad_rows_fail_the_whole_load(
    client: bigquery.Client, dataset: str, rows: Rows, text: str, message: str
) -> None:
    load(client, f"{dataset}.t", lines({"k": "before"}), schema=SCHEMA)
    with pytest.raises(BadRequest, match=message) as caught:
        load(client, f"{dataset}.t", lines({"k": "good"}) + text, write_disposition="WRITE_TRUNCATE", schema=SCHEMA)
    assert caught.value.errors[0]["reason"] == "invalid"
    assert [row["k"] for row in rows(f"{dataset}.t")] == ["before"]


def test_the_jobs_errors_tell_the_details(client: bigquery.Client, dataset: str) -> None:
    job = client.load_table_from_file(
        io.BytesIO(b'{"k":"a","nope":1}'), f"{dataset}.t", job_config=LoadJobConfig(source_format=NDJSON, schema=SCHEMA)
    )
    with pytest.raises(BadRequest):
        job.result()
    assert job.state == "DONE" and job.error_result["reason"] == "invalid"
    assert any("No such field: nope" in error["message"] for error in job.errors)
    assert client.get_job(job.job_id).error_result == job.error_result
    with pytest.raises(NotFound):
        client.get_table(f"{dataset}.t")


def test_some_bad_records_may_be_skipped(client: bigquery.Client, dataset: str, rows: Rows) -> None:
    text = lines({"k": "a"}, {"k": "b", "v": "x"}, {"k": "c"})
    job = load(client, f"{dataset}.t", text, schema=SCHEMA, max_bad_records=1)
    assert (job.output_rows, job.error_result) == (2, None)
    assert client.get_job(job.job_id)._properties["statistics"]["load"]["badRecords"] == "1"
    with pytest.raises(BadRequest, match="too many errors"):
        load(client, f"{dataset}.t", text + text, schema=SCHEMA, max_bad_records=1)
    assert len(rows(f"{dataset}.t")) == 2


def test_unknown_values_may_be_ignored(client: bigquery.Client, dataset: str, rows: Rows) -> None:
    load(
        client,
        f"{dataset}.t",
        lines({"k": "a", "z": 1, "r": {"x": 1, "z": 2}}),
        schema=SCHEMA,
        ignore_unknown_values=True,
    )
    assert rows(f"{dataset}.t")[0]["r"] == {"x": 1, "y": None}


def test_the_tables_own_schema_and_no_schema_at_all(client: bigquery.Client, dataset: str, rows: Rows) -> None:
    with pytest.raises(BadRequest, match="No schema"):
        load(client, f"{dataset}.t", lines({"k": "a"}))
    client.create_table(bigquery.Table(f"{dataset}.t", schema=SCHEMA))
    load(client, f"{dataset}.t", lines({"k": "a", "v": "7"}))
    assert rows(f"{dataset}.t")[0]["v"] == 7


def test_autodetect(client: bigquery.Client, dataset: str, rows: Rows) -> None:
    text = lines(
        {
            "i": 1,
            "f": 1,
            "b": True,
            "s": "x",
            "at": "2026-01-01T00:00:00Z",
            "d": "2026-01-01",
            "l": [1],
            "r": {"x": {"y": "z"}},
        },
        {"i": 2, "f": 1.5, "b": None, "s": "7", "more": 1, "l": []},
    )
    load(client, f"{dataset}.t", text, autodetect=True)
    types = {field.name: (field.field_type, field.mode) for field in client.get_table(f"{dataset}.t").schema}
    assert types == {
        "i": ("INTEGER", "NULLABLE"), "f": ("FLOAT", "NULLABLE"), "b": ("BOOLEAN", "NULLABLE"),
        "s": ("STRING", "NULLABLE"), "at": ("TIMESTAMP", "NULLABLE"), "d": ("DATE", "NULLABLE"),
        "l": ("INTEGER", "REPEATED"), "r": ("RECORD", "NULLABLE"), "more": ("INTEGER", "NULLABLE"),
    }  # fmt: skip
    assert rows(f"{dataset}.t")[0]["r"] == {"x": {"y": "z"}}


def test_the_clients_own_json_loader_detects_by_itself(client: bigquery.Client, dataset: str, rows: Rows) -> None:
    client.load_table_from_json([{"a": 1, "b": "x"}], f"{dataset}.t").result()
    client.load_table_from_json([{"a": 2, "b": "y"}], f"{dataset}.t").result()
    assert rows(f"{dataset}.t") == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


def test_dispositions(client: bigquery.Client, dataset: str, rows: Rows) -> None:
    table = f"{dataset}.t"
    with pytest.raises(NotFound):
        load(client, table, lines({"k": "a"}), schema=SCHEMA, create_disposition="CREATE_NEVER")
    load(client, table, lines({"k": "a"}), schema=SCHEMA, write_disposition="WRITE_EMPTY")
    with pytest.raises(Conflict, match="Already Exists: Table"):
        load(client, table, lines({"k": "b"}), schema=SCHEMA, write_disposition="WRITE_EMPTY")
    load(client, table, lines({"k": "b"}), schema=SCHEMA)
    assert [row["k"] for row in rows(table)] == ["a", "b"]
    load(client, table, lines({"k": "c"}), schema=SCHEMA, write_disposition="WRITE_TRUNCATE")
    assert [row["k"] for row in rows(table)] == ["c"]
    with pytest.raises(NotFound, match="Not found: Dataset"):
        load(client, f"{dataset}x.t", lines({"k": "a"}), schema=SCHEMA)


def test_truncating_with_another_schema_replaces_it_and_keeps_the_rest(client: bigquery.Client, dataset: str) -> None:
    table = bigquery.Table(f"{dataset}.t", schema=SCHEMA)
    table.description = "kept"
    table.time_partitioning = bigquery.TimePartitioning(field="at")
    created = client.create_table(table).created
    other = [SchemaField("at", "TIMESTAMP"), SchemaField("n", "INTEGER")]
    load(client, f"{dataset}.t", lines({"n": 1}), schema=other, write_disposition="WRITE_TRUNCATE")
    found = client.get_table(f"{dataset}.t")
    assert (found.schema, found.description, found.created) == (other, "kept", created)
    assert found.time_partitioning.field == "at"
    with pytest.raises(BadRequest, match="partitioning"):
        load(client, f"{dataset}.t", lines({"n": 1}), schema=other[1:], write_disposition="WRITE_TRUNCATE")


def test_fields_are_added_and_relaxed_only_with_permission(client: bigquery.Client, dataset: str, rows: Rows) -> None:
    table = f"{dataset}.t"
    load(client, table, lines({"k": "a", "r": {"x": 1}}), schema=SCHEMA)
    record = SchemaField("r", "RECORD", fields=[*SCHEMA[4].fields, SchemaField("z", "STRING")])
    wider = [SchemaField("k", "STRING"), record, SchemaField("new", "STRING")]
    text = lines({"r": {"x": 2, "z": "q"}, "new": "n"})
    with pytest.raises(BadRequest, match="has changed mode from REQUIRED to NULLABLE"):
        load(client, table, text, schema=wider, schema_update_options=["ALLOW_FIELD_ADDITION"])
    with pytest.raises(BadRequest, match=r"Cannot add fields \(field: r\.z\)"):
        load(client, table, text, schema=wider, schema_update_options=["ALLOW_FIELD_RELAXATION"])
    options = ["ALLOW_FIELD_ADDITION", "ALLOW_FIELD_RELAXATION"]
    load(client, table, text, schema=wider, schema_update_options=options)
    before, after = rows(table)
    assert (before["new"], before["r"]) == (None, {"x": 1, "y": None, "z": None})
    assert (after["k"], after["new"], after["r"]) == (None, "n", {"x": 2, "y": None, "z": "q"})


def test_a_type_never_changes(client: bigquery.Client, dataset: str) -> None:
    load(client, f"{dataset}.t", lines({"k": "a"}), schema=SCHEMA)
    with pytest.raises(BadRequest, match="has changed type from INTEGER to STRING"):
        load(client, f"{dataset}.t", lines({"k": "a"}), schema=[SCHEMA[0], SchemaField("v", "STRING")])


def test_a_load_makes_a_partitioned_and_clustered_table(client: bigquery.Client, dataset: str) -> None:
    load(
        client, f"{dataset}.t", lines({"k": "a", "at": 0}), schema=SCHEMA, clustering_fields=["k"],
        time_partitioning=bigquery.TimePartitioning(type_="MONTH", field="at"), destination_table_description="d",
    )  # fmt: skip
    found = client.get_table(f"{dataset}.t")
    assert (found.time_partitioning.type_, found.clustering_fields, found.description) == ("MONTH", ["k"], "d")
    assert list(client.list_partitions(found)) == ["197001"]
    with pytest.raises(BadRequest, match="Incompatible table partitioning"):
        load(
            client,
            f"{dataset}.t",
            lines({"k": "a"}),
            schema=SCHEMA,
            time_partitioning=bigquery.TimePartitioning(field="at"),
        )


def test_a_view_cannot_be_loaded(client: bigquery.Client, dataset: str) -> None:
    view = bigquery.Table(f"{dataset}.v")
    view.view_query = "SELECT 1 AS x"
    client.create_table(view)
    with pytest.raises(BadRequest, match="VIEW"):
        load(client, f"{dataset}.v", lines({"x": 1}), schema=[SchemaField("x", "INTEGER")])


def test_resumable_uploads_arrive_in_pieces(client: bigquery.Client, dataset: str, rows: Rows) -> None:
    text = lines(*({"k": f"{number:06d}"} for number in range(60_000)))
    upload = client._initiate_resumable_upload(
        io.BytesIO(text.encode()),
        {
            "jobReference": {"projectId": client.project, "jobId": f"load_{dataset.split('.')[1]}"},
            "configuration": {
                "load": {
                    "destinationTable": {
                        "projectId": client.project,
                        "datasetId": dataset.split(".")[1],
                        "tableId": "t",
                    },
                    "sourceFormat": NDJSON,
                    "schema": {"fields": [{"name": "k", "type": "STRING"}]},
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
    assert job.output_rows == 60_000
    assert rows(f"{dataset}.t")[-1] == {"k": "059999"}


def test_a_job_id_works_once(client: bigquery.Client, dataset: str, rows: Rows) -> None:
    config = LoadJobConfig(source_format=NDJSON, schema=SCHEMA[:2])
    name = f"once_{dataset.split('.')[1]}"
    for attempt in range(2):
        try:
            client.load_table_from_file(
                io.BytesIO(b'{"k":"a"}'), f"{dataset}.t", job_id=name, job_config=config
            ).result()
        except Conflict:
            assert attempt == 1
    assert len(rows(f"{dataset}.t")) == 1


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("TIMESTAMP", "2026-01-01", "2026-01-01T00:00:00+00:00"),
        ("TIMESTAMP", "2026-07-01 10:00:00 America/New_York", "2026-07-01T14:00:00+00:00"),
        ("TIMESTAMP", "2026-01-01T10:00:00.123456789Z", "2026-01-01T10:00:00.123456+00:00"),
        ("TIMESTAMP", 1767225600, "2026-01-01T00:00:00+00:00"),
        ("TIMESTAMP", 1767225600123, "2026-01-01T00:00:00.123000+00:00"),
        ("TIMESTAMP", "1767225600.5", "2026-01-01T00:00:00.500000+00:00"),
        ("DATETIME", "2026-01-01 10:00:00.5", "2026-01-01T10:00:00.500000"),
        ("DATETIME", "2026-01-01 10:00:00Z", None),
        ("DATE", "2026-02-29", None),
        ("TIME", "25:00:00", None),
        ("STRING", 1.5, "1.5"),
        ("STRING", True, "true"),
        ("BOOLEAN", "yes", "True"),
        ("BOOLEAN", 0, "False"),
        ("BOOLEAN", 2, None),
        ("FLOAT", "inf", "inf"),
        ("FLOAT", "1_0", None),
        ("NUMERIC", 1.0000000005, "1.000000001"),
        ("NUMERIC(5,2)", "123.456", "123.46"),
        ("NUMERIC(5,2)", 12345.6, None),
        ("STRING(3)", "abc", "abc"),
        ("STRING(3)", "abcd", None),
        ("BYTES", "not base64!", None),
        ("INTEGER", 3.0, "3"),
        ("INTEGER", "3.0", None),
    ],
)
def test_what_a_column_makes_of_a_value(
    client: bigquery.Client, dataset: str, rows: Rows, kind: str, value: object, expected: str | None
) -> None:
    name, _, limits = kind.rstrip(")").partition("(")
    numbers = [int(number) for number in limits.split(",")] if limits else []
    more = dict(zip(("max_length",) if name == "STRING" else ("precision", "scale"), numbers, strict=False))
    schema = [SchemaField("x", name, **more)]
    if expected is None:
        with pytest.raises(BadRequest):
            load(client, f"{dataset}.t", lines({"x": value}), schema=schema)
        return
    load(client, f"{dataset}.t", lines({"x": value}), schema=schema)
    found = rows(f"{dataset}.t")[0]["x"]
    assert (found.isoformat() if hasattr(found, "isoformat") else str(found)) == expected


def test_nothing_to_load(client: bigquery.Client, dataset: str, rows: Rows) -> None:
    with pytest.raises(BadRequest, match="no fields"):
        load(client, f"{dataset}.t", "", autodetect=True)
    load(client, f"{dataset}.t", "", schema=SCHEMA)
    load(client, f"{dataset}.t", "", autodetect=True)
    assert rows(f"{dataset}.t") == []


def test_formats_that_are_not_there_say_so(client: bigquery.Client, dataset: str) -> None:
    with pytest.raises(GoogleAPICallError, match="AVRO") as caught:
        client.load_table_from_file(
            io.BytesIO(b"Obj"), f"{dataset}.t", job_config=LoadJobConfig(source_format="AVRO")
        ).result(timeout=20)
    assert caught.value.code == 501

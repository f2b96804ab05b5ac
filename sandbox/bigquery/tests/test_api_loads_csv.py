"""Load jobs of CSV and Parquet."""

import datetime
import io
from collections.abc import Callable
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from google.api_core.exceptions import BadRequest
from google.cloud import bigquery
from google.cloud.bigquery import LoadJobConfig, SchemaField

Rows = Callable[[str], list[dict[str, Any]]]

SCHEMA = [SchemaField("k", "STRING"), SchemaField("v", "INTEGER"), SchemaField("at", "TIMESTAMP")]


def load(client: bigquery.Client, table: str, text: str, **config: Any) -> bigquery.LoadJob:
    """Load CSV text; raises what the job ends with."""
    data = io.BytesIO(text.encode())
    job = client.load_table_from_file(data, table, job_config=LoadJobConfig(source_format="CSV", **config))
    job.result(timeout=30)
    return job


@pytest.mark.parametrize(
    ("text", "config", "expected"),
    [
        ("a,1,\nb,,\n", {}, [("a", 1), ("b", None)]),
        ("k,v,at\r\na,1,\r\n", {"skip_leading_rows": 1}, [("a", 1)]),
        ("a;1;\n", {"field_delimiter": ";"}, [("a", 1)]),
        ("a\t1\t\n", {"field_delimiter": "\t"}, [("a", 1)]),
        ("a\t1\t\n", {"field_delimiter": "tab"}, [("a", 1)]),
        ('"a,""b""",1,\n', {}, [('a,"b"', 1)]),
        ("'a,b',1,\n", {"quote_character": "'"}, [("a,b", 1)]),
        ('"a",1,\n', {"quote_character": ""}, [('"a"', 1)]),
        ('"a\nb",1,\n', {"allow_quoted_newlines": True}, [("a\nb", 1)]),
        ('"",1,\n,1,\n', {}, [("", 1), (None, 1)]),
        ("NA,NA,NA\n", {"null_marker": "NA"}, [(None, None)]),
        ("a\nb,1\n", {"allow_jagged_rows": True}, [("a", None), ("b", 1)]),
        ("a,1,,extra\n", {"ignore_unknown_values": True}, [("a", 1)]),
        ("a,1,\n\nb,2,\n", {}, [("a", 1), ("b", 2)]),
        ("a,x,\nb,2,\n", {"max_bad_records": 1}, [("b", 2)]),
    ],
)
def test_dialects(
    client: bigquery.Client,
    dataset: str,
    rows: Rows,
    text: str,
    config: dict[str, Any],
    expected: list[tuple[Any, ...]],
) -> None:
    load(client, f"{dataset}.t", text, schema=SCHEMA, **config)
    assert [(row["k"], row["v"]) for row in rows(f"{dataset}.t")] == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,x,\n", "integer"),
        ("a\n", "columns"),
        ("a,1,,extra\n", "Too many values"),
        ('"a\nb",1,\n', "close quote"),
        ('"a",1,"x\n', "close quote"),
        ('"a"b,1,\n', "Data between"),
        ("a,1,2026-13-01\n", "timestamp"),
    ],
)
def test_bad_lines(client: bigquery.Client, dataset: str, text: str, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        load(client, f"{dataset}.t", text, schema=SCHEMA)


@pytest.mark.parametrize("skip", [None, 1])
def test_autodetect_takes_names_from_the_header(
    client: bigquery.Client, dataset: str, rows: Rows, skip: int | None
) -> None:
    config = {} if skip is None else {"skip_leading_rows": skip}
    load(client, f"{dataset}.t", "k,v,f,at,o\na,1,1.5,2026-01-01 00:00:00 UTC,true\n", autodetect=True, **config)
    assert [(field.name, field.field_type) for field in client.get_table(f"{dataset}.t").schema] == [
        ("k", "STRING"), ("v", "INTEGER"), ("f", "FLOAT"), ("at", "TIMESTAMP"), ("o", "BOOLEAN"),
    ]  # fmt: skip
    assert rows(f"{dataset}.t")[0]["at"] == datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def test_autodetect_without_a_header_makes_names_up(client: bigquery.Client, dataset: str) -> None:
    load(client, f"{dataset}.t", "1,a\n2,b\n", autodetect=True)
    assert [field.field_type for field in client.get_table(f"{dataset}.t").schema] == ["INTEGER", "STRING"]


def test_csv_has_no_nested_columns(client: bigquery.Client, dataset: str) -> None:
    with pytest.raises(BadRequest, match="nested"):
        load(client, f"{dataset}.t", "a\n", schema=[SchemaField("k", "STRING", "REPEATED")])


def parquet(**columns: Any) -> io.BytesIO:
    """Write columns as a Parquet file."""
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), file)
    file.seek(0)
    return file


def load_parquet(client: bigquery.Client, table: str, file: io.BytesIO, **config: Any) -> None:
    """Load a Parquet file; raises what the job ends with."""
    settings = LoadJobConfig(source_format="PARQUET", **config)
    client.load_table_from_file(file, table, job_config=settings).result(timeout=30)


def test_parquet_brings_its_schema(client: bigquery.Client, dataset: str, rows: Rows) -> None:
    moment = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    file = parquet(k=["a", None], v=[1, 2], at=[moment, None], l=[[1], []], r=[{"x": 1.5}, None], b=[b"\x00", None])
    load_parquet(client, f"{dataset}.t", file)
    types = [(field.name, field.field_type, field.mode) for field in client.get_table(f"{dataset}.t").schema]
    assert types == [
        ("k", "STRING", "NULLABLE"), ("v", "INTEGER", "NULLABLE"), ("at", "TIMESTAMP", "NULLABLE"),
        ("l", "INTEGER", "REPEATED"), ("r", "RECORD", "NULLABLE"), ("b", "BYTES", "NULLABLE"),
    ]  # fmt: skip
    assert rows(f"{dataset}.t") == [
        {"k": "a", "v": 1, "at": moment, "l": [1], "r": {"x": 1.5}, "b": b"\x00"},
        {"k": None, "v": 2, "at": None, "l": [], "r": None, "b": None},
    ]


def test_parquet_into_a_table_goes_by_column_name(client: bigquery.Client, dataset: str, rows: Rows) -> None:
    client.create_table(bigquery.Table(f"{dataset}.t", schema=SCHEMA))
    load_parquet(client, f"{dataset}.t", parquet(v=[1], k=["a"]))
    assert rows(f"{dataset}.t") == [{"k": "a", "v": 1, "at": None}]
    with pytest.raises(BadRequest, match="Cannot add fields"):
        load_parquet(client, f"{dataset}.t", parquet(z=[1]))
    with pytest.raises(BadRequest, match="type"):
        load_parquet(client, f"{dataset}.t", parquet(v=["text"]))


def test_a_file_that_is_no_parquet(client: bigquery.Client, dataset: str) -> None:
    with pytest.raises(BadRequest, match="reading data"):
        load_parquet(client, f"{dataset}.t", io.BytesIO(b"not parquet"))

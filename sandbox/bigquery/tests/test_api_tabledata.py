"""tabledata.list and tabledata.insertAll."""

import base64
import datetime
import decimal
import json
import math
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest, NotFound
from google.cloud import bigquery
from google.cloud.bigquery import SchemaField

from sandbox.bigquery.tests.servers import PROJECT, StandIn

Rows = Callable[[str], list[dict[str, Any]]]

EVERY_TYPE = [
    SchemaField("s", "STRING"), SchemaField("b", "BYTES"), SchemaField("i", "INTEGER"), SchemaField("f", "FLOAT"),
    SchemaField("n", "NUMERIC"), SchemaField("o", "BOOLEAN"), SchemaField("ts", "TIMESTAMP"), SchemaField("d", "DATE"),
    SchemaField("t", "TIME"), SchemaField("dt", "DATETIME"), SchemaField("j", "JSON"),
    SchemaField("l", "FLOAT", "REPEATED"),
    SchemaField("r", "RECORD", "REPEATED", fields=[SchemaField("b", "BYTES"), SchemaField("l", "DATE", "REPEATED")]),
]  # fmt: skip


@pytest.fixture
def table(client: bigquery.Client, dataset: str) -> str:
    """Create a table with a required column."""
    name = f"{dataset}.t"
    schema = [
        SchemaField("k", "STRING", "REQUIRED"),
        SchemaField("v", "INTEGER"),
        SchemaField("l", "STRING", "REPEATED"),
    ]
    client.create_table(bigquery.Table(name, schema=schema))
    return name


def test_every_type_comes_back_as_it_went_in(client: bigquery.Client, dataset: str, rows: Rows) -> None:
    client.create_table(bigquery.Table(f"{dataset}.t", schema=EVERY_TYPE))
    sent = {
        "s": "ä\n\"'\\", "b": base64.b64encode(b"\x00\xff\\x41").decode(), "i": 2**63 - 1, "f": "-Infinity",
        "n": "99999999999999999999999999999.999999999", "o": False, "ts": "9999-12-31T23:59:59.999999Z",
        "d": "0001-01-01", "t": "23:59:59.000001", "dt": "2026-02-03T04:05:06.7", "j": '{"a": [1, null, "x"]}',
        "l": [1.5, "NaN"], "r": [{"b": base64.b64encode(b"\x01").decode(), "l": ["2026-01-01"]}, {}],
    }  # fmt: skip
    assert client.insert_rows_json(f"{dataset}.t", [sent, {}]) == []
    full, empty = rows(f"{dataset}.t")
    assert math.isnan(full["l"].pop())
    assert full == {
        "s": "ä\n\"'\\", "b": b"\x00\xff\\x41", "i": 2**63 - 1, "f": -math.inf,
        "n": decimal.Decimal("99999999999999999999999999999.999999999"), "o": False,
        "ts": datetime.datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=datetime.UTC), "d": datetime.date(1, 1, 1),
        "t": datetime.time(23, 59, 59, 1), "dt": datetime.datetime(2026, 2, 3, 4, 5, 6, 700000),
        "j": {"a": [1, None, "x"]}, "l": [1.5],
        "r": [{"b": b"\x01", "l": [datetime.date(2026, 1, 1)]}, {"b": None, "l": []}],
    }  # fmt: skip
    assert empty == {field.name: [] if field.mode == "REPEATED" else None for field in EVERY_TYPE}


def test_pages_start_index_and_limits(client: bigquery.Client, table: str) -> None:
    client.insert_rows_json(table, [{"k": str(number), "v": number} for number in range(25)])
    assert [row["v"] for row in client.list_rows(table, page_size=10)] == list(range(25))
    assert [page.num_items for page in client.list_rows(table, page_size=10).pages] == [10, 10, 5]
    assert [row["v"] for row in client.list_rows(table, start_index=22, max_results=5)] == [22, 23, 24]
    assert [row["v"] for row in client.list_rows(table, max_results=3)] == [0, 1, 2]
    assert client.get_table(table).num_rows == 25


def test_selected_fields(client: bigquery.Client, table: str) -> None:
    client.insert_rows_json(table, [{"k": "a", "v": 1, "l": ["x", "y"]}])
    found = client.get_table(table)
    assert [row.values() for row in client.list_rows(found, selected_fields=[found.schema[2]])] == [(["x", "y"],)]
    with pytest.raises(BadRequest, match="nope"):
        list(client.list_rows(found, selected_fields=[SchemaField("nope", "STRING")]))


def test_timestamps_are_float_seconds_unless_asked_otherwise(
    server: StandIn, client: bigquery.Client, dataset: str
) -> None:
    client.create_table(bigquery.Table(f"{dataset}.t", schema=[SchemaField("at", "TIMESTAMP")]))
    client.insert_rows_json(f"{dataset}.t", [{"at": "2026-01-01T00:00:00.000001Z"}])

    def shown(query: str) -> str:
        path = f"/bigquery/v2/projects/{PROJECT}/datasets/{dataset.split('.')[1]}/tables/t/data{query}"
        with urllib.request.urlopen(server.url + path) as answer:
            value: str = json.load(answer)["rows"][0]["f"][0]["v"]
            return value

    assert float(shown("")) == 1767225600.000001
    assert shown("?formatOptions.useInt64Timestamp=true") == "1767225600000001"
    assert shown("?formatOptions.timestampOutputFormat=ISO8601_STRING") == "2026-01-01T00:00:00.000001Z"


def test_listing_what_is_missing(client: bigquery.Client, dataset: str) -> None:
    with pytest.raises(NotFound):
        list(client.list_rows(f"{dataset}.nope", selected_fields=[SchemaField("x", "STRING")]))


@pytest.mark.parametrize(
    ("row", "location", "message"),
    [
        ({"k": "a", "nope": 1}, "nope", "no such field: nope."),
        ({"v": 1}, "k", "Missing required field: k."),
        ({"k": None}, "k", "NULL"),
        ({"k": "a", "v": "x"}, "v", "integer"),
        ({"k": "a", "v": 1.5}, "v", "integer"),
        ({"k": "a", "v": 2**63}, "v", "integer"),
        ({"k": "a", "v": [1]}, "v", "Array specified for non-repeated field: v."),
        ({"k": "a", "l": "x"}, "l", "Repeated"),
        ({"k": "a", "l": [None]}, "l", "NULL"),
    ],
)
def test_one_bad_row_stops_them_all(
    client: bigquery.Client, table: str, rows: Rows, row: dict[str, Any], location: str, message: str
) -> None:
    (stopped, bad) = client.insert_rows_json(table, [{"k": "good"}, row])
    assert (stopped["index"], stopped["errors"][0]["reason"]) == (0, "stopped")
    assert (bad["index"], bad["errors"][0]["reason"], bad["errors"][0]["location"]) == (1, "invalid", location)
    assert message in bad["errors"][0]["message"]
    assert rows(table) == []


def test_bad_rows_may_be_skipped(client: bigquery.Client, table: str, rows: Rows) -> None:
    errors = client.insert_rows_json(table, [{"k": "a"}, {"v": 1}, {"k": "b"}], skip_invalid_rows=True)
    assert [error["index"] for error in errors] == [1]
    assert [row["k"] for row in rows(table)] == ["a", "b"]


def test_unknown_fields_may_be_ignored(client: bigquery.Client, table: str, rows: Rows) -> None:
    assert client.insert_rows_json(table, [{"k": "a", "nope": {"x": 1}}], ignore_unknown_values=True) == []
    assert rows(table) == [{"k": "a", "v": None, "l": []}]


def test_a_row_sent_again_with_its_id_is_taken_once(client: bigquery.Client, table: str, rows: Rows) -> None:
    for _ in range(2):
        assert client.insert_rows_json(table, [{"k": "a"}, {"k": "b"}], row_ids=["1", "2"]) == []
    assert client.insert_rows_json(table, [{"k": "a"}], row_ids=[None]) == []
    assert [row["k"] for row in rows(table)] == ["a", "b", "a"]


def test_a_json_column_takes_json_as_text(client: bigquery.Client, dataset: str, rows: Rows) -> None:
    client.create_table(bigquery.Table(f"{dataset}.t", schema=[SchemaField("j", "JSON")]))
    assert client.insert_rows(client.get_table(f"{dataset}.t"), [{"j": {"a": 1}}]) == []
    assert "is not a record" in client.insert_rows_json(f"{dataset}.t", [{"j": {"a": 1}}])[0]["errors"][0]["message"]
    assert "JSON" in client.insert_rows_json(f"{dataset}.t", [{"j": "{"}])[0]["errors"][0]["message"]
    assert rows(f"{dataset}.t") == [{"j": {"a": 1}}]


def test_defaults_fill_in_what_a_row_does_not_mention(client: bigquery.Client, dataset: str, rows: Rows) -> None:
    schema = [
        SchemaField("k", "STRING"),
        SchemaField("v", "STRING", default_value_expression="'none'"),
        SchemaField("at", "TIMESTAMP", "REQUIRED", default_value_expression="CURRENT_TIMESTAMP()"),
    ]
    client.create_table(bigquery.Table(f"{dataset}.t", schema=schema))
    assert client.insert_rows_json(f"{dataset}.t", [{"k": "a"}, {"k": "b", "v": None}, {"k": "c", "v": "x"}]) == []
    found = rows(f"{dataset}.t")
    assert [row["v"] for row in found] == ["none", None, "x"]
    assert all(row["at"] is not None for row in found)
    config = bigquery.LoadJobConfig(schema=[SchemaField("k", "STRING")])
    client.load_table_from_json([{"k": "d"}], f"{dataset}.t", job_config=config).result()
    assert rows(f"{dataset}.t")[-1]["v"] == "none"


def test_a_default_that_cannot_be(client: bigquery.Client, dataset: str) -> None:
    for text in ("nope(1)", "'text'", "SELECT 1"):
        schema = [SchemaField("v", "INTEGER", default_value_expression=text)]
        with pytest.raises(BadRequest, match="default value"):
            client.create_table(bigquery.Table(f"{dataset}.t", schema=schema))


def test_inserting_nothing_and_into_nothing(client: bigquery.Client, table: str) -> None:
    with pytest.raises(BadRequest, match="No rows"):
        client.insert_rows_json(table, [])
    with pytest.raises(NotFound):
        client.insert_rows_json(table + "x", [{"k": "a"}])


def test_ingestion_time_partitions(client: bigquery.Client, dataset: str) -> None:
    table = bigquery.Table(f"{dataset}.t", schema=[SchemaField("x", "INTEGER")])
    table.time_partitioning = bigquery.TimePartitioning(type_="DAY")
    client.create_table(table)
    client.insert_rows_json(f"{dataset}.t$20260105", [{"x": 1}])
    client.insert_rows_json(f"{dataset}.t", [{"x": 2}])
    today = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d")
    assert sorted(client.list_partitions(f"{dataset}.t")) == ["20260105", today]
    assert [row["x"] for row in client.list_rows(f"{dataset}.t$20260105", selected_fields=table.schema)] == [1]

"""tables.*: create, read, list, change, delete."""

import datetime

import pytest
from google.api_core.exceptions import BadRequest, Conflict, MethodNotImplemented, NotFound, PreconditionFailed
from google.cloud import bigquery
from google.cloud.bigquery import SchemaField

SCHEMA = [
    SchemaField("cluster", "STRING", "REQUIRED", description="where"),
    SchemaField("at", "TIMESTAMP"),
    SchemaField("replicas", "INTEGER"),
    SchemaField("tags", "STRING", "REPEATED"),
    SchemaField("hpa", "RECORD", fields=[SchemaField("max", "INTEGER"), SchemaField("min", "INTEGER")]),
    SchemaField("extra", "JSON"),
    SchemaField("share", "NUMERIC", precision=10, scale=2),
]


def make(client: bigquery.Client, name: str, **attributes: object) -> bigquery.Table:
    """Create a table with the attributes that the client's Table has."""
    table = bigquery.Table(name, schema=SCHEMA)
    for attribute, value in attributes.items():
        setattr(table, attribute, value)
    return client.create_table(table)


def test_what_is_created_is_what_is_read(client: bigquery.Client, dataset: str) -> None:
    later = datetime.datetime(2090, 1, 1, tzinfo=datetime.UTC)
    make(
        client,
        f"{dataset}.t",
        time_partitioning=bigquery.TimePartitioning(type_="HOUR", field="at", expiration_ms=86_400_000),
        clustering_fields=["cluster", "replicas"],
        require_partition_filter=True,
        description="text",
        friendly_name="name",
        labels={"team": "sre"},
        expires=later,
    )
    found = client.get_table(f"{dataset}.t")
    assert found.schema == SCHEMA
    assert (found.time_partitioning.type_, found.time_partitioning.field) == ("HOUR", "at")
    assert found.time_partitioning.expiration_ms == 86_400_000
    assert found.clustering_fields == ["cluster", "replicas"]
    assert found.require_partition_filter is True
    assert (found.description, found.friendly_name, found.labels) == ("text", "name", {"team": "sre"})
    assert found.expires == later
    assert (found.num_rows, found.table_type, found.location) == (0, "TABLE", "US")
    (listed,) = client.list_tables(dataset)
    assert (listed.table_id, listed.labels, listed.clustering_fields) == ("t", {"team": "sre"}, found.clustering_fields)


def test_conflict_and_not_found(client: bigquery.Client, dataset: str) -> None:
    make(client, f"{dataset}.t")
    with pytest.raises(Conflict, match="Already Exists: Table"):
        make(client, f"{dataset}.t")
    client.create_table(bigquery.Table(f"{dataset}.t"), exists_ok=True)
    with pytest.raises(NotFound, match=r"Not found: Table \S*\.nope$"):
        client.get_table(f"{dataset}.nope")
    with pytest.raises(NotFound, match="Not found: Dataset"):
        client.get_table(f"{dataset}x.nope")
    with pytest.raises(NotFound, match="Not found: Dataset"):
        make(client, f"{dataset}x.t")
    client.delete_table(f"{dataset}.t")
    with pytest.raises(NotFound):
        client.delete_table(f"{dataset}.t")


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"clustering_fields": ["nope"]}, "clustering"),
        ({"clustering_fields": ["tags"]}, "tags"),
        ({"time_partitioning": bigquery.TimePartitioning(field="nope")}, "partitioning"),
        ({"time_partitioning": bigquery.TimePartitioning(field="cluster")}, "STRING"),
        ({"time_partitioning": bigquery.TimePartitioning(type_="MINUTE", field="at")}, "not a valid value"),
        ({"require_partition_filter": True}, "partition"),
    ],
)
def test_partitioning_that_cannot_be(
    client: bigquery.Client, dataset: str, attributes: dict[str, object], message: str
) -> None:
    with pytest.raises(BadRequest, match=message):
        make(client, f"{dataset}.t", **attributes)


@pytest.mark.parametrize(
    "schema",
    [
        [SchemaField("a", "STRING"), SchemaField("A", "INTEGER")],
        [SchemaField("with space", "STRING")],
        [SchemaField("a", "TEXT")],
        [SchemaField("a", "RECORD")],
        [SchemaField("a", "STRING", mode="SOMETIMES")],
    ],
)
def test_schemas_that_cannot_be(client: bigquery.Client, dataset: str, schema: list[SchemaField]) -> None:
    with pytest.raises(BadRequest):
        client.create_table(bigquery.Table(f"{dataset}.t", schema=schema))


def test_what_is_not_implemented_says_so(client: bigquery.Client, dataset: str) -> None:
    with pytest.raises(MethodNotImplemented, match="GEOGRAPHY"):
        client.create_table(bigquery.Table(f"{dataset}.t", schema=[SchemaField("g", "GEOGRAPHY")]), retry=None)
    table = bigquery.Table(f"{dataset}.t", schema=SCHEMA)
    table.encryption_configuration = bigquery.EncryptionConfiguration("projects/p/locations/l/keyRings/r/cryptoKeys/k")
    with pytest.raises(MethodNotImplemented, match="encryptionConfiguration"):
        client.create_table(table, retry=None)


def test_columns_may_be_added_also_inside_records(client: bigquery.Client, dataset: str) -> None:
    table = make(client, f"{dataset}.t")
    row = {"cluster": "c", "hpa": {"max": 3, "min": 1}, "tags": ["x"]}
    assert client.insert_rows_json(table, [row]) == []
    hpa = SchemaField("hpa", "RECORD", fields=[*SCHEMA[4].fields, SchemaField("desired", "INTEGER")])
    table.schema = [
        *SCHEMA[:4],
        hpa,
        *SCHEMA[5:],
        SchemaField("note", "STRING"),
        SchemaField("list", "INTEGER", "REPEATED"),
    ]
    changed = client.update_table(table, ["schema"])
    assert [field.name for field in changed.schema][-2:] == ["note", "list"]
    (found,) = client.list_rows(client.get_table(f"{dataset}.t"))
    assert found["hpa"] == {"max": 3, "min": 1, "desired": None}
    assert (found["note"], found["list"]) == (None, [])


def test_a_required_column_may_become_nullable(client: bigquery.Client, dataset: str) -> None:
    table = make(client, f"{dataset}.t")
    table.schema = [SchemaField("cluster", "STRING", description="else"), *SCHEMA[1:]]
    changed = client.update_table(table, ["schema"])
    assert (changed.schema[0].mode, changed.schema[0].description) == ("NULLABLE", "else")
    assert client.insert_rows_json(changed, [{"replicas": 1}]) == []


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (SCHEMA[1:], "Field cluster is missing in new schema"),
        ([*SCHEMA, SchemaField("n", "STRING", "REQUIRED")], "Cannot add required fields"),
        ([SchemaField("cluster", "INTEGER", "REQUIRED"), *SCHEMA[1:]], "changed type from STRING to INTEGER"),
        (
            [SCHEMA[0], SchemaField("at", "TIMESTAMP", "REQUIRED"), *SCHEMA[2:]],
            "changed mode from NULLABLE to REQUIRED",
        ),
    ],
)
def test_schema_changes_that_are_refused(
    client: bigquery.Client, dataset: str, schema: list[SchemaField], message: str
) -> None:
    table = make(client, f"{dataset}.t")
    table.schema = schema
    with pytest.raises(BadRequest, match=message):
        client.update_table(table, ["schema"])
    assert client.get_table(table).schema == SCHEMA


def test_integers_may_widen(client: bigquery.Client, dataset: str) -> None:
    table = make(client, f"{dataset}.t")
    client.insert_rows_json(table, [{"cluster": "c", "replicas": 7}])
    table.schema = [*SCHEMA[:2], SchemaField("replicas", "FLOAT"), *SCHEMA[3:]]
    table = client.update_table(table, ["schema"])
    assert [row["replicas"] for row in client.list_rows(table)] == [7.0]


def test_attributes_change_and_go_away(client: bigquery.Client, dataset: str) -> None:
    table = make(
        client, f"{dataset}.t", description="x", labels={"a": "1", "b": "2"},
        time_partitioning=bigquery.TimePartitioning(field="at"),
        expires=datetime.datetime(2090, 1, 1, tzinfo=datetime.UTC),
    )  # fmt: skip
    table.description = None
    table.labels = {"a": None, "c": "3"}
    table.expires = None
    table.require_partition_filter = True
    table.time_partitioning = bigquery.TimePartitioning(field="at", expiration_ms=1000)
    table.clustering_fields = ["cluster"]
    fields = ["description", "labels", "expires", "require_partition_filter", "time_partitioning", "clustering_fields"]
    client.update_table(table, fields)
    found = client.get_table(table)
    assert (found.description, found.expires, found.labels) == (None, None, {"b": "2", "c": "3"})
    assert (found.require_partition_filter, found.time_partitioning.expiration_ms) == (True, 1000)
    assert found.clustering_fields == ["cluster"]


def test_the_partitioning_column_cannot_change(client: bigquery.Client, dataset: str) -> None:
    table = make(client, f"{dataset}.t", time_partitioning=bigquery.TimePartitioning(field="at"))
    table.time_partitioning = bigquery.TimePartitioning(type_="HOUR", field="at")
    with pytest.raises(BadRequest, match="Cannot change partitioning"):
        client.update_table(table, ["time_partitioning"])


def test_etags_change_with_every_change_and_guard_against_lost_updates(client: bigquery.Client, dataset: str) -> None:
    table = make(client, f"{dataset}.t")
    outdated = client.get_table(table)
    assert outdated.etag == client.get_table(table).etag
    table.description = "first"
    assert client.update_table(table, ["description"]).etag != outdated.etag
    outdated.description = "second"
    with pytest.raises(PreconditionFailed):
        client.update_table(outdated, ["description"])


def test_an_expired_table_is_gone_and_its_name_free(client: bigquery.Client, dataset: str) -> None:
    make(client, f"{dataset}.t", expires=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
    with pytest.raises(NotFound):
        client.get_table(f"{dataset}.t")
    assert list(client.list_tables(dataset)) == []
    make(client, f"{dataset}.t")


def test_listing_in_pages(client: bigquery.Client, dataset: str) -> None:
    for number in range(5):
        make(client, f"{dataset}.t{number}")
    pages = list(client.list_tables(dataset, page_size=2).pages)
    assert [[table.table_id for table in page] for page in pages] == [["t0", "t1"], ["t2", "t3"], ["t4"]]


def test_a_table_without_columns_takes_those_of_its_first_load(client: bigquery.Client, dataset: str) -> None:
    client.create_table(bigquery.Table(f"{dataset}.t"))
    config = bigquery.LoadJobConfig(schema=[SchemaField("x", "INTEGER")])
    client.load_table_from_json([{"x": 1}], f"{dataset}.t", job_config=config).result()
    assert [row["x"] for row in client.list_rows(f"{dataset}.t")] == [1]


def test_partitions_are_listed(client: bigquery.Client, dataset: str) -> None:
    table = make(client, f"{dataset}.t", time_partitioning=bigquery.TimePartitioning(type_="HOUR", field="at"))
    moments = ["2026-01-01 00:10:00", "2026-01-01 00:50:00", "2026-01-02 23:00:00", None]
    client.insert_rows_json(table, [{"cluster": "c", "at": moment} for moment in moments])
    assert sorted(client.list_partitions(table)) == ["2026010100", "2026010223", "__NULL__"]


def test_integer_ranges(client: bigquery.Client, dataset: str) -> None:
    ranges = bigquery.RangePartitioning(field="replicas", range_=bigquery.PartitionRange(0, 100, 10))
    table = make(client, f"{dataset}.t", range_partitioning=ranges)
    assert client.get_table(table).range_partitioning == ranges
    client.insert_rows_json(table, [{"cluster": "c", "replicas": number} for number in (0, 9, 55, 100, None)])
    assert sorted(client.list_partitions(table)) == ["0", "50", "__NULL__", "__UNPARTITIONED__"]


def test_deleting_one_partition(client: bigquery.Client, dataset: str) -> None:
    table = make(client, f"{dataset}.t", time_partitioning=bigquery.TimePartitioning(field="at"))
    client.insert_rows_json(table, [{"cluster": "c", "at": f"2026-01-0{day} 01:00:00"} for day in (1, 2)])
    client.delete_table(f"{dataset}.t$20260101")
    assert list(client.list_partitions(table)) == ["20260102"]


def test_a_view_has_the_columns_of_its_query(client: bigquery.Client, dataset: str) -> None:
    view = bigquery.Table(f"{dataset}.v")
    view.view_query = "SELECT 1 AS one, 'x' AS two"
    view.description = "text"
    client.create_table(view)
    found = client.get_table(view)
    assert (found.table_type, found.view_query, found.description) == ("VIEW", view.view_query, "text")
    assert [(field.name, field.field_type) for field in found.schema] == [("one", "INTEGER"), ("two", "STRING")]
    found.view_query = "SELECT 2.5 AS three"
    client.update_table(found, ["view_query"])
    assert [field.name for field in client.get_table(view).schema] == ["three"]
    with pytest.raises(BadRequest, match="VIEW"):
        list(client.list_rows(view, selected_fields=[SchemaField("three", "FLOAT")]))


def test_a_table_does_not_become_a_view(client: bigquery.Client, dataset: str) -> None:
    table = make(client, f"{dataset}.t")
    table._properties["view"] = {"query": "SELECT 1 AS one", "useLegacySql": False}
    with pytest.raises(BadRequest, match="Cannot change the type"):
        client.update_table(table, ["view_query"])

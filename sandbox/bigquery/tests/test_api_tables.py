"""tables.*: create, read, list, delete."""

import pytest
from google.api_core.exceptions import BadRequest, Conflict, MethodNotImplemented, NotFound, PreconditionFailed
from google.cloud import bigquery
from google.cloud.bigquery import SchemaField

from sandbox.bigquery.tests.servers import create_table, run

SCHEMA = [
    SchemaField("cluster", "STRING", "REQUIRED", description="where"),
    SchemaField("at", "TIMESTAMP"),
    SchemaField("replicas", "INTEGER"),
    SchemaField("tags", "STRING", "REPEATED"),
    SchemaField("hpa", "RECORD", fields=[SchemaField("max", "INTEGER"), SchemaField("min", "INTEGER")]),
    SchemaField("share", "FLOAT"),
]


def make(client: bigquery.Client, name: str, **attributes: object) -> None:
    """Create a table with the attributes that the client's Table has."""
    table = bigquery.Table(name, schema=SCHEMA)
    for attribute, value in attributes.items():
        setattr(table, attribute, value)
    create_table(client, table)


def test_what_is_created_is_what_is_read(client: bigquery.Client, dataset: str) -> None:
    make(
        client,
        f"{dataset}.t",
        time_partitioning=bigquery.TimePartitioning(type_="HOUR", field="at", expiration_ms=86_400_000),
        clustering_fields=["cluster", "replicas"],
        require_partition_filter=True,
        description="text",
    )
    found = client.get_table(f"{dataset}.t")
    assert found.schema == SCHEMA
    assert (found.time_partitioning.type_, found.time_partitioning.field) == ("HOUR", "at")
    assert found.time_partitioning.expiration_ms == 86_400_000
    assert found.clustering_fields == ["cluster", "replicas"]
    assert found.require_partition_filter is True
    assert found.description == "text"
    assert (found.num_rows, found.table_type, found.location) == (0, "TABLE", "US")
    (listed,) = client.list_tables(dataset)
    assert (listed.table_id, listed.clustering_fields) == ("t", found.clustering_fields)


def test_how_long_partitions_are_kept_can_be_changed_and_nothing_else(client: bigquery.Client, dataset: str) -> None:
    by = bigquery.TimePartitioning(type_="DAY", field="at")
    make(client, f"{dataset}.t", time_partitioning=by)
    before = client.get_table(f"{dataset}.t")
    stale = client.get_table(f"{dataset}.t")
    before.time_partitioning = bigquery.TimePartitioning(type_="DAY", field="at", expiration_ms=86_400_000)
    assert client.update_table(before, ["time_partitioning"]).time_partitioning.expiration_ms == 86_400_000
    assert client.get_table(f"{dataset}.t").time_partitioning.expiration_ms == 86_400_000
    stale.time_partitioning = by
    with pytest.raises(PreconditionFailed):
        client.update_table(stale, ["time_partitioning"])
    now = client.get_table(f"{dataset}.t")
    now.time_partitioning = bigquery.TimePartitioning(type_="HOUR", field="at")
    with pytest.raises(BadRequest, match="Cannot change partitioning spec"):
        client.update_table(now, ["time_partitioning"])
    now.description = "text"
    with pytest.raises(MethodNotImplemented, match="description"):
        client.update_table(now, ["description"])


def test_conflict_and_not_found(client: bigquery.Client, dataset: str) -> None:
    make(client, f"{dataset}.t")
    with pytest.raises(Conflict, match="Already Exists: Table"):
        make(client, f"{dataset}.t")
    create_table(client, bigquery.Table(f"{dataset}.t", schema=SCHEMA), exists_ok=True)
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
    make(client, f"{dataset}.t")
    config = bigquery.LoadJobConfig(schema=schema)
    with pytest.raises(BadRequest):
        client.load_table_from_json([{"a": "x"}], f"{dataset}.t", job_config=config).result()


def test_tables_are_made_by_statements_only(client: bigquery.Client, dataset: str) -> None:
    with pytest.raises(MethodNotImplemented, match=r"POST .*tables"):
        client.create_table(bigquery.Table(f"{dataset}.t", schema=SCHEMA), retry=None)


def test_a_view_tells_its_query_and_has_no_rows_of_its_own(client: bigquery.Client, dataset: str) -> None:
    run(client, f"CREATE VIEW `{dataset}.v` OPTIONS (description = 'text') AS SELECT 1 AS one, 'x' AS two")
    found = client.get_table(f"{dataset}.v")
    assert (found.table_type, found.view_query, found.description) == ("VIEW", "SELECT 1 AS one, 'x' AS two", "text")
    assert [(field.name, field.field_type) for field in found.schema] == [("one", "INTEGER"), ("two", "STRING")]
    with pytest.raises(BadRequest, match="VIEW"):
        list(client.list_rows(found, selected_fields=found.schema))


def test_listing_in_pages(client: bigquery.Client, dataset: str) -> None:
    for number in range(5):
        make(client, f"{dataset}.t{number}")
    pages = list(client.list_tables(dataset, page_size=2).pages)
    assert [[table.table_id for table in page] for page in pages] == [["t0", "t1"], ["t2", "t3"], ["t4"]]

"""tabledata.list: rows, pages, selected fields."""

import pytest
from google.api_core.exceptions import BadRequest, NotFound
from google.cloud import bigquery
from google.cloud.bigquery import SchemaField

from sandbox.bigquery.tests.servers import run


@pytest.fixture
def table(client: bigquery.Client, dataset: str) -> str:
    """Create a table with 25 rows; return its name."""
    name = f"{dataset}.t"
    run(client, f"CREATE TABLE `{name}` (k STRING NOT NULL, v INT64, l ARRAY<STRING>)")
    run(
        client,
        f"INSERT `{name}` SELECT CONCAT('k', v), v, ['x', 'y'] FROM UNNEST(GENERATE_ARRAY(0, 24)) AS v ORDER BY v",
    )
    return name


def test_pages_start_index_and_limits(client: bigquery.Client, table: str) -> None:
    assert [row["v"] for row in client.list_rows(table, page_size=10)] == list(range(25))
    assert [page.num_items for page in client.list_rows(table, page_size=10).pages] == [10, 10, 5]
    assert [row["v"] for row in client.list_rows(table, start_index=22, max_results=5)] == [22, 23, 24]
    assert [row["v"] for row in client.list_rows(table, max_results=3)] == [0, 1, 2]
    assert client.get_table(table).num_rows == 25


def test_selected_fields(client: bigquery.Client, table: str) -> None:
    found = client.get_table(table)
    (row,) = client.list_rows(found, selected_fields=[found.schema[2]], max_results=1)
    assert row.values() == (["x", "y"],)
    with pytest.raises(BadRequest, match="nope"):
        list(client.list_rows(found, selected_fields=[SchemaField("nope", "STRING")]))


def test_listing_what_is_missing(client: bigquery.Client, dataset: str) -> None:
    with pytest.raises(NotFound):
        list(client.list_rows(f"{dataset}.nope", selected_fields=[SchemaField("x", "STRING")]))

"""Loads from gs://, through the Cloud Storage stand-in."""

import gzip
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest, NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, storage
from google.cloud.bigquery import LoadJobConfig, SchemaField

from sandbox.bigquery.tests.servers import create_table

Rows = Callable[[str], list[dict[str, Any]]]

SCHEMA = [SchemaField("k", "STRING"), SchemaField("v", "INTEGER"), SchemaField("at", "TIMESTAMP")]


@pytest.fixture
def bucket(storage_url: str) -> storage.Bucket:
    """Create a bucket."""
    options = {"api_endpoint": storage_url}
    client = storage.Client(project="test-project", credentials=AnonymousCredentials(), client_options=options)
    return client.create_bucket(f"b{uuid.uuid4().hex[:10]}")


def put(bucket: storage.Bucket, name: str, data: bytes) -> None:
    """Store an object."""
    bucket.blob(name).upload_from_string(data)


def load(client: bigquery.Client, table: str, uris: list[str], **config: Any) -> bigquery.LoadJob:
    """Load from gs:// into a table, which is made if need be; raises what the job ends with."""
    create_table(client, bigquery.Table(table.partition("$")[0], schema=SCHEMA), exists_ok=True)
    settings = LoadJobConfig(**{"source_format": "NEWLINE_DELIMITED_JSON", "schema": SCHEMA, **config})
    job = client.load_table_from_uri(uris, table, job_config=settings)
    job.result(timeout=30)
    return job


def test_wildcards_cross_folders_and_mix_gzip(
    client: bigquery.Client, dataset: str, bucket: storage.Bucket, rows: Rows
) -> None:
    put(bucket, "obs/hour=2026010100/c1/a b.0.ndjson", b'{"k":"a"}\n')
    put(bucket, "obs/hour=2026010100/c2/b.1.ndjson", gzip.compress(b'{"k":"b"}\n'))
    put(bucket, "obs/hour=2026010100/c2/b.1.manifest", b"not rows")
    put(bucket, "obs/hour=2026010101/c1/c.0.ndjson", b'{"k":"c"}\n')
    job = load(client, f"{dataset}.t", [f"gs://{bucket.name}/obs/hour=2026010100/*.ndjson"])
    assert job.input_files == 2
    assert sorted(row["k"] for row in rows(f"{dataset}.t")) == ["a", "b"]
    load(client, f"{dataset}.t", [f"gs://{bucket.name}/obs/hour=2026010101/c1/c.0.ndjson"])
    assert len(rows(f"{dataset}.t")) == 3


def test_missing_objects_are_not_found(client: bigquery.Client, dataset: str, bucket: storage.Bucket) -> None:
    for uri in (f"gs://{bucket.name}/nope/*", f"gs://{bucket.name}/nope.ndjson", f"gs://{bucket.name}x/nope"):
        with pytest.raises(NotFound, match="Not found: URI"):
            load(client, f"{dataset}.t", [uri])
    with pytest.raises(BadRequest, match="Source URI"):
        load(client, f"{dataset}.t", ["/etc/passwd"])
    with pytest.raises(BadRequest, match="wildcard"):
        load(client, f"{dataset}.t", [f"gs://{bucket.name}/*/*"])


def test_one_bad_file_spoils_the_load_and_is_named(
    client: bigquery.Client, dataset: str, bucket: storage.Bucket
) -> None:
    put(bucket, "1.ndjson", b'{"k":"a"}\n')
    put(bucket, "2.ndjson", b'{"k":"a","nope":1}\n')
    with pytest.raises(BadRequest, match=r"2\.ndjson"):
        load(client, f"{dataset}.t", [f"gs://{bucket.name}/*"])
    assert client.get_table(f"{dataset}.t").num_rows == 0


def test_a_partition_is_reloaded_from_a_wildcard(
    client: bigquery.Client, dataset: str, bucket: storage.Bucket, rows: Rows
) -> None:
    table = bigquery.Table(f"{dataset}.t", schema=SCHEMA)
    table.time_partitioning = bigquery.TimePartitioning(type_="HOUR", field="at")
    create_table(client, table)
    for number in range(3):
        put(bucket, f"{number}.ndjson", b'{"k":"%d","at":"2026-01-01T05:0%d:00Z"}' % (number, number))
        uri = f"gs://{bucket.name}/*.ndjson"
        load(client, f"{dataset}.t$2026010105", [uri], write_disposition="WRITE_TRUNCATE")
        assert sorted(row["k"] for row in rows(f"{dataset}.t")) == [str(n) for n in range(number + 1)]

"""Loads rows into a staging table: what is too much for a request's parameters travels as a file."""

import datetime as dt
import json
import tempfile
from collections.abc import Iterable, Mapping
from typing import Any

from pedwatch.hooks.warehouse import Warehouse


def stage(warehouse: Warehouse, table: str, rows: Iterable[Mapping[str, Any]], partition: str | None = None) -> int:
    """Replace a staging table by rows, in one load job, and return how many there are; without any it stays.

    Whoever reads them names what they belong to and how many they are: another may have replaced them meanwhile.

    Args:
        warehouse: has the table.
        table: its name.
        rows: by column; they may be more than memory holds.
        partition: replace this one alone, such as ``20260302``, and leave the others; of a table that is no staging
            table.

    Raises:
        LedgerError: BigQuery refused, or did not answer; the table is then as it was.
    """
    from google.cloud import bigquery

    client, config = warehouse.client, warehouse.config
    with tempfile.TemporaryFile("w+b") as file:
        staged = 0
        for row in rows:
            file.write(json.dumps(_json_value(row)).encode() + b"\n")
            staged += 1
        if not staged:
            return 0
        with warehouse.told(f"load of {table}"):
            address = warehouse.address(table)
            schema = client.get_table(address).schema
            load = bigquery.LoadJobConfig(
                schema=schema,
                source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
                write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
                create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
            )
            destination = f"{address}${partition}" if partition else address
            client.load_table_from_file(
                file, destination, rewind=True, job_config=load, location=config.location
            ).result()
    return staged


def _json_value(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _json_value(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_json_value(entry) for entry in value]
    return value

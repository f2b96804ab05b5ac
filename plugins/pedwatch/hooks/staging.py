"""Loads rows into a table: what is too much for a request's parameters travels as a file."""

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
    return _load(warehouse, table, f"${partition}" if partition else "", rows, "WRITE_TRUNCATE")


def append(warehouse: Warehouse, table: str, rows: Iterable[Mapping[str, Any]]) -> int:
    """Add rows to a table, in one load job, and return how many; it bills nothing, and is all of them or none.

    Run again it adds them again: whoever reads them takes the newest.

    Args:
        warehouse: has the table.
        table: its name.
        rows: by column; they may be more than memory holds.

    Raises:
        LedgerError: BigQuery refused, or did not answer.
    """
    return _load(warehouse, table, "", rows, "WRITE_APPEND")


def _load(
    warehouse: Warehouse, table: str, decorator: str, rows: Iterable[Mapping[str, Any]], write_disposition: str
) -> int:
    from google.cloud import bigquery

    client, config = warehouse.client, warehouse.config
    with tempfile.TemporaryFile("w+b") as file:
        loaded = 0
        for row in rows:
            file.write(json.dumps(_json_value(row)).encode() + b"\n")
            loaded += 1
        if not loaded:
            return 0
        with warehouse.told(f"load of {table}"):
            address = warehouse.address(table)
            load = bigquery.LoadJobConfig(
                schema=client.get_table(address).schema,
                source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
                write_disposition=write_disposition,
                create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
            )
            destination = f"{address}{decorator}"
            client.load_table_from_file(
                file, destination, rewind=True, job_config=load, location=config.location
            ).result()
    return loaded


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

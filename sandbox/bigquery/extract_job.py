"""Extract jobs: a table into gs:// as CSV, NDJSON or Parquet, one object per URI."""

import base64
import csv
import gzip
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox.bigquery import objects
from sandbox.bigquery.errors import invalid, not_implemented
from sandbox.bigquery.job_runner import Work
from sandbox.bigquery.model import Field, TableMeta
from sandbox.bigquery.names import literal, physical_name, quote
from sandbox.bigquery.partitions import named_partition, undecorated
from sandbox.bigquery.table_resource import reference

_FIRST_SHARD = "000000000000"


def perform(work: Work) -> None:
    """Run an extract job."""
    settings = work.job.settings()
    if work.job.is_dry_run:
        raise invalid("Dry run is not supported for extract jobs")
    if settings.get("sourceModel"):
        raise not_implemented("extracting models")
    table, partition = undecorated(reference(settings.get("sourceTable"), "sourceTable"))
    meta = work.catalog.get(table)
    if meta.kind != "TABLE":
        raise invalid(f"{table} is not allowed for this operation because it is currently a {meta.kind}.")
    uris = settings.get("destinationUris") or [settings.get("destinationUri")]
    if len(uris) != 1 or not uris[0]:
        raise (not_implemented("extracting to more than one URI") if uris[0] else invalid("destinationUris is missing"))
    where = f" WHERE {named_partition(meta, partition).condition}" if partition else ""
    (target,) = objects.expand(str(uris[0]).replace("*", _FIRST_SHARD))
    objects.write(target, _compressed(settings, _bytes(work, settings, meta, where)))
    work.job.statistics["extract"] = {"destinationUriFileCounts": ["1"], "inputBytes": "0"}


def _bytes(work: Work, settings: dict[str, Any], meta: TableMeta, where: str) -> bytes:
    columns = ", ".join(quote(field["name"]) for field in meta.fields)
    source = f"SELECT {columns} FROM {physical_name(meta.ref)}{where}"
    kind = (settings.get("destinationFormat") or "CSV").upper()
    if kind == "PARQUET":
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "table.parquet"
            work.cursor.execute(f"COPY ({source}) TO {literal(str(path))} (FORMAT parquet)")
            return path.read_bytes()
    if kind not in ("CSV", "NEWLINE_DELIMITED_JSON"):
        raise not_implemented(f"extracting as {kind}")
    rows = work.cursor.execute(source).fetchall()
    return _csv(meta.fields, rows, settings) if kind == "CSV" else _ndjson(meta.fields, rows)


def _compressed(settings: dict[str, Any], data: bytes) -> bytes:
    compression = (settings.get("compression") or "NONE").upper()
    if compression not in ("NONE", "GZIP"):
        raise not_implemented(f"extracting with {compression} compression")
    return gzip.compress(data) if compression == "GZIP" else data


def _ndjson(fields: list[Field], rows: list[tuple[Any, ...]]) -> bytes:
    writers = [(field["name"], _exported(field)) for field in fields]
    lines = [
        json.dumps({name: write(value) for (name, write), value in zip(writers, row, strict=True) if value is not None})
        for row in rows
    ]
    return "".join(line + "\n" for line in lines).encode()


def _csv(fields: list[Field], rows: list[tuple[Any, ...]], settings: dict[str, Any]) -> bytes:
    for field in fields:
        if field.get("mode") == "REPEATED" or field["type"] == "RECORD":
            raise invalid(f"Operation cannot be performed on a nested schema. Field: {field['name']}")
    writers = [_exported(field) for field in fields]
    out = io.StringIO()
    delimiter = {"tab": "\t", "\\t": "\t"}.get(settings.get("fieldDelimiter") or ",", settings.get("fieldDelimiter"))
    table = csv.writer(out, delimiter=delimiter or ",", lineterminator="\n")
    if settings.get("printHeader") is not False:
        table.writerow(field["name"] for field in fields)
    for row in rows:
        table.writerow(None if v is None else write(v) for write, v in zip(writers, row, strict=True))
    return out.getvalue().encode()


def _exported(field: Field) -> Callable[[Any], Any]:
    """How an exported file writes a value: integers and exact numbers as text, moments with their zone."""
    if field.get("mode") == "REPEATED":
        item = _exported({**field, "mode": "NULLABLE"})
        return lambda values: [item(value) for value in values]
    if field["type"] == "RECORD":
        inner = {child["name"]: _exported(child) for child in field["fields"]}
        return lambda value: {name: inner[name](part) for name, part in value.items() if part is not None}
    return _WRITERS.get(field["type"], str)


_WRITERS: dict[str, Callable[[Any], Any]] = {
    "BOOLEAN": bool,
    "FLOAT": float,
    "BYTES": lambda value: base64.b64encode(bytes(value)).decode(),
    "TIMESTAMP": lambda value: value.replace(tzinfo=None).isoformat(sep=" ") + " UTC",
    "DATETIME": lambda value: value.isoformat(),
    "JSON": json.loads,
}

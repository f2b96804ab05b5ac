"""Copy jobs: tables, or single partitions of them, into another table."""

from typing import Any

from sandbox.bigquery.errors import invalid, not_implemented
from sandbox.bigquery.job_runner import Work
from sandbox.bigquery.model import TableMeta
from sandbox.bigquery.names import physical_name
from sandbox.bigquery.partitions import named_partition, undecorated
from sandbox.bigquery.table_resource import reference
from sandbox.bigquery.table_write import Destination, Rows, write


def perform(work: Work) -> None:
    """Run a copy job."""
    settings = work.job.settings()
    if work.job.is_dry_run:
        raise invalid("Dry run is not supported for copy jobs")
    if (settings.get("operationType") or "COPY") not in ("COPY", "CLONE"):
        raise not_implemented(f"copy jobs with the operation {settings['operationType']}")
    destination = Destination.of(settings, "WRITE_EMPTY")
    sources = [_source(work, given) for given in settings.get("sourceTables") or [settings.get("sourceTable")]]
    first = sources[0][0]
    if any(_shape(meta) != _shape(first) for meta, _ in sources):
        raise invalid("Invalid copy: the source tables have different schemas")
    work.jobs.mark_started(work.job, work.cursor)
    parts = " UNION ALL BY NAME ".join(f"SELECT * FROM {physical_name(meta.ref)}{where}" for meta, where in sources)
    rows = Rows(first.fields, source=f"({parts})", like=first)
    count = write(work.catalog, work.cursor, destination, rows)
    work.job.statistics["copy"] = {"copiedRows": str(count), "copiedLogicalBytes": "0"}


def _shape(meta: TableMeta) -> list[tuple[Any, ...]]:
    return [(field["name"].lower(), field["type"], field.get("mode")) for field in meta.fields]


def _source(work: Work, given: Any) -> tuple[TableMeta, str]:
    """A source table, and the WHERE of the partition that its decorator names."""
    table, partition = undecorated(reference(given, "sourceTable"))
    meta = work.catalog.get(table)
    if meta.kind != "TABLE":
        raise invalid(f"{table} is not allowed for this operation because it is currently a {meta.kind}.")
    return (meta, f" WHERE {named_partition(meta, partition).condition}" if partition else "")

"""Partitions of a table: their ids, the rows of one, and the decorator that names one (``table$2026010203``)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sandbox.bigquery.errors import invalid, not_implemented
from sandbox.bigquery.model import TableMeta, TableRef
from sandbox.bigquery.names import literal, quote

_ID_FORMATS = {"HOUR": "%Y%m%d%H", "DAY": "%Y%m%d", "MONTH": "%Y%m", "YEAR": "%Y"}
_ID_LENGTHS = {10: "HOUR", 8: "DAY", 6: "MONTH", 4: "YEAR"}


def undecorated(ref: TableRef) -> tuple[TableRef, str | None]:
    """The table that a possibly decorated reference names, and the partition or None: ``t$20260102`` is of ``t``."""
    table, _, partition = ref.table.partition("$")
    return TableRef(ref.project, ref.dataset, table), partition or None


def granularity(meta: TableMeta) -> str:
    """HOUR, DAY, MONTH or YEAR."""
    return str((meta.time_partitioning or {}).get("type") or "DAY").upper()


def partition_column(meta: TableMeta) -> str | None:
    """The column a table is partitioned by; None when it is not partitioned."""
    by = meta.time_partitioning or meta.range_partitioning
    return str(by["field"]) if by is not None else None


def _column_type(meta: TableMeta) -> str:
    column = partition_column(meta)
    for field in meta.fields:
        if column and field["name"].lower() == column.lower():
            return str(field["type"]).upper()
    return "TIMESTAMP"


@dataclass(frozen=True)
class Partition:
    """One partition of one table."""

    id: str
    condition: str
    """The DuckDB condition that holds for its rows: a half-open range, so that zone maps prune."""


def named_partition(meta: TableMeta, partition: str) -> Partition:
    """The partition that a decorator names; refuses one that the table cannot have."""
    column = partition_column(meta)
    if column is None:
        raise invalid(f"Cannot use partition decorator ${partition} on non-partitioned table {meta.ref}")
    if meta.range_partitioning is not None:
        raise not_implemented(f"the partition ${partition} of a table in integer ranges")
    if partition.startswith("__"):
        raise not_implemented(f"the partition ${partition}")
    kind = granularity(meta)
    if not partition.isdigit() or _ID_LENGTHS.get(len(partition)) != kind:
        wanted = _ID_FORMATS[kind].replace("%Y", "YYYY").replace("%m", "MM").replace("%d", "DD").replace("%H", "HH")
        raise invalid(
            f"Incompatible partition decorator ${partition}: table {meta.ref} is partitioned by {kind}, "
            f"its decorators have the form ${wanted}"
        )
    try:
        # Parsed by hand: strptime takes "2026010" for January the first without a leading zero.
        parts = [int(partition[:4]), *(int(partition[place : place + 2]) for place in range(4, len(partition), 2))]
        year, month, day, hour = (parts + [1, 1, 0][len(parts) - 1 :])[:4]
        first = datetime(year, month, day, hour, tzinfo=UTC)
    except ValueError:
        raise invalid(f"Invalid partition decorator ${partition} for table {meta.ref}") from None
    low, high = _moment(meta, first), _moment(meta, _next_start(first, kind))
    upper = f" AND {quote(column)} < {high}" if high else ""
    return Partition(partition, f"{quote(column)} >= {low}{upper}")


def _moment(meta: TableMeta, moment: datetime | None) -> str | None:
    if moment is None:
        return None
    text = f"TIMESTAMP {literal(moment.strftime('%Y-%m-%d %H:%M:%S').rjust(19, '0'))}"
    return f"CAST({text} AS DATE)" if _column_type(meta) == "DATE" else f"timezone('UTC', {text})"


def _next_start(first: datetime, kind: str) -> datetime | None:
    """The first moment of the following partition; None after the last one that a datetime can hold."""
    try:
        if kind == "YEAR":
            return first.replace(year=first.year + 1)
        if kind == "MONTH":
            return (first + timedelta(days=31)).replace(day=1)
        return first + (timedelta(hours=1) if kind == "HOUR" else timedelta(days=1))
    except (ValueError, OverflowError):
        return None

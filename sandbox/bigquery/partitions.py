"""Partitions of a table: their ids, the rows of one, and the decorator that names one (``table$2026010203``)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sandbox.bigquery.errors import invalid
from sandbox.bigquery.model import TableMeta, TableRef
from sandbox.bigquery.names import literal, quote

INGESTION_TIME_COLUMN = "_PARTITIONTIME"
"""The hidden column (TIMESTAMP) of a table that is partitioned by ingestion time."""

NULL_PARTITION = "__NULL__"
OUTSIDE_PARTITION = "__UNPARTITIONED__"
SUMMARY_DECORATOR = "__PARTITIONS_SUMMARY__"

_ID_FORMATS = {"HOUR": "%Y%m%d%H", "DAY": "%Y%m%d", "MONTH": "%Y%m", "YEAR": "%Y"}
_ID_LENGTHS = {10: "HOUR", 8: "DAY", 6: "MONTH", 4: "YEAR"}


def split_decorator(table_id: str) -> tuple[str, str | None]:
    """``t$20260102`` is table ``t`` and partition ``20260102``; without a decorator the partition is None."""
    table, _, partition = table_id.partition("$")
    return table, partition or None


def undecorated(ref: TableRef) -> tuple[TableRef, str | None]:
    """The table that a possibly decorated reference names, and the partition or None."""
    table, partition = split_decorator(ref.table)
    return TableRef(ref.project, ref.dataset, table), partition


def granularity(meta: TableMeta) -> str:
    """HOUR, DAY, MONTH or YEAR."""
    return str((meta.time_partitioning or {}).get("type") or "DAY").upper()


def is_ingestion_time(meta: TableMeta) -> bool:
    """Whether rows belong to the partition of the moment they arrived."""
    return meta.time_partitioning is not None and not meta.time_partitioning.get("field")


def partition_column(meta: TableMeta) -> str | None:
    """The column a table is partitioned by; None when it is not partitioned."""
    if meta.time_partitioning is not None:
        return str(meta.time_partitioning.get("field") or INGESTION_TIME_COLUMN)
    if meta.range_partitioning is not None:
        return str(meta.range_partitioning["field"])
    return None


def _column_type(meta: TableMeta) -> str:
    column = partition_column(meta)
    for field in meta.fields:
        if column and field["name"].lower() == column.lower():
            return str(field["type"]).upper()
    return "TIMESTAMP"


def truncated_now(meta: TableMeta) -> str:
    """The DuckDB expression of the ingestion-time partition that a row inserted now belongs to."""
    return f"timezone('UTC', date_trunc('{granularity(meta).lower()}', timezone('UTC', now())))"


def partition_id(meta: TableMeta) -> str:
    """The DuckDB expression of a row's partition id (VARCHAR, NULL for an unpartitioned table)."""
    column = partition_column(meta)
    if column is None:
        return "CAST(NULL AS VARCHAR)"
    quoted = quote(column)
    if meta.range_partitioning is not None:
        start, end, step = _range_bounds(meta)
        return (
            f"CASE WHEN {quoted} IS NULL THEN '{NULL_PARTITION}' "
            f"WHEN {quoted} < {start} OR {quoted} >= {end} THEN '{OUTSIDE_PARTITION}' "
            f"ELSE CAST({start} + ({quoted} - ({start})) // {step} * {step} AS VARCHAR) END"
        )
    moment = f"timezone('UTC', {quoted})" if _column_type(meta) == "TIMESTAMP" else f"CAST({quoted} AS TIMESTAMP)"
    return f"coalesce(strftime({moment}, '{_ID_FORMATS[granularity(meta)]}'), '{NULL_PARTITION}')"


def _range_bounds(meta: TableMeta) -> tuple[int, int, int]:
    bounds = (meta.range_partitioning or {})["range"]
    return int(bounds["start"]), int(bounds["end"]), int(bounds["interval"])


@dataclass(frozen=True)
class Partition:
    """One partition of one table."""

    id: str
    condition: str
    """The DuckDB condition that holds for its rows: a half-open range, so that zone maps prune."""
    start: str | None
    """The DuckDB literal of its first moment or number; None for the NULL partition."""


def named_partition(meta: TableMeta, partition: str) -> Partition:
    """The partition that a decorator names; refuses one that the table cannot have."""
    column = partition_column(meta)
    if column is None:
        raise invalid(f"Cannot use partition decorator ${partition} on non-partitioned table {meta.ref}")
    if partition == NULL_PARTITION and not is_ingestion_time(meta):
        return Partition(partition, f"{quote(column)} IS NULL", None)
    if meta.range_partitioning is not None:
        return _range_partition(meta, column, partition)
    return _time_partition(meta, column, partition)


def _range_partition(meta: TableMeta, column: str, partition: str) -> Partition:
    start, end, step = _range_bounds(meta)
    number = int(partition) if re.fullmatch(r"-?\d+", partition) else None
    if number is None or not start <= number < end or (number - start) % step:
        raise invalid(f"Invalid partition decorator ${partition} for integer range partitioned table {meta.ref}")
    upper = min(number + step, end)
    return Partition(partition, f"{quote(column)} >= {number} AND {quote(column)} < {upper}", str(number))


def _time_partition(meta: TableMeta, column: str, partition: str) -> Partition:
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
    return Partition(partition, f"{quote(column)} >= {low}{upper}", low)


def _moment(meta: TableMeta, moment: datetime | None) -> str | None:
    if moment is None:
        return None
    text = literal(moment.strftime("%Y-%m-%d %H:%M:%S").rjust(19, "0"))
    kind = _column_type(meta)
    return {"TIMESTAMP": f"timezone('UTC', TIMESTAMP {text})", "DATE": f"CAST(TIMESTAMP {text} AS DATE)"}.get(
        kind, f"TIMESTAMP {text}"
    )


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

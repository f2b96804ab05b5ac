"""Staged rows into a destination table: dispositions, partition decorators, schema updates, all in one transaction."""

from dataclasses import dataclass, field
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from sandbox.bigquery.catalog import Catalog
from sandbox.bigquery.column_defaults import Default, compile_default
from sandbox.bigquery.errors import already_exists, invalid
from sandbox.bigquery.model import Field, TableMeta, TableRef
from sandbox.bigquery.names import physical_name, quote, table_not_found
from sandbox.bigquery.partitions import (
    INGESTION_TIME_COLUMN,
    Partition,
    is_ingestion_time,
    named_partition,
    partition_column,
    truncated_now,
    undecorated,
)
from sandbox.bigquery.schema_change import Allowed, alterations, merged_fields
from sandbox.bigquery.staging import GIVEN, STAGE, Staged
from sandbox.bigquery.storage import transaction
from sandbox.bigquery.table_resource import apply_partitioning, reference

_WRITES = ("WRITE_APPEND", "WRITE_EMPTY", "WRITE_TRUNCATE")
_CREATES = ("CREATE_IF_NEEDED", "CREATE_NEVER")


@dataclass(frozen=True)
class Destination:
    """Where a job writes and how."""

    table: TableRef
    partition: str | None
    write: str
    create: str
    settings: dict[str, Any] = field(hash=False)

    @staticmethod
    def of(settings: dict[str, Any], default_write: str) -> "Destination":
        """Read it from a load, query or copy configuration."""
        table, partition = undecorated(reference(settings.get("destinationTable"), "destinationTable"))
        write = settings.get("writeDisposition") or default_write
        create = settings.get("createDisposition") or "CREATE_IF_NEEDED"
        if write not in _WRITES or create not in _CREATES:
            raise invalid(f"Invalid value for writeDisposition or createDisposition: {write}, {create}")
        return Destination(table, partition, write, create, settings)

    def allowed(self) -> Allowed:
        """The schema changes the job may make while it appends."""
        options = self.settings.get("schemaUpdateOptions") or []
        return Allowed(
            addition="ALLOW_FIELD_ADDITION" in options, relaxation="ALLOW_FIELD_RELAXATION" in options, omission=True
        )


@dataclass
class Rows:
    """What is to be written: a DuckDB SELECT source with columns named as ``fields``."""

    fields: list[Field]
    source: str = STAGE
    optional: list[str] = field(default_factory=list)
    has_schema: bool = True
    """Whether ``fields`` is a schema for the table (else the table's own columns, or some of them)."""
    has_modes: bool = True
    """Whether the schema says what is required; a query's results do not."""
    like: TableMeta | None = None
    """The table that the rows were copied from: a new destination takes over its partitioning and clustering."""

    @staticmethod
    def staged(staged: Staged, *, has_schema: bool = True) -> "Rows":
        """The rows in the temporary table."""
        return Rows(staged.fields, optional=staged.optional, has_schema=has_schema)


def write(catalog: Catalog, cursor: DuckDBPyConnection, destination: Destination, rows: Rows) -> int:
    """Write the rows and answer how many; all of it or nothing."""
    with catalog.write_lock(destination.table):
        try:
            with transaction(cursor):
                return _Writer(catalog, cursor, destination, rows).write()
        except (duckdb.ConstraintException, duckdb.ConversionException) as error:
            raise invalid(f"Error while reading data, error message: {str(error).splitlines()[0]}") from error


class _Writer:
    def __init__(self, catalog: Catalog, cursor: DuckDBPyConnection, destination: Destination, rows: Rows) -> None:
        self._catalog = catalog
        self._cursor = cursor
        self._to = destination
        self._rows = rows

    def write(self) -> int:
        """Everything, inside the caller's transaction."""
        meta = self._catalog.find(self._to.table)
        meta = self._create() if meta is None else self._prepare(meta)
        partition = named_partition(meta, self._to.partition) if self._to.partition else None
        if partition is not None and not is_ingestion_time(meta):
            self._check_rows_belong(partition)
        count = self._insert(meta, partition)
        self._catalog.touch(meta.ref, cursor=self._cursor)
        return count

    def _create(self) -> TableMeta:
        ref = self._to.table
        self._catalog.get_dataset(ref.project, ref.dataset)
        if self._to.create == "CREATE_NEVER":
            raise table_not_found(ref, self._catalog.location)
        meta = TableMeta(ref, fields=self._rows.fields)
        if self._rows.like is not None:
            meta.time_partitioning = self._rows.like.time_partitioning
            meta.range_partitioning = self._rows.like.range_partitioning
            meta.clustering = self._rows.like.clustering
            meta.require_partition_filter = self._rows.like.require_partition_filter
        apply_partitioning(meta, self._to.settings)
        if self._to.partition and partition_column(meta) is None:
            # As BigQuery does: a decorator on a table that is yet to be makes it partitioned by ingestion time.
            meta.time_partitioning = {"type": {4: "YEAR", 6: "MONTH", 10: "HOUR"}.get(len(self._to.partition), "DAY")}
        described = self._to.settings.get("destinationTableProperties") or {}
        meta.description = described.get("description")
        meta.friendly_name = described.get("friendlyName")
        meta.labels = described.get("labels") or {}
        self._catalog.create_table(meta, cursor=self._cursor)
        return meta

    def _prepare(self, meta: TableMeta) -> TableMeta:
        if meta.kind != "TABLE":
            raise invalid(f"{meta.ref} is not allowed for this operation because it is currently a {meta.kind}.")
        self._check_partitioning_agrees(meta)
        partition = named_partition(meta, self._to.partition) if self._to.partition else None
        table = physical_name(meta.ref)
        if self._to.write == "WRITE_EMPTY":
            where = f"WHERE {partition.condition}" if partition else ""
            if self._cursor.execute(f"SELECT 1 FROM {table} {where} LIMIT 1").fetchone():
                raise already_exists("Table", f"{meta.ref}{'$' + partition.id if partition else ''}")
        if self._to.write == "WRITE_TRUNCATE" and partition is None:
            return self._replace(meta)
        self._update_schema(meta)
        if self._to.write == "WRITE_TRUNCATE" and partition is not None:
            self._cursor.execute(f"DELETE FROM {table} WHERE {partition.condition}")
        return meta

    def _check_partitioning_agrees(self, meta: TableMeta) -> None:
        asked = TableMeta(meta.ref, fields=meta.fields)
        settings = {key: self._to.settings.get(key) for key in ("timePartitioning", "rangePartitioning")}
        if not any(settings.values()):
            return
        apply_partitioning(asked, settings, check_columns=False)
        now = (partition_column(meta), (meta.time_partitioning or {}).get("type"))
        wanted = (partition_column(asked), (asked.time_partitioning or {}).get("type"))
        if (now[0] or "").lower() != (wanted[0] or "").lower() or now[1] != wanted[1]:
            raise invalid(
                f"Incompatible table partitioning specification. Expects partitioning specification "
                f"{now[1]}({now[0]}), but input partitioning specification is {wanted[1]}({wanted[0]})"
            )

    def _replace(self, meta: TableMeta) -> TableMeta:
        """Empty the table; with a schema that differs, in the shape of that."""
        if not self._rows.has_schema or self._rows.fields == meta.fields:
            self._cursor.execute(f"DELETE FROM {physical_name(meta.ref)}")
            return meta
        kept = {name: getattr(meta, name) for name in ("created_ms", "expiration_ms")}
        meta.fields = self._rows.fields
        apply_partitioning(meta, {})  # what it is partitioned and clustered by has to be in the new schema
        self._catalog.create_table(meta, or_replace=True, cursor=self._cursor)
        for name, value in kept.items():
            setattr(meta, name, value)
        self._catalog.save(meta, cursor=self._cursor)
        return meta

    def _update_schema(self, meta: TableMeta) -> None:
        if not self._rows.has_schema:
            return
        allowed = self._to.allowed()
        if not meta.fields:  # a table made without a schema takes the first that comes
            allowed = Allowed(addition=True)
        fields = self._rows.fields if self._rows.has_modes else _with_modes(self._rows.fields, meta.fields)
        merged = merged_fields(meta.ref, meta.fields, fields, allowed)
        if merged == meta.fields:
            return
        for statement in alterations(meta, merged):
            self._cursor.execute(statement)
        meta.fields = merged
        self._catalog.save(meta, cursor=self._cursor)

    def _check_rows_belong(self, partition: Partition) -> None:
        stray = self._cursor.execute(
            f"SELECT 1 FROM {self._rows.source} WHERE ({partition.condition}) IS NOT TRUE LIMIT 1"
        ).fetchone()
        if stray:
            raise invalid(
                "Some rows belong to different partitions rather than destination partition "
                f"{self._to.table.table}${partition.id}"
            )

    def _insert(self, meta: TableMeta, partition: Partition | None) -> int:
        columns = {field["name"]: value for field in meta.fields if (value := self._value(field)) is not None}
        if is_ingestion_time(meta):
            columns[INGESTION_TIME_COLUMN] = Default(self._ingestion_time(meta, partition), {})
        if not columns:
            return 0
        names = ", ".join(quote(name) for name in columns)
        values = ", ".join(value.sql for value in columns.values())
        binds = {name: bound for value in columns.values() for name, bound in value.binds.items()}
        statement = f"INSERT INTO {physical_name(meta.ref)} ({names}) SELECT {values} FROM {self._rows.source}"
        row = self._cursor.execute(statement, binds or None).fetchone()
        return int(row[0]) if row else 0

    def _ingestion_time(self, meta: TableMeta, partition: Partition | None) -> str:
        if partition is not None and partition.start is not None:
            return partition.start
        if self._rows.like is not None and is_ingestion_time(self._rows.like):
            return quote(INGESTION_TIME_COLUMN)  # copied rows stay in the partition they were in
        return truncated_now(meta)

    def _value(self, column: Field) -> Default | None:
        """What goes into a column: what the rows have, its default, or nothing."""
        name = quote(column["name"])
        if column["name"].lower() not in {field["name"].lower() for field in self._rows.fields}:
            return compile_default(column, self._cursor)
        if column["name"] in self._rows.optional:
            default = compile_default(column, self._cursor)
            if default is not None:
                given = quote(GIVEN + column["name"])
                return Default(f"CASE WHEN {given} THEN {name} ELSE {default.sql} END", default.binds)
        return Default(f"coalesce({name}, [])" if column.get("mode") == "REPEATED" else name, {})


def _with_modes(fields: list[Field], columns: list[Field]) -> list[Field]:
    """Query results with what their columns require; a NULL that should not be there is refused as it is written."""
    required = {column["name"].lower() for column in columns if column.get("mode") == "REQUIRED"}
    return [
        {**field, "mode": "REQUIRED"}
        if field["name"].lower() in required and field.get("mode") != "REPEATED"
        else field
        for field in fields
    ]

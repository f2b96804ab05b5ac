"""Staged rows into a table: dispositions and partition decorators, all in one transaction."""

from dataclasses import dataclass
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from sandbox.bigquery.catalog import Catalog
from sandbox.bigquery.errors import already_exists, invalid, not_implemented
from sandbox.bigquery.model import Field, TableMeta, TableRef
from sandbox.bigquery.names import physical_name, quote, table_not_found
from sandbox.bigquery.partitions import Partition, named_partition, undecorated
from sandbox.bigquery.staging import STAGE
from sandbox.bigquery.storage import transaction
from sandbox.bigquery.table_resource import reference

_WRITES = ("WRITE_APPEND", "WRITE_EMPTY", "WRITE_TRUNCATE")
_CREATES = ("CREATE_IF_NEEDED", "CREATE_NEVER")


@dataclass(frozen=True)
class Destination:
    """Where a job writes and how."""

    table: TableRef
    partition: str | None
    write: str
    create: str

    @staticmethod
    def of(settings: dict[str, Any]) -> "Destination":
        """Read it from a load configuration."""
        table, partition = undecorated(reference(settings.get("destinationTable"), "destinationTable"))
        write = settings.get("writeDisposition") or "WRITE_APPEND"
        create = settings.get("createDisposition") or "CREATE_IF_NEEDED"
        if write not in _WRITES or create not in _CREATES:
            raise invalid(f"Invalid value for writeDisposition or createDisposition: {write}, {create}")
        return Destination(table, partition, write, create)

    def find(self, catalog: Catalog) -> TableMeta:
        """The table, which has to be there."""
        meta = catalog.find(self.table)
        if meta is None:
            catalog.get_dataset(self.table.project, self.table.dataset)
            if self.create == "CREATE_NEVER":
                raise table_not_found(self.table, catalog.location)
            raise not_implemented(f"a load that creates its table, as {self.table}")
        if meta.kind != "TABLE":
            raise invalid(f"{meta.ref} is not allowed for this operation because it is currently a {meta.kind}.")
        return meta


def check_schema(meta: TableMeta, given: list[Field], *, whole: bool) -> None:
    """Refuse a schema that is not the table's; ``whole`` means that no column may be left out."""
    columns = {column["name"].lower(): column for column in meta.fields}
    for field in given:
        column = columns.pop(field["name"].lower(), None)
        if column is None:
            raise _differs(meta, f"Cannot add fields (field: {field['name']})")
        for what in ("type", "mode"):
            if field[what] != column[what]:
                raise _differs(meta, f"Field {column['name']} has changed {what} from {column[what]} to {field[what]}")
    if whole and columns:
        raise not_implemented(f"replacing a table with one of another schema: columns of {meta.ref} are missing")


def _differs(meta: TableMeta, why: str) -> Exception:
    return invalid(f"Provided Schema does not match Table {meta.ref}. {why}")


def write(catalog: Catalog, cursor: DuckDBPyConnection, destination: Destination, fields: list[Field]) -> int:
    """Write the staged rows, which have these columns, and answer how many; all of it or nothing."""
    with catalog.write_lock(destination.table):
        try:
            with transaction(cursor):
                return _write(catalog, cursor, destination, fields)
        except (duckdb.ConstraintException, duckdb.ConversionException) as error:
            raise invalid(f"Error while reading data, error message: {str(error).splitlines()[0]}") from error


def _write(catalog: Catalog, cursor: DuckDBPyConnection, to: Destination, fields: list[Field]) -> int:
    meta = to.find(catalog)
    partition = named_partition(meta, to.partition) if to.partition else None
    table, where = physical_name(meta.ref), f" WHERE {partition.condition}" if partition else ""
    if to.write == "WRITE_EMPTY" and cursor.execute(f"SELECT 1 FROM {table}{where} LIMIT 1").fetchone():
        raise already_exists("Table", f"{meta.ref}{'$' + partition.id if partition else ''}")
    if to.write == "WRITE_TRUNCATE":
        cursor.execute(f"DELETE FROM {table}{where}")
    if partition is not None:
        _check_rows_belong(cursor, meta, partition)
    columns = ", ".join(quote(field["name"]) for field in fields)
    row = cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {STAGE}").fetchone()
    catalog.touch(meta.ref)
    return int(row[0]) if row else 0


def _check_rows_belong(cursor: DuckDBPyConnection, meta: TableMeta, partition: Partition) -> None:
    stray = cursor.execute(f"SELECT 1 FROM {STAGE} WHERE ({partition.condition}) IS NOT TRUE LIMIT 1").fetchone()
    if stray:
        raise invalid(
            "Some rows belong to different partitions rather than destination partition "
            f"{meta.ref.table}${partition.id}"
        )

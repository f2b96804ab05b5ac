"""Which schema the tables have, by its number and by their columns: metadata, no job, and nothing is billed."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pedwatch import ddl, schema, sql
from pedwatch.errors import ForeignDatasetError, NewerSchemaError

if TYPE_CHECKING:
    from pedwatch.hooks.warehouse import Warehouse

_COLUMNS = {"number": "INTEGER", "migration": "STRING", "applied_at": "TIMESTAMP", "environment": "STRING"}


@dataclass(frozen=True)
class Difference:
    """A column that a table lacks, or has of another type."""

    table: str
    column: ddl.Column
    """As the DDL has it."""
    found_type: str | None
    """As the BigQuery API names it; None when the column is not there."""


def applied(warehouse: "Warehouse") -> list[schema.Applied]:
    """Return what is recorded as applied; nothing where ped_housekeeping never ran.

    Raises:
        LedgerError: BigQuery refused, or did not answer.
    """
    rows = warehouse.listed(schema.TABLE, _COLUMNS, may_lack=True)
    return [schema.Applied(**row) for row in rows]


def pending(warehouse: "Warehouse") -> list[schema.Step]:
    """Return the steps of this build that are not recorded as applied, in order.

    Raises:
        LedgerError: BigQuery refused, or did not answer.
        ConfigurationError: the migrations of this build are not a series.
    """
    return schema.pending(schema.steps(warehouse.sql_root), applied(warehouse))


def newer(warehouse: "Warehouse") -> str | None:
    """Return why this build must leave the tables alone: their schema is newer than it knows. None where it is not.

    Raises:
        LedgerError: BigQuery refused to tell, or did not answer.
        ConfigurationError: the migrations of this build are not a series.
    """
    return schema.newer(warehouse.config.dataset, applied(warehouse), schema.steps(warehouse.sql_root))


def refuse_foreign(warehouse: "Warehouse", environment: str | None) -> None:
    """Stop before tables of another environment are read or written.

    Args:
        warehouse: the tables.
        environment: which one this is; None at a desk.

    Raises:
        ForeignDatasetError: they are; the message says what to do.
        LedgerError: BigQuery refused to tell, or did not answer.
    """
    if environment and (objection := schema.foreign(warehouse.config.dataset, applied(warehouse), environment)):
        raise ForeignDatasetError(objection)


def refuse(warehouse: "Warehouse", environment: str | None) -> None:
    """Stop before tables are read or written that are another environment's, or of a newer schema: one listing.

    Raises:
        ForeignDatasetError, NewerSchemaError: they are; the message says what to do.
        LedgerError: BigQuery refused to tell, or did not answer.
        ConfigurationError: the migrations of this build are not a series.
    """
    found, dataset = applied(warehouse), warehouse.config.dataset
    if objection := schema.foreign(dataset, found, environment):
        raise ForeignDatasetError(objection)
    if objection := schema.newer(dataset, found, schema.steps(warehouse.sql_root)):
        raise NewerSchemaError(objection)


def differing(warehouse: "Warehouse", column: str | None = None) -> Iterator[Difference]:
    """Yield where the tables that are there differ from the DDL.

    Args:
        warehouse: the tables.
        column: look at columns of this name only.

    Raises:
        google.api_core.exceptions.GoogleAPICallError: BigQuery refused to show a table.
    """
    from google.api_core.exceptions import NotFound

    for table in ddl.table_names(sql.statement_names(warehouse.sql_root)):
        columns = ddl.columns(warehouse.render(f"{ddl.TABLES}{table}.sql"))
        wanted = [each for each in columns if column in (None, each.name)]
        if not wanted:
            continue
        with contextlib.suppress(NotFound):
            present = warehouse.client.get_table(warehouse.address(table)).schema
            types = {field.name: field.field_type for field in present}
            for each in wanted:
                if types.get(each.name) != each.api_type:
                    yield Difference(table, each, types.get(each.name))


def remedy(warehouse: "Warehouse", difference: Difference) -> str:
    """Return what mends a difference: the migrations that are pending, else what undoes what was done by hand.

    Raises:
        LedgerError: BigQuery refused to tell, or did not answer.
        ConfigurationError: the migrations of this build are not a series.
    """
    if names := [step.name for step in pending(warehouse) if step.is_migration]:
        return f"run the DAG ped_housekeeping once: it applies {', '.join(names)}"
    table, column = f"`{warehouse.config.dataset}.{difference.table}`", difference.column
    definition = " ".join(column.addable.split())
    if difference.found_type is None:
        return f"it was dropped, add it again: ALTER TABLE {table} ADD COLUMN {definition}"
    return f"{column.name} of {table} is {difference.found_type}: rename it, then ADD COLUMN {definition}"

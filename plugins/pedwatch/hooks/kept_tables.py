"""How long BigQuery keeps the rows of each table: compared with the configuration, and set. Metadata: no bill."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.cloud import bigquery

    from pedwatch.hooks.warehouse import Warehouse

_DAY_MS = int(dt.timedelta(days=1).total_seconds() * 1000)


@dataclass(frozen=True)
class Kept:
    """A table whose rows are not kept as long as the configuration says."""

    table: "bigquery.Table"
    days: float | None
    """None: for good."""
    wanted: int

    def __str__(self) -> str:
        found = "for good" if self.days is None else f"{self.days:g} days"
        return f"{self.table.table_id}: {found}, {self.wanted} wanted"


def differing(warehouse: "Warehouse") -> Iterator[Kept]:
    """Yield the tables that are there and whose rows are kept for another time than ``retention.tables`` says.

    Args:
        warehouse: the tables.

    Raises:
        google.api_core.exceptions.GoogleAPICallError: BigQuery refused to show a table.
    """
    from google.api_core.exceptions import NotFound

    for name, wanted in warehouse.config.retention.tables.model_dump().items():
        try:
            table = warehouse.client.get_table(warehouse.address(name))
        except NotFound:
            continue
        expires = table.time_partitioning.expiration_ms if table.time_partitioning else None
        if expires != wanted * _DAY_MS:
            yield Kept(table, expires / _DAY_MS if expires else None, wanted)


def keep(warehouse: "Warehouse") -> list[str]:
    """Have BigQuery keep the rows as long as the configuration says; returns what was changed, in words.

    Raises:
        LedgerError: BigQuery refused; what was changed before stays.
    """
    from google.cloud import bigquery

    changed = []
    with warehouse.told("how long tables are kept"):
        for each in differing(warehouse):
            by = each.table.time_partitioning
            each.table.time_partitioning = bigquery.TimePartitioning(
                type_=by.type_, field=by.field, expiration_ms=each.wanted * _DAY_MS
            )
            warehouse.client.update_table(each.table, ["time_partitioning"])
            changed.append(str(each))
    return changed

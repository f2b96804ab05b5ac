"""What is stored after a year and more: the tables at their full length, by BigQuery's logical bytes."""

from bench.billed_statements import Catalog
from bench.fleet_sizes import Fleet, width

GIB = 1 << 30
DOLLARS_PER_GIB = 0.02
"""Active logical storage, a month; what has not changed for 90 days costs half."""

KEPT_DAYS = {"verdicts": 400, "replica_observations": 400}
"""Of what ends by itself; the rest is counted as of a year."""


def stored_bytes(catalog: Catalog, fleet: Fleet) -> dict[str, float]:
    """Return the bytes of every table of a fleet."""
    found = {}
    tables = [name for name in catalog.names if name.startswith("ddl/tables/")]
    for table in (name.rpartition("/")[2].removesuffix(".sql") for name in tables):
        per_cycle = fleet.rows_per_cycle(table)
        days = KEPT_DAYS.get(table, 365)
        rows = fleet.rows(table) if per_cycle is None else per_cycle * fleet.cycles_per_day * days
        found[table] = rows * sum(width(column, kind, table) for column, kind in catalog.tables[table].items())
    return found

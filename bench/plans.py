"""How large the statements are that BigQuery has to plan, and what a quiet cycle refers to and bills: nothing runs.

The largest of each file of include/sql; the bounds are docs/decisions/0038's and 0027's.
"""

from typing import Any

from bench.billed_statements import Catalog
from bench.fleet_sizes import Fleet
from bench.month import quiet_cycle
from bench.plan_size import plan_sizes
from bench.results import Goal

SCANS, DEPTH, REFERENCES = 60, 20, 25
NOBODY = Fleet(0)
"""Then every table is billed its ten megabytes, and nobody's past is asked for: as in real runs, which
tests/operators/test_watch_statements.py counts."""


def measure() -> tuple[list[Goal], list[dict[str, Any]]]:
    """Count every statement, and a quiet cycle by the model of the bill."""
    catalog = Catalog()
    rows: list[dict[str, Any]] = []
    for name in catalog.names:
        if sizes := [] if name.startswith("ddl/tables/") else plan_sizes(name):
            most = {"scans": max(size.scans for size in sizes), "depth": max(size.depth for size in sizes)}
            rows.append({"statement": name, **most})
    quiet = quiet_cycle(catalog, NOBODY)
    goals = [
        Goal("tables that one statement reads, written out", max(row["scans"] for row in rows), SCANS, "scans"),
        Goal("names that one statement nests", max(row["depth"] for row in rows), DEPTH, "names"),
        Goal("tables that a quiet cycle and its sync refer to", round(quiet.references, 1), REFERENCES, "references"),
        Goal("what they bill at least", quiet.bytes / 1e6, REFERENCES * 10.5, "MB"),
    ]
    return goals, rows

"""What BigQuery bills for a month of four fleets, by its rules, from the statements as they ship."""

from typing import Any

from bench.billed_statements import Catalog
from bench.fleet_sizes import Fleet
from bench.month import month
from bench.prices import NOTHING, TIB
from bench.results import Goal

BASE = {500: 4.043, 2_000: 9.472, 10_000: 39.503, 50_000: 198.658}
"""TiB a month at c774e59, by this model: ``make bench BASE=c774e59 NAMES=cost`` works them out again."""
MOST = {500: 0.65, 2_000: 0.35, 10_000: 0.2, 50_000: 0.15}
"""Of that, today."""


def total_tib(catalog: Catalog, subjects: int, cycle_minutes: int = 5) -> float:
    """Return a month's bytes billed, in TiB."""
    return sum((line.bill for line in month(catalog, Fleet(subjects, cycle_minutes))), NOTHING).bytes / TIB


def measure() -> tuple[list[Goal], list[dict[str, Any]]]:
    """Work out the months, statement by statement."""
    catalog = Catalog()
    goals, rows = [], []
    for subjects, base in BASE.items():
        goal = base * MOST[subjects]
        goals.append(Goal(f"a month of {subjects:,} subjects", total_tib(catalog, subjects), goal, "TiB"))
        rows += [
            {
                "subjects": subjects,
                "part": line.part,
                "statement": line.name,
                "times": round(line.times, 1),
                "mb_each": round(line.once.bytes / 1e6, 2),
                "references_each": round(line.once.references, 2),
                "tib": line.bill.bytes / TIB,
            }
            for line in month(catalog, Fleet(subjects))
        ]
    return goals, rows

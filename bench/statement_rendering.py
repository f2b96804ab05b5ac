"""How long every statement of include/sql takes to render: a task renders one or two of them each cycle."""

import statistics
import time

from bench.results import Goal
from pedwatch import settings, sql

REPEATS = 50


def measure() -> tuple[list[Goal], list[dict[str, object]]]:
    """Render every statement many times."""
    root = settings.include_dir() / "sql"
    rows: list[dict[str, object]] = []
    medians = []
    for name in sql.statement_names(root):
        times = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            text = sql.render(root, name, dataset="ped_watch")
            times.append((time.perf_counter() - start) * 1000)
        medians.append(statistics.median(times))
        rows.append({"statement": name, "characters": len(text), "median_ms": medians[-1], "first_ms": times[0]})
    return [Goal("slowest statement, rendered (median)", max(medians), 20.0, "ms")], rows

"""What the DAG processor pays for our files: the first parse with all imports, and each one after it."""

import os
import statistics
import time

import pytest

from bench import tree
from bench.results import Goal

DAGS = tree.UNDER_TEST / "dags"
ENVIRONMENT = {
    "PEDWATCH_PROJECT": "bench-project",
    "PEDWATCH_BUCKET": "bench-bucket",
    "PEDWATCH_COLLECTOR_IMAGE": "collector:bench",
    "PEDWATCH_EU_PROD_1_ENDPOINT": "https://eu-prod-1.invalid",
    "PEDWATCH_PLATFORM_CHANNEL": "C0PLATFORM",
}
REPEATS = 20


def measure() -> tuple[list[Goal], list[dict[str, object]]]:
    """Parse every DAG file, once cold and many times warm."""
    # Before Airflow is imported: it says a line for every file.
    os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "WARNING")
    from airflow.dag_processing.dagbag import DagBag

    rows: list[dict[str, object]] = []
    warm = []
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        for path in sorted(DAGS.glob("*.py")):
            times = []
            for _ in range(REPEATS + 1):
                start = time.perf_counter()
                bag = DagBag(path)
                times.append((time.perf_counter() - start) * 1000)
                if bag.import_errors:
                    raise RuntimeError(next(iter(bag.import_errors.values())))
            rows.append({"file": path.name, "first_ms": times[0], "warm_ms": times[1:]})
            warm.append(statistics.median(times[1:]))
    return [Goal("slowest DAG file, parsed warm (median)", max(warm), 50.0, "ms")], rows

"""One cycle of 200 clusters on the stand-ins, a tenth of them failing: pods side by side, one load job.

The seconds are those of this machine, where ten pods, the API servers and BigQuery share what processors there are.
"""

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from bench.results import Goal

SIZE = 200
CLOSES_AFTER = 150.0


def measure() -> tuple[list[Goal], list[dict[str, object]]]:
    """Live through the cycle; it fails when a cluster is not accounted for."""
    os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "WARNING")
    from bench.fleet_cycle import observe_fleet
    from tests.e2e.stand_ins import stand_ins_in
    from tests.e2e.watched_world import World

    with tempfile.TemporaryDirectory(prefix="pedwatch-bench-") as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        with stand_ins_in(folder / "stand-ins") as stand_ins:

            def make_world(**fields: Any) -> World:
                return World(stand_ins, folder / "world", patch, **fields)

            seconds = observe_fleet(make_world, stand_ins, SIZE, budget_seconds=15)
    rows: list[dict[str, object]] = [
        {"clusters": SIZE, "failing": 19, "step": step, "seconds": took} for step, took in seconds.items()
    ]
    return [Goal(f"collecting {SIZE} clusters, 19 of them failing", seconds["collect"], CLOSES_AFTER, "s")], rows

"""The first fold of a fleet that never had limits: 50,000 APIs over them at once, three cycles late.

The stand-in is a process of its own, and so is each fold, so that its peak memory is its own.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import tree
from bench.limits import serving
from bench.results import Goal

APIS = 50_000
CYCLES = 3


def measure() -> tuple[list[Goal], list[dict[str, Any]]]:
    """Fold what all of them did for three cycles, then a cycle in which it goes on."""
    from pedwatch.cycles import PERIOD
    from tests.operators.large_fleet import FIRST, judge

    with contextlib.ExitStack() as running, tempfile.TemporaryDirectory(prefix="bench-folds-") as folder:
        [bigquery] = running.enter_context(serving("sandbox.bigquery"))
        os.environ.update({"BIGQUERY_EMULATOR_HOST": bigquery, "no_proxy": "127.0.0.1,localhost"})
        warehouse = _set_up()
        for number in range(CYCLES):
            judge(warehouse, FIRST + number * PERIOD, APIS)
        rows = [_fold(Path(folder), CYCLES - 1, "first")]
        judge(warehouse, FIRST + CYCLES * PERIOD, APIS)
        rows.append(_fold(Path(folder), CYCLES, "goes on"))
    first, goes_on = rows
    return [
        Goal(f"the first fold of {APIS} APIs over their limits", first["seconds"], 150, "s"),
        Goal("peak memory of it", first["peak_mb"], 2_000, "MB"),
        Goal("episodes it left unwritten", APIS - first["episodes"], 0, ""),
        Goal("episodes written while it goes on", goes_on["episodes"], 0, ""),
        Goal("a fold while it goes on", goes_on["seconds"], 60, "s"),
    ], rows


def _set_up() -> Any:
    """Create the tables, and set the cursor before the first cycle."""
    from pedwatch import settings, sql
    from pedwatch.cycles import PERIOD
    from tests.operators.large_fleet import FIRST, at_cursor

    warehouse = _warehouse()
    warehouse.create_dataset()
    for name in sql.statement_names(settings.include_dir() / "sql"):
        if name.startswith("ddl/tables/"):
            warehouse.run(name)
    warehouse.write("alerts/move_cursor.sql", at_cursor(FIRST - PERIOD))
    return warehouse


def _warehouse() -> Any:
    from bench.limits import bench_config
    from pedwatch.hooks import clients

    return clients.warehouse(bench_config(), clients.AsPerson())


def _fold(folder: Path, number: int, kind: str) -> dict[str, Any]:
    """Fold a cycle in a process of its own."""
    answer = folder / "answer.json"
    measured = [sys.executable, "-S", "-E", str(Path(__file__).with_name("measured.py"))]
    command = [*measured, sys.executable, "-P", "-m", "bench.folds", str(number), "--answer", str(answer)]
    output = subprocess.run(command, cwd=tree.UNDER_TEST, check=True, capture_output=True, text=True).stdout
    usage = json.loads(output)
    if usage["status"]:
        raise RuntimeError(f"the fold that {kind} failed with status {usage['status']}")
    return {"fold": kind, **json.loads(answer.read_text(encoding="utf-8")), "peak_mb": usage["peak_mb"]}


def main() -> int:
    """Fold once, in a fresh process: ``python -m bench.folds NUMBER --answer PATH``."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("number", type=int)
    parser.add_argument("--answer", type=Path, required=True)
    arguments = parser.parse_args()

    from pedwatch.cycles import PERIOD
    from tests.operators.large_fleet import FIRST, fold

    start = time.perf_counter()
    told = fold(_warehouse(), FIRST + arguments.number * PERIOD)
    arguments.answer.write_text(json.dumps({"seconds": time.perf_counter() - start, **told}), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

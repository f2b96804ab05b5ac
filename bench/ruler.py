"""Two trees by the same benchmarks: each side in processes of its own interpreter, in turns; medians and ratios.

The benchmarks are the working tree's, also for the base. What one cannot run there (it measures something new, or asks
for what the base calls otherwise) is said, and stops nothing else.
"""

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import tree
from bench.catalogue import Benchmark
from bench.results import machine

ROUNDS = 3
Say = Callable[[str], None]


@dataclass(frozen=True)
class Side:
    """A tree whose environment is made."""

    name: str
    tree: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a benchmark sees: this tree's Airflow home, and the working tree's benchmarks before its own."""
        kept = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONHOME")}
        return kept | {
            "PYTHONPATH": str(_benchmarks_alone()),
            tree.VARIABLE: str(self.tree),
            "AIRFLOW_HOME": str(self.tree / "build" / "airflow"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(self.tree / "plugins"),
        }

    def run(self, benchmark: Benchmark) -> dict[str, Any]:
        """Measure once; returns what bench.side answers, or ``refused`` with the reason."""
        with tempfile.TemporaryDirectory(prefix="pedwatch-bench-") as folder:
            answer = Path(folder) / "answer.json"
            python = self.tree / ".venv" / "bin" / "python"
            command = [str(python), "-P", "-m", "bench.side", benchmark.name, "--answer", str(answer)]
            try:
                done = subprocess.run(
                    command, cwd=self.tree, env=self.environment, capture_output=True, text=True, check=False
                )
            except OSError as error:
                return {"refused": f"{python} cannot be run: {error.strerror}"}
            if done.returncode or not answer.exists():
                lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
                return {"refused": lines[-1][:300]}
            told: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
            return told


def _benchmarks_alone() -> Path:
    """A folder in which there is nothing but ``bench``: the rest of this tree must not be found beside it."""
    folder = tree.OWN / "build" / "bench" / "driver"
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / "bench"
    if not link.is_symlink():
        link.symlink_to(os.path.relpath(tree.OWN / "bench", folder))
    return folder


@dataclass
class Comparison:
    """One benchmark on both sides."""

    benchmark: Benchmark
    runs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)

    def goals(self) -> list[dict[str, Any]]:
        """Return each goal with the values of both sides, their medians and the ratio of work to base."""
        names: dict[str, str] = {}
        values: dict[tuple[str, str], list[float]] = {}
        for side, runs in self.runs.items():
            for goal in (goal for run in runs for goal in run["goals"]):
                names[goal["name"]] = goal["unit"]
                values.setdefault((goal["name"], side), []).append(goal["value"])
        told = []
        for name, unit in names.items():
            base, work = values.get((name, "base"), []), values.get((name, "work"), [])
            told.append({"name": name, "unit": unit, "base": base, "work": work, "ratio": ratio(base, work)})
        return told


def ratio(base: Sequence[float], work: Sequence[float]) -> float | None:
    """Return the median of the work to that of the base; None where either is missing or nothing divides."""
    if not base or not work:
        return None
    below, above = statistics.median(base), statistics.median(work)
    return above / below if below and math.isfinite(below) and math.isfinite(above) else None


def compare(base: Side, work: Side, benchmarks: Sequence[Benchmark], say: Say = print) -> list[Comparison]:
    """Run them on both sides: the long ones once, the others three times in turns, begun by either side."""
    found = []
    for benchmark in benchmarks:
        comparison = Comparison(benchmark, {base.name: [], work.name: []})
        found.append(comparison)
        for number in range(1 if benchmark.is_long else ROUNDS):
            for side in (base, work) if number % 2 == 0 else (work, base):
                if side.name in comparison.refusals:
                    continue
                told = side.run(benchmark)
                if "refused" in told:
                    comparison.refusals[side.name] = told["refused"]
                    say(f"{benchmark.name}, {side.name}: cannot be run there: {told['refused']}")
                    continue
                if not comparison.runs[side.name]:
                    say(f"{benchmark.name}, {side.name}: " + ", ".join(told["modules"].values()))
                comparison.runs[side.name].append(told)
                say(f"{benchmark.name}, {side.name}, round {number + 1}: {told['seconds']:.1f} s")
    return found


def write(path: Path, commit: str, comparisons: Sequence[Comparison]) -> None:
    """Write everything that was measured, with the machine and with the files that were."""
    told = [
        {
            "name": comparison.benchmark.name,
            "goals": comparison.goals(),
            "refused": comparison.refusals,
            "modules": {side: runs[0]["modules"] for side, runs in comparison.runs.items() if runs},
        }
        for comparison in comparisons
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"base": commit, "machine": machine(), "benchmarks": told}, indent=2) + "\n")


def table(commit: str, comparisons: Sequence[Comparison]) -> Table:
    """Return medians and ratios for people."""
    shown = Table(title=f"working tree to {commit[:12]}")
    for column in ("benchmark", "what", "base", "work", "unit"):
        shown.add_column(column, justify="right" if column in ("base", "work") else "left", overflow="fold")
    shown.add_column("ratio", justify="right", style="bold")
    for comparison in comparisons:
        for goal in comparison.goals():
            medians = [_number(statistics.median(goal[side])) if goal[side] else "-" for side in ("base", "work")]
            told = "-" if goal["ratio"] is None else f"{goal['ratio']:.3f}"
            shown.add_row(comparison.benchmark.name, goal["name"], *medians, goal["unit"], told)
        for side, why in comparison.refusals.items():
            shown.add_row(comparison.benchmark.name, f"{side} cannot run it: {why}", "-", "-", "", "-")
    return shown


def _number(value: float) -> str:
    return f"{value:.4g}"


def measure(base: Path, commit: str, benchmarks: Sequence[Benchmark]) -> int:
    """Compare, print and write; exit status 1 when the working tree cannot run a benchmark of its own."""
    found = compare(Side("base", base), Side("work", tree.OWN), benchmarks)
    path = tree.OWN / "build" / "bench" / "ratios.json"
    write(path, commit, found)
    Console(width=None if sys.stdout.isatty() else 140).print(table(commit, found))
    print(path)
    return 1 if any("work" in comparison.refusals for comparison in found) else 0

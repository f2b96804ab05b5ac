"""The file that a benchmark writes: goals and whether they are held, raw rows, the machine, the versions."""

import importlib.metadata
import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench import tree

FOLDER = tree.OWN / "build" / "bench"
VERSIONS = ("apache-airflow", "duckdb", "msgspec")


@dataclass(frozen=True)
class Goal:
    """A number and the most it may be."""

    name: str
    value: float
    goal: float
    unit: str

    @property
    def held(self) -> bool:
        """Tell whether it is held."""
        return self.value <= self.goal


def machine() -> dict[str, Any]:
    """Return what the numbers depend on beside the code."""
    return {"cpus": os.cpu_count(), "system": platform.platform(), "load_1m": os.getloadavg()[0]}


def write(name: str, goals: list[Goal], rows: list[dict[str, Any]], folder: Path = FOLDER) -> Path:
    """Write ``<folder>/<name>.json`` and return its path."""
    versions = {package: importlib.metadata.version(package) for package in VERSIONS}
    document = {
        "name": name,
        "goals": [{**asdict(goal), "held": goal.held} for goal in goals],
        "rows": rows,
        "machine": machine(),
        "versions": {"python": platform.python_version()} | versions,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(document, indent=2) + "\n")
    return path

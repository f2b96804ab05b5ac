"""The command line as a team's pipeline waits for it: 1,000 PED files are checked, and the help is shown.

From an installed package, as a wheel leaves it: the package's folder and what lies beside it in ``site-packages``. Each
command is a process of its own, so that its start, its processor time and its peak memory are its own.
"""

import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.results import Goal

FILES = 1_000
REPEATS = 7
_LIMIT = """\
environment: prod
team_id: team-{team}
api_id: api-{number:04d}
max_replicas: {replicas}
scope: cluster
selectors:
  cluster: eu-*
grant:
  approver: ana@platform
  ticket: CAP-{number}
"""
_EXEMPTION = """\
exemptions:
  - id: sale
    reason: Spring sale
    ticket: CAP-2
    approver: ana@platform
    starts_at: 2026-03-20T00:00:00Z
    ends_at: 2026-03-27T00:00:00Z
    max_replicas: 60
"""


def write_files(folder: Path) -> None:
    """Write the PED files of fifty teams; one in ten has an exemption."""
    for number in range(FILES):
        path = folder / f"team-{number % 50}" / f"api-{number:04d}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = _LIMIT.format(team=number % 50, number=number, replicas=5 + number % 40)
        path.write_text(text + (_EXEMPTION if number % 10 == 0 else ""), encoding="utf-8")


def timed(*words: str) -> dict[str, float]:
    """Run a command once; returns seconds on the wall and of the processor, and peak memory in MB."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    # The kernel tells of one child what it took; of all that ever were only the largest.
    script = (
        "import resource, runpy, sys; sys.argv[0] = 'pedwatch'\n"
        "try: runpy.run_module('pedwatch', run_name='__main__')\n"
        "finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PEDWATCH_")}
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, env=environment)
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peak = int(re.findall(r"^\d+$", done.stderr, re.MULTILINE)[-1]) / 1024
    return {"seconds": seconds, "cpu_seconds": used, "peak_mb": peak}


def measure() -> tuple[list[Goal], list[dict[str, object]]]:
    """Check the files and show the help, several times each."""
    with tempfile.TemporaryDirectory(prefix="bench-ped-") as folder:
        write_files(Path(folder))
        commands = {"limits validate": ("limits", "validate", folder), "--help": ("--help",)}
        runs = {name: [timed(*words) for _ in range(REPEATS)] for name, words in commands.items()}

    def median(name: str, what: str) -> float:
        return statistics.median(run[what] for run in runs[name])

    rows: list[dict[str, object]] = [{"command": name, **run} for name, found in runs.items() for run in found]
    return [
        Goal(f"checking {FILES} files, processor", median("limits validate", "cpu_seconds"), 1.0, "s"),
        Goal(f"peak memory of checking {FILES} files", median("limits validate", "peak_mb"), 80, "MB"),
        Goal("the help, on the wall", median("--help", "seconds"), 0.3, "s"),
    ], rows

"""Running the demo as a person would: as a process, in a folder of the test's own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

#: A shop takes about 100 s on two idle cores; a busy machine is no failure.
PATIENCE_SECONDS = 540


def command(scenario: Path, folder: Path) -> list[str]:
    """Return the command line."""
    return [sys.executable, "-m", "sandbox.demo", "--scenario", str(scenario), "--folder", str(folder)]


def play(scenario: Path, folder: Path) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    """Play a scenario; return how it ended and its summary."""
    finished = subprocess.run(command(scenario, folder), capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    path = folder / "summary.json"
    return finished, json.loads(path.read_text()) if path.exists() else {}


def missed(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the expectations that did not hold."""
    return [item for item in summary["expectations"] if not item["held"]]


def processes_of(folder: Path) -> list[str]:
    """Return the command lines of living processes that were told of a folder, by argument or by variable."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
            told = line + Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue  # it ended meanwhile, or is not ours
        if str(folder).encode() in told and int(pid) != os.getpid():
            found.append(line.replace(b"\0", b" ").decode(errors="replace"))
    return found

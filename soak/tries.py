"""Has single tries of tasks run by a worker process, and reads what became of each."""

import datetime as dt
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LONGEST_SECONDS = 600.0
"""On the wall: a try that takes longer hangs, and is killed."""
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Ended:
    """What became of one try."""

    state: str
    """success, skipped, failed, failed_for_good, killed."""
    value: Any = None
    error: str | None = None
    trace: str | None = None
    xcoms: Mapping[str, Any] = field(default_factory=dict)
    struck: tuple[dict[str, Any], ...] = ()
    now: dt.datetime | None = None
    calls: int = 0
    peak_kb: int = 0
    cpu: float = 0.0


class WorkerProcess:
    """A running ``soak.worker``.

    Args:
        folder: where tries leave what they hand on; of this worker alone.
        plugins: folder that ``pedwatch`` is imported from.
        dags: folder of the DAG files.
        variables: the environment of its processes.
    """

    def __init__(self, folder: Path, plugins: Path, dags: Path, variables: Mapping[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._numbers = folder, itertools.count(1)
        self._waiting: dict[int, Future[dict[str, Any]]] = {}
        self._lock = threading.Lock()
        environment = dict(variables) | {"PYTHONPATH": f"{plugins}:{ROOT}"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "soak.worker", "--dags", str(dags)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,  # no file: a full disk is not to hit what a process says
            env=environment,
            cwd=folder,
            text=True,
        )
        threading.Thread(target=self._log, args=(folder / "worker.log",), daemon=True).start()
        assert self._process.stdout is not None
        first = self._process.stdout.readline()
        if not first:
            raise RuntimeError(f"the worker did not start; see {folder / 'worker.log'}")
        self.wiring: dict[str, Any] = json.loads(first)["wiring"]
        threading.Thread(target=self._read, daemon=True).start()

    def _log(self, path: Path) -> None:
        assert self._process.stderr is not None
        with path.open("a") as log:
            for line in self._process.stderr:
                log.write(line)
                log.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            answer = json.loads(line)
            with self._lock:
                waiting = self._waiting.pop(answer["id"])
            waiting.set_result(answer)

    def run(self, **asked: Any) -> Ended:
        """Run one try and wait for its end."""
        number = next(self._numbers)
        handing = self._folder / f"try-{number}"
        future: Future[dict[str, Any]] = Future()
        text = json.dumps({"id": number, "handing": str(handing), "faults": [], "map_index": -1, **asked})
        with self._lock:
            self._waiting[number] = future
            assert self._process.stdin is not None
            self._process.stdin.write(text + "\n")
            self._process.stdin.flush()
        try:
            answer = future.result(LONGEST_SECONDS)
        except TimeoutError:
            os.kill(json.loads(handing.read_text().splitlines()[0])["pid"], signal.SIGKILL)
            answer = future.result(LONGEST_SECONDS)
        lines = [json.loads(line) for line in handing.read_text().splitlines()] if handing.exists() else []
        for path in (handing, Path(f"{handing}.clock")):
            path.unlink(missing_ok=True)
        return _ended(answer, lines)

    def stop(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


def _ended(answer: dict[str, Any], lines: list[dict[str, Any]]) -> Ended:
    last = next((line for line in lines if line["kind"] == "ended"), None)
    found: dict[str, Any] = {
        "xcoms": {line["key"]: line["value"] for line in lines if line["kind"] == "xcom"},
        "struck": tuple(line for line in lines if line["kind"] == "struck"),
        "peak_kb": answer["peak_kb"],
    }
    if last is None:
        return Ended("killed", error=f"exit status {answer['status']}", **found)
    kept = {name: last[name] for name in ("state", "value", "error", "trace", "calls", "cpu") if name in last}
    return Ended(**kept, now=dt.datetime.fromisoformat(last["now"]), **found)

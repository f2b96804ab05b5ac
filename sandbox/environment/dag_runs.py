"""The starter's side of `sandbox.environment.dag_worker`: asks for DAG runs, reports what failed."""

import datetime as dt
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.environment.process import StartError, leashed

START_SECONDS = 120.0
RUN_SECONDS = 240.0


@dataclass(frozen=True)
class DagRun:
    """How one DAG run went."""

    dag_id: str
    logical_date: dt.datetime
    state: str
    failed_tasks: tuple[str, ...] = ()
    error: str | None = None
    seconds: float = 0.0
    states: Mapping[str, str] = field(default_factory=dict)
    """Of each task that has an instance; of a mapped one that of the last."""

    @property
    def is_success(self) -> bool:
        """Tell whether every task did what it should."""
        return self.error is None and self.state == "success"

    def describe(self) -> str:
        """Say what went wrong, if anything."""
        if self.error:
            return f"{self.dag_id}: {self.error}"
        tasks = f" (failed: {', '.join(self.failed_tasks)})" if self.failed_tasks else ""
        return f"{self.dag_id} {self.logical_date:%H:%M}: {self.state}{tasks}"


class DagRunner:
    """One process that runs DAGs on request.

    Args:
        environment: whole environment of the process, Airflow's settings included.
        log: file that takes what tasks print.
    """

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        command = [sys.executable, "-m", "sandbox.environment.dag_worker"]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                leashed(command, "TERM", 3.0, has_input=True),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                env=dict(environment),
                start_new_session=True,
                text=True,
            )
        self._answers: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self._is_ready = False

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put(None)

    def _answer(self, seconds: float) -> dict[str, Any]:
        try:
            line = self._answers.get(timeout=seconds)
        except queue.Empty:
            raise StartError(f"Airflow did not answer within {seconds:.0f} s; see {self.log}") from None
        if line is None:
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
            raise StartError(f"the process that runs the DAGs ended; see {self.log}:\n{tail}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def wait_until_ready(self) -> None:
        """Wait until the DAGs are imported; StartError names what keeps them from it."""
        if self._is_ready:
            return
        answer = self._answer(START_SECONDS)
        if "error" in answer:
            raise StartError(f"{answer['error']}; see {self.log}")
        self._is_ready = True

    def run(self, dag_id: str, logical_date: dt.datetime, conf: Mapping[str, Any] | None = None) -> DagRun:
        """Run a DAG and wait for its end."""
        self.wait_until_ready()
        assert self._process.stdin
        request = {"dag_id": dag_id, "logical_date": logical_date.isoformat(), "conf": dict(conf) if conf else None}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._answer(RUN_SECONDS)
        if "error" in answer:
            return DagRun(dag_id, logical_date, "error", error=answer["error"])
        failed = tuple(
            task["task_id"] + (f"[{task['map_index']}]" if task["map_index"] >= 0 else "")
            for task in answer["tasks"]
            if task["state"] in ("failed", "upstream_failed")
        )
        states = {task["task_id"]: task["state"] for task in answer["tasks"]}
        return DagRun(dag_id, logical_date, answer["state"], failed, None, answer["seconds"], states)

    def stop(self) -> None:
        """End the process."""
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

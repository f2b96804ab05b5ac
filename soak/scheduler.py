"""Plays DAG runs as Airflow would: which task is next, tries and retries, runs that time out, reports of failure.

What depends on what, how often a task is tried and what it waits between two tries is read from the DAG files, by the
worker. Time is the run's own: each try says what its process waited.
"""

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from soak.tries import Ended, WorkerProcess
from soak.worker import COLLECT, RETURNED

HOP = dt.timedelta(seconds=2)
"""From the end of a task to the beginning of the next one."""


@dataclass
class Run:
    """A DAG run."""

    dag_id: str
    run_id: str
    cycle: dt.datetime
    start: dt.datetime
    """Of its data interval."""
    now: dt.datetime
    run_type: str = "scheduled"
    conf: dict[str, Any] = field(default_factory=dict)
    xcoms: dict[str, Any] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=dict)
    state: str = "running"
    began: dt.datetime | None = None

    def document(self) -> dict[str, Any]:
        """Return what tasks read of it."""
        end = self.cycle.isoformat()
        interval = {"data_interval_start": self.start.isoformat(), "data_interval_end": end}
        times = {**interval, "logical_date": self.start.isoformat(), "run_after": end}
        return {**times, "run_type": self.run_type, "conf": self.conf}


@dataclass(frozen=True)
class Try:
    """One try of a task, as it is told to those who let it go wrong and to those who keep the journal."""

    run: Run
    task_id: str
    map_index: int
    number: int


@dataclass(frozen=True)
class Mishap:
    """What is to befall a try: faults of its calls, a clock that is wrong, a worker that works twice, a full disk."""

    faults: list[dict[str, Any]] = field(default_factory=list)
    clock_seconds: float = 0.0
    is_double: bool = False
    file_bytes: int | None = None
    alarm_ms: float | None = None
    """The process ends so long after it began, wherever it is."""


class Scheduler:
    """Plays runs on a worker.

    Args:
        worker: which runs the tries.
        mishap: says what befalls a try.
        told: hears of each try's end.
        pod: the environment of a collector's process, of what the plan gives its pod.
    """

    def __init__(
        self,
        worker: WorkerProcess,
        mishap: Callable[[Try], Mishap],
        told: Callable[[Try, Mishap, Ended], None],
        pod: Callable[[dict[str, str]], dict[str, str]],
    ) -> None:
        self.worker, self._mishap, self._told, self._pod = worker, mishap, told, pod
        self.prior: dict[str, dict[str, Any]] = {}
        self._pool, self._twins = ThreadPoolExecutor(24), ThreadPoolExecutor(24)

    def play(self, run: Run) -> Run:
        """Play a run to its end; what was played of it already stays, as in a run of which tasks were cleared."""
        wiring = self.worker.wiring[run.dag_id]
        run.began, run.state = run.now, "running"
        deadline = run.now + dt.timedelta(seconds=wiring["seconds"])
        for task_id, task in wiring["tasks"].items():
            if run.states.get(task_id) in ("success", "skipped"):
                continue
            run.states[task_id] = self._verdict(run, task_id, task)
            if run.states[task_id] == "":
                run.states[task_id] = self._task(run, task_id, task, deadline)
            if run.now >= deadline:
                run.state = "timed_out"
                break
        else:
            run.state = "failed" if {"failed", "upstream_failed"} & self._leaves(run, wiring) else "success"
        if run.state == "success":
            self.prior[run.dag_id] = dict(run.xcoms)
        else:
            self._report(run)
        return run

    def _leaves(self, run: Run, wiring: dict[str, Any]) -> set[str]:
        inner = {name for task in wiring["tasks"].values() for name in task["upstream"]}
        return {run.states[name] for name in wiring["tasks"] if name not in inner}

    def _verdict(self, run: Run, task_id: str, task: dict[str, Any]) -> str:
        """Return what a task is without being tried; empty where it is to be tried."""
        before = {name: run.states[name] for name in task["upstream"]}
        for name, state in before.items():
            is_branch = self.worker.wiring[run.dag_id]["tasks"][name]["is_branch"]
            if is_branch and state == "success" and run.xcoms.get(f"{name}.{RETURNED}") != task_id:
                return "skipped"
        failed = {"failed", "upstream_failed"} & set(before.values())
        if task["rule"] == "all_done":
            return ""
        if failed:
            return "upstream_failed"
        if task["rule"] == "none_failed_min_one_success":
            return "" if "success" in before.values() or not before else "skipped"
        return "skipped" if "skipped" in before.values() else ""

    def _task(self, run: Run, task_id: str, task: dict[str, Any], deadline: dt.datetime) -> str:
        """Try a task, or all instances of a mapped one side by side; returns its state."""
        mapped = task["mapped_over"]
        if mapped is None:
            return self._instance(run, task_id, -1, task, deadline, run.now)[0]
        over = run.xcoms.get(mapped["xcom"]) or [] if "xcom" in mapped else [None] * mapped["count"]
        began = run.now
        ends = list(
            self._pool.map(lambda index: self._instance(run, task_id, index, task, deadline, began), range(len(over)))
        )
        states = [state for state, _ in ends]
        run.now = max([began, *(now for _, now in ends)])
        if not states:
            return "skipped"
        return "failed" if "failed" in states else "success"

    def _instance(
        self, run: Run, task_id: str, index: int, task: dict[str, Any], deadline: dt.datetime, now: dt.datetime
    ) -> tuple[str, dt.datetime]:
        """Try one task instance until it is done or may not be tried again."""
        place = f"{task_id}.{index}" if index >= 0 else task_id
        state = "failed"
        for left in range(task["retries"], -1, -1):
            number = run.tries[place] = run.tries.get(place, 0) + 1
            if task_id == COLLECT:  # it hands nothing on, and runs side by side
                ended, now = self._try(Try(run, task_id, index, number), now)
            else:
                run.xcoms = {name: value for name, value in run.xcoms.items() if not name.startswith(f"{task_id}.")}
                ended, now = self._try(Try(run, task_id, index, number), now)
                run.xcoms |= {f"{task_id}.{key}": value for key, value in ended.xcoms.items()}
                if ended.state == "success":
                    run.xcoms[f"{task_id}.{RETURNED}"] = ended.value
            state = {"success": "success", "skipped": "skipped"}.get(ended.state, "failed")
            now += HOP
            if state != "failed" or ended.state == "failed_for_good" or left == 0 or now >= deadline:
                break
            now += dt.timedelta(seconds=task["retry_seconds"])
        if index < 0:
            run.now = now
        return state, now

    def _try(self, attempt: Try, now: dt.datetime) -> tuple[Ended, dt.datetime]:
        mishap = self._mishap(attempt)
        ended = self._ask(attempt, mishap, now)
        self._told(attempt, mishap, ended)
        after = max(now, ended.now - dt.timedelta(seconds=mishap.clock_seconds)) if ended.now else now
        return ended, after

    def _ask(self, attempt: Try, mishap: Mishap, now: dt.datetime) -> Ended:
        run = attempt.run
        asked: dict[str, Any] = {
            "dag_id": run.dag_id,
            "task_id": attempt.task_id,
            "run_id": run.run_id,
            "run": run.document(),
            "map_index": attempt.map_index,
            "try_number": attempt.number,
            "xcoms": dict(run.xcoms),
            "prior_xcoms": self.prior.get(run.dag_id, {}),
            "now": (now + dt.timedelta(seconds=mishap.clock_seconds)).isoformat(),
        }
        twin_asked = dict(asked)
        if mishap.alarm_ms:
            asked["alarm_ms"] = mishap.alarm_ms
        if attempt.task_id == COLLECT:
            asked["environment"] = self._pod(run.xcoms[f"plan_cycle.{RETURNED}"][attempt.map_index])
            twin_asked["environment"] = asked["environment"]
            asked["file_bytes"] = mishap.file_bytes
        twin = self._twins.submit(self.worker.run, **twin_asked) if mishap.is_double else None
        ended = self.worker.run(**asked, faults=mishap.faults)
        if twin is not None:
            other = twin.result()
            if ended.state != "success" and other.state == "success":
                return other
        return ended

    def _report(self, run: Run) -> None:
        """Call what the DAG does when a run of it failed, in a process of its own, as the DAG processor does."""
        attempt = Try(run, "callback", -1, 1)
        document = {**run.document(), "reason": "timed_out" if run.state == "timed_out" else "task_failure"}
        mishap = self._mishap(attempt)
        asked = {"dag_id": run.dag_id, "task_id": "callback", "run_id": run.run_id, "run": document}
        ended = self.worker.run(
            **asked, try_number=1, xcoms={}, prior_xcoms={}, now=run.now.isoformat(), faults=mishap.faults
        )
        self._told(attempt, mishap, ended)

"""Several clusters in one run, each in its own thread, under an overseer that never waits for ever.

All begin at once and knock at their clusters; whoever is answered stands in line to list (turns.py).

A thread may sit in a call that nothing interrupts (name resolution, a token library). The overseer then claims the
cluster, writes its manifest and leaves the thread behind; the process ends without it.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue

import msgspec

from replica_collector import log
from replica_collector.collect import OnPage, Run
from replica_collector.config import Config
from replica_collector.credentials import Credential
from replica_collector.deadline import Deadline
from replica_collector.errors import Cancelled, OutputError
from replica_collector.output import Output
from replica_collector.turns import Turns

# How long a thread may overstay its deadline before it is left behind.
SLACK_SECONDS = 2.0
# Deadlines move when a cluster's turn comes: the overseer looks this often.
LOOK_SECONDS = 1.0


@dataclass(eq=False)
class _Task:
    """A thread at work on a run, and when that has to be over."""

    run: Run
    deadline: Deadline


class Batch:
    """The overseer; ``stop`` may be called from a signal handler."""

    def __init__(self, config: Config, google: Credential, output: Output | None) -> None:
        self._config = config
        self._google = google
        self._output = output
        self._cancel = threading.Event()
        self._stopped_at = float("inf")
        self._events: SimpleQueue[_Task | None] = SimpleQueue()
        self._active: set[_Task] = set()

    def stop(self) -> None:
        """Finish what is being written, cancel the rest."""
        self._stopped_at = min(self._stopped_at, time.monotonic())
        self._cancel.set()
        self._events.put(None)

    def run(self) -> list[Run]:
        """Give every cluster its outcome."""
        runs = [Run(self._config, cluster) for cluster in self._config.clusters]
        total = Deadline(self._config.total_seconds, self._cancel)
        turns = Turns(self._config.parallel)
        for run in runs:
            deadline = Deadline(self._config.budget_seconds, self._cancel, within=total)
            on_page = _progress(run, self._config.log_every_pages)
            self._spawn(run, partial(run.work, self._google, self._output, deadline, turns, on_page), deadline)
        while self._active:
            self._take_finished()
            self._leave_behind()
        return runs

    def _spawn(self, run: Run, work: Callable[[], None], deadline: Deadline) -> None:
        task = _Task(run, deadline)

        def body() -> None:
            try:
                work()
            except BaseException as error:  # nobody else would hear of it; it becomes a manifest or the exit status
                run.error = error
            self._events.put(task)

        self._active.add(task)
        threading.Thread(target=body, name=run.cluster.name, daemon=True).start()

    def _fail(self, run: Run, reason: BaseException | None = None) -> None:
        """Write a failed manifest, unless the run is past the point of writing its own."""
        if run.claim():
            reason = reason or (Cancelled("stopped") if self._cancel.is_set() else TimeoutError("the time is used up"))
            self._spawn(run, partial(run.give_up, reason, self._output), Deadline(0.0))

    def _take_finished(self) -> None:
        """Wait for one thread to finish, but only until the next one is overdue."""
        pause = min(self._end(task) for task in self._active) - time.monotonic()
        try:
            task = self._events.get(timeout=min(LOOK_SECONDS, max(0.0, pause)))
        except Empty:
            return
        if task is None or task not in self._active:
            return  # told to stop, or a thread that was left behind came back after all
        self._active.remove(task)
        if task.run.error and task.run.claimed_at is None:
            self._fail(task.run, task.run.error)
        else:
            _report(task.run)

    def _leave_behind(self) -> None:
        now = time.monotonic()
        for task in [task for task in self._active if self._end(task) <= now]:
            self._active.remove(task)
            if task.run.claimed_at is None:
                self._fail(task.run)
            if task.run not in (other.run for other in self._active):
                task.run.error = OutputError("writing did not end in time")
                _report(task.run)

    def _end(self, task: _Task) -> float:
        """When to stop waiting for a thread."""
        if task.run.claimed_at is not None:
            return task.run.claimed_at + self._config.output_seconds + SLACK_SECONDS
        return min(task.deadline.ends, self._stopped_at) + SLACK_SECONDS


def exit_status(runs: list[Run]) -> int:
    """The process's status: 3 when anything could not be written, 4 when a cluster was cancelled, else 0."""
    manifests = [run.manifest for run in runs if run.manifest and not isinstance(run.error, OutputError)]
    if len(manifests) < len(runs):
        return 3
    return 4 if any(told.error_class == "cancelled" for told in manifests) else 0


def _progress(run: Run, every: int) -> OnPage:
    def on_page(resource_type: str, pages: int, objects: int) -> None:
        if pages % every == 0:
            log.line(
                "INFO",
                f"{run.cluster.name}: {objects} {resource_type}s after {pages} pages",
                cluster=run.cluster.name,
                resource_type=resource_type,
                pages=pages,
                objects=objects,
            )

    return on_page


def _report(run: Run) -> None:
    told = run.manifest
    if told is None:
        log.line("ERROR", f"{run.cluster.name}: no manifest: {run.error}", cluster=run.cluster.name)
        return
    seconds = (told.finished_at - told.started_at).total_seconds()
    kinds = ("deployments", "statefulsets", "rollouts", "hpas")
    found = ((kind, getattr(told, f"{kind}_listed")) for kind in kinds)
    counts = ", ".join(f"{count} {kind}" for kind, count in found if count is not None) or "nothing listed"
    log.line(
        "INFO" if told.status == "complete" else "WARNING",
        f"{told.cluster}: {told.status}, {counts} in {seconds:.1f} s"
        + (f" ({told.error_class}: {told.error_message})" if told.error_class else ""),
        **msgspec.to_builtins(told),
    )

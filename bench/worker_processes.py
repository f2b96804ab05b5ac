"""What Airflow's task processes cost: those that its scheduler's LocalExecutor forks, by Linux's /proc."""

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

TICKS = os.sysconf("SC_CLK_TCK")
SAMPLED_EVERY_SECONDS = 0.1


def _fields(pid: int) -> list[str] | None:
    """Return the fields of a process's ``stat`` behind its name; None when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit() and (fields := _fields(int(path.name))):
            found.setdefault(int(fields[1]), []).append(int(path.name))
    return found


def child_of(leash: int) -> int:
    """Return the one process that a leash holds."""
    [child] = _children()[leash]
    return child


def _below(process: int) -> Iterator[list[str]]:
    """Yield the fields of all that a process forked, directly or not, and that still runs."""
    children, waiting = _children(), [process]
    while waiting:
        for pid in children.get(waiting.pop(), ()):
            if fields := _fields(pid):
                waiting.append(pid)
                yield fields


def leaves_below(scheduler: int) -> list[int]:
    """Return the processes that a scheduler's workers forked, and that forked none themselves."""
    children = _children()
    waiting = [pid for worker in children.get(scheduler, ()) for pid in children.get(worker, ())]
    found = []
    while waiting:
        pid = waiting.pop()
        waiting += children.get(pid, ())
        if not children.get(pid):
            found.append(pid)
    return found


def cpu_seconds(scheduler: int) -> float:
    """Return the CPU seconds of all that a scheduler forked, not its own; of what still runs, what it used so far."""
    own = _fields(scheduler)
    ticks = sum(map(int, own[13:15])) if own else 0
    ticks += sum(sum(map(int, fields[11:15])) for fields in _below(scheduler))
    return ticks / TICKS


@dataclass
class PeakMemory:
    """Looks at the size of what a scheduler forked, while it is entered."""

    scheduler: int
    peak_mb: float = 0.0
    _is_over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop looking."""
        self._is_over.set()
        self._thread.join()

    def _look(self) -> None:
        page_mb = os.sysconf("SC_PAGE_SIZE") / 2**20
        while not self._is_over.wait(SAMPLED_EVERY_SECONDS):
            for fields in _below(self.scheduler):
                self.peak_mb = max(self.peak_mb, int(fields[21]) * page_mb)

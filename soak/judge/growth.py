"""Does anything grow that should not: memory of tasks, rows and objects of a cycle, files that are left behind."""

import itertools
import statistics
from collections import defaultdict
from collections.abc import Iterator

from soak.judge.evidence import Evidence, Finding

ALLOWED = 1.2
"""The last third of a soak beside its first."""
FEWEST = 36
"""Of fewer values nothing is said."""


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield what grows."""
    for name in evidence.left_files:
        yield Finding("growth", name, "a file that a try left behind")
    memory: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for number, task, peak in evidence.peaks:
        memory[task].append((number, peak))
    for task, values in memory.items():
        first, last = thirds([peak for _, peak in sorted(values)])
        if last > ALLOWED * first:
            yield Finding("growth", task, f"its processes take {last / 1024:.0f} MB, at first {first / 1024:.0f} MB")
    stored: dict[str, list[int]] = defaultdict(list)
    for _, what, amount in sorted(evidence.stored):
        stored[what].append(amount)
    for what, amounts in stored.items():
        each = [after - before for before, after in itertools.pairwise(amounts)]
        first, last = thirds(each)
        if first > 0 and last > ALLOWED * first:
            yield Finding("growth", what, f"a cycle adds {last:.0f}, at first {first:.0f}")


def thirds(values: list[int]) -> tuple[float, float]:
    """Return the medians of the first and the last third; equal where there are too few values."""
    if len(values) < FEWEST:
        return 1.0, 1.0
    size = len(values) // 3
    return statistics.median(values[:size]), statistics.median(values[-size:])

"""20,000 documents, PED files, objects and kubeconfigs each, as nobody meant them.

None may end in anything but a row, a rejection or an error that names its place and its fix. What is drawn, and what
has to hold of each, is the tests' (``make test`` draws a hundred of each). No time is a goal.
"""

import importlib
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from bench import tree
from bench.results import Goal

EXAMPLES = 20_000
PARTS = 4
WORKERS = 2
KINDS = ("document", "file", "object", "kubeconfig")


def measure() -> tuple[list[Goal], list[dict[str, object]]]:
    """Draw them all, in parts, and count the ones of which something else became."""
    work = [(kind, part) for kind in KINDS for part in range(PARTS)]
    with ProcessPoolExecutor(WORKERS) as workers:
        rows = list(workers.map(_draw, *zip(*work, strict=True)))
    ended: Counter[str] = Counter()
    drawn: Counter[str] = Counter()
    for row in rows:
        ended[str(row["kind"])] += row["is_ended"]
        drawn[str(row["kind"])] += row["drawn"]
    goals = [Goal(f"{kind}s that ended in something else", ended[kind], 0, "parts") for kind in KINDS]
    goals += [Goal(f"{kind}s that were not drawn", max(0, EXAMPLES - drawn[kind]), 0, "") for kind in KINDS]
    return goals, rows


def _draw(kind: str, part: int) -> dict[str, Any]:
    """Draw one part of a kind; what does not hold is told as hypothesis tells it."""
    strategy, check = _subject(kind)
    drawn = 0

    @seed(part)
    @settings(
        max_examples=EXAMPLES // PARTS,
        database=None,
        deadline=None,
        derandomize=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def holds(odd: Any) -> None:
        nonlocal drawn
        drawn += 1
        check(odd)

    start = time.monotonic()
    failure = None
    try:
        holds()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        failure = "\n".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", [])])[:2000]
    seconds = time.monotonic() - start
    return {
        "kind": kind,
        "part": part,
        "drawn": drawn,
        "is_ended": failure is not None,
        "failure": failure,
        "seconds": seconds,
    }


def _subject(kind: str) -> tuple[Any, Callable[[Any], None]]:
    """Return what is drawn of a kind, and what has to hold of it."""
    if kind in ("document", "file"):
        from tests.unit.limits import odd_documents, test_odd_documents

        if kind == "document":
            return odd_documents.documents(), test_odd_documents.check_sync
        return odd_documents.FILES, test_odd_documents.check_file
    sys.path.insert(0, str(tree.UNDER_TEST / "images" / "replica_collector" / "tests"))
    odd_inputs = importlib.import_module("odd_inputs")
    if kind == "object":
        return odd_inputs.objects(), lambda odd: odd_inputs.check_object(*odd)
    return odd_inputs.kubeconfigs(), odd_inputs.check_kubeconfig

"""One soak from its beginning to the judge's word: a world on a stage, trouble, quiet at the end, evidence, a story."""

import contextlib
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from soak.engine import Engine
from soak.gathering import Tables, gather
from soak.journal import Journal
from soak.judge.evidence import Evidence
from soak.judge.verdict import Verdict, judge
from soak.stage import Stage
from soak.trouble import Trouble
from soak.world import World

QUIET_CYCLES = 4
"""Played at the end, in which nothing goes wrong: what waits is told by then."""


@dataclass
class Soaked:
    """What came of a soak."""

    verdict: Verdict
    counts: dict[str, int]
    seconds: dict[str, float]
    evidence: Evidence = field(repr=False)

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        findings = [str(finding) for finding in self.verdict.findings]
        return {"findings": findings, "judged": self.verdict.counts, "counts": self.counts, "seconds": self.seconds}


@contextlib.contextmanager
def _played(world: World, trouble: Trouble, folder: Path, shown: Callable[[str], None]):  # type: ignore[no-untyped-def]
    with Stage(folder, world.clusters, world.teams) as stage:
        tables = Tables(stage)
        engine = Engine(stage, world, trouble, Journal(folder / "journal.jsonl"), shown, tables.counts)
        engine.prepare()
        cycles = world.size.cycles
        engine.play(range(cycles))
        engine.settle(range(cycles, cycles + QUIET_CYCLES))
        yield engine, tables


def soak(world: World, trouble: Trouble, folder: Path, shown: Callable[[str], None]) -> Soaked:
    """Play a world's cycles and some quiet ones behind them, and judge.

    Args:
        world: what happens.
        trouble: what goes wrong.
        folder: what is written goes there; what was there before is gone.
        shown: hears of progress.
    """
    shutil.rmtree(folder, ignore_errors=True)
    began = time.perf_counter()
    with _played(world, trouble, folder, shown) as (engine, tables):
        played = time.perf_counter()
        evidence = gather(engine, world.size.cycles + QUIET_CYCLES, tables)
        shown(f"played in {played - began:.0f} s; {sum(engine.journal.counts.values())} lines in the journal; judging")
        verdict = judge(evidence)
        judged = time.perf_counter()
    ordered = sorted(engine.seconds)
    seconds = {
        "played": played - began,
        "judged": judged - played,
        "median cycle": ordered[len(ordered) // 2],
        "longest cycle": ordered[-1],
    }
    found = Soaked(verdict, dict(sorted(engine.journal.counts.items())), seconds, evidence)
    (folder / "result.json").write_text(json.dumps(found.document(), indent=2) + "\n")
    return found

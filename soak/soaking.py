"""One soak from its beginning to the judge's word: a world on a stage, trouble, quiet at the end, evidence, a story."""

import json
import shutil
import statistics
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
from soak.story import tell
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


def soak(
    world: World,
    trouble: Trouble,
    folder: Path,
    shown: Callable[[str], None],
    numbers: range | None = None,
    quiet_cycles: int = QUIET_CYCLES,
    keeps_rows: bool = False,
) -> Soaked:
    """Play a world's cycles and some quiet ones behind them, and judge.

    Args:
        world: what happens.
        trouble: what goes wrong.
        folder: what is written goes there; what was there before is gone.
        shown: hears of progress.
        numbers: the cycles to play; all when omitted.
        quiet_cycles: how many are played behind them, in which nothing goes wrong.
        keeps_rows: whether the evidence holds every row when the servers are gone: of small worlds.
    """
    numbers = numbers or range(world.size.cycles)
    played = range(numbers.start, numbers.stop + quiet_cycles)
    shutil.rmtree(folder, ignore_errors=True)
    began = time.perf_counter()
    with Stage(folder, world.watched, world.teams) as stage:
        tables = Tables(stage)
        engine = Engine(stage, world, trouble, Journal(folder / "journal.jsonl"), shown, tables.counts)
        engine.prepare(numbers.start)
        engine.play(numbers)
        engine.settle(range(numbers.stop, played.stop), numbers.start)
        playing = time.perf_counter() - began
        shown(f"played in {playing:.0f} s; judging")
        evidence = gather(engine, played, tables)
        if keeps_rows:
            evidence.keep_rows()
        verdict = judge(evidence)
    seconds = {
        "played": playing,
        "judged": time.perf_counter() - began - playing,
        "median cycle": statistics.median(engine.seconds),
        "longest cycle": max(engine.seconds),
    }
    found = Soaked(verdict, dict(sorted(engine.journal.counts.items())), seconds, evidence)
    (folder / "result.json").write_text(json.dumps(found.document(), indent=2) + "\n")
    if verdict.findings:
        story = tell(verdict.findings, world, trouble, evidence.journal)
        (folder / "story.yaml").write_text(story.to_yaml())
    return found

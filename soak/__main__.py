"""Command line: ``python -m soak --seed 1 --hours 24``; exit status 1 when the judge finds something.

What is written goes to ``build/soak/``: the journal, the judge's word, what the servers hold and, where something was
found, the story that tells it again in a minute: ``python -m soak --story FILE``.
"""

import argparse
import sys
from pathlib import Path

from soak.calendar import A_DAY, Calendar
from soak.inhabitants import Size
from soak.soaking import Soaked, soak
from soak.story import Story
from soak.tries import ROOT
from soak.trouble import QUIET, Trouble
from soak.world import World

FOLDER = ROOT / "build" / "soak"


def main() -> int:
    """Play and judge."""
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="all that happens and goes wrong follows from it")
    parser.add_argument("--hours", type=float, default=24.0, help="data time, in cycles of five minutes")
    parser.add_argument("--clusters", type=int, default=Size.clusters)
    parser.add_argument("--workloads", type=int, default=Size.workloads)
    parser.add_argument("--teams", type=int, default=Size.teams)
    parser.add_argument("--quiet", action="store_true", help="nothing goes wrong; the world is as ever")
    parser.add_argument("--story", type=Path, help="play what an earlier soak found, in place of all this")
    given = parser.parse_args()
    if given.story:
        try:
            story = Story.read(given.story)
        except ValueError as error:
            parser.error(str(error))
        print(f"told again: {story.title}")
        numbers = range(story.first, story.last + 1)
        return _say(soak(story.world, story.trouble, FOLDER / "story", _shown, numbers), FOLDER / "story")
    cycles = round(given.hours * A_DAY / 24)
    size = Size(given.clusters, given.workloads, given.teams, cycles)
    calendar = Calendar() if given.quiet else Calendar.of(cycles)
    trouble = Trouble(given.seed, QUIET) if given.quiet else Trouble(given.seed)
    folder = FOLDER / f"seed-{given.seed}"
    return _say(soak(World(given.seed, size, calendar), trouble, folder, _shown), folder)


def _shown(line: str) -> None:
    print(line, flush=True)


def _say(found: Soaked, folder: Path) -> int:
    for name, count in {**found.counts, **found.verdict.counts}.items():
        print(f"{count:8}  {name}")
    for name, seconds in found.seconds.items():
        print(f"{seconds:8.1f}  s {name}")
    kinds = [finding.kind for finding in found.verdict.findings]
    print(f"lost {kinds.count('lost')}, doubled {kinds.count('doubled')}, untrue {kinds.count('untrue')}")
    for finding in found.verdict.findings[:50]:
        print(finding)
    if kinds:
        print(f"{len(kinds)} findings; told again in a minute by: python -m soak --story {folder / 'story.yaml'}")
    print(f"{folder / 'result.json'}")
    return 1 if kinds else 0


if __name__ == "__main__":
    sys.exit(main())

"""One benchmark on the tree under test, by that tree's interpreter: ``python -P -m bench.side NAME --answer FILE``.

The benchmark is the working tree's, what it measures is the tree's: which file each was imported from is part of the
answer, and a mixture is refused. ``-P`` keeps the tree's own ``bench`` from being found in the current folder.
"""

import argparse
import importlib
import importlib.util
import json
import time
from dataclasses import asdict
from pathlib import Path

from bench import tree

MEASURED = ("pedwatch", "sandbox", "replica_collector")


def origins() -> dict[str, str]:
    """Return where each package comes from; RuntimeError when that is not the tree that it should be of."""
    found = {}
    for name, home in {"bench": tree.OWN, **dict.fromkeys(MEASURED, tree.UNDER_TEST)}.items():
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise RuntimeError(f"{tree.UNDER_TEST} has no package {name}: its environment is not made by its bootstrap")
        found[name] = str(Path(spec.origin).resolve())
        if not Path(found[name]).is_relative_to(home.resolve()):
            raise RuntimeError(f"{name} would be that of {found[name]}, not of {home}")
    return found


def main() -> None:
    """Measure and write goals, seconds and the packages' files to ``--answer``."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("name")
    parser.add_argument("--answer", type=Path, required=True)
    given = parser.parse_args()
    modules = origins()
    began = time.perf_counter()
    goals, _ = importlib.import_module(f"bench.{given.name}").measure()
    seconds = time.perf_counter() - began
    told = {"modules": modules, "seconds": seconds, "goals": [asdict(goal) for goal in goals]}
    given.answer.write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Command line: ``python -m bench [NAME …]``; exit status 1 when a goal is not held."""

import argparse
import importlib
import sys
from collections.abc import Sequence

from bench import results
from bench.catalogue import BENCHMARKS, Benchmark


def main() -> int:
    """Run benchmarks, write their files, print the goals."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; default: all")
    given = parser.parse_args()
    if unknown := set(given.names) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    return _judge([BENCHMARKS[name] for name in given.names or BENCHMARKS])


def _judge(benchmarks: Sequence[Benchmark]) -> int:
    is_held = True
    for benchmark in benchmarks:
        goals, rows = importlib.import_module(f"bench.{benchmark.name}").measure()
        path = results.write(benchmark.name, goals, rows)
        for goal in goals:
            is_held &= goal.held
            print(
                f"{'held' if goal.held else 'NOT HELD'}  {goal.name}: {goal.value:.2f} {goal.unit}, goal {goal.goal:g}"
            )
        print(f"          {path}")
    return 0 if is_held else 1


if __name__ == "__main__":
    sys.exit(main())

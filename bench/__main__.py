"""Command line: ``python -m bench [NAME …] [--base COMMIT] [--minutes N]``; exit status 1 when a goal is not held.

With ``--base`` goals are not judged: both trees are measured by the same benchmarks, and compared.
"""

import argparse
import importlib
import sys
from collections.abc import Mapping, Sequence

from bench import results
from bench.catalogue import BENCHMARKS, Benchmark


def main() -> int:
    """Run benchmarks, write their files, print the goals; or compare with another commit."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; default: all that take no hour"
    )
    parser.add_argument("--base", metavar="COMMIT", help="compare with it; what is long runs only when it is named")
    parser.add_argument("--minutes", type=int, metavar="N", help="of one_minute_hour: so many instead of sixty")
    given = parser.parse_args()
    if unknown := set(given.names) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    if given.base:
        return _compare(given.base, given.names)
    lasts = {"one_minute_hour": {"minutes": given.minutes}} if given.minutes else {}
    chosen = [BENCHMARKS[name] for name in given.names]
    return _judge(chosen or [each for each in BENCHMARKS.values() if not each.takes_an_hour], lasts)


def _compare(commit: str, names: Sequence[str]) -> int:
    from bench import base_tree, ruler, tree

    chosen = [BENCHMARKS[name] for name in names] or [each for each in BENCHMARKS.values() if not each.is_long]
    try:
        base = base_tree.build(tree.OWN, commit)
    except base_tree.BaseError as error:
        print(f"make bench: {error}", file=sys.stderr)
        return 2
    return ruler.measure(base, base_tree.resolve(tree.OWN, commit), chosen)


def _judge(benchmarks: Sequence[Benchmark], settings: Mapping[str, Mapping[str, int]]) -> int:
    is_held = True
    for benchmark in benchmarks:
        goals, rows = importlib.import_module(f"bench.{benchmark.name}").measure(**settings.get(benchmark.name, {}))
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

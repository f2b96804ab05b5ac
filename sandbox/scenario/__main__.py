"""Command line: ``python -m sandbox.scenario schema | validate FILE | explain FILE``."""

import argparse
import json
import sys
from pathlib import Path

from sandbox.scenario.loading import DEFAULT, ScenarioError, load
from sandbox.scenario.model import Scenario
from sandbox.scenario.world import plan


def explain(scenario: Scenario) -> str:
    """Describe a scenario cycle by cycle: what happens, what is expected."""
    lines = [f"{scenario.name}: {' '.join(scenario.description.split())}", ""]
    for cycle in plan(scenario):
        lines.append(f"cycle {cycle.number:>2}  {cycle.time:%Y-%m-%d %H:%M}Z")
        lines += [f"          {text}" for text in cycle.says]
    lines += ["", "expected:"]
    lines += [f"  - {item.title}" for item in scenario.expect.all]
    if scenario.backfill:
        lines.append(
            f"  - a backfill of cycles {scenario.backfill.cycles[0]}-{scenario.backfill.cycles[-1]} says nothing new"
        )
    return "\n".join(lines)


def main() -> int:
    """Run one command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.scenario", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("schema", help="print the JSON Schema of scenario files")
    for name, text in (
        ("validate", "check a file; every error names line, field and fix"),
        ("explain", "tell the story"),
    ):
        commands.add_parser(name, help=text).add_argument("file", type=Path, nargs="?", default=DEFAULT)
    arguments = parser.parse_args()
    if arguments.command == "schema":
        print(json.dumps(Scenario.model_json_schema(), indent=2))
        return 0
    try:
        scenario = load(arguments.file)
    except ScenarioError as error:
        print(error, file=sys.stderr)
        return 1
    print(explain(scenario) if arguments.command == "explain" else f"{arguments.file}: ok, {scenario.cycles} cycles")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Command line of the demo: ``python -m sandbox.demo [--scenario PATH]``."""

import argparse
import sys
import threading
from pathlib import Path

from rich.console import Console

from sandbox.demo.interruption import exit_on_signals
from sandbox.demo.performance import Result, perform
from sandbox.demo.report import Reporter
from sandbox.demo.slack_page import save_page
from sandbox.demo.stage_setting import Stage, shell_hint
from sandbox.demo.summary import write_summary
from sandbox.environment.process import StartError
from sandbox.scenario.limit_publishing import PublishError
from sandbox.scenario.loading import DEFAULT, ScenarioError, load

EPILOG = """
exit status: 0 every expectation holds; 1 some do not (each is named); 2 the scenario is wrong; 3 it did not start
"""


def make_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.demo",
        description="Play a scenario through the real DAGs, against stand-ins on this machine, and check the outcome.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--scenario", type=Path, default=DEFAULT, help="scenario file (default: the shop)")
    parser.add_argument("--folder", type=Path, default=Path("build/demo"), help="emptied first (default: build/demo)")
    parser.add_argument("--keep", action="store_true", help="keep the stand-ins running at the end, until Ctrl-C")
    return parser


def main() -> int:
    """Play and return the exit status."""
    arguments = make_parser().parse_args()
    # In a log there is no edge to wrap at.
    console = Console(width=None if sys.stdout.isatty() else 140)
    try:
        scenario = load(arguments.scenario)
    except ScenarioError as error:
        print(error, file=sys.stderr)
        return 2
    exit_on_signals()
    reporter = Reporter(console, scenario.cycles)
    folder = arguments.folder.resolve()

    def before_leaving(stage: Stage, result: Result) -> None:
        save_page(stage.servers.addresses["slack"], scenario.channels(), folder / "slack.html")
        write_summary(folder / "summary.json", result)
        if arguments.keep:
            reporter.result(result, arguments.folder)
            console.print(f"Slack page  {stage.servers.addresses['slack']}/", soft_wrap=True)
            console.print(shell_hint(arguments.folder), soft_wrap=True, highlight=False)
            console.print("Ctrl-C ends it.")
            threading.Event().wait()

    try:
        with reporter:
            result = perform(scenario, folder, reporter, before_leaving)
    except (StartError, PublishError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 3
    write_summary(folder / "summary.json", result)
    reporter.result(result, arguments.folder)
    return result.exit_status


if __name__ == "__main__":
    sys.exit(main())

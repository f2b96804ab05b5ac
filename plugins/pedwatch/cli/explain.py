"""``python -m pedwatch explain``: why did, or didn't, I get a message about this API at that time?"""

import argparse
import datetime as dt
import json
import sys
from typing import Any

from pedwatch import settings
from pedwatch.alerts.verdict_story import seen, story
from pedwatch.cli.moments import read_moment
from pedwatch.cycles import floor_to_cycle
from pedwatch.hooks.parameters import Typed

NOTHING = 3
"""Exit status when nothing is known of the API in that cycle."""
EXAMPLE = """example:
  python -m pedwatch explain --api checkout --at 2026-03-02T10:07Z

The time is taken down to its cycle. Exit status 3: nothing is known of the API then."""


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "explain",
        help="why did, or didn't, I get a message about this API at that time?",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--api", required=True, metavar="API", help="the API's id")
    parser.add_argument("--at", required=True, type=read_moment, metavar="TIME", help="a time with offset")
    parser.add_argument("--environment", help="only this environment")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.set_defaults(run=_explain)


def _explain(arguments: argparse.Namespace) -> int:
    from pedwatch.hooks import clients

    warehouse = clients.warehouse(settings.load_config(), clients.AsPerson())
    [found] = warehouse.run("verdicts/cycle_at.sql", {"moment": arguments.at})
    cycle = found["cycle"] or floor_to_cycle(arguments.at, warehouse.config.period)
    parameters = {
        "api_id": arguments.api,
        "environment": Typed("STRING", arguments.environment),
        "cycle": cycle,
    }
    verdicts = warehouse.run("verdicts/explain.sql", parameters)
    observations = warehouse.run("verdicts/explain_observations.sql", parameters)
    if arguments.format == "json":
        told = {"cycle": cycle, "verdicts": verdicts, "observations": observations}
        print(json.dumps(told, indent=2, default=_json))
    elif verdicts:
        print("\n\n".join(["\n".join(story(verdict)) for verdict in verdicts]))
        print("\nWhat the clusters said:")
        print("\n".join(seen(row) for row in observations) or "  nothing of this API")
    if verdicts:
        return 0
    print(
        f"{arguments.api} has no verdict in the cycle {cycle:%Y-%m-%d %H:%M} UTC: check the API's id and the time; "
        f"heartbeats and collection_runs tell whether the cycle ran",
        file=sys.stderr,
    )
    return NOTHING


def _json(value: Any) -> str:
    return value.isoformat() if isinstance(value, dt.datetime) else str(value)

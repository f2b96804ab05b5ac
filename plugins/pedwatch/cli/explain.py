"""``python -m pedwatch explain``: why did, or didn't, I get a message about this API at that time?"""

import argparse
import datetime as dt
import sys
from typing import TYPE_CHECKING, Any

from pedwatch import settings
from pedwatch.cli import asking
from pedwatch.cli.moments import read_past_moment
from pedwatch.cli.tables import print_json
from pedwatch.written.spelling import meant

if TYPE_CHECKING:
    from pedwatch.page.questions import Questions

NOTHING = 3
"""Exit status when nothing is known of the API in that cycle."""
KNOWN_FOR = dt.timedelta(days=7)
"""What verdicts of this time before name is known, besides what limits ever named."""
EXAMPLE = """example:
  python -m pedwatch explain --api checkout
  python -m pedwatch explain --api checkout --at 2026-03-02T10:07Z

The time is taken down to its cycle. Exit status 3: nothing is known of the API then."""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.description, parser.epilog = __doc__, EXAMPLE
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--api", required=True, metavar="API", help="the API's id")
    parser.add_argument(
        "--at", type=read_past_moment, metavar="TIME", help="a time with offset (default: the newest judged cycle)"
    )
    parser.add_argument("--environment", help="only this environment")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.set_defaults(run=_explain)


def _explain(arguments: argparse.Namespace) -> int:
    from pedwatch.alerts.verdict_story import is_in_force, seen, story, unmatched
    from pedwatch.page.freshness import freshness
    from pedwatch.page.questions import Api

    asked, api = asking.as_person(), Api(arguments.api, arguments.environment)
    moment = arguments.at
    if moment is None:
        newest = asked.newest()
        fresh = freshness(newest.cycle, newest.period, settings.now())
        if fresh.is_late:
            print(fresh.words, file=sys.stderr)
        moment = newest.cycle or settings.now()
    explained, versions = asked.together([lambda: asked.explained(api, moment), lambda: asked.limit_versions(api)])
    cycle, verdicts, observations = explained.cycle, explained.verdicts, explained.observations
    judged = {verdict["limit_id"] for verdict in verdicts}
    idle = [row for row in versions if is_in_force(row, cycle) and row["limit_id"] not in judged]
    is_known = bool(verdicts or (idle and explained.is_recorded))
    if arguments.format == "json":
        told = {"cycle": cycle, "verdicts": verdicts, "observations": observations}
        print_json({**told, "limits_without_workloads": idle})
    elif is_known:
        stories = [*map(story, verdicts), *(unmatched(version, cycle) for version in idle)]
        print("\n\n".join("\n".join(lines) for lines in stories))
        print("\nWhat the clusters said:")
        print("\n".join(seen(row) for row in observations) or "  nothing of this API")
    if is_known:
        return 0
    print(_why_nothing(arguments.api, moment, explained.is_recorded, idle, asked), file=sys.stderr)
    return NOTHING


def _why_nothing(api_id: str, moment: dt.datetime, is_recorded: bool, idle: list[Any], asked: "Questions") -> str:
    at = f"{moment:%Y-%m-%d %H:%M} UTC"
    if not is_recorded:
        exists = f"; {api_id} had a limit then, {idle[0]['limit_id']}" if idle else ""
        return (
            f"no cycle was recorded in the hour before {at}, so nothing was judged{exists}. It is before the "
            "first run, or the watch did not run: see the runs of ped_replica_watch; `python -m pedwatch status` shows "
            "the newest"
        )
    known = {name for _, name in asked.known_names(moment - KNOWN_FOR, moment) if name}
    if api_id in known:
        return f"{api_id} had no limit in force at {at}, and no workload with its label was seen: nothing was judged"
    return f"{api_id} is the API of no limit, and of no workload seen in the days before {at}{meant(api_id, known)}"

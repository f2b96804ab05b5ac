"""``python -m pedwatch status``: how old is what is known, and who is over a limit now?"""

import argparse
import sys
from typing import TYPE_CHECKING, Any

from pedwatch.cli.tables import FORMATS, print_json, table

if TYPE_CHECKING:
    from pedwatch.page.now_view import Subject

LATE = 3
"""Exit status when the newest cycle is not how things are now."""
MOST_ROWS = 50
QUIET = ("within_limit", "no_limit", "unlabelled")
"""Verdicts that are counted and not listed: nobody is waiting for anything there."""
_EPILOG = """\
Exit status 3: cycles are missing, so that what is true now is not known. It is the page Now of docs/page.md at a shell.
"""
_COLUMNS = {
    "verdict": "verdict",
    "api_id": "API",
    "team_id": "team",
    "environment": "environment",
    "cluster": "cluster",
    "pods": "pods",
    "ceiling": "allowed",
    "started_cycle": "open since",
    "told": "last told",
}


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.description, parser.epilog = __doc__, _EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--team", metavar="TEAM", default="", help="only this team's APIs")
    parser.add_argument("--environment", default="", help="only this environment")
    parser.add_argument("--format", choices=FORMATS, default="table")
    parser.set_defaults(run=_status)


def _status(arguments: argparse.Namespace) -> int:
    from pedwatch import settings
    from pedwatch.cli import asking
    from pedwatch.page.freshness import freshness
    from pedwatch.page.now_view import VERDICTS, WORDS, Wish, chosen
    from pedwatch.written.spelling import meant

    asked = asking.as_person()
    newest = asked.newest()
    fresh = freshness(newest.cycle, newest.period, settings.now())
    subjects: list[Subject] = []
    if newest.cycle is not None:
        fleet = asked.fleet(newest.cycle)
        subjects = list(chosen(fleet, Wish(team=arguments.team, environment=arguments.environment)))
        if arguments.team and arguments.team not in fleet.teams:
            print(f"nothing of {arguments.team} was judged{meant(arguments.team, fleet.teams)}", file=sys.stderr)
    counts = {name: sum(one.row["verdict"] == name for one in subjects) for name in VERDICTS}
    if arguments.format == "json":
        found: dict[str, Any] = {"cycle": newest.cycle, "state": fresh.state, "missing_cycles": fresh.missing}
        listed = [{**one.row, "over": one.over, "use": one.use} for one in subjects]
        print_json({**found, "counts": {name: count for name, count in counts.items() if count}, "subjects": listed})
        return LATE if fresh.is_late else 0
    print(fresh.words)
    if newest.cycle is not None:
        print(", ".join(f"{count} {WORDS[name]}" for name, count in counts.items() if count) or "nothing was judged")
    loud = [one for one in subjects if one.row["verdict"] not in QUIET]
    if loud:
        print(f"\n{table(_COLUMNS, [_line(one) for one in loud[:MOST_ROWS]])}")
    if len(loud) > MOST_ROWS:
        print(f"and {len(loud) - MOST_ROWS} more: --team narrows it, --format json has all")
    return LATE if fresh.is_late else 0


def _line(subject: "Subject") -> dict[str, Any]:
    row = subject.row
    least = "at least " if row["is_lower_bound"] and row["measured"] is not None else ""
    told = f"{row['told_reason']} {row['told_status']}" if row["told_reason"] else None
    return {
        **row,
        "verdict": subject.words,
        "pods": f"{least}{row['measured']}" if least else row["measured"],
        "ceiling": row["ceiling"] if row["ceiling"] is not None else row["max_replicas"],
        "told": told,
    }

"""``python -m pedwatch episodes``: what is over its limit or not seen, since when, and what was told of it."""

import argparse
import datetime as dt
import sys
from collections.abc import Mapping
from typing import Any

from pedwatch.cli.tables import FORMATS, print_json, table

STATES = ("open", "firing", "pending", "recovering", "resolved")
_COLUMNS = {
    "state": "state",
    "severity": "severity",
    "subject": "subject",
    "team_id": "team",
    "pods": "pods",
    "started_cycle": "began",
    "resolved_cycle": "ended",
    "told": "last told",
    "acknowledged_by": "acknowledged by",
}


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.description = "Lists what goes on, and what ended lately; those that never fired are left out once they end."
    parser.add_argument("--team", metavar="TEAM", default="", help="only this team's")
    parser.add_argument("--api", metavar="API", help="only this API's")
    parser.add_argument("--environment", help="only this environment")
    parser.add_argument("--state", choices=STATES, help="only those; open: all that have not ended")
    parser.add_argument("--days", type=int, default=7, help="those that ended so many days ago, too (default: 7)")
    parser.add_argument("--format", choices=FORMATS, default="table")
    parser.set_defaults(run=_episodes)


def _episodes(arguments: argparse.Namespace) -> int:
    from pedwatch import settings
    from pedwatch.cli import asking
    from pedwatch.page.episodes_view import EpisodeWish, chosen

    asked = asking.as_person()
    since = (asked.newest().cycle or settings.now()) - dt.timedelta(days=arguments.days)
    state = arguments.state if arguments.state != "open" else None
    rows = chosen(asked.episodes(since), EpisodeWish(team=arguments.team, state=state or ""))
    wanted = {"api_id": arguments.api, "environment": arguments.environment}
    rows = [row for row in rows if all(row[name] == value for name, value in wanted.items() if value)]
    if arguments.state == "open":
        rows = [row for row in rows if row["state"] != "resolved"]
    if arguments.format == "json":
        print_json(rows)
    elif rows:
        print(table(_COLUMNS, [_line(row) for row in rows]))
    else:
        print(f"none goes on, and none ended since {since:%Y-%m-%d %H:%M} UTC", file=sys.stderr)
    return 0


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    allowed = "" if row["max_replicas"] is None else f" of {row['max_replicas']}"
    return {
        **row,
        "state": f"{row['state']} (exempt)" if row["is_exempted"] and row["state"] != "resolved" else row["state"],
        "pods": None if row["measured"] is None else f"{row['measured']}{allowed}",
        "told": f"{row['told_reason']} {row['told_status']}" if row["told_reason"] else None,
    }

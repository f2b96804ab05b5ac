"""``python -m pedwatch ack``: somebody takes care; reminders are quiet until it is worse or ends."""

import argparse
import datetime as dt
import json
import sys
import uuid
from collections.abc import Mapping
from typing import Any

from pedwatch import settings
from pedwatch.alerts.acknowledgements import COLUMNS
from pedwatch.errors import ConfigurationError
from pedwatch.hooks.parameters import Typed

NOTHING = 3
"""Exit status when nothing fires that is meant."""
SEVERAL = 2
"""Exit status when several do, and not all are."""
MOST_NOTE = 200
EXAMPLE = """examples:
  python -m pedwatch ack --api checkout --note "scaling down after the sale"
  python -m pedwatch ack --cluster us-prod-1 --environment prod --all

Who you are is what BigQuery knows you by; whoever may write the dataset may acknowledge. A reaction with 👀 on the
message in Slack does the same. The next cycle says it in the thread. Exit status 3: nothing of the kind fires; 2:
several do, and --all is not given."""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.description, parser.epilog = __doc__, EXAMPLE
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--api", metavar="API", help="the API's id")
    parser.add_argument("--team", metavar="TEAM", help="only what is this team's")
    parser.add_argument("--environment", help="only this environment")
    parser.add_argument("--cluster", help="only this cluster: its blind alert, and its APIs")
    parser.add_argument("--note", default="", help=f"what the thread is to say, at most {MOST_NOTE} characters")
    parser.add_argument("--all", action="store_true", help="all that match, if they are several")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.set_defaults(run=_acknowledge)


def _acknowledge(arguments: argparse.Namespace) -> int:
    filters = {
        "api_id": arguments.api,
        "team_id": arguments.team,
        "environment": arguments.environment,
        "cluster": arguments.cluster,
    }
    if not any(filters.values()):
        raise ConfigurationError("say what: --api, --team, --environment or --cluster")
    if len(arguments.note) > MOST_NOTE:
        raise ConfigurationError(f"--note has {len(arguments.note)} characters, at most {MOST_NOTE}")

    from pedwatch.hooks import clients

    warehouse = clients.warehouse(settings.load_config(), clients.AsPerson())
    found = warehouse.run(
        "alerts/acknowledgeable.sql", {name: Typed("STRING", value) for name, value in filters.items()}
    )
    if not found:
        print("nothing of the kind fires: nothing was acknowledged", file=sys.stderr)
        return NOTHING
    if len(found) > 1 and not arguments.all:
        print(f"{len(found)} fire; narrow it down, or give --all:", file=sys.stderr)
        print("\n".join(f"  {line(row)}" for row in found), file=sys.stderr)
        return SEVERAL
    rows = [_row(row, arguments.note or None, settings.now()) for row in found]
    warehouse.write("alerts/record_acknowledgements.sql", {"acknowledgements": Typed(COLUMNS, rows)})
    if arguments.format == "json":
        print(json.dumps([{"episode_id": row["episode_id"], "what": line(row)} for row in found], indent=2))
    else:
        print("\n".join(f"acknowledged: {line(row)}" for row in found))
        print("The next cycle says so in the thread; reminders are quiet until it is worse or ends.")
    return 0


def _row(episode: Mapping[str, Any], note: str | None, now: dt.datetime) -> dict[str, Any]:
    return {
        "acknowledgement_id": str(uuid.uuid4()),
        "episode_id": episode["episode_id"],
        "acknowledged_by": None,  # BigQuery knows who runs the statement
        "via": "command",
        "severity": episode["severity"],
        "note": note,
        "acknowledged_at": now,
    }


def line(row: Mapping[str, Any]) -> str:
    """Write what fires in a line."""
    if row["kind"] != "over_limit":
        return f"{row['subject']} since {row['fired_cycle']:%Y-%m-%d %H:%M} UTC"
    place = " / ".join(part for part in (row["cluster"], row["namespace"], row["workload_name"]) if part)
    return (
        f"{row['api_id'] or row['subject']} of {row['team_id']} in {place or row['environment']}: {row['measured']} of "
        f"{row['max_replicas']}, {row['severity']}, since {row['fired_cycle']:%Y-%m-%d %H:%M} UTC"
    )

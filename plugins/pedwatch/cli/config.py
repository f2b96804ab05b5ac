"""``python -m pedwatch config``: is the configuration right, what does it say in the end, and where does it say so?"""

import argparse
import datetime as dt
import sys
from collections.abc import Iterable
from pathlib import Path

from pedwatch import settings
from pedwatch.config import Config
from pedwatch.config.doubts import doubts
from pedwatch.config.effective import as_json, as_yaml
from pedwatch.config.reading import WrittenConfig
from pedwatch.written.problems import field_path, line_of
from pedwatch.written.yaml_text import Location

_VALIDATE = """\
Checks the configuration as the DAGs do when they are parsed: every mistake at once, with file, line, field, value and
what to do; then what is allowed but will hardly do what was meant, as warnings. Exit status 0: the DAGs can be parsed
with it; 1: they cannot."""
KNOWN_FOR = dt.timedelta(days=7)
"""What verdicts of this time name is known, besides what limits ever named."""
SEEN_FOR = dt.timedelta(days=400)
"""Observations are kept for so long."""
_FILE = "the file (default: PEDWATCH_CONFIG, else include/config/pedwatch.yaml)"


def register(parser: argparse.ArgumentParser) -> None:
    """Add the actions."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    validate = actions.add_parser("validate", help="check the configuration file", description=_VALIDATE)
    validate.add_argument("path", nargs="?", type=Path, metavar="FILE", help=_FILE)
    validate.add_argument(
        "--allow-unset",
        action="store_true",
        help="leave unchecked what stands for a variable that is not set here, as before a deployment",
    )
    validate.add_argument(
        "--online",
        action="store_true",
        help="also ask BigQuery, as you, whether anybody knows the teams, APIs and retired clusters that it names",
    )
    validate.set_defaults(run=_validate)

    show = actions.add_parser(
        "show",
        help="show the configuration in force: defaults, and where each value comes from",
        description="Shows every value, and behind it the line, the variable or the default that it comes from. There "
        "are no secrets in it: those are in Airflow connections only.",
    )
    show.add_argument("path", nargs="?", type=Path, metavar="FILE", help=_FILE)
    show.add_argument("--format", choices=("yaml", "json"), default="yaml")
    show.set_defaults(run=_show)


def _validate(arguments: argparse.Namespace) -> int:
    reading = settings.examine_config(arguments.path, may_be_unset=arguments.allow_unset)
    for problem in reading.problems:
        print(problem, file=sys.stderr)
    if reading.problems:
        count = len(reading.problems)
        print(f"{count} mistake{'' if count == 1 else 's'}", file=sys.stderr)
        return 1
    if reading.written is None:
        print(f"valid, as far as it can be told here: not set, and not checked: {', '.join(reading.unset)}")
        return 0
    _warn(reading.written, doubts(reading.written.config))
    if arguments.online:
        _warn(reading.written, _unknown_names(reading.written))
    config = reading.written.config
    print(f"{reading.written.source}: valid; {_in_short(config)}")
    return 0


def _in_short(config: Config) -> str:
    discovered = " and those discovered" if config.discovery.projects else ""
    live = sum(route.mode == "team" for route in config.slack.teams.values())
    return (
        f"named clusters{discovered}: {len(config.clusters)}, teams: {len(config.slack.teams)}, live of them: {live}, "
        f"policy version {config.policy_version}"
    )


def _warn(written: WrittenConfig, found: Iterable[tuple[Location, str]]) -> None:
    for at, message in found:
        print(
            f"{written.source}:{line_of(at, written.document.lines)}: warning: {field_path(at)}: {message}",
            file=sys.stderr,
        )


def _unknown_names(written: WrittenConfig) -> Iterable[tuple[Location, str]]:
    from pedwatch.config.doubts import KnownNames, unknown_names
    from pedwatch.hooks import clients

    warehouse = clients.warehouse(written.config, clients.AsPerson())
    now = settings.now()
    period = {"period_start": now - KNOWN_FOR, "period_end": now}
    rows = warehouse.run("audit/known_names.sql", period)
    clusters = warehouse.run("observations/seen_clusters.sql", {"since": now - SEEN_FOR})
    known = KnownNames(
        frozenset((row["team_id"], row["api_id"]) for row in rows), frozenset(row["cluster"] for row in clusters)
    )
    return unknown_names(written.config, known)


def _show(arguments: argparse.Namespace) -> int:
    written = settings.load_written_config(arguments.path)
    print(as_json(written) if arguments.format == "json" else as_yaml(written))
    return 0

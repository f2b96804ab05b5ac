"""``python -m pedwatch replay``: what would other thresholds have sent, over what was recorded?"""

import argparse
import datetime as dt
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pedwatch.cli.moments import read_moment
from pedwatch.cli.tables import FORMATS, print_json, table
from pedwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from pedwatch.config import Policy, PolicyConfig
    from pedwatch.replay.recorded_verdicts import Covered
    from pedwatch.replay.thresholds import Outcome

EXAMPLE = """examples:
  python -m pedwatch replay --from 2026-03-01T00:00Z --to 2026-03-08T00:00Z
  python -m pedwatch replay --from 2026-03-01T00:00Z --to 2026-03-08T00:00Z \\
      --set for_observations=3 window_observations=4 --set tolerance_count=1

Each --set is a policy to compare with the one in force; nothing is written and nobody is told. Counted is what APIs'
owners would have got: a storm once, teams in shadow mode as if they were told, no copies. Exit status 3: nothing was
observed in that time."""
NOTHING = 3
"""Exit status when there is nothing to replay."""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.description, parser.epilog = __doc__, EXAMPLE
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--from", dest="start", required=True, type=read_moment, metavar="TIME", help="first moment")
    parser.add_argument("--to", dest="end", required=True, type=read_moment, metavar="TIME", help="first moment after")
    parser.add_argument(
        "--set",
        dest="policies",
        action="append",
        nargs="+",
        default=[],
        metavar="SETTING=VALUE",
        help="settings of one policy to compare, as below policy.defaults in pedwatch.yaml; without this option the "
        "command names all",
    )
    parser.add_argument("--format", choices=FORMATS, default="table")
    parser.set_defaults(run=_replay)


def _replay(arguments: argparse.Namespace) -> int:
    if arguments.end <= arguments.start:
        raise ConfigurationError("--to is not later than --from: swap them, or mend the date")
    from pedwatch import settings
    from pedwatch.hooks import clients
    from pedwatch.replay.recorded_verdicts import covered, replayed

    config = settings.load_config()
    candidates = [_settings(words) for words in arguments.policies]
    policies = [_policy(config.policy, candidate) for candidate in candidates]
    warehouse = clients.warehouse(config, clients.AsPerson())
    found = covered(warehouse, arguments.start, arguments.end)
    if found is None:
        print(_nothing_observed(arguments.start, arguments.end), file=sys.stderr)
        return NOTHING
    now, *others = [
        replayed(warehouse, arguments.start, arguments.end, found.longest, given, policy, config.slack)
        for given, policy in zip([{}, *candidates], [config.policy, *policies], strict=True)
    ]
    compared = list(zip(candidates, others, strict=True))
    if arguments.format == "json":
        print_json(_as_json(found, now, compared))
        return 0
    print("\n".join(_lines(found, now, compared)))
    if not candidates:
        print(_suggestion(config.policy.for_api(None, None)))
    return 0


def _lines(found: "Covered", now: "Outcome", compared: list[tuple[dict[str, Any], "Outcome"]]) -> Iterator[str]:
    from pedwatch.alerts.wording import counted
    from pedwatch.replay.thresholds import describe, named

    yield (
        f"{counted(found.cycles, 'cycle')} observed, from {found.oldest:%Y-%m-%d %H:%M} to "
        f"{found.newest:%Y-%m-%d %H:%M} UTC\n"
    )
    named_outcomes = [("in force", now), *((named(candidate), outcome) for candidate, outcome in compared)]
    rows = [
        {**vars(outcome), "policy": name, "detection": None if minutes is None else f"{minutes:.0f} min"}
        for name, outcome in named_outcomes
        for minutes in [outcome.detection_minutes]
    ]
    yield table({name: name for name in ("policy", "messages", "episodes", "detection")}, rows) + "\n"
    for candidate, outcome in compared:
        yield from describe(candidate, now, outcome)


def _nothing_observed(start: dt.datetime, end: dt.datetime) -> str:
    return (
        f"nothing observed from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC: there is nothing to replay. Times "
        "are in UTC; `python -m pedwatch status` shows the newest cycle"
    )


def _suggestion(policy: "Policy") -> str:
    from pedwatch.config import PolicyOverride

    given = ", ".join(f"{name}={getattr(policy, name):g}" for name in PolicyOverride.model_fields)
    return f"compare with other settings, such as --set for_observations=3; in force for everybody are {given}"


def _as_json(found: "Covered", now: "Outcome", compared: list[tuple[dict[str, Any], "Outcome"]]) -> dict[str, Any]:
    from pedwatch.replay.thresholds import differences

    def shown(outcome: "Outcome") -> dict[str, Any]:
        return {**vars(outcome), "apis": {name: counts._asdict() for name, counts in outcome.apis.items()}}

    return {
        "cycles": found.cycles,
        "oldest_cycle": found.oldest,
        "newest_cycle": found.newest,
        "in_force": shown(now),
        "policies": [
            {"settings": candidate, **shown(outcome), "apis_that_differ": list(differences(now, outcome))}
            for candidate, outcome in compared
        ],
    }


def _settings(words: list[str]) -> dict[str, Any]:
    from pedwatch.written.yaml_text import typed

    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not value:
            raise ConfigurationError(f"--set {word}: write it as SETTING=VALUE, e.g. for_observations=3")
        found[name] = typed(value)
    return found


def _policy(policy: "PolicyConfig", candidate: Mapping[str, Any]) -> "PolicyConfig":
    from pydantic import ValidationError

    from pedwatch.config import PolicyOverride
    from pedwatch.replay.thresholds import with_settings
    from pedwatch.written.problems import Shape, explanations, field_path

    try:
        return with_settings(policy, candidate)
    except ValidationError as error:
        wrong = explanations(error, Shape(PolicyOverride))
        raise ConfigurationError("\n".join(f"--set {field_path(at)}: {message}" for at, message in wrong)) from None

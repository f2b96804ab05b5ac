"""``python -m pedwatch replay``: what would other thresholds have sent, over what was recorded?"""

import argparse
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from pedwatch import settings
from pedwatch.cli.moments import read_moment
from pedwatch.config import PolicyOverride
from pedwatch.errors import ConfigurationError
from pedwatch.replay import thresholds
from pedwatch.written.problems import Shape, explanations, field_path
from pedwatch.written.yaml_text import typed

EXAMPLE = """examples:
  python -m pedwatch replay --from 2026-03-01T00:00Z --to 2026-03-08T00:00Z
  python -m pedwatch replay --from 2026-03-01T00:00Z --to 2026-03-08T00:00Z \\
      --set for_observations=3 window_observations=4 --set tolerance_count=1

Each --set is a policy to compare with the one in force; nothing is written and nobody is told."""


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "replay",
        help="what would other thresholds have sent?",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--from", dest="start", required=True, type=read_moment, metavar="TIME", help="first moment")
    parser.add_argument("--to", dest="end", required=True, type=read_moment, metavar="TIME", help="first moment after")
    parser.add_argument(
        "--set",
        dest="policies",
        action="append",
        nargs="+",
        default=[],
        metavar="SETTING=VALUE",
        help=f"settings of one policy to compare: {', '.join(PolicyOverride.model_fields)}",
    )
    parser.set_defaults(run=_replay)


def _replay(arguments: argparse.Namespace) -> int:
    if arguments.end <= arguments.start:
        raise ConfigurationError("--to is not later than --from: swap them, or mend the date")
    config = settings.load_config()
    candidates = [_settings(words) for words in arguments.policies]
    policies = [_policy(config.policy, candidate) for candidate in candidates]

    from pedwatch.hooks import clients
    from pedwatch.replay.recorded_verdicts import replayed

    warehouse = clients.warehouse(config, clients.AsPerson())
    now = replayed(warehouse, arguments.start, arguments.end, {}, config.policy, config.slack)
    print(f"{'policy':<52} {'messages':>8} {'episodes':>8} {'detection':>10}")
    print(_line("in force", now))
    outcomes = []
    for candidate, policy in zip(candidates, policies, strict=True):
        outcome = replayed(warehouse, arguments.start, arguments.end, candidate, policy, config.slack)
        outcomes.append((candidate, outcome))
        print(_line(", ".join(f"{key}={value}" for key, value in candidate.items()), outcome), flush=True)
    for candidate, outcome in outcomes:
        print(thresholds.describe(candidate, now, outcome))
    return 0


def _line(name: str, outcome: thresholds.Outcome) -> str:
    minutes = "–" if outcome.detection_minutes is None else f"{outcome.detection_minutes:.0f} min"
    return f"{name:<52} {outcome.messages:>8} {outcome.episodes:>8} {minutes:>10}"


def _settings(words: list[str]) -> dict[str, Any]:
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not value:
            raise ConfigurationError(f"--set {word}: write it as SETTING=VALUE, e.g. for_observations=3")
        found[name] = typed(value)
    return found


def _policy(policy: Any, candidate: Mapping[str, Any]) -> Any:
    try:
        return thresholds.with_settings(policy, candidate)
    except ValidationError as error:
        wrong = explanations(error, Shape(PolicyOverride))
        raise ConfigurationError("\n".join(f"--set {field_path(at)}: {message}" for at, message in wrong)) from None

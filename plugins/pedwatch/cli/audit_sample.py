"""``python -m pedwatch audit sample``: subject-cycles drawn by a seed, with every source row behind each."""

import argparse

from pedwatch import settings
from pedwatch.audit.sample import SIZE, in_words
from pedwatch.cli.moments import read_moment
from pedwatch.cli.tables import print_json
from pedwatch.errors import AuditError

DIFFERS = 4
"""Exit status when something that was drawn does not agree."""
EXAMPLE = """example:
  python -m pedwatch audit sample --from 2026-01-01T00:00Z --to 2026-04-01T00:00Z --n 25 --seed first-quarter

Choose the seed yourself and write it down: the same seed draws the same. Exit status 4: something does not agree."""


def add_action(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the action to the command ``audit``."""
    parser = actions.add_parser(
        "sample",
        help="draw subject-cycles by a seed, with every source row behind each",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--from", dest="start", required=True, type=read_moment, metavar="TIME", help="first moment")
    parser.add_argument("--to", dest="end", required=True, type=read_moment, metavar="TIME", help="first moment after")
    parser.add_argument("--n", dest="size", type=_size, default=SIZE, metavar="COUNT", help=f"how many; {SIZE}")
    parser.add_argument("--seed", required=True, metavar="TEXT", help="what the draw depends on, any text")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.set_defaults(run=_sample)


def _size(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r}: write a number from 1 to 1000")
    return int(text)


def _sample(arguments: argparse.Namespace) -> int:
    if arguments.end <= arguments.start:
        raise AuditError("--to is not later than --from: swap them, or mend the date")

    from pedwatch.audit.handover.sampled_sources import draw
    from pedwatch.hooks import clients

    config = settings.load_config()
    warehouse = clients.warehouse(config, clients.AsPerson())
    client = clients.storage_client(config, clients.AsPerson())
    drawn = draw(warehouse, client, arguments.start, arguments.end, arguments.size, arguments.seed, settings.now())
    differing = sum(1 for one in drawn if one.findings)
    if arguments.format == "json":
        asked = {"from": arguments.start, "to": arguments.end, "seed": arguments.seed}
        print_json(asked | {"sample": [one.document() for one in drawn]})
    else:
        print("\n".join(in_words(drawn)))
        print(f"{len(drawn)} drawn by the seed {arguments.seed!r}; {differing} of them do not agree in all they say")
    return DIFFERS if differing else 0

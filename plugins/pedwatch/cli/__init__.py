"""The command line. Each command is the module of its name, with a function ``register(parser)``.

``register`` adds arguments and sets ``run``, a function of the parsed arguments that returns the exit status. Only the
module of the command that was typed is imported: ``--help`` answers at once. Errors that a person has to act on are
raised as ``PedwatchError``: they are printed without a traceback, with status 1. So is what Google refuses.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Collection, Sequence

from pedwatch import BUILD, __version__
from pedwatch.cli import refusals
from pedwatch.errors import ConfigurationError, PedwatchError

COMMANDS = {
    "ack": "say that you take care of what fires: reminders are quiet until it is worse or ends",
    "audit": "check evidence packs, export a period as one file, draw a sample to follow by hand",
    "config": "check the configuration, or show it with its defaults",
    "doctor": "check environment, identity, Slack, tables, bucket, clusters, alerts, quotas; says what mends it",
    "episodes": "list what is over its limit or not seen, since when, and what was told",
    "explain": "why did, or didn't, I get a message about this API at that time?",
    "limits": "check, compare, publish, list and look up PED limits",
    "probe": "run every statement and call once against the real services, on a dataset of its own",
    "replay": "what would other thresholds have sent?",
    "status": "how old is what is known, and who is over a limit now?",
}
INTERRUPTED = 130


def build_parser(
    commands: Collection[str] = tuple(COMMANDS), prog: str = "python -m pedwatch"
) -> argparse.ArgumentParser:
    """Return the parser.

    Args:
        commands: those whose arguments it knows; of the others it has the line of help.
        prog: how it was called.
    """
    parser = argparse.ArgumentParser(prog=prog, description="Tells when an API runs more replicas than its PED limit.")
    parser.add_argument("--version", action="version", version=f"pedwatch {__version__}, build {BUILD}")
    adding = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, line in COMMANDS.items():
        command = adding.add_parser(name, help=line)
        if name in commands:
            importlib.import_module(f"{__name__}.{name}").register(command)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit status."""
    typed = sys.argv[1:] if argv is None else argv
    called = os.path.basename(sys.argv[0])
    try:
        # An option's value may have a command's name: one command too many is known then, never one too few.
        arguments = build_parser(typed, "pedwatch" if called == "pedwatch" else "python -m pedwatch").parse_args(typed)
        return int(arguments.run(arguments))
    except PedwatchError as error:
        print(error, file=sys.stderr)
        if isinstance(error, ConfigurationError) and refusals.UNSET in str(error):
            print(refusals.WHERE_TO_ASK, file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:  # whatever is not a refusal is a fault of ours, and shows where
        told = refusals.sentence(error)
        if told is None:
            raise
        print(told, file=sys.stderr)
        return 1

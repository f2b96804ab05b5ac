"""The command line. Every module in this folder that has a function ``register(commands)`` is a command.

``register`` adds its parser and sets ``run``, a function of the parsed arguments that returns the exit status. Errors
that a person has to act on are raised as ``PedwatchError``: they are printed without a traceback, with status 1.
"""

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Sequence

from pedwatch import BUILD, __version__
from pedwatch.errors import PedwatchError


def build_parser() -> argparse.ArgumentParser:
    """Return the parser with all commands."""
    parser = argparse.ArgumentParser(
        prog="python -m pedwatch", description="Tells when an API runs more replicas than its PED limit."
    )
    parser.add_argument("--version", action="version", version=f"pedwatch {__version__}, build {BUILD}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module_info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        if hasattr(module, "register"):
            module.register(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit status."""
    arguments = build_parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except PedwatchError as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        sys.stderr.close()
        return 1

"""The commands of the README and of docs/ that need no cloud, as they are typed: from the clone's root, by a shell.

Those of docs/command-line.md that ask Google's services are typed against the stand-ins, in
``tests/operators/test_explain_replay.py``.
"""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_commands_of_the_guide import blocks, check

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ".venv/bin/pedwatch"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NEEDS_NOTHING = ("--help", "limits validate", "limits schema", "config validate --allow-unset")
"""What is typed before there is a project, a login or a sandbox."""
SHELL = ROOT / "docs" / "command-line.md"


def typed(page: Path) -> Iterator[str]:
    """The commands of the program in a page's code blocks, as they stand there."""
    for code in blocks(page.read_text()):
        joined = re.sub(r" *\\\n *", " ", code)
        for line in joined.splitlines():
            command = line.removeprefix("$ ").partition("  #")[0].strip()
            if command.startswith(PROGRAM):
                yield command


def needs_nothing(command: str) -> bool:
    words = command.removeprefix(PROGRAM).strip()
    return words.startswith(NEEDS_NOTHING) and "--online" not in words


ALONE = sorted({command for page in PAGES for command in typed(page) if needs_nothing(command)})
ASKING = [command for command in typed(SHELL) if not needs_nothing(command)]


def run(command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PEDWATCH_")}
    return subprocess.run(
        ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, env=environment | variables, timeout=120
    )


def test_there_are_some() -> None:
    assert f"{PROGRAM} limits validate examples/limits-repository/ped" in ALONE
    assert len(ALONE) >= 5 and len(ASKING) >= 6


@pytest.mark.parametrize("command", ALONE)
def test_what_needs_nothing_works_in_a_fresh_clone(command: str) -> None:
    done = run(command)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_every_command_of_the_program_is_one_that_it_takes() -> None:
    for command in {command for page in PAGES for command in typed(page)} - {f"{PROGRAM} --help"}:
        check(shlex.split(re.sub(r"<\w+>", "NAME", command)))

"""Calls the ``gcloud`` program, or says what it would call; what it refuses is told with what mends it."""

import json
import re
import shlex
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Done:
    """How a program ended."""

    status: int
    output: str
    errors: str


Run = Callable[[Sequence[str]], Done]

#: What gcloud says → what a person does about it. In their order.
_MENDS = (
    (
        r"is not supported for Composer environments with Airflow version",
        "this gcloud is older than the environment's Airflow: gcloud components update (578.0.0 knows none above 3.2)",
    ),
    (r"You do not currently have an active account|Reauthentication|gcloud auth login", "gcloud auth login"),
    (
        r"snooze",
        "roles/monitoring.snoozeEditor on the project is needed, and absence_policies must name policies of it",
    ),
    (
        r"PERMISSION_DENIED|does not have permission|HTTPError 403|does not have .* access",
        "roles/composer.environmentAndStorageObjectAdmin on the project is needed",
    ),
    (r"NOT_FOUND|not found", "correct project, location and environment in the file of deploy/environments/"),
    (r"Must be RUNNING", "wait until the environment's own operation has ended: gcloud composer operations list"),
)


class GcloudError(Exception):
    """A command was refused; the message has what gcloud said last, and what mends it where that is known."""

    def __init__(self, command: Sequence[str], done: Done) -> None:
        self.command, self.done = command, done
        lines = [line for line in (done.errors or done.output).splitlines() if line.strip()]
        said = " ".join(line.strip() for line in lines[-3:])[:500] or f"exit status {done.status}"
        mend = next((mend for pattern, mend in _MENDS if re.search(pattern, said)), None)
        super().__init__(f"{shlex.join(command)}\n  {said}" + (f"\n  → {mend}" if mend else ""))


def run_program(command: Sequence[str]) -> Done:
    """Run a program to its end; there is no limit of time, since an upgrade takes an hour.

    Returns:
        How it ended; status 127 when there is no such program.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    except FileNotFoundError:
        return Done(127, "", f"{command[0]} is not installed: https://cloud.google.com/sdk/docs/install")
    return Done(done.returncode, done.stdout, done.stderr)


class Gcloud:
    """The program.

    Args:
        run: runs it.
        show: told every command before it runs.
        is_dry: run none, and take the answers for granted that each caller assumes.
    """

    def __init__(self, run: Run = run_program, show: Callable[[str], None] = print, is_dry: bool = False) -> None:
        self._run, self._show, self.is_dry = run, show, is_dry

    def call(self, *words: str, assume: str = "", is_answer: Callable[[Done], bool] | None = None) -> str:
        """Run a command and return what it printed.

        Args:
            words: after ``gcloud``.
            assume: the output of a dry run.
            is_answer: tells of a command that ended with another status than 0 whether that is an answer all the same.

        Raises:
            GcloudError: it was refused.
        """
        command = ["gcloud", *words]
        self._show(f"$ {shlex.join(command)}")
        if self.is_dry:
            return assume
        done = self._run(command)
        if done.status != 0 and not (is_answer and is_answer(done)):
            raise GcloudError(command, done)
        return done.output


def json_in(output: str) -> Any:
    """Return the JSON that an Airflow command printed; around it stand warnings of whatever it imported.

    Raises:
        ValueError: there is none.
    """
    for line in reversed(output.splitlines()):
        if line.startswith(("[{", "[]", "{")):
            return json.loads(line)
    raise ValueError(f"no JSON in what Airflow said: {output[-300:]!r}")

"""One process of the environment: started on a leash, waited for, stopped with everything it started."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

LEASH = Path(__file__).parents[1] / "leash.py"


class StartError(Exception):
    """A process did not come up; the message names it and quotes what it wrote."""


def leashed(command: Sequence[str], stop_signal: str, grace: float, *, has_input: bool = False) -> list[str]:
    """Return the command line that runs a command on a leash; the leash watches its standard input for our death."""
    options = ["--signal", stop_signal, "--grace", str(grace), *(["--pass-input"] if has_input else [])]
    return [sys.executable, "-I", "-S", str(LEASH), *options, "--", *command]


class LeashedProcess:
    """A process that cannot outlive this one; its output goes to a log file.

    Args:
        name: what errors call it.
        command: the command line.
        log: file its output is appended to.
        environment: the whole environment of the process.
        stop_signal: how it is asked to end.
        grace: seconds it is given to end.
        folder: its working directory.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        environment: Mapping[str, str],
        *,
        stop_signal: Literal["INT", "TERM"] = "TERM",
        grace: float = 5.0,
        folder: Path | None = None,
    ) -> None:
        self.name, self.log = name, log
        log.parent.mkdir(parents=True, exist_ok=True)
        self._begin = log.stat().st_size if log.exists() else 0
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                leashed(command, stop_signal, grace),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=folder,
                start_new_session=True,
            )
        self._patience = grace + 10

    @property
    def pid(self) -> int:
        """Process id of the leash."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Exit status, or None while it runs."""
        return self._process.poll()

    def output(self) -> str:
        """Return what it wrote since it was started."""
        with self.log.open("rb") as file:
            file.seek(self._begin)
            return file.read().decode(errors="replace")

    def wait_until(self, is_ready: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait until it is ready.

        Raises:
            StartError: it ended before, or was not ready in time.
        """
        deadline = time.monotonic() + seconds
        while not is_ready():
            self.check_alive(what)
            if time.monotonic() > deadline:
                raise StartError(f"{self.name}: no {what} within {seconds:.0f} s; see {self.log}:\n{self._tail()}")
            time.sleep(0.05)

    def check_alive(self, what: str) -> None:
        """Raise StartError when it has ended before ``what``."""
        if self.status is not None:
            raise StartError(f"{self.name} ended with status {self.status} before {what}:\n{self._tail()}")

    def wait(self, seconds: float) -> int:
        """Wait until it ends by itself and return its status; StartError when it does not."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.stop()
            raise StartError(f"{self.name} did not end within {seconds:.0f} s; see {self.log}") from None

    def address(self, seconds: float = 30.0) -> str:
        """Wait for the ``ready …`` line of a sandbox server and return its address."""
        self.wait_until(lambda: self._ready_line() is not None, seconds, "'ready' line")
        return self._ready_line() or ""

    def _ready_line(self) -> str | None:
        lines = self.output().splitlines(keepends=True)
        found = [line for line in lines if line.startswith("ready ") and line.endswith("\n")]
        return found[0].split(maxsplit=1)[1].strip() if found else None

    def _tail(self) -> str:
        return "\n".join(f"    {line}" for line in self.output().splitlines()[-15:])

    def ask_to_stop(self) -> None:
        """Tell it to end, without waiting."""
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()

    def stop(self) -> None:
        """End it and everything it started."""
        self.ask_to_stop()
        try:
            self._process.wait(self._patience)
        except subprocess.TimeoutExpired:
            # The leash itself hangs: its session is all that can be reached from here.
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def stop_all(processes: Sequence[LeashedProcess]) -> None:
    """End several at once."""
    for process in processes:
        process.ask_to_stop()
    for process in processes:
        process.stop()

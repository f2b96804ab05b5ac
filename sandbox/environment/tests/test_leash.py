"""Nothing outlives its starter, however that ended."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.environment.process import LeashedProcess, StartError, stop_all

SLEEPER = "import sys, time; print('ready here', flush=True); time.sleep(600)"
# A command that leaves an orphan in a session of its own, which no process group reaches.
ORPHANER = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print(f"child {child.pid}", flush=True)
print("ready here", flush=True)
time.sleep(600)
"""
# Starts a leashed process and waits: the starter that is going to die.
STARTER = """
import os, sys, time
from pathlib import Path
from sandbox.environment.process import LeashedProcess
process = LeashedProcess("it", [sys.executable, "-c", sys.argv[2]], Path(sys.argv[1]), os.environ)
process.address()
print(process.pid, flush=True)
time.sleep(600)
"""


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def eventually(condition: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def leashed(code: str, log: Path, **options: object) -> LeashedProcess:
    return LeashedProcess("it", [sys.executable, "-c", code], log, os.environ, **options)


def orphan_of(log: Path) -> int:
    return next(int(line.split()[1]) for line in log.read_text().splitlines() if line.startswith("child "))


def test_stopping_ends_it_and_what_it_left_behind(tmp_path: Path) -> None:
    process = leashed(ORPHANER, tmp_path / "log")
    assert process.address() == "here"
    orphan = orphan_of(tmp_path / "log")
    assert is_alive(orphan)
    process.stop()
    assert not is_alive(process.pid)
    if sys.platform == "linux":
        assert not is_alive(orphan)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_a_starter_that_dies_takes_everything_along(tmp_path: Path, number: signal.Signals) -> None:
    log = tmp_path / "log"
    starter = subprocess.Popen([sys.executable, "-c", STARTER, str(log), ORPHANER], stdout=subprocess.PIPE, text=True)
    assert starter.stdout
    leash = int(starter.stdout.readline())
    orphan = orphan_of(log)
    starter.send_signal(number)
    starter.wait()
    assert eventually(lambda: not is_alive(leash))
    if sys.platform == "linux":
        assert eventually(lambda: not is_alive(orphan))


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_a_leash_that_is_killed_takes_the_command_along(tmp_path: Path) -> None:
    process = leashed(SLEEPER + f"; open({str(tmp_path / 'never')!r}, 'w')", tmp_path / "log")
    process.address()
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(process.pid, signal.SIGKILL)
    assert children
    assert eventually(lambda: not any(is_alive(int(child)) for child in children))


def test_what_ends_too_early_is_quoted(tmp_path: Path) -> None:
    process = leashed("print('no such port'); raise SystemExit(3)", tmp_path / "log")
    with pytest.raises(StartError, match="it ended with status 3 before 'ready' line:\n    no such port"):
        process.address()


def test_the_status_of_the_command_is_handed_on(tmp_path: Path) -> None:
    assert leashed("raise SystemExit(7)", tmp_path / "log").wait(20) == 7


def test_a_command_that_ignores_being_asked_is_killed(tmp_path: Path) -> None:
    stubborn = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"
    process = leashed(stubborn, tmp_path / "log", grace=0.2)
    process.address()
    process.stop()
    assert not is_alive(process.pid)


def test_sigint_reaches_a_command_started_in_the_background(tmp_path: Path) -> None:
    code = """
import time
print("ready here", flush=True)
try:
    time.sleep(600)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # what a shell does to a command that ends in &
    try:
        process = leashed(code, tmp_path / "log", stop_signal="INT")
        process.address()
        stop_all([process])
    finally:
        signal.signal(signal.SIGINT, before)
    assert "interrupted" in (tmp_path / "log").read_text()

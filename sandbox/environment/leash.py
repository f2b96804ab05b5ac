"""Runs one command so that nothing of it outlives whoever started it.

``python -S -E leash.py --signal INT --grace 10 -- COMMAND…`` leads a session of its own and adopts whatever the command
leaves orphaned (Linux). It ends the command, and then everything adopted, when it is told to (SIGINT, SIGTERM), when
its standard input closes (its starter is gone, however it died), or when the command ends by itself. Standard library
only, and run as a file, because every process waits for it.
"""

import argparse
import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_POLL_SECONDS = 0.05


def _prctl(option: int, value: int) -> None:
    """Set a Linux process attribute; elsewhere the closing of standard input has to do."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _restore_and_bind() -> None:
    """In the child: signals as usual (a background shell ignores SIGINT), and dead when the leash is killed."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _parent_of(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[1])


def descendants(root: int) -> Iterator[int]:
    """Yield every process below ``root``, deepest last; nothing where there is no /proc."""
    if not Path("/proc/self/stat").exists():
        return
    parents = {int(name): _parent_of(int(name)) for name in os.listdir("/proc") if name.isdigit()}
    layer = {root}
    while layer:
        layer = {pid for pid, parent in parents.items() if parent in layer}
        yield from layer


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _signal_all(number: int) -> bool:
    """Signal everything below this process; tell whether there was anything."""
    found = False
    for pid in descendants(os.getpid()):
        try:
            os.kill(pid, number)
            found = True
        except ProcessLookupError:
            continue
    return found


def _end(child: "subprocess.Popen[bytes]", number: int, grace: float) -> None:
    """Ask the command to end, then end whatever is left of it."""
    if child.stdin:
        child.stdin.close()
    if child.poll() is None:
        child.send_signal(number)
    deadline = time.monotonic() + grace
    while child.poll() is None and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    _signal_all(signal.SIGTERM)
    patience = time.monotonic() + 1
    while time.monotonic() < patience and any(True for _ in descendants(os.getpid())):
        _reap()
        time.sleep(_POLL_SECONDS)
    while _signal_all(signal.SIGKILL):
        _reap()
        time.sleep(_POLL_SECONDS)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        # Where there is no /proc, the command's own process group is what can be found.
        os.killpg(child.pid, signal.SIGKILL)


def _wait(child: "subprocess.Popen[bytes]", stopping: list[int]) -> None:
    """Return when the command ended, a signal came, or the starter closed standard input; hand input on."""
    while child.poll() is None and not stopping:
        readable, _, _ = select.select([0], [], [], _POLL_SECONDS * 4)
        if not readable:
            continue
        received = os.read(0, 65536)
        if not received:
            return
        if child.stdin:
            child.stdin.write(received)
            child.stdin.flush()


def main() -> int:
    """Run the command and return its status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--signal", default="TERM", help="how the command is asked to end: INT or TERM")
    parser.add_argument("--grace", type=float, default=5.0, help="seconds it is given")
    parser.add_argument("--pass-input", action="store_true", help="hand standard input on to the command")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    stopping: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: stopping.append(received))
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    child = subprocess.Popen(
        arguments.command,
        stdin=subprocess.PIPE if arguments.pass_input else subprocess.DEVNULL,
        process_group=0,
        preexec_fn=_restore_and_bind,
    )
    _wait(child, stopping)
    _end(child, getattr(signal, f"SIG{arguments.signal}"), arguments.grace)
    return child.wait()


if __name__ == "__main__":
    sys.exit(main())

"""Runs one command so that nothing of it outlives whoever started it.

``python -I -S leash.py --signal INT --grace 10 -- COMMAND…`` with a pipe as standard input, its lifeline. It ends the
command when it is told to (SIGINT, SIGTERM, SIGHUP), when the pipe closes, because its starter closed it or is gone, or
when the command ends by itself; then everything that the command left running is killed, as the end of a container's
first process ends the container. With ``--pass-signals`` signals are handed on to the command instead, and the end of
the pipe kills it at once. Standard library only, and run as a file, because every process waits for it.
"""

import argparse
import contextlib
import ctypes
import os
import select
import signal
import sys
import time

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_POLL_SECONDS = 0.05
_LINGER_SECONDS = 1.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _prctl(option: int, value: int) -> None:
    """Set a Linux process attribute; elsewhere the closing of standard input has to do."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _become(command: list[str], leash: int, standard_input: int) -> None:
    """Turn the forked child into the command. Never returns."""
    os.setsid()
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != leash:  # the leash died before the line above took effect
        os._exit(137)
    signal.set_wakeup_fd(-1)
    # As usual: a shell that runs the leash in the background ignores SIGINT.
    for number in (*_SIGNALS, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.dup2(standard_input, 0)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"exec {command[0]}: {error.strerror}\n".encode())
        os._exit(127)


def _children() -> list[int]:
    """Return the live children of this process, orphans it inherited included; nothing where there is no /proc."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            return [int(text) for text in file.read().split()]
    except OSError:
        return []


def _signal_all(child: int, number: int) -> bool:
    """Signal the command's process group and whatever escaped from it; tell whether there was anything left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, number)
    found = _children()
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
    return bool(found)


def _reap(child: int) -> int | None:
    """Collect the dead; return the command's status once it is among them."""
    found = None
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            found = ended[1] if ended[0] == child else found
    return found


def _reap_until(child: int, seconds: float) -> int | None:
    """Collect the dead until nobody is left or the time is over; return the command's status if it ended."""
    deadline, status = time.monotonic() + seconds, None
    while _children() and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        found = _reap(child)
        status = found if status is None else status
    return status


def _wait(child: int, wake: int, told: list[int], inlet: int | None) -> int | None:
    """Return the command's status when it has ended; None when it is to be ended. Hand input on."""
    while True:
        ready, _, _ = select.select([0, wake], [], [])
        if wake in ready:
            os.read(wake, 4096)
        if (status := _reap(child)) is not None:
            return status
        received = os.read(0, 65536) if 0 in ready else b"-"
        if told or not received:
            return None
        if 0 in ready and inlet is not None:
            with contextlib.suppress(BrokenPipeError):
                os.write(inlet, received)


def main() -> int:
    """Run the command to its end and return its exit code, 128 + n for a signal n."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--signal", default="TERM", help="how the command is asked to end: INT or TERM")
    parser.add_argument("--grace", type=float, default=0.0, help="seconds it is given")
    parser.add_argument("--pass-input", action="store_true", help="hand standard input on to the command")
    parser.add_argument("--pass-signals", action="store_true", help="hand signals on to the command")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    told: list[int] = []
    leash, child = os.getpid(), 0

    def hear(number: int, _: object) -> None:
        if not arguments.pass_signals:
            told.append(number)
        elif child:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child, number)

    for number in _SIGNALS:
        signal.signal(number, hear)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    outlet, inlet = os.pipe() if arguments.pass_input else (os.open(os.devnull, os.O_RDONLY), None)
    child = os.fork()
    if child == 0:
        _become(arguments.command, leash, outlet)
    os.close(outlet)
    status = _wait(child, wake, told, inlet)
    if inlet is not None:
        os.close(inlet)
    if status is None and arguments.grace:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, getattr(signal, f"SIG{arguments.signal}"))
        deadline = time.monotonic() + arguments.grace
        while (status := _reap(child)) is None and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
    if arguments.grace and _signal_all(child, signal.SIGTERM):
        found = _reap_until(child, _LINGER_SECONDS)
        status = found if status is None else status
    while _signal_all(child, signal.SIGKILL):
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, 0)
    status = signal.SIGKILL if status is None else status
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


if __name__ == "__main__":
    os._exit(main())  # skips what an interpreter tidies up: this one owns nothing but processes

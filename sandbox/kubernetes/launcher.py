"""Runs one command so that nothing of it is left behind, whatever happens to the server that asked for it.

``python -I -S launcher.py -- command …`` with a pipe from the server as standard input, its
lifeline: when the pipe closes, because the server closed it or was killed, everything the command started is killed.
SIGTERM and SIGINT are passed on to the command's process group. When the command ends, what it left running is killed,
as the end of a container's first process ends the container. Standard library only: it starts with every container.
"""

import contextlib
import ctypes
import os
import select
import signal
import sys

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def _prctl(option: int, value: int) -> None:
    """Ask Linux for a process property; elsewhere the lifeline alone has to do."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _become(command: list[str], launcher: int) -> None:
    """Turn the forked child into the command. Never returns."""
    os.setsid()
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != launcher:  # the launcher died before the line above took effect
        os._exit(137)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"exec {command[0]}: {error.strerror}\n".encode())
        os._exit(127)


def _children() -> list[int]:
    """Return the live children of this process, orphans it inherited included."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            return [int(text) for text in file.read().split()]
    except OSError:
        return []


def _kill_all(child: int) -> None:
    """Kill the command's process group, then whatever escaped from it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    while remaining := _children():
        for pid in remaining:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, 0)


def _reap(child: int) -> int | None:
    """Collect the dead; return the command's status once it is among them."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return 0
        if pid == 0:
            return None
        if pid == child:
            return status


def main(arguments: list[str]) -> int:
    """Run the command to its end and return its exit code, 128 + n for a signal n."""
    split = arguments.index("--")
    command = arguments[split + 1 :]
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    launcher, child = os.getpid(), 0

    def pass_on(number: int, _: object) -> None:
        if child:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child, number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, pass_on)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    child = os.fork()
    if child == 0:
        _become(command, launcher)
    status = None
    while status is None:
        ready, _, _ = select.select([0, wake], [], [])
        if wake in ready:
            os.read(wake, 4096)
        status = _reap(child)
        if status is None and 0 in ready and not os.read(0, 4096):
            status = signal.SIGKILL
            break
    _kill_all(child)
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))  # skips what an interpreter tidies up: this one owns nothing but processes

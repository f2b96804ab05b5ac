"""Publishing limits as a team would, and leaving in the middle of it."""

import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import NoReturn

import pytest

from sandbox.scenario import limit_publishing
from sandbox.scenario.limit_publishing import LimitPublisher


def test_whoever_is_told_to_leave_meanwhile_waits_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A timer that is left running keeps the interpreter for as long as a publisher may take at most."""

    def leave(number: int, _: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    def sleeping(command: list[str], stop: str, grace: float) -> list[str]:
        return [sys.executable, "-I", "-S", "-c", "import sys; sys.stdin.read()"]

    monkeypatch.setattr(limit_publishing, "leashed", sleeping)
    threads_before = set(threading.enumerate())
    before = signal.signal(signal.SIGALRM, leave)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(SystemExit):
            LimitPublisher(tmp_path / "limits", {})._run("publish", "x")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    started = set(threading.enumerate()) - threads_before
    assert [thread for thread in started if isinstance(thread, threading.Timer) and not thread.finished.is_set()] == []

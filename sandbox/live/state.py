"""What runs: a lock that the supervisor holds while it lives, and a file that says where everything is."""

import fcntl
import json
import os
from pathlib import Path
from typing import IO, Any


class LiveState:
    """The state of one live sandbox, kept beside its folder so that emptying the folder does not lose it."""

    def __init__(self, folder: Path) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._lock_path = folder.with_name(f"{folder.name}.lock")
        self._state_path = folder.with_name(f"{folder.name}.json")
        self.log = folder.with_name(f"{folder.name}.log")
        self._lock: IO[str] | None = None

    def acquire(self) -> bool:
        """Become the one who runs it; False when somebody else does. The lock ends with the process."""
        lock = self._lock_path.open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._lock = lock
        self.write({"pid": os.getpid(), "phase": "starting"})
        return True

    def is_running(self) -> bool:
        """Tell whether a supervisor lives."""
        with self._lock_path.open("a") as probe:
            try:
                fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    def write(self, state: dict[str, Any]) -> None:
        """Replace what is known."""
        draft = self._state_path.with_suffix(".new")
        draft.write_text(json.dumps(state, indent=2) + "\n")
        draft.replace(self._state_path)

    def read(self) -> dict[str, Any]:
        """Return what is known of the supervisor that lives, or of the last one."""
        if not self._state_path.exists():
            return {}
        state: dict[str, Any] = json.loads(self._state_path.read_text())
        return state

"""Faults on demand, for the tests of whoever depends on Firestore: errors and delays."""

import threading
import time
from typing import Any

import grpc

from sandbox.firestore.errors import FirestoreError

_KEYS = {"code", "methods", "times", "delay_seconds"}


class Faults:
    """The fault that calls run into, if one is set."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._code: grpc.StatusCode | None = None
        self._methods: frozenset[str] = frozenset()
        self._left: float = 0
        self._delay = 0.0

    def set(self, fault: dict[str, Any]) -> None:
        """Replace the fault; a ValueError says what is wrong with the new one."""
        if unknown := set(fault) - _KEYS:
            raise ValueError(f"unknown keys {sorted(unknown)}: a fault has {sorted(_KEYS)}")
        code = fault.get("code")
        if code is not None and code not in grpc.StatusCode.__members__:
            raise ValueError(f"unknown code {code!r}: one of {sorted(grpc.StatusCode.__members__)}")
        with self._lock:
            self._code = grpc.StatusCode[code] if code else None
            self._methods = frozenset(fault.get("methods") or ())
            self._left = float("inf") if fault.get("times") is None else int(fault["times"])
            self._delay = float(fault.get("delay_seconds") or 0)

    def clear(self) -> None:
        """Let every call through again."""
        with self._lock:
            self._left = 0

    def strike(self, method: str) -> None:
        """Delay or fail a call of a method, as set."""
        with self._lock:
            if self._left <= 0 or (self._methods and method not in self._methods):
                return
            self._left -= 1
            code, delay = self._code, self._delay
        time.sleep(delay)
        if code:
            raise FirestoreError(code, f"fault set for {method}")

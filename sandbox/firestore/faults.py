"""Faults on demand, for the tests of whoever depends on Firestore: errors and delays, set over HTTP.

``PUT /fault`` with ``{"code": "UNAVAILABLE", "methods": ["RunQuery"], "times": 3, "delay_seconds": 0}`` sets the one
fault there is, ``DELETE /fault`` ends it. Without ``code`` calls are only slow, without ``methods`` all are hit,
without ``times`` it lasts until it is deleted.
"""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc

from sandbox.firestore.errors import FirestoreError
from sandbox.lifecycle import LOOPBACK

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


class _Handler(BaseHTTPRequestHandler):
    faults: Faults

    def do_PUT(self) -> None:  # noqa: N802 (the base class names it)
        """Set the fault."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self._is_elsewhere():
            return
        try:
            self.faults.set(json.loads(body))
        except (ValueError, TypeError, AttributeError) as error:
            self._answer(400, str(error))
        else:
            self._answer(200, "set")

    def do_DELETE(self) -> None:  # noqa: N802 (the base class names it)
        """End the fault."""
        if self._is_elsewhere():
            return
        self.faults.clear()
        self._answer(200, "cleared")

    def _is_elsewhere(self) -> bool:
        if self.path == "/fault":
            return False
        self._answer(404, "only /fault is here")
        return True

    def _answer(self, status: int, text: str) -> None:
        body = json.dumps({"message": text}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class names it)
        """Keep quiet."""


def serve_control(faults: Faults, port: int) -> ThreadingHTTPServer:
    """Serve the control port on loopback, in the background."""
    handler = type("Handler", (_Handler,), {"faults": faults})
    server = ThreadingHTTPServer((LOOPBACK, port), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server

"""The control port: faults and time, set over HTTP.

``PUT /fault`` with ``{"code": "UNAVAILABLE", "methods": ["RunQuery"], "times": 3, "delay_seconds": 0}`` sets the one
fault there is, ``DELETE /fault`` ends it. Without ``code`` calls are only slow, without ``methods`` all are hit,
without ``times`` it lasts until it is deleted.

``PUT /clock`` with ``{"now": "2026-03-02T10:05:00Z"}`` lets it be that time, which then goes on. Documents and reads
get times from it, so it can only be set forwards of what was handed out.
"""

import json
import threading
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sandbox.firestore.clock import Clock
from sandbox.firestore.faults import Faults
from sandbox.lifecycle import LOOPBACK


def read_moment(text: str) -> int:
    """Read an RFC 3339 time as microseconds since 1970; a ValueError says what is wrong with it."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset: append Z")
    return (moment - datetime.fromisoformat("1970-01-01T00:00:00Z")) // timedelta(microseconds=1)


class _Handler(BaseHTTPRequestHandler):
    faults: Faults
    clock: Clock

    def do_PUT(self) -> None:
        """Set the fault, or the time."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self._is_elsewhere("/fault", "/clock"):
            return
        try:
            document = json.loads(body)
            if self.path == "/clock":
                self.clock.set(read_moment(document["now"]))
            else:
                self.faults.set(document)
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            self._answer(400, str(error))
        else:
            self._answer(200, "set")

    def do_DELETE(self) -> None:
        """End the fault."""
        if self._is_elsewhere("/fault"):
            return
        self.faults.clear()
        self._answer(200, "cleared")

    def _is_elsewhere(self, *paths: str) -> bool:
        if self.path in paths:
            return False
        self._answer(404, f"only {' and '.join(paths)} can be asked for that")
        return True

    def _answer(self, status: int, text: str) -> None:
        body = json.dumps({"message": text}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""


def serve_control(faults: Faults, clock: Clock, port: int) -> ThreadingHTTPServer:
    """Serve the control port on loopback, in the background."""
    handler = type("Handler", (_Handler,), {"faults": faults, "clock": clock})
    server = ThreadingHTTPServer((LOOPBACK, port), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server

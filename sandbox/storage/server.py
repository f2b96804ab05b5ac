"""The HTTP side: many clients at once, where the emulator's own server takes one connection at a time.

Bodies are read and answers sent outside the lock, so a slow client keeps nobody waiting; the emulator's own code,
which knows nothing of threads, runs inside it.
"""

import io
import sys
from collections.abc import Callable
from functools import partial
from http.server import ThreadingHTTPServer
from typing import Any

from gcp_storage_emulator.server import RequestHandler, _read_raw_data

from sandbox.lifecycle import LOOPBACK
from sandbox.storage.corrections import PatientStorage, correct_routes
from sandbox.traffic import Recorder, recorder


class _Handler(RequestHandler):
    """One request: read it all, let the emulator answer into memory, send the answer."""

    recorder: Recorder | None = None

    def _serve(self, answer: Callable[[], None]) -> None:
        body = _read_raw_data(self) or b""
        del self.headers["Transfer-Encoding"], self.headers["Content-Length"]
        self.headers["Content-Length"] = str(len(body))
        if encoding := self.headers.get("Content-Encoding"):
            # It describes the object; the emulator would unpack the body.
            del self.headers["Content-Encoding"]
            self.headers["X-Stored-Encoding"] = encoding
        socket = self.wfile  # type: ignore[has-type]
        self.rfile, self.wfile = io.BytesIO(body), io.BytesIO()
        asked = dict(self.headers)
        with self.storage.lock:
            answer()
        answered = self.wfile.getvalue()
        socket.write(answered)
        self.wfile = socket
        if self.recorder is not None and not self.path.startswith("/control/"):
            self._record(asked, body, answered)

    def _record(self, asked: dict[str, str], body: bytes, answered: bytes) -> None:
        head, _, content = answered.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines if ": " in line)
        assert self.recorder is not None
        self.recorder.saw(self.command, self.path, asked, body, int(status.split()[1]), headers, content)

    def do_GET(self) -> None:
        """Answer a GET."""
        self._serve(super().do_GET)

    def do_POST(self) -> None:
        """Answer a POST."""
        self._serve(super().do_POST)

    def do_PUT(self) -> None:
        """Answer a PUT."""
        self._serve(super().do_PUT)

    def do_PATCH(self) -> None:
        """Answer a PATCH."""
        self._serve(super().do_PATCH)

    def do_DELETE(self) -> None:
        """Answer a DELETE."""
        self._serve(super().do_DELETE)


class StorageServer(ThreadingHTTPServer):
    """The emulator behind a threading server on loopback."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, storage: PatientStorage, port: int) -> None:
        correct_routes()
        _Handler.recorder = recorder("storage")
        super().__init__((LOOPBACK, port), partial(_Handler, storage))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report what goes wrong in the emulator as the base class does; a client that is gone is no news."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)
